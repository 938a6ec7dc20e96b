import { assertEquals } from "@std/assert";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { newSample } from "../../lib/stats/sample.ts";
import type { SweepCurve, SweepPoint } from "../../lib/result/schema.ts";
import { addPoint, sweepPoint, sweepSteps } from "../../lib/result/sweep.ts";
import { pureTest } from "../pure.ts";

const PLAN = {
  sizesBytes: { rtt: [1, 100], tput: [1024] },
  delaysMs: [0, 50],
  sizeBytes: { rtt: 100, tput: 2048 },
};

pureTest("sweepSteps() varies one thing at a time, curve after curve", () => {
  const steps = sweepSteps(PLAN).map(
    ({ quantity, against, sizeBytes, delayMs }) =>
      [quantity, against, sizeBytes, delayMs].join(" "),
  );
  assertEquals(steps, [
    "rtt size 1 0",
    "rtt size 100 0",
    "tput size 1024 0",
    "rtt delay 100 0",
    "rtt delay 100 50",
    "tput delay 2048 0",
    "tput delay 2048 50",
  ]);
  const none = { rtt: [], tput: [] };
  assertEquals(sweepSteps({ ...PLAN, sizesBytes: none, delaysMs: [] }), []);
});

pureTest("addPoint() adds to the last curve, or to a new one", () => {
  const curves: SweepCurve[] = [];
  const point = (size_bytes: number) => ({ size_bytes }) as SweepPoint;
  addPoint(curves, { quantity: "rtt", against: "size" }, point(1));
  addPoint(curves, { quantity: "rtt", against: "size" }, point(2));
  addPoint(curves, { quantity: "tput", against: "size" }, point(3));
  addPoint(curves, { quantity: "tput", against: "delay" }, point(4));
  addPoint(curves, { quantity: "tput", against: "delay" }, point(5));
  assertEquals(
    curves.map(({ points }) => points.map(({ size_bytes }) => size_bytes)),
    [[1, 2], [3], [4, 5]],
  );
});

pureTest(
  "sweepPoint() takes over figures and error; throughput where it is",
  () => {
    for (const quantity of ["rtt", "tput"] as const) {
      const builder = new ResultBuilder({
        protocol: "measure",
        mode: quantity,
        target: "127.0.0.1:10000",
        sizeBytes: 1000,
        intervalMs: 0,
        options: { given: {}, used: {} },
      });
      builder.add({ ...newSample(1, false, 0), rttMs: 8 });
      builder.add(newSample(2, false, 1));
      const point = sweepPoint(
        { quantity, against: "size", sizeBytes: 1000, delayMs: 5 },
        builder.result(),
        "it broke",
      );
      assertEquals(point.size_bytes, 1000);
      assertEquals(point.delay_ms, 5);
      assertEquals(point.probes, { sent: 2, received: 1, lost: 1, warmup: 0 });
      assertEquals(point.rtt_us?.p50, 8000);
      assertEquals(point.error, "it broke");
      assertEquals("throughput" in point, quantity === "tput");
      if (quantity === "tput") {
        assertEquals(point.throughput?.aggregate_bits_per_second, 1e6);
      }
    }
  },
);
