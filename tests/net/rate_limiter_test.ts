import { assert, assertEquals } from "@std/assert";
import { RateLimiter } from "../../lib/net/rate_limiter.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

/** A clock that a test sets. */
class StillClock {
  nowMs = 1000;
  now(): number {
    return this.nowMs;
  }
}

/** How many of so many wishes at once are granted. */
function granted(limiter: RateLimiter, source: string, wishes: number): number {
  let count = 0;
  for (let wish = 0; wish < wishes; wish++) {
    if (limiter.allow(source)) count += 1;
  }
  return count;
}

Deno.test({
  name: "RateLimiter.allow() grants a second's worth at once, and no more",
  permissions: "none",
  fn() {
    const limiter = new RateLimiter(5, new StillClock());
    assertEquals(granted(limiter, "192.0.2.1", 100), 5);
    assertEquals(granted(limiter, "192.0.2.1", 100), 0);
  },
});

Deno.test({
  name: "RateLimiter.allow() counts each source apart",
  permissions: "none",
  fn() {
    const limiter = new RateLimiter(5, new StillClock());
    for (const source of ["192.0.2.1", "192.0.2.2", "::1"]) {
      assertEquals(granted(limiter, source, 100), 5);
    }
  },
});

Deno.test({
  name: "RateLimiter.allow() grants again a second after each answer",
  permissions: "none",
  fn() {
    const clock = new StillClock();
    const limiter = new RateLimiter(4, clock);
    assertEquals(granted(limiter, "a", 3), 3);
    clock.nowMs += 500;
    assertEquals(granted(limiter, "a", 9), 1);
    clock.nowMs += 499;
    assertEquals(granted(limiter, "a", 9), 0); // which costs nothing
    clock.nowMs += 1;
    assertEquals(granted(limiter, "a", 9), 3);
    clock.nowMs += 500;
    assertEquals(granted(limiter, "a", 9), 1);
    clock.nowMs += 3_600_000;
    assertEquals(granted(limiter, "a", 9), 4);
  },
});

Deno.test({
  name: "RateLimiter.allow() never grants more in any second",
  permissions: "none",
  fn() {
    const random = seededRandom(17);
    const clock = new StillClock();
    const limiter = new RateLimiter(10, clock);
    const grantedMs: number[] = [];
    for (let wishes = 0; wishes < 10_000; wishes++) {
      clock.nowMs += random() * 20;
      if (!limiter.allow("a")) continue;
      grantedMs.push(clock.nowMs);
      const tenthLastMs = grantedMs.at(-11) ?? -Infinity;
      assert(clock.nowMs - tenthLastMs >= 1000);
    }
    // A source that asks all the time gets nearly all that the rate allows.
    assert(grantedMs.length >= (clock.nowMs - 1000) / 1000 * 10 * 0.9);
  },
});

Deno.test({
  name: "RateLimiter.allow() remembers 4096 sources, and the last heard of",
  permissions: "none",
  fn() {
    const limiter = new RateLimiter(1, new StillClock());
    assertEquals(limiter.allow("old"), true);
    for (let source = 0; source < 4095; source++) limiter.allow(`${source}`);
    assertEquals(limiter.allow("old"), false); // and is now the last heard of
    limiter.allow("one more"); // forgets source 0, the one longest unheard
    assertEquals(limiter.allow("old"), false);
    assertEquals(limiter.allow("1"), false);
    assertEquals(limiter.allow("0"), true);
  },
});

Deno.test({
  name: "RateLimiter.allow() limits a source without a name as well",
  permissions: "none",
  fn() {
    const limiter = new RateLimiter(1, { now: () => 0 });
    assertEquals([limiter.allow(""), limiter.allow("")], [true, false]);
  },
});
