import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { Histogram } from "../../lib/stats/histogram.ts";
import { SignedHistogram } from "../../lib/stats/one_way.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

function histogramOf(durationsUs: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const us of durationsUs) histogram.record(us);
  return histogram;
}

function signedHistogramOf(differencesUs: Iterable<number>): SignedHistogram {
  const histogram = new SignedHistogram();
  for (const us of differencesUs) histogram.record(us);
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
        p95: us,
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

Deno.test({
  name: "Histogram.percentileFile() has values in microseconds, and all counts",
  permissions: "none",
  fn() {
    const durations = Array.from({ length: 1000 }, (_, index) => 10 + index);
    const file = histogramOf(durations.toReversed()).percentileFile();
    const rows = file.split("\n")
      .filter((line) => /^ *[0-9]/.test(line))
      .map((line) => line.trim().split(/ +/).map(Number));
    assertGreaterOrEqual(rows.length, 20);
    let last = 0;
    for (const [us, share, count, inverse] of rows) {
      assertAlmostEquals(us!, durations[count! - 1]!, us! / 1000);
      assertGreaterOrEqual(count!, Math.floor(share! * 1000));
      // The last row says 1, and nothing of its inverse.
      if (inverse !== undefined) {
        assertAlmostEquals(inverse, 1 / (1 - share!), 0.005 + inverse / 1e6);
      }
      assertGreaterOrEqual(count!, last);
      last = count!;
    }
    assertEquals(rows.at(-1)!.slice(1, 3), [1, 1000]);
    assertAlmostEquals(rows.at(-1)![0]!, 1009, 1.01);
    assertEquals(/Total count *= *1000\]/.test(file), true);
    assertAlmostEquals(Number(/Mean *= *([0-9.]+)/.exec(file)![1]), 509.5, 0.6);
  },
});

Deno.test({
  name: "Histogram.percentileFile() of nothing has no rows",
  permissions: "none",
  fn() {
    const lines = new Histogram().percentileFile().split("\n");
    assertEquals(lines.filter((line) => /^ *[0-9]/.test(line)), []);
  },
});

Deno.test({
  name: "SignedHistogram.distribution() is nothing where nothing was recorded",
  permissions: "none",
  fn() {
    assertEquals(new SignedHistogram().distribution(), null);
    assertEquals(new SignedHistogram().distribution(100), null);
  },
});

Deno.test({
  name: "SignedHistogram.distribution() of equal samples is that sample",
  permissions: "none",
  fn() {
    for (const us of [0, -0.25, -1, 123.456, -1e6, 1e12, -1e15]) {
      for (const count of [1, 2, 1024]) {
        const histogram = signedHistogramOf(Array(count).fill(us));
        assertEquals(histogram.distribution(), {
          count,
          min: us,
          mean: us,
          stddev: count === 1 ? null : 0,
          p50: us,
          p90: us,
          p95: us,
          p99: us,
          p999: us,
          max: us,
        });
      }
    }
  },
});

Deno.test({
  name: "SignedHistogram.distribution() agrees with a vector added up by hand",
  permissions: "none",
  fn() {
    const figures = signedHistogramOf([-3, 5, -4, 2, 0]).distribution()!;
    const { count, min, mean, max, p50 } = figures;
    assertEquals({ count, min, mean, max }, {
      count: 5,
      min: -4,
      mean: 0,
      max: 5,
    });
    assertAlmostEquals(figures.stddev!, Math.sqrt(54 / 4), 1e-12);
    assertAlmostEquals(p50, 0, 0.004);
    assertEquals([figures.p90, figures.p999], [5, 5]);
  },
});

Deno.test({
  name:
    "SignedHistogram.distribution() is 0.1 % off at most, from the first on",
  permissions: "none",
  fn() {
    const random = seededRandom(6);
    for (let round = 0; round < 200; round++) {
      // About some offset of two clocks, both signs, six decades.
      const offset = 1e7 * (random() - 0.5);
      const differences = Array.from(
        { length: 1 + Math.floor(999 * random()) },
        () => offset + (random() < 0.5 ? -1 : 1) * 10 ** (6 * random() - 1),
      );
      if (round % 3 === 0) differences.sort((a, b) => a - b);
      if (round % 3 === 1) differences.sort((a, b) => b - a);
      const first = differences[0]!;
      const figures = signedHistogramOf(differences).distribution()!;
      const sorted = differences.toSorted((a, b) => a - b);
      assertEquals(figures.count, sorted.length);
      assertEquals([figures.min, figures.max], [sorted[0], sorted.at(-1)]);
      const mean = sorted.reduce((sum, us) => sum + us, 0) / sorted.length;
      assertAlmostEquals(figures.mean, mean, 1e-6);

      const { p50, p90, p99, p999 } = figures;
      let last = figures.min;
      for (
        const [percent, us] of [[50, p50], [90, p90], [99, p99], [99.9, p999]]
      ) {
        const exact = nearestRank(sorted, percent!);
        // A nanosecond more, to which distances are rounded.
        const bound = Math.abs(exact - first) / 1000 + 0.001;
        assertAlmostEquals(
          us!,
          exact,
          bound,
          `p${percent} of ${sorted.length}`,
        );
        assertGreaterOrEqual(us!, last);
        last = us!;
      }
      assertLessOrEqual(last, figures.max);
    }
  },
});

Deno.test({
  name: "SignedHistogram.distribution() counts ranks up, never one too far",
  permissions: "none",
  fn() {
    // Of 1000 samples p99.9 is the 999th, which the last may be far above.
    for (const count of [10, 100, 151, 999, 1000, 1001, 2000, 3000]) {
      const sorted = Array.from({ length: count }, (_, index) => index + 1);
      sorted[count - 1] = 1e6;
      for (const sign of [1, -1]) {
        const signed = sorted.map((us) => sign * us).toSorted((a, b) => a - b);
        const figures = signedHistogramOf(signed).distribution()!;
        const { p50, p90, p99, p999 } = figures;
        for (
          const [percent, us] of [[50, p50], [90, p90], [99, p99], [99.9, p999]]
        ) {
          const exact = nearestRank(signed, percent!);
          const bound = Math.abs(exact - signed[0]!) / 1000 + 0.001;
          assertAlmostEquals(us!, exact, bound, `p${percent} of ${count}`);
        }
      }
    }
  },
});

Deno.test({
  name: "SignedHistogram.distribution() shifts all but the standard deviation",
  permissions: "none",
  fn() {
    const histogram = signedHistogramOf([-8, -4, 0, 16]);
    const plain = histogram.distribution()!;
    for (const shiftUs of [1024, -1024, 0]) {
      const { count, stddev, ...moved } = histogram.distribution(shiftUs)!;
      assertEquals([count, stddev], [plain.count, plain.stddev]);
      for (const [key, us] of Object.entries(moved)) {
        const before = plain[key as keyof typeof moved];
        assertAlmostEquals(us, before + shiftUs, 1e-9, key);
      }
    }
    assertEquals(histogram.distribution(), plain);
  },
});

Deno.test({
  name:
    "SignedHistogram.record() refuses what is no number, and stays as it was",
  permissions: "none",
  fn() {
    const histogram = signedHistogramOf([-1, 2]);
    const before = histogram.distribution();
    for (const us of [NaN, Infinity, -Infinity]) {
      assertThrows(() => histogram.record(us), RangeError);
    }
    assertEquals(histogram.distribution(), before);
  },
});

Deno.test({
  name: "Histogram.binEdges() is nothing where nothing was recorded",
  permissions: "none",
  fn() {
    assertEquals(new Histogram().binEdges(10), null);
    assertEquals(new Histogram().percentiles(), null);
    assertEquals(new Histogram().counts([0, 1, 2]), [0, 0]);
  },
});

Deno.test({
  name: "Histogram.counts() agrees with what was counted by hand",
  permissions: "none",
  fn() {
    // A limit belongs to the bin above it, the last one to the last bin.
    const histogram = histogramOf([0, 1, 9.99, 10, 10, 19, 20, 30]);
    assertEquals(histogram.counts([0, 10, 20, 30]), [3, 3, 2]);
    assertEquals(histogram.counts([10, 20]), [4]);
    assertEquals(histogram.counts([1, 10]), [4]);
    assertEquals(histogram.counts([31, 40]), [0]);
    assertEquals(histogram.counts([0]), []);
  },
});

Deno.test({
  name: "Histogram.binEdges() puts the greatest hundredth behind the body",
  permissions: "none",
  fn() {
    const body = Array.from({ length: 999 }, (_, index) => 40.5 + index % 10);
    const histogram = histogramOf([...body, 5000]);
    const edges = histogram.binEdges(6)!;
    assertEquals(edges, [40, 42, 44, 46, 48, 50, 5000]);
    assertEquals(histogram.counts(edges), [200, 200, 200, 200, 199, 1]);
  },
});

Deno.test({
  name: "Histogram.binEdges() has no tail of fewer than a hundred values",
  permissions: "none",
  fn() {
    const body = Array.from({ length: 98 }, () => 40);
    const edges = histogramOf([...body, 79]).binEdges(5)!;
    assertEquals(edges, [40, 50, 60, 70, 80]);
  },
});

Deno.test({
  name: "Histogram.counts() has every value in one of binEdges()",
  permissions: "none",
  fn() {
    const random = seededRandom(12);
    for (let round = 0; round < 300; round++) {
      const decades = 6 * random();
      const least = 10 ** (6 * random() - 3);
      const histogram = histogramOf(Array.from(
        { length: 1 + Math.floor(10 ** (3.3 * random())) },
        () => least * 10 ** (decades * random() ** 3),
      ));
      const most = 3 + round % 20;
      const edges = histogram.binEdges(most)!;
      const counts = histogram.counts(edges);
      assertLessOrEqual(counts.length, most);
      assertEquals(counts.length, edges.length - 1);
      const { min, max } = histogram.distribution()!;
      assertLessOrEqual(edges[0]!, min);
      assertGreaterOrEqual(edges.at(-1)!, max);
      edges.slice(1).forEach((edge, bin) =>
        assertEquals(edge > edges[bin]!, true, `${edges}`)
      );
      const sum = counts.reduce((sum, count) => sum + count, 0);
      assertEquals(sum, histogram.count, `${edges}`);
    }
  },
});

Deno.test({
  name: "Histogram.percentiles() rises from the least to the greatest",
  permissions: "none",
  fn() {
    const random = seededRandom(13);
    for (const count of [1, 2, 3, 10, 100, 1000, 5000]) {
      const histogram = histogramOf(
        Array.from({ length: count }, () => 10 ** (5 * random())),
      );
      const { percent, us } = histogram.percentiles()!;
      const { min, max } = histogram.distribution()!;
      assertEquals(percent.length, us.length);
      assertEquals([percent[0], percent.at(-1)], [0, 100]);
      assertAlmostEquals(us[0]!, min, min * 0.001 + 0.001);
      assertAlmostEquals(us.at(-1)!, max, 0.0005); // whole nanoseconds
      percent.slice(1).forEach((at, index) => {
        assertEquals(at > percent[index]!, true, `${percent}`);
        assertGreaterOrEqual(us[index + 1]!, us[index]!);
      });
    }
  },
});

Deno.test({
  name: "Histogram.percentiles() reaches the last but one value",
  permissions: "none",
  fn() {
    for (const count of [2, 10, 100, 1000]) {
      const values = Array.from({ length: count }, (_, index) => 10 + index);
      const { percent } = histogramOf(values).percentiles()!;
      assertGreaterOrEqual(percent.at(-2)!, 100 * (1 - 1 / count) - 1e-9);
    }
  },
});

Deno.test({
  name: "Histogram.counts() puts a value on a limit into the bin above it",
  permissions: "none",
  fn() {
    // Beyond 2048 ns several nanoseconds are one to the histogram.
    const histogram = new Histogram();
    for (let us = 40; us < 50; us++) histogram.record(us);
    assertEquals(histogram.counts([40, 42, 44, 46, 48, 50]), [2, 2, 2, 2, 2]);
  },
});
