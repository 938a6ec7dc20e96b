import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  type MeasurementSetup,
  ResultBuilder,
} from "../../lib/result/builder.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { pureTest } from "../pure.ts";

const SETUP: MeasurementSetup = {
  protocol: "measure",
  mode: "tput",
  target: "127.0.0.1:10000",
  sizeBytes: 1000,
  intervalMs: 0,
  options: { given: { size: "1000" }, used: { size: 1000 } },
};

/** What a session says of its replies. */
const REPLIES = {
  counts: {
    lostForward: 1,
    lostBackward: 0,
    late: 1,
    duplicate: 2,
    reordered: 3,
  },
  queue: { maybeDropped: 7 },
  faults: { corrupt: 4, implausible: 0, short: 0, long: 0, twampLight: 0 },
  directionsKnown: true,
  countRestarted: false,
  outstanding: 0,
  strays: { count: 0, from: "" },
  failedSends: 0,
  failure: null,
};

/** A sample sent at its time and answered after so long; `null` for a lost one. */
function sample(rttMs: number | null, more: Partial<Sample> = {}): Sample {
  const sent = { intendedAtMs: 0, sentAtMs: 0, sendCallMs: 0.01 };
  return { sequence: 1, warmup: false, ...sent, rttMs, ...more };
}

/** The result of these round-trip times. */
function resultOf(
  rttsMs: (number | null)[],
  setup: Partial<MeasurementSetup> = {},
) {
  const builder = new ResultBuilder({ ...SETUP, ...setup });
  rttsMs.forEach((rttMs, sequence) => builder.add(sample(rttMs, { sequence })));
  return builder.result();
}

/** Every number and `null` within a value, by its path. */
function leaves(value: unknown, path = ""): [string, unknown][] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) =>
      leaves(inner, `${path}.${key}`)
    )
    : [[path, value]];
}

pureTest("ResultBuilder.result() has the shape of format 2", () => {
  const result = resultOf([1, 2], { intervalMs: 10 });
  assertEquals(Object.keys(result), [
    "format",
    "tool",
    "version",
    "runtime",
    "mode",
    "target",
    "started",
    "options",
    "protocol",
    "ended",
    "probes",
    "probes_per_second",
    "rtt_us",
    "rtt_from_intended_us",
    "jitter_us",
    "throughput",
    "quality",
    "series",
  ]);
  assertEquals([result.format, result.tool], [2, "roundtrip"]);
  assertEquals(Object.keys(result.rtt_us!), [
    "count",
    "min",
    "mean",
    "stddev",
    "p50",
    "p90",
    "p95",
    "p99",
    "p999",
    "max",
  ]);
  assertEquals(Object.keys(result.quality), [
    "clock_resolution_us",
    "send_lateness_us",
    "send_call_us",
    "processor_percent",
    "floor_us",
    "notes",
  ]);
  assertEquals(result.runtime, {
    deno: Deno.version.deno,
    os: Deno.build.os,
    arch: Deno.build.arch,
  });
  assertEquals(result.options, SETUP.options);
  assertEquals(new Date(result.started).toISOString(), result.started);
});

pureTest(
  "ResultBuilder.result() counts what was not sent, and names the pause",
  () => {
    const skipped = { count: 50, longestPauseMs: 503 };
    const { probes, quality } = resultOf([1], { intervalMs: 10, skipped });
    assertEquals([probes.sent, probes.not_sent], [1, 50]);
    assert(quality.notes.some((note) => /503 ms .*: 50 probes not/.test(note)));
    const unpaced = resultOf([1], { skipped: { count: 0, longestPauseMs: 0 } });
    assertEquals("not_sent" in unpaced.probes, false);
  },
);

pureTest("ResultBuilder.result() leaves out what does not apply", () => {
  const result = resultOf([1], { mode: "rtt" });
  assertEquals("throughput" in result, false);
  assertEquals("rtt_from_intended_us" in result, false);
  assertEquals("send_lateness_us" in result.quality, false);
});

pureTest("ResultBuilder.result() agrees with figures added up by hand", () => {
  // 1000 bytes in 1, 2 and 4 ms: 8, 4 and 2 Mbit/s, the mean of which is
  // 4.667; and 24 000 bits in 7 ms, which is 3.429.
  const { rtt_us, jitter_us, throughput, probes } = resultOf([1, 2, 4]);
  assertEquals(probes, { sent: 3, received: 3, lost: 0, warmup: 0 });
  assertEquals(rtt_us!.mean, 2333.333);
  assertEquals(rtt_us!.stddev, 1527.525);
  assertEquals([rtt_us!.min, rtt_us!.max], [1000, 4000]);
  // D is 1000 and 2000 us: 62.5, then 62.5 + 1937.5 / 16.
  assertEquals(jitter_us!.rfc3550, 183.594);
  assertEquals(throughput, {
    per_probe_mean_bits_per_second: 4_666_667,
    aggregate_bits_per_second: 3_428_571,
  });
});

pureTest(
  "ResultBuilder.add() counts a lost probe in no figure but the loss",
  () => {
    const { probes, rtt_us, throughput } = resultOf([1, null, 3]);
    assertEquals(probes, { sent: 3, received: 2, lost: 1, warmup: 0 });
    assertEquals([rtt_us!.count, rtt_us!.mean], [2, 2000]);
    assertEquals(throughput!.aggregate_bits_per_second, 4_000_000);
  },
);

pureTest("ResultBuilder.add() takes no jitter across a lost probe", () => {
  assertEquals(resultOf([1, null, 3]).jitter_us, null);
});

pureTest("ResultBuilder.add() leaves the warm-up out of every figure", () => {
  const builder = new ResultBuilder({ ...SETUP, intervalMs: 5 });
  const before = builder.result();
  builder.add(sample(99, { warmup: true, sentAtMs: 50, sendCallMs: 7 }));
  builder.add(sample(null, { warmup: true }));
  assertEquals(builder.probes, { sent: 0, received: 0, lost: 0, warmup: 2 });
  const { probes: _, quality, ...figures } = builder.result();
  const { probes: __, quality: qualityBefore, ...figuresBefore } = before;
  assertEquals(figures, figuresBefore);
  assertEquals(quality.send_call_us, qualityBefore.send_call_us);
  assertEquals(quality.send_lateness_us, null);
});

pureTest(
  "ResultBuilder.result() is null for every figure before a reply",
  () => {
    for (const rtts of [[], [null], [null, null]]) {
      const result = resultOf(rtts, { intervalMs: 1 });
      assertEquals(result.rtt_us, null);
      assertEquals(result.rtt_from_intended_us, null);
      assertEquals(result.jitter_us, null);
      assertEquals(result.throughput, {
        per_probe_mean_bits_per_second: null,
        aggregate_bits_per_second: null,
      });
      assertEquals(result.quality.floor_us, null);
      assertEquals(result.quality.notes, []);
      assertEquals(result.probes.lost, rtts.length);
    }
  },
);

pureTest(
  "ResultBuilder.result() claims no throughput where no time passed",
  () => {
    assertEquals(resultOf([0, 0]).throughput, {
      per_probe_mean_bits_per_second: null,
      aggregate_bits_per_second: null,
    });
    // One probe that the clock could not time spoils the mean, not the sum.
    assertEquals(resultOf([0, 1]).throughput, {
      per_probe_mean_bits_per_second: null,
      aggregate_bits_per_second: 16_000_000,
    });
  },
);

pureTest("ResultBuilder.result() holds neither NaN nor Infinity", () => {
  const series = [[], [null], [0], [0, 0], [0, null], [1e-9], [1e9], [0, 1]];
  for (const rtts of series) {
    for (const intervalMs of [0, 10]) {
      const result = resultOf(rtts, { intervalMs });
      for (const [path, value] of leaves(result)) {
        if (typeof value === "number") assert(Number.isFinite(value), path);
        assert(value !== undefined, path);
      }
      assertEquals(JSON.parse(JSON.stringify(result)), result);
    }
  }
});

pureTest("ResultBuilder.result() counts also from the intended moment", () => {
  const builder = new ResultBuilder({ ...SETUP, intervalMs: 10 });
  builder.add(sample(1, { intendedAtMs: 100, sentAtMs: 100 }));
  // A stall: sent 40 ms late, and sent before its time by a hair.
  builder.add(sample(1, { intendedAtMs: 110, sentAtMs: 150 }));
  builder.add(sample(1, { intendedAtMs: 120, sentAtMs: 119.9 }));
  const result = builder.result();
  assertEquals([result.rtt_us!.min, result.rtt_us!.max], [1000, 1000]);
  const fromIntended = result.rtt_from_intended_us!;
  assertEquals([fromIntended.min, fromIntended.max], [1000, 41_000]);
  assertEquals(result.quality.send_lateness_us!.max, 40_000);
  assertEquals(result.quality.send_lateness_us!.p50, 0);
});

pureTest("ResultBuilder.result() says when the schedule was not kept", () => {
  const notes = (latenessMs: number, intervalMs: number) => {
    const builder = new ResultBuilder({ ...SETUP, intervalMs });
    for (let count = 0; count < 1000; count++) {
      builder.add(sample(1, { sentAtMs: latenessMs }));
    }
    return builder.result().quality.notes;
  };
  assertEquals(notes(9, 10), []);
  assertEquals(notes(9, 0), []);
  const [note] = notes(11, 10);
  assert(note!.startsWith("the schedule was not kept"), note);
});

pureTest("ResultBuilder.note() says a sentence once", () => {
  const builder = new ResultBuilder(SETUP);
  for (const note of ["one", "two", "one"]) builder.note(note);
  assertEquals(builder.result().quality.notes, ["one", "two"]);
});

pureTest(
  "ResultBuilder.result() can be had at any time, and stays as it was",
  () => {
    const builder = new ResultBuilder(SETUP);
    builder.add(sample(1));
    const first = builder.result();
    assertEquals(builder.percentileUs(50), 1000);
    builder.add(sample(null));
    assertEquals(first.probes.sent, 1);
    assertEquals(builder.result().probes.sent, 2);
    assertEquals(builder.result().started, first.started);
  },
);

pureTest("ResultBuilder.add() refuses a time that is none", () => {
  for (const rttMs of [NaN, -1, Infinity]) {
    const builder = new ResultBuilder(SETUP);
    assertThrows(() => builder.add(sample(rttMs)), RangeError);
  }
});

pureTest(
  "ResultBuilder.result() of datagrams has what streams have not",
  () => {
    const builder = new ResultBuilder({
      ...SETUP,
      protocol: "stamp",
      mode: "rtt",
      intervalMs: 10,
      replies: REPLIES,
    });
    // The far clock is 100 ms ahead; each way takes 1 ms, the reflector 0.5.
    const far = { reflectorMs: 0.5, forwardMs: 101, backwardMs: -99 };
    builder.add(sample(5, { sequence: 0, warmup: true, ...far }));
    builder.add(
      sample(2, { sequence: 1, intendedAtMs: 10, sentAtMs: 11, ...far }),
    );
    builder.add(sample(null, { sequence: 2, intendedAtMs: 20, sentAtMs: 20 }));
    builder.add(sample(null, { sequence: 3, intendedAtMs: 30, sentAtMs: 31 }));
    builder.floor = { p50: 17, p99: 30 };
    const result = builder.result();
    assertEquals(result.probes, {
      sent: 3,
      received: 1,
      lost: 2,
      warmup: 1,
      lost_forward: 1,
      lost_backward: 0,
      late: 1,
      duplicate: 2,
      reordered: 3,
      corrupt: 4,
    });
    assertEquals(result.probes_per_second, { asked: 100, achieved: 100 });
    assertEquals(result.rtt_us!.max, 2000);
    assertEquals(result.rtt_with_reflector_us!.max, 2500);
    assertEquals(result.rtt_from_intended_us!.max, 3000);
    const { clock_offset_us, clock_bound_us, forward } = result.one_way!;
    assertAlmostEquals(clock_offset_us!, 100_000, 1);
    assertAlmostEquals(clock_bound_us!, 1000, 10);
    assertAlmostEquals(forward.min_us.high, 2000, 10);
    assertEquals(forward.variation_us!.max, 0);
    assertEquals(result.series.one_way!.forward.max_us, [0]);
    assertEquals(result.quality.floor_us, { p50: 17, p99: 30 });
    assert(builder.percentileFile().includes("Total count    =            1"));
  },
);

pureTest(
  "ResultBuilder.result() has null for a direction that is unknown",
  () => {
    for (const directionsKnown of [false, null]) {
      const replies = { ...REPLIES, directionsKnown };
      const { probes } = resultOf([1], { protocol: "stamp", replies });
      assertEquals([probes.lost_forward, probes.lost_backward], [null, null]);
      assertEquals(probes.late, 1);
    }
  },
);

pureTest("ResultBuilder.result() claims no rate of a single probe", () => {
  const { probes_per_second } = resultOf([1], { intervalMs: 4 });
  assertEquals(probes_per_second, { asked: 250, achieved: null });
});
