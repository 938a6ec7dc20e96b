import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertNotEquals,
} from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  Pacer,
  type PacerOptions,
  periodic,
  poisson,
  type Schedule,
} from "../../lib/timing/pacer.ts";
import { pureTest as test } from "../testing.ts";

function take(schedule: Schedule, count: number): number[] {
  return Array.from({ length: count }, () => schedule());
}

/** The times between events. */
function gaps(moments: number[]): number[] {
  return moments.slice(1).map((ms, index) => ms - moments[index]!);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test("periodic() accumulates no error", () => {
  // 0.1 added a million times gives 100000.00000133.
  for (const intervalMs of [0, 0.1, 0.3, 20, 1 / 3]) {
    const moments = take(periodic(intervalMs), 1_000_001);
    assertEquals([moments[0], moments[1]], [0, intervalMs]);
    assertEquals(moments[1_000_000], 1_000_000 * intervalMs);
  }
});

test("poisson() has the mean and the variance of its process", () => {
  // Of N gaps the mean has the standard error mean / sqrt(N), the variance
  // mean^2 * sqrt(8 / N). Five of either; the seeds are fixed.
  const count = 200_000;
  for (const [meanMs, seed] of [[20, 1], [0.5, 2], [1000, 3]] as const) {
    const all = gaps(take(poisson(meanMs, seededRandom(seed)), count + 1));
    const found = mean(all);
    assertAlmostEquals(found, meanMs, 5 * meanMs / Math.sqrt(count));
    const variance = mean(all.map((gap) => (gap - found) ** 2));
    const bound = 5 * meanMs ** 2 * Math.sqrt(8 / count);
    assertAlmostEquals(variance, meanMs ** 2, bound);
  }
});

test("poisson() has exponential, independent gaps", () => {
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
});

test("poisson() starts at 0, never decreases, and repeats with its seed", () => {
  for (let seed = 0; seed < 100; seed++) {
    const moments = take(poisson(20, seededRandom(seed)), 1000);
    assertEquals(moments[0], 0);
    assert(gaps(moments).every((gap) => gap >= 0 && gap < Infinity));
    assertEquals(take(poisson(20, seededRandom(seed)), 1000), moments);
    assertNotEquals(take(poisson(20, seededRandom(seed + 1)), 1000), moments);
  }
});

/** A pacer on a clock that the test sets. */
function paced(schedule: Schedule | null, options: PacerOptions = {}) {
  const clock = { nowMs: 5, now: () => clock.nowMs };
  return { clock, pacer: new Pacer(schedule, { clock, ...options }) };
}

test("Pacer.next() starts with its first call, and keeps to the schedule", async () => {
  const { clock, pacer } = paced(periodic(10));
  clock.nowMs = 100;
  assertEquals(await pacer.next(), 100);
  clock.nowMs = 145; // a stall: the late events are due at once, none is lost
  for (const dueMs of [110, 120, 130, 140]) {
    assertEquals(await pacer.next(), dueMs);
  }
  clock.nowMs = 150;
  assertEquals(await pacer.next(), 150);
});

test("Pacer.next() skips all events that passed in a pause", async () => {
  const cases = [
    // interval, time after the first event, then what is skipped and returned
    { intervalMs: 1, atMs: 10, skipped: 0, next: 1 }, // late by 9 ms
    { intervalMs: 1, atMs: 12, skipped: 11, next: 12 }, // late by 11 ms
    { intervalMs: 1, atMs: 500, skipped: 499, next: 500 },
    { intervalMs: 100, atMs: 200, skipped: 0, next: 100 }, // by one interval
    { intervalMs: 100, atMs: 500, skipped: 4, next: 500 },
  ];
  for (const { intervalMs, atMs, ...expected } of cases) {
    const skipped = { count: 0, longestPauseMs: 0 };
    const { clock, pacer } = paced(periodic(intervalMs), {
      intervalMs,
      skipped,
    });
    clock.nowMs = 0;
    await pacer.next();
    clock.nowMs = atMs;
    const next = await pacer.next();
    assertEquals({ skipped: skipped.count, next }, expected);
    const pauseMs = expected.skipped === 0 ? 0 : atMs - intervalMs;
    assertEquals(skipped.longestPauseMs, pauseMs);
  }
});

test("Pacer.next() skips nothing after the end of its schedule", async () => {
  const skipped = { count: 0, longestPauseMs: 0 };
  const options = { intervalMs: 10, durationMs: 50, skipped };
  const { clock, pacer } = paced(periodic(10), options);
  clock.nowMs = 0;
  assertEquals(await pacer.next(), 0);
  clock.nowMs = 10_000;
  assertEquals(await pacer.next(), null);
  assertEquals(skipped, { count: 4, longestPauseMs: 9990 });
  const { clock: other, pacer: unpaced } = paced(null, options);
  assertEquals(await unpaced.next(), 5);
  other.nowMs = 55;
  assertEquals(await unpaced.next(), null);
});

test("Pacer.next() returns the current time without a schedule", async () => {
  const { clock, pacer } = paced(null);
  for (const nowMs of [3, 8.5]) {
    clock.nowMs = nowMs;
    assertEquals(await pacer.next(), nowMs);
  }
});

test("Pacer.next() waits for each event by the system's clock", async () => {
  const pacer = new Pacer(periodic(3));
  const startMs = (await pacer.next())!;
  for (let index = 1; index <= 5; index++) {
    const intendedMs = await pacer.next();
    assertEquals(intendedMs, startMs + index * 3);
    assertGreaterOrEqual(performance.now(), intendedMs);
  }
});

test("Pacer.next() ends its wait when aborted", async () => {
  const controller = new AbortController();
  const pacer = new Pacer(periodic(3_600_000));
  const startMs = (await pacer.next())!;
  const next = pacer.next(controller.signal);
  controller.abort();
  assertEquals(await next, startMs + 3_600_000);
});
