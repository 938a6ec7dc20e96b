import { assertEquals, assertThrows } from "@std/assert";
import { parseThreshold } from "../../lib/result/thresholds.ts";
import type { MeasurementResult } from "../../lib/result/schema.ts";

/** Only the parts that thresholds look at. */
const RESULT = {
  protocol: "stamp",
  probes: { sent: 200, received: 197, lost: 3, warmup: 0 },
  rtt_us: {
    count: 197,
    min: 100,
    mean: 2000,
    stddev: 50,
    p50: 1500,
    p90: 3000,
    p95: 3000,
    p99: 5000,
    p999: 6000,
    max: 7000,
  },
  rtt_from_intended_us: { p99: 9000 },
  jitter_us: { rfc3550: 250 },
  throughput: { aggregate_bits_per_second: 10_000_000 },
} as unknown as MeasurementResult;

const NOTHING = {
  probes: { sent: 0, received: 0, lost: 0, warmup: 0 },
  rtt_us: null,
  jitter_us: null,
  throughput: { aggregate_bits_per_second: null },
} as unknown as MeasurementResult;

Deno.test({
  name: "Threshold.crossedBy() is null where the figure keeps to it",
  permissions: "none",
  fn() {
    const kept = [
      "min<100us",
      "mean>2ms", // 2 ms is not more than 2 ms
      "stddev>1",
      "p50>1.5ms",
      "p90>1s",
      "p99>5ms",
      "p99.9>6ms",
      "p999>6ms",
      "max>7ms",
      "intended.p99>9ms",
      "jitter>250us",
      "loss>1.5%",
      "throughput<10M",
      "  p99  >  5ms ",
    ];
    for (const text of kept) {
      assertEquals(parseThreshold(text).crossedBy(RESULT), null, text);
    }
  },
});

Deno.test({
  name: "Threshold.crossedBy() says what the figure is",
  permissions: "none",
  fn() {
    const crossed = {
      "min<200us": "min<200us: min is 100 us",
      "mean>=2ms": "mean>=2ms: mean is 2.00 ms",
      "p50>1": "p50>1: p50 is 1.50 ms",
      "p99<=5ms": "p99<=5ms: p99 is 5.00 ms",
      "p99.9>5999us": "p99.9>5999us: p99.9 is 6.00 ms",
      "intended.p99>5ms": "intended.p99>5ms: intended.p99 is 9.00 ms",
      "jitter>0": "jitter>0: jitter is 250 us",
      "loss>=1.5%": "loss>=1.5%: loss is 1.5 %",
      "throughput<=10M": "throughput<=10M: throughput is 10.0 Mbit/s",
      "throughput<1G": "throughput<1G: throughput is 10.0 Mbit/s",
    };
    for (const [text, crossing] of Object.entries(crossed)) {
      assertEquals(parseThreshold(text).crossedBy(RESULT), crossing);
    }
  },
});

Deno.test({
  name: "Threshold.crossedBy() judges the stricter RTT of a closed loop",
  permissions: "none",
  fn() {
    const crossed = (result: MeasurementResult) =>
      parseThreshold("p99>6ms").crossedBy(result);
    assertEquals(crossed(RESULT), null); // an open loop has no such stall
    assertEquals(
      crossed({ ...RESULT, protocol: "measure" }),
      "p99>6ms: intended.p99 is 9.00 ms",
    );
  },
});

Deno.test({
  name: "Threshold.crossedBy() takes an unknown figure for crossed",
  permissions: "none",
  fn() {
    const figures = [
      "p99>1h",
      "p99<0",
      "intended.p99>1h",
      "jitter>1h",
      "loss>100%",
      "throughput<0",
    ];
    for (const text of figures) {
      const name = text.split(/[<>]/)[0];
      assertEquals(
        parseThreshold(text).crossedBy(NOTHING),
        `${text}: ${name} is unknown`,
      );
    }
    // Of a single sample the deviation is not known either.
    const one = { rtt_us: { ...RESULT.rtt_us, stddev: null } };
    assertEquals(
      parseThreshold("stddev>1s").crossedBy(
        { ...RESULT, ...one } as MeasurementResult,
      ),
      "stddev>1s: stddev is unknown",
    );
  },
});

Deno.test({
  name: "parseThreshold() refuses the rest, and says what it takes",
  permissions: "none",
  async fn(t) {
    const texts = [
      "",
      "p99",
      "p99>",
      ">5ms",
      "p99=5ms",
      "p99==5ms",
      "p99=>5ms",
      "p99 5ms",
      "p99>5ms p50>1ms",
      "P99>5ms",
      "p98>5ms",
      "loss.p99>5ms",
      "intended.loss>1%",
      "intended.>5ms",
      "p99>5%",
      "p99>soon",
      "p99>-5ms",
      "loss>1",
      "loss>1ms",
      "loss>%",
      "throughput<10ms",
      "throughput<10Mbit",
    ];
    const complaints = texts.map((text) => {
      const error = assertThrows(() => parseThreshold(text), SyntaxError);
      return `${text}\n    ${error.message}`;
    });
    await t.assertSnapshot(complaints.join("\n"), {
      serializer: (text: string) => text,
    });
  },
});

Deno.test({
  name: "parseThreshold() knows no figure and no unit by accident",
  permissions: "none",
  fn() {
    // A limit that is no number would never be crossed.
    for (
      const text of ["constructor>5ms", "p99>5constructor", "p99>5valueOf"]
    ) {
      assertThrows(() => parseThreshold(text), SyntaxError);
    }
  },
});
