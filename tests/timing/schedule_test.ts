import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertNotEquals,
} from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { periodic, poisson, type Schedule } from "../../lib/timing/pacer.ts";

function take(schedule: Schedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule());
}

/** The times from each moment to the next. */
function gaps(moments: number[]): number[] {
  return moments.slice(1).map((ms, index) => ms - moments[index]!);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

Deno.test({
  name: "periodic() adds up no error",
  permissions: "none",
  fn() {
    // 0.1 added a million times gives 100000.00000133.
    for (const intervalMs of [0.1, 0.3, 20, 1 / 3]) {
      const moments = take(periodic(intervalMs), 1_000_001);
      assertEquals(moments[0], 0);
      assertEquals(moments[1], intervalMs);
      assertEquals(moments[1_000_000], 1_000_000 * intervalMs);
    }
  },
});

Deno.test({
  name: "periodic() of no interval is always now",
  permissions: "none",
  fn() {
    assertEquals(take(periodic(0), 3), [0, 0, 0]);
  },
});

Deno.test({
  name: "poisson() has the mean and the variance of its process",
  permissions: "none",
  fn() {
    // Of N gaps the mean has the standard error mean / sqrt(N), the variance
    // mean^2 * sqrt(8 / N). Five of either: by chance, once in a million seeds.
    const count = 200_000;
    for (const [meanMs, seed] of [[20, 1], [0.5, 2], [1000, 3]] as const) {
      const all = gaps(take(poisson(meanMs, seededRandom(seed)), count + 1));
      const found = mean(all);
      assertAlmostEquals(found, meanMs, 5 * meanMs / Math.sqrt(count));
      const variance = mean(all.map((gap) => (gap - found) ** 2));
      const bound = 5 * meanMs ** 2 * Math.sqrt(8 / count);
      assertAlmostEquals(variance, meanMs ** 2, bound);
    }
  },
});

Deno.test({
  name: "poisson() has gaps that are exponential, and independent",
  permissions: "none",
  fn() {
    const count = 200_000;
    const all = gaps(take(poisson(1, seededRandom(4)), count + 1));
    // The standard error of a share is at most 0.5 / sqrt(N).
    const bound = 5 * 0.5 / Math.sqrt(count);
    for (const ms of [0.1, 0.5, 1, 2, 5]) {
      const share = all.filter((gap) => gap > ms).length / count;
      assertAlmostEquals(share, Math.exp(-ms), bound, `longer than ${ms}`);
    }
    const product = mean(
      gaps(all).map((_, at) => (all[at]! - 1) * (all[at + 1]! - 1)),
    );
    assertAlmostEquals(product, 0, 5 / Math.sqrt(count));
  },
});

Deno.test({
  name: "poisson() starts at 0 and never goes back",
  permissions: "none",
  fn() {
    for (let seed = 0; seed < 100; seed++) {
      const moments = take(poisson(20, seededRandom(seed)), 1000);
      assertEquals(moments[0], 0);
      for (const gap of gaps(moments)) assertGreaterOrEqual(gap, 0);
      assertEquals(moments.every(Number.isFinite), true);
    }
  },
});

Deno.test({
  name: "poisson() is the same for the same seed, another for another",
  permissions: "none",
  fn() {
    const moments = take(poisson(20, seededRandom(7)), 100);
    assertEquals(take(poisson(20, seededRandom(7)), 100), moments);
    assertNotEquals(take(poisson(20, seededRandom(8)), 100), moments);
  },
});
