import { assertEquals, assertThrows } from "@std/assert";
import { parseThreshold } from "../../lib/result/thresholds.ts";
import type { Measured } from "../../lib/result/figures.ts";
import { pureTest } from "../pure.ts";

/** Only the parts that thresholds look at. */
const RESULT = {
  protocol: "stamp",
  probes: {
    sent: 200,
    received: 197,
    lost: 3,
    warmup: 0,
    lost_forward: 1,
    lost_backward: null,
    not_sent: 4,
  },
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
  rtt_from_intended_us: { p50: 1500, p99: 9000 },
  percentileUs: (series: string, percent: number) =>
    percent === 99.5 ? series === "intended" ? 9500 : 5500 : null,
  jitter_us: { rfc3550: 250 },
  throughput: { aggregate_bits_per_second: 10_000_000 },
  one_way: { forward: { delay_us: { p99: 400 } } },
} as unknown as Measured;

const NOTHING = {
  probes: { sent: 0, received: 0, lost: 0, warmup: 0 },
  rtt_us: null,
  jitter_us: null,
  throughput: { aggregate_bits_per_second: null },
} as unknown as Measured;

/** The figure and the value, if the limit is crossed. */
function crossing(text: string, measured: Measured): string | null {
  const { figure, value, crossed } = parseThreshold(text).judge(measured);
  return crossed ? `${figure} ${value}` : null;
}

pureTest("Threshold.judge() compares the figure with the limit", () => {
  const cases: Record<string, string | null> = {
    "min<100us": null,
    "min<200us": "rtt.min 100",
    "mean>2ms": null, // 2 ms is not more than 2 ms
    "mean>=2ms": "rtt.mean 2000",
    "stddev>1": null,
    "p90>1s": null,
    "p95>2ms": "rtt.p95 3000",
    "p99.9>6ms": null,
    "p999>5999us": "rtt.p99.9 6000",
    "rtt.p99.5>5ms": "rtt.p99.5 5500",
    "intended.p99>9ms": null,
    "  p99  >=  9ms ": "intended.p99 9000",
    "jitter>250us": null,
    "jitter>0": "jitter 250",
    "loss>1.5%": null,
    "loss>=1.5%": "loss 1.5",
    "loss.forward>=0.5%": "loss.forward 0.5",
    "loss.backward>50%": "loss.backward null",
    "not_sent>3": "not_sent 4",
    "there.p99>300us": "forward.p99 400",
    "throughput<10M": null,
    "throughput<1G": "aggregate 10000000",
  };
  for (const [text, expected] of Object.entries(cases)) {
    assertEquals(crossing(text, RESULT), expected, text);
  }
  assertEquals(parseThreshold(" p99>8ms").judge(RESULT), {
    rule: "p99>8ms",
    figure: "intended.p99",
    value: 9000,
    unit: "us",
    crossed: true,
  });
});

pureTest(
  "Threshold.judge() takes the stricter RTT, unless one is named",
  () => {
    const cases: Record<string, string | null> = {
      "p99>6ms": "intended.p99 9000",
      "p99.5>6ms": "intended.p99.5 9500",
      "rtt.p99>6ms": null,
      "intended.p99>6ms": "intended.p99 9000",
      "p99<6ms": "rtt.p99 5000",
    };
    for (const [text, expected] of Object.entries(cases)) {
      assertEquals(crossing(text, RESULT), expected, text);
    }
    const { rtt_from_intended_us: _, ...unscheduled } = RESULT;
    assertEquals(crossing("p99>6ms", unscheduled), null);
  },
);

pureTest("Threshold.judge() takes an unknown figure for crossed", () => {
  const figures = [
    "p99>1h",
    "p99<0",
    "p99.5>1h",
    "intended.p99>1h",
    "jitter>1h",
    "loss>100%",
    "throughput<0",
  ];
  for (const text of figures) {
    const { value, crossed } = parseThreshold(text).judge(NOTHING);
    assertEquals([value, crossed], [null, true], text);
  }
  // Of a single sample the deviation is not known either.
  const rtt_us = { ...RESULT.rtt_us!, stddev: null };
  assertEquals(
    crossing("stddev>1s", { ...RESULT, rtt_us }),
    "rtt.stddev null",
  );
});

pureTest(
  "parseThreshold() refuses the rest, and says what it takes",
  async (t) => {
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
      "p100>5ms",
      "p99.>5ms",
      "back.p97>5ms",
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
);

pureTest("parseThreshold() knows no figure and no unit by accident", () => {
  // A limit that is no number would never be crossed.
  for (
    const text of ["constructor>5ms", "p99>5constructor", "p99>5valueOf"]
  ) {
    assertThrows(() => parseThreshold(text), SyntaxError);
  }
});
