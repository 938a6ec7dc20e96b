import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLessOrEqual,
} from "@std/assert";
import { OneWay } from "../../lib/stats/one_way.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, permissions: "none", fn });
}

/** The two ways of each probe in milliseconds, as the clocks tell. */
function resultOf(...ways: [number, number][]) {
  const oneWay = new OneWay();
  ways.forEach(([forwardMs, backwardMs], sequence) => {
    oneWay.record(sequence, forwardMs, backwardMs);
  });
  return oneWay.result();
}

test("OneWay.result() is nothing where nothing was recorded", () => {
  assertEquals(resultOf(), null);
});

test("OneWay.result() has a distribution and no jitter of one probe", () => {
  const result = resultOf([3, 1])!;
  // All that is known: 4 ms for both ways.
  assertEquals(result.clock_offset_us, 1000);
  assertEquals(result.clock_bound_us, 2000);
  for (const way of [result.forward, result.backward]) {
    assertEquals(way.delay_us, {
      count: 1,
      min: 2000,
      mean: 2000,
      stddev: null,
      p50: 2000,
      p90: 2000,
      p95: 2000,
      p99: 2000,
      p999: 2000,
      max: 2000,
    });
    assertEquals(way.jitter_us, null);
  }
});

/** Ways in ms; offset, bound, and least and greatest of each way in us. */
const VECTORS: [string, [number, number][], number, number, number[]][] = [
  [
    "clocks that agree",
    [[1, 1], [2, 1], [1, 4]],
    0,
    1000,
    [1000, 2000, 1000, 4000],
  ],
  [
    "a far clock ahead by 100 ms",
    [[101, -99], [103, -97], [102, -99]],
    100_000,
    1000,
    [1000, 3000, 1000, 3000],
  ],
  [
    "a far clock behind by 50 ms",
    [[-48, 52], [-46, 53]],
    -50_000,
    2000,
    [2000, 4000, 2000, 3000],
  ],
  [
    "bounds by two probes, neither of which has both",
    [[1, 9], [8, 1]],
    0,
    1000,
    [1000, 8000, 1000, 9000],
  ],
  [
    "a path longer one way, which nothing can tell",
    [[10, 0], [11, 1]],
    5000,
    5000,
    [5000, 6000, 5000, 6000],
  ],
  [
    "a bound of nothing",
    [[5, -5]],
    5000,
    0,
    [0, 0, 0, 0],
  ],
];
for (const [what, ways, offsetUs, boundUs, ends] of VECTORS) {
  test(`OneWay.result() agrees with an example added up by hand: ${what}`, () => {
    const { clock_offset_us, clock_bound_us, forward, backward } = resultOf(
      ...ways,
    )!;
    assertEquals([clock_offset_us, clock_bound_us], [offsetUs, boundUs]);
    const there = forward.delay_us!;
    const back = backward.delay_us!;
    [there.min, there.max, back.min, back.max].forEach((us, index) => {
      assertAlmostEquals(us, ends[index]!, 1e-6);
    });
    assertEquals([there.count, back.count], [ways.length, ways.length]);
  });
}

test("OneWay.result() knows no delays of clocks that drift, but their jitter", () => {
  // The far clock goes back by 10 ms between the two: least ways of 1 and -9.
  const result = resultOf([1, 1], [-9, 11], [-8, -4])!;
  assertEquals(result.clock_offset_us, null);
  assertEquals(result.clock_bound_us, null);
  assertEquals(result.forward.delay_us, null);
  assertEquals(result.backward.delay_us, null);
  const { forward, backward } = result;
  assertAlmostEquals(
    forward.jitter_us!.rfc3550,
    10_000 / 16 * (15 / 16) + 1000 / 16,
    1e-6,
  );
  assertAlmostEquals(
    backward.jitter_us!.rfc3550,
    10_000 / 16 * (15 / 16) + 15_000 / 16,
    1e-6,
  );
  assertAlmostEquals(forward.jitter_us!.ipdv_p99, 10_000, 10);
  assertAlmostEquals(backward.jitter_us!.ipdv_p99, 15_000, 15);
});

test("OneWay.result() has a jitter of each way, whatever the offset", () => {
  for (const offsetMs of [0, -64_000, 1_000_000]) {
    const ways = [[1, 2], [1.5, 2], [1, 2]] as const;
    const { forward, backward } = resultOf(
      ...ways.map(([there, back]): [number, number] => [
        there + offsetMs,
        back - offsetMs,
      ]),
    )!;
    assertAlmostEquals(
      forward.jitter_us!.rfc3550,
      500 / 16 * (15 / 16) + 500 / 16,
      1e-3,
    );
    assertAlmostEquals(forward.jitter_us!.ipdv_p50, 500, 1);
    assertEquals(backward.jitter_us, {
      rfc3550: 0,
      ipdv_p50: 0,
      ipdv_p99: 0,
    });
  }
});

test("OneWay.result() compares no delays across a lost probe in IPDV", () => {
  const oneWay = new OneWay();
  oneWay.record(0, 1, 1);
  oneWay.record(2, 5, 1);
  assertEquals(oneWay.result()!.forward.jitter_us, null);
  oneWay.record(3, 6, 1);
  assertAlmostEquals(oneWay.result()!.forward.jitter_us!.ipdv_p99, 1000, 1);
});

test("OneWay.result() has the true offset and delays within its bound", () => {
  const random = seededRandom(12);
  for (let round = 0; round < 300; round++) {
    const trueMs = (random() - 0.5) * 1e6;
    const oneWay = new OneWay();
    let leastMs = Infinity;
    let sumMs = 0;
    for (let sequence = 0; sequence < 20; sequence++) {
      const thereMs = random() * 20;
      oneWay.record(sequence, thereMs + trueMs, random() * 20 - trueMs);
      leastMs = Math.min(leastMs, thereMs);
      sumMs += thereMs;
    }
    const result = oneWay.result()!;
    const boundUs = result.clock_bound_us! + 1e-3;
    assert(Math.abs(result.clock_offset_us! - trueMs * 1000) <= boundUs);
    const { min, mean } = result.forward.delay_us!;
    assertLessOrEqual(Math.abs(min - leastMs * 1000), boundUs);
    assertLessOrEqual(Math.abs(mean - sumMs / 20 * 1000), boundUs);
    assert(min >= -1e-3 && result.backward.delay_us!.min >= -1e-3);
  }
});
