import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLessOrEqual,
} from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import { OneWay, type OneWayOptions } from "../../lib/stats/one_way.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

/** The ways of each probe in milliseconds by two clocks; a probe a second. */
function oneWayOf(ways: [number, number][], options?: OneWayOptions): OneWay {
  const oneWay = new OneWay(options);
  ways.forEach(([forwardMs, backwardMs], sequence) => {
    const sample = { sequence, sentAtMs: 1000 * sequence, clockErrorMs: 0.002 };
    oneWay.record(sample, forwardMs, backwardMs);
  });
  return oneWay;
}

test("OneWay.result() is null without a probe", () => {
  const oneWay = oneWayOf([]);
  assertEquals([oneWay.result(), oneWay.timelines()], [null, null]);
});

test("OneWay.result() knows the round trip of one probe, and not its halves", () => {
  const { forward, backward } = oneWayOf([[3, 1]]).result()!;
  for (const way of [forward, backward]) {
    assertEquals(way.min_us.low, 0);
    assertAlmostEquals(way.min_us.high, 4000, 10);
    assertEquals(way.delay_us, undefined);
    assertEquals([way.variation_us!.count, way.variation_us!.max], [1, 0]);
    assertEquals(way.jitter_us, null);
  }
});

/** Ways in ms; the variation's maximum of each way, and of either minimum. */
const VECTORS: [string, [number, number][], number[]][] = [
  ["clocks that agree", [[1, 1], [2, 1], [1, 4], [1, 1]], [1000, 3000, 2000]],
  [
    "a far clock ahead by 100 ms",
    [[101, -99], [103, -97], [101, -99]],
    [2000, 2000, 2000],
  ],
  [
    "a path that is longer one way",
    [[10, 0], [11, 1], [10, 0]],
    [1000, 1000, 10_000],
  ],
  [
    "a clock that gains 0.5 ms a second",
    [[1, 1], [2.5, 0.5], [2, 0], [2.5, -0.5]],
    [1000, 0, 2000],
  ],
];
for (const [what, ways, [there, back, highUs]] of VECTORS) {
  test(`OneWay.result() agrees with a vector computed by hand: ${what}`, () => {
    const { forward, backward } = oneWayOf(ways).result()!;
    assertAlmostEquals(forward.variation_us!.max, there!, 2);
    assertAlmostEquals(backward.variation_us!.max, back!, 2);
    for (const way of [forward, backward]) {
      assertEquals([way.min_us.low, way.variation_us!.min], [0, 0]);
      assertAlmostEquals(way.min_us.high, highUs!, highUs! / 500);
    }
  });
}

test("OneWay.result() takes trusted clocks as they are, to the stated error", () => {
  const ways: [number, number][] = [[0.11, 10.11], [0.13, 10.15]];
  const { forward, backward, ...clocks } = oneWayOf(ways, { trusted: true })
    .result()!;
  assertEquals(clocks.clocks_trusted, true);
  assertEquals(clocks.clock_error_us, 2);
  for (
    const [way, minUs, maxUs] of [
      [forward, 110, 130],
      [backward, 10_110, 10_150],
    ] as const
  ) {
    assertAlmostEquals(way.min_us.low, minUs - 2, 1e-6);
    assertAlmostEquals(way.min_us.high, minUs + 2, 1e-6);
    assertAlmostEquals(way.delay_us!.min, minUs, 1e-6);
    assertAlmostEquals(way.delay_us!.max, maxUs, 1e-6);
  }
});

test("OneWay.result() knows no drift of a clock that was set, but the jitter", () => {
  // The far clock goes back by 10 ms between the first two.
  const { forward, backward, ...clocks } = oneWayOf([[1, 1], [-9, 11], [
    -8,
    11,
  ]])
    .result()!;
  assertEquals(
    [clocks.clock_offset_us, clocks.clock_drift_ppm, forward.variation_us],
    [null, null, null],
  );
  assertAlmostEquals(forward.min_us.high, 2000, 5);
  assertAlmostEquals(forward.jitter_us!.ipdv_p99, 10_000, 10);
  assertAlmostEquals(backward.jitter_us!.ipdv_p99, 10_000, 10);
});

test("OneWay.result() compares no delays across a lost probe in IPDV", () => {
  const oneWay = new OneWay();
  oneWay.record({ sequence: 0, sentAtMs: 0 }, 1, 1);
  oneWay.record({ sequence: 2, sentAtMs: 20 }, 5, 1);
  assertEquals(oneWay.result()!.forward.jitter_us, null);
  oneWay.record({ sequence: 3, sentAtMs: 30 }, 6, 1);
  assertAlmostEquals(oneWay.result()!.forward.jitter_us!.ipdv_p99, 1000, 1);
});

test("OneWay.result() bounds the truth, whatever the clock and the path", () => {
  const run = fc.record({
    count: fc.integer({ min: 1, max: 300 }),
    intervalMs: fc.constantFrom(0.1, 1, 10, 100, 1000),
    offsetMs: fc.constantFrom(0, 0.01, -64_000, 1e9),
    ppm: fc.oneof(
      fc.constantFrom(0, 50, 200, -200),
      fc.integer({ min: -1000, max: 1000 }),
    ),
    thereMs: fc.double({ min: 0, max: 50, noNaN: true }),
    backMs: fc.double({ min: 0, max: 50, noNaN: true }),
    noiseMs: fc.constantFrom(0, 0.01, 1, 100),
    tail: fc.constantFrom(1, 3, 10),
    holdMs: fc.constantFrom(0, 0.02, 20),
    stepUs: fc.constantFrom(0.001, 1, 1000),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(run, (run) => {
      const random = seededRandom(run.seed);
      const drift = run.ppm / 1e6;
      const step = (ms: number) =>
        Math.floor(ms * 1000 / run.stepUs) * run.stepUs / 1000;
      const far = (ms: number) => step(run.offsetMs + ms * (1 + drift));
      const oneWay = new OneWay({ stepUs: run.stepUs });
      const minMs = [Infinity, Infinity];
      let lastMs = 0;
      for (let sequence = 0; sequence < run.count; sequence++) {
        const noise = () => run.noiseMs * random() ** run.tail;
        const thereMs = run.thereMs + noise();
        const backMs = run.backMs + noise();
        const t1 = sequence * run.intervalMs;
        const t4 = t1 + thereMs + run.holdMs + backMs;
        const t2 = far(t1 + thereMs);
        const t3 = far(t4 - backMs);
        const sample = { sequence, sentAtMs: t1, reflectorMs: t3 - t2 };
        oneWay.record(sample, t2 - t1, t4 - t3);
        minMs[0] = Math.min(minMs[0]!, thereMs);
        minMs[1] = Math.min(minMs[1]!, backMs);
        lastMs = Math.max(lastMs, t4);
      }
      const result = oneWay.result()!;
      // An offset of 1e9 ms leaves digits to 0.1 us.
      const slackUs = 0.5;
      const offsetUs = (run.offsetMs + lastMs / 2 * drift) * 1000;
      assertLessOrEqual(
        Math.abs(result.clock_offset_us! - offsetUs),
        result.clock_bound_us! + slackUs,
      );
      assertLessOrEqual(
        Math.abs(result.clock_drift_ppm! - run.ppm),
        result.drift_bound_ppm! + slackUs / 1000,
      );
      [result.forward, result.backward].forEach(({ min_us }, way) => {
        assert(min_us.low <= minMs[way]! * 1000);
        assertLessOrEqual(minMs[way]! * 1000, min_us.high + slackUs);
      });
    }),
    { numRuns: 1000 },
  );
});

test("OneWay removes a drift from the variation, also over time", () => {
  for (
    const [ppm, trusted] of [[200, false], [50, false], [0, true]] as const
  ) {
    const random = seededRandom(3);
    const oneWay = new OneWay({ trusted });
    const sentUs: number[] = [];
    for (let sequence = 0; sequence < 40_000; sequence++) {
      const sentAtMs = 10 * sequence;
      const offsetMs = 5000 + sentAtMs * ppm / 1e6;
      const queueMs = random() + (sequence === 20_000 ? 30 : 0);
      sentUs.push(queueMs);
      oneWay.record(
        { sequence, sentAtMs },
        1 + queueMs + offsetMs,
        9 - offsetMs,
      );
    }
    const { variation_us: there } = oneWay.result()!.forward;
    assertEquals(there!.count, 40_000);
    assertAlmostEquals(there!.p50, 500, 20);
    assertAlmostEquals(there!.p99, 990, 10);
    // The one spike counts, whether or not it is in the sample.
    assertAlmostEquals(there!.max, 1000 * Math.max(...sentUs), 5);
    const { forward, backward } = oneWay.timelines()!;
    assert(forward.mean_us.every((us) => Math.abs(us! - 500) < 250));
    assert(backward.max_us.every((us) => us! < 20));
  }
});
