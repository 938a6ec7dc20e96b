import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { binEdges } from "../../lib/stats/bins.ts";
import { canCarry, Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

function filled<H extends { record(us: number): void }>(
  histogram: H,
  values: Iterable<number>,
): H {
  for (const us of values) histogram.record(us);
  return histogram;
}

function histogramOf(...values: number[]): Histogram {
  return filled(new Histogram(), values);
}

/** The figures of a number of equal values. */
function equal(us: number, count: number) {
  const figures = { min: us, mean: us, p50: us, p90: us, p95: us, p99: us };
  const stddev = count === 1 ? null : 0;
  return { count, ...figures, p999: us, max: us, stddev };
}

/** The nearest-rank percentile, from its definition. */
function nearestRank(sorted: number[], percent: number): number {
  const rank = Math.ceil(percent * sorted.length / 100 - 1e-9);
  return sorted[Math.max(1, rank) - 1]!;
}

function ascending(values: number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

test("distribution() is null without values", () => {
  assertEquals(new Histogram().distribution(), null);
  assertEquals(new Histogram().percentile(50), null);
  assertEquals(new Histogram().percentiles(), null);
  assertEquals(new Histogram().binEdges(10), null);
  assertEquals(new Histogram().counts([0, 1, 2]), [0, 0]);
});

test("distribution() of equal values is that value", () => {
  for (const count of [1, 2, 1024]) {
    for (const us of [0, 0.0001, 0.5, 123.456, 1e6, 3e11]) {
      const values = Array(count).fill(us);
      const { mean, ...figures } = histogramOf(...values).distribution()!;
      assertEquals({ ...figures, mean: us }, equal(us, count));
      assertAlmostEquals(mean, us, us * 1e-12);
    }
  }
});

test("distribution() agrees with vectors computed by hand", () => {
  // Mean 5; the squares of the differences sum to 32.
  const figures = histogramOf(2, 4, 4, 4, 5, 5, 7, 9).distribution()!;
  assertEquals([figures.count, figures.min, figures.max], [8, 2, 9]);
  assertAlmostEquals(figures.mean, 5, 1e-12);
  assertAlmostEquals(figures.stddev!, Math.sqrt(32 / 7), 1e-12);
  assertAlmostEquals(figures.p50, 4, 0.004);
  assertEquals([figures.p90, figures.p999], [9, 9]);
});

test("distribution() keeps a small deviation of large values", () => {
  // A sum of squares would lose it to rounding; Welford's method does not.
  const far = 1e10;
  const { mean, stddev } = histogramOf(far + 4, far + 7, far + 13, far + 16)
    .distribution()!;
  assertEquals(mean, far + 10);
  assertAlmostEquals(stddev!, Math.sqrt(30), 1e-6);
});

test("distribution() is finite for any durations", () => {
  for (
    const values of [[0, 0], [0, 1e15], [1e-12, 1e-12], [1e300], [2e11, 3e11]]
  ) {
    for (
      const [key, us] of Object.entries(histogramOf(...values).distribution()!)
    ) {
      assert(us === null ? key === "stddev" : Number.isFinite(us), key);
    }
  }
});

test("percentile() rounds ranks up, and is at most 0.1 % too high", () => {
  const random = seededRandom(5);
  // Of 151 values p99 is the 150th: the 149th is reached by only 98.7 %.
  for (const count of [1, 2, 3, 10, 99, 100, 101, 151, 999, 1000, 1001, 3000]) {
    // Seven decades of durations, in whole nanoseconds.
    const values = Array.from(
      { length: count },
      () => Math.ceil(10 ** (7 * random()) * 1000) / 1000,
    );
    const histogram = histogramOf(...values);
    const sorted = ascending(values);
    let last = 0;
    for (const percent of [0, 0.1, 5, 25, 50, 75, 90, 99, 99.9, 100]) {
      const exact = nearestRank(sorted, percent);
      const us = histogram.percentile(percent)!;
      assertGreaterOrEqual(us, exact - 1e-9, `p${percent} of ${count}`);
      assertLessOrEqual(us, exact * 1.001 + 1e-9, `p${percent} of ${count}`);
      assertGreaterOrEqual(us, last);
      last = us;
    }
    assertLessOrEqual(last, sorted.at(-1)!);
  }
});

test("distribution() shifts all but the standard deviation", () => {
  const histogram = histogramOf(0, 4, 8, 24);
  const plain = histogram.distribution()!;
  for (const shiftUs of [1024, -1024, 0]) {
    const { count, stddev, ...moved } = histogram.distribution(shiftUs)!;
    assertEquals([count, stddev], [plain.count, plain.stddev]);
    for (const [key, us] of Object.entries(moved)) {
      const before = plain[key as keyof typeof moved];
      assertAlmostEquals(us, before + shiftUs, 1e-9, key);
    }
  }
});

test("record() rejects invalid values, and stays as it was", () => {
  const histogram = histogramOf(1, 2);
  for (const us of [-1, -1e-9, NaN, Infinity, -Infinity]) {
    assertThrows(() => histogram.record(us), RangeError, `${us}`);
  }
  assertEquals(histogram.distribution(), histogramOf(1, 2).distribution());
});

test("canCarry() wants a value above the percentile", () => {
  const carried: [percent: number, minCount: number][] = [
    [50, 1],
    [90, 1],
    [95, 20],
    [99, 100],
    [99.9, 1000],
    [99.99, 10_000],
  ];
  for (const [percent, minCount] of carried) {
    assert(canCarry(percent, minCount), `p${percent}`);
    assertEquals(canCarry(percent, minCount - 1), percent <= 90);
  }
});

test("percentileFile() has values in microseconds, and all counts", () => {
  const durations = Array.from({ length: 1000 }, (_, index) => 10 + index);
  const rowsOf = (file: string) =>
    file.split("\n")
      .filter((line) => /^ *[0-9]/.test(line))
      .map((line) => line.trim().split(/ +/).map(Number));
  const file = histogramOf(...durations).percentileFile();
  const rows = rowsOf(file);
  assertGreaterOrEqual(rows.length, 20);
  for (const [us, share, count, inverse] of rows) {
    assertAlmostEquals(us!, durations[count! - 1]!, us! / 1000);
    assertGreaterOrEqual(count!, Math.floor(share! * 1000));
    // The last row has no inverse.
    if (inverse === undefined) continue;
    assertAlmostEquals(inverse, 1 / (1 - share!), 0.005 + inverse / 1e6);
  }
  assertEquals(rows.at(-1)!.slice(1, 3), [1, 1000]);
  assert(/Total count *= *1000\]/.test(file));
  assertEquals(rowsOf(new Histogram().percentileFile()), []);
});

test("percentiles() rises from the minimum to the maximum", () => {
  const random = seededRandom(13);
  for (const count of [1, 2, 3, 10, 100, 1000, 5000]) {
    const values = Array.from({ length: count }, () => 10 ** (5 * random()));
    const histogram = histogramOf(...values);
    const { percent, us } = histogram.percentiles()!;
    const { min, max } = histogram.distribution()!;
    assertEquals([percent.length, percent[0], percent.at(-1)], [
      us.length,
      0,
      100,
    ]);
    assertAlmostEquals(us[0]!, min, min * 0.001 + 0.001);
    assertAlmostEquals(us.at(-1)!, max, 0.0005); // whole nanoseconds
    assertGreaterOrEqual(percent.at(-2)!, 100 * (1 - 1 / count) - 1e-9);
    percent.slice(1).forEach((at, index) => {
      assert(at > percent[index]!, `${percent}`);
      assertGreaterOrEqual(us[index + 1]!, us[index]!);
    });
  }
});

test("counts() agrees with counts by hand; an edge belongs to the bin above", () => {
  const histogram = histogramOf(0, 1, 9.99, 10, 10, 19, 20, 30);
  assertEquals(histogram.counts([0, 10, 20, 30]), [3, 3, 2]);
  assertEquals(histogram.counts([10, 20]), [4]);
  assertEquals(histogram.counts([1, 10]), [4]);
  assertEquals(histogram.counts([31, 40]), [0]);
  assertEquals(histogram.counts([0]), []);
  // Above 2048 ns the histogram does not distinguish single nanoseconds.
  const tens = histogramOf(...Array.from({ length: 10 }, (_, us) => 40 + us));
  assertEquals(tens.counts([40, 42, 44, 46, 48, 50]), [2, 2, 2, 2, 2]);
});

test("binEdges() puts the highest hundredth of 100 values after the body", () => {
  const body = Array.from({ length: 999 }, (_, index) => 40.5 + index % 10);
  const histogram = histogramOf(...body, 5000);
  const edges = histogram.binEdges(6)!;
  assertEquals(edges, [40, 42, 44, 46, 48, 50, 5000]);
  assertEquals(histogram.counts(edges), [200, 200, 200, 200, 199, 1]);
  const few = histogramOf(...Array(98).fill(40), 79);
  assertEquals(few.binEdges(5), [40, 50, 60, 70, 80]);
});

test("binEdges() has no bin with nine of ten values unless they are equal", () => {
  const body = Array.from({ length: 950 }, (_, at) => 100 + at % 40);
  const runs = [
    [...body, ...body.slice(0, 10).map((us) => us * 100)],
    [...body, ...body.slice(0, 90).map((us) => us * 30)],
    [1, ...body],
    [...body.slice(0, 18), 9000],
    body.map((us, at) => us - 20 * Math.log(1 - at / 950)),
  ];
  for (const values of runs) {
    const histogram = histogramOf(...values);
    const counts = histogram.counts(histogram.binEdges(12)!);
    assertEquals(counts.reduce((sum, count) => sum + count), values.length);
    assert(Math.max(...counts) < 0.9 * values.length, `${counts}`);
  }
  assertEquals(histogramOf(...Array(100).fill(50)).binEdges(12)!.length, 2);
});

test("counts() has every value in one of binEdges()", () => {
  const random = seededRandom(12);
  for (let round = 0; round < 300; round++) {
    const decades = 6 * random();
    const smallest = 10 ** (6 * random() - 3);
    const histogram = histogramOf(...Array.from(
      { length: 1 + Math.floor(10 ** (3.3 * random())) },
      () => smallest * 10 ** (decades * random() ** 3),
    ));
    const maxBins = 3 + round % 20;
    const edges = histogram.binEdges(maxBins)!;
    const counts = histogram.counts(edges);
    assertLessOrEqual(counts.length, maxBins);
    const sum = counts.reduce((sum, count) => sum + count, 0);
    assertEquals(sum, histogram.count, `${edges}`);
  }
});

test("binEdges() has round steps, and grows if the values differ much", () => {
  assertEquals(binEdges(41, 58, 4), [40, 45, 50, 55, 60]);
  assertEquals(binEdges(0, 9.9, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assertEquals(binEdges(0.1, 0.3, 3), [0.1, 0.2, 0.3, 0.4]);
  assertEquals(binEdges(10, 1900, 8), [
    10,
    20,
    50,
    100,
    200,
    500,
    1000,
    2000,
  ]);
  assertEquals(binEdges(2, 900, 3), [1, 10, 100, 1000]);
});

test("binEdges() rises, encloses the values, and is not too long", () => {
  const random = seededRandom(11);
  const check = (min: number, max: number, maxBins: number) => {
    const edges = binEdges(min, max, maxBins);
    const message = `binEdges(${min}, ${max}, ${maxBins}) is ${edges}`;
    assert(edges.every(Number.isFinite), message);
    assert(edges.length >= 2 && edges.length - 1 <= maxBins, message);
    assert(edges[0]! <= min && max < edges.at(-1)!, message);
    assert(edges.slice(1).every((edge, bin) => edge > edges[bin]!), message);
  };
  for (let round = 0; round < 20_000; round++) {
    const maxBins = 2 + Math.floor(19 * random());
    const min = random() < 0.1 ? 0 : 10 ** (13 * random() - 3);
    check(min, min * 10 ** (9 * random() ** 3), maxBins);
    check(0, min, maxBins);
    check(min, min, maxBins);
  }
  // Values that are edges themselves.
  const round = [0.001, 0.1, 0.3, 1, 1.2, 2.5, 5, 10, 15, 99, 100, 1e6, 1e12];
  for (const maxBins of [2, 3, 7, 20]) {
    for (const min of [0, ...round]) {
      for (const max of round) if (max >= min) check(min, max, maxBins);
    }
  }
});
