import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { RateLimiter } from "../../lib/net/rate_limiter.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

/** A limiter on a clock that the test sets. */
function limiterOf(ratePerSec: number, burst?: number) {
  const clock = { nowMs: 1000, now: () => clock.nowMs };
  const options = burst === undefined ? { clock } : { burst, clock };
  const limiter = new RateLimiter(ratePerSec, options);
  /** How many of 100 requests at once are allowed. */
  const allowed = (source = "192.0.2.1") =>
    Array.from({ length: 100 }, () => limiter.allow(source))
      .filter(Boolean).length;
  return { clock, limiter, allowed };
}

test("RateLimiter.allow() allows a burst, by default a quarter of the rate", () => {
  const cases = [[1, 1], [3, 1], [8, 2], [100, 25], [0.1, 1]];
  for (const [rate, burst] of cases) {
    const { allowed } = limiterOf(rate!);
    assertEquals(allowed(), burst, `${rate}`);
    assertEquals(allowed(), 0);
  }
  assertEquals(limiterOf(10, 7).allowed(), 7);
  assertEquals(limiterOf(10, 0).allowed(), 1);
});

test("RateLimiter.allow() adds a token an interval, up to the burst", () => {
  const { clock, allowed } = limiterOf(4, 4);
  assertEquals(allowed(), 4);
  clock.nowMs += 249;
  assertEquals(allowed(), 0); // refusals take no tokens
  clock.nowMs += 1;
  assertEquals(allowed(), 1);
  clock.nowMs += 500;
  assertEquals(allowed(), 2);
  clock.nowMs += 3_600_000;
  assertEquals(allowed(), 4);
});

test("RateLimiter.allow() allows the rate and the burst in any second, and sustains the rate", () => {
  const random = seededRandom(17);
  for (const [rate, burst] of [[10, 2], [1000, 250], [7, 1]] as const) {
    const { clock, limiter } = limiterOf(rate);
    const allowedMs: number[] = [];
    const startMs = clock.nowMs;
    while (clock.nowMs < startMs + 20_000) {
      // Pauses and floods.
      clock.nowMs += random() < 0.001 ? 2000 * random() : random() * 500 / rate;
      if (!limiter.allow("a")) continue;
      allowedMs.push(clock.nowMs);
      const earlierMs = allowedMs.at(-1 - rate - burst) ?? -Infinity;
      assertGreaterOrEqual(clock.nowMs - earlierMs, 1000 - 1e-5);
    }
    const steady = limiterOf(rate);
    for (let count = 0; count < 5000; count++) {
      assert(steady.limiter.allow("a"));
      steady.clock.nowMs += 1000 / rate;
    }
  }
});

test("RateLimiter.allow() counts each source apart, and remembers the last 2048", () => {
  const { limiter } = limiterOf(1);
  for (const source of ["old", "", "active"]) {
    assertEquals([limiter.allow(source), limiter.allow(source)], [
      true,
      false,
    ]);
  }
  const others = (count: number) => {
    for (let other = 0; other < count; other++) {
      limiter.allow(`${other}`);
      assertEquals(limiter.allow("active"), false);
    }
  };
  others(2044);
  assertEquals(limiter.allow("old"), false);
  others(10_000);
  assertEquals(limiter.allow("old"), true); // dropped
});
