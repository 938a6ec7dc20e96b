import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { Histogram } from "../../lib/timing/histogram.ts";
import { seededRandom } from "../../lib/timing/seeded_random.ts";

function histogramOf(durationsUs: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const us of durationsUs) histogram.record(us);
  return histogram;
}

/** The nearest-rank percentile, straight from its definition. */
function nearestRank(sorted: number[], percent: number): number {
  const rank = Math.ceil(percent * sorted.length / 100 - 1e-9);
  return sorted[Math.max(1, rank) - 1]!;
}

Deno.test({
  name: "Histogram.distribution() is nothing where nothing was recorded",
  permissions: "none",
  fn() {
    const histogram = new Histogram();
    assertEquals(histogram.count, 0);
    assertEquals(histogram.distribution(), null);
    assertEquals(histogram.percentile(50), null);
  },
});

Deno.test({
  name: "Histogram.distribution() of one sample is that sample",
  permissions: "none",
  fn() {
    // No standard deviation: one sample says nothing of how much others vary.
    for (const us of [0, 0.0001, 0.5, 123.456, 1e6, 3e11]) {
      assertEquals(histogramOf([us]).distribution(), {
        count: 1,
        min: us,
        mean: us,
        stddev: null,
        p50: us,
        p90: us,
        p99: us,
        p999: us,
        max: us,
      });
    }
  },
});

Deno.test({
  name: "Histogram.distribution() agrees with a vector added up by hand",
  permissions: "none",
  fn() {
    // Mean 5; the squares of the differences add up to 32, and 32 / 7 = 4.571.
    const figures = histogramOf([2, 4, 4, 4, 5, 5, 7, 9]).distribution()!;
    assertEquals(figures.count, 8);
    assertEquals(figures.min, 2);
    assertEquals(figures.max, 9);
    assertAlmostEquals(figures.mean, 5, 1e-12);
    assertAlmostEquals(figures.stddev!, Math.sqrt(32 / 7), 1e-12);
    assertAlmostEquals(figures.p50, 4, 0.004);
    assertEquals([figures.p90, figures.p999], [9, 9]);
  },
});

Deno.test({
  name: "Histogram.distribution() does not vary where the samples do not",
  permissions: "none",
  fn() {
    const figures = histogramOf(Array(1000).fill(0.1)).distribution()!;
    assertEquals([figures.mean, figures.stddev], [0.1, 0]);
    assertEquals([figures.p50, figures.p999], [0.1, 0.1]);
  },
});

Deno.test({
  name: "Histogram.distribution() keeps a small deviation of large samples",
  permissions: "none",
  fn() {
    // A sum of squares would lose it to rounding; Welford's method does not.
    const far = 1e10;
    const figures = histogramOf([far + 4, far + 7, far + 13, far + 16]);
    assertEquals(figures.distribution()!.mean, far + 10);
    assertAlmostEquals(figures.distribution()!.stddev!, Math.sqrt(30), 1e-6);
  },
});

Deno.test({
  name: "Histogram.percentile() counts ranks up, never down",
  permissions: "none",
  fn() {
    // Of 151 samples p99 is the 150th: the 149th is reached by only 98.7 %.
    for (const count of [1, 2, 3, 10, 99, 100, 101, 151, 999, 1000, 1001]) {
      const sorted = Array.from({ length: count }, (_, index) => index + 1);
      const histogram = histogramOf(sorted.toReversed());
      for (const percent of [0, 1, 10, 50, 90, 99, 99.9, 100]) {
        const exact = nearestRank(sorted, percent);
        const us = histogram.percentile(percent)!;
        assertGreaterOrEqual(us, exact, `p${percent} of ${count}`);
        assertLessOrEqual(us, exact * 1.001, `p${percent} of ${count}`);
      }
    }
  },
});

Deno.test({
  name: "Histogram.percentile() is at most 0.1 % too high, and in order",
  permissions: "none",
  fn() {
    const random = seededRandom(5);
    for (let round = 0; round < 20; round++) {
      // Seven decades of durations, in whole nanoseconds.
      const durations = Array.from(
        { length: 1 + Math.floor(random() * 2000) },
        () => Math.ceil(10 ** (7 * random()) * 1000) / 1000,
      );
      const histogram = histogramOf(durations);
      const sorted = durations.toSorted((a, b) => a - b);
      let last = 0;
      for (const percent of [0, 0.1, 5, 25, 50, 75, 90, 99, 99.9, 100]) {
        const exact = nearestRank(sorted, percent);
        const us = histogram.percentile(percent)!;
        assertGreaterOrEqual(us, exact - 1e-9);
        assertLessOrEqual(us, exact * 1.001 + 1e-9);
        assertGreaterOrEqual(us, last);
        last = us;
      }
      assertGreaterOrEqual(last, sorted[0]!);
      assertLessOrEqual(last, sorted.at(-1)!);
    }
  },
});

Deno.test({
  name: "Histogram.record() takes what is longer than a day",
  permissions: "none",
  fn() {
    const dayUs = 86_400e6;
    const figures = histogramOf([2 * dayUs, 3 * dayUs]).distribution()!;
    assertEquals([figures.min, figures.max], [2 * dayUs, 3 * dayUs]);
    assertEquals(figures.mean, 2.5 * dayUs);
    assertEquals(figures.p50, 2 * dayUs);
  },
});

Deno.test({
  name: "Histogram.record() refuses what is no duration, and stays as it was",
  permissions: "none",
  fn() {
    const histogram = histogramOf([1, 2]);
    const before = histogram.distribution();
    for (const us of [-1, -1e-9, NaN, Infinity, -Infinity]) {
      assertThrows(() => histogram.record(us), RangeError, `${us}`);
    }
    assertEquals(histogram.distribution(), before);
  },
});

Deno.test({
  name: "Histogram.distribution() never holds NaN or Infinity",
  permissions: "none",
  fn() {
    for (const durations of [[0], [0, 0], [0, 1e15], [1e-12, 1e-12], [1e300]]) {
      const figures = histogramOf(durations).distribution()!;
      for (const [key, value] of Object.entries(figures)) {
        const fine = value === null ? key === "stddev" : Number.isFinite(value);
        assertEquals(fine, true, `${key} of ${durations} is ${value}`);
      }
    }
  },
});
