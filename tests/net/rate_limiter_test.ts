import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { RateLimiter, ReplyLimiter } from "../../lib/net/rate_limiter.ts";
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

/** How many replies a limiter allows in ten seconds of a flood. */
function allowedOf(ratePerSec: number, sources: (at: number) => string[]) {
  let nowMs = 0;
  const limiter = new ReplyLimiter(ratePerSec, { now: () => nowMs });
  const allowed = new Map<string, number>();
  for (; nowMs < 10_000; nowMs += 1) {
    for (const source of sources(nowMs)) {
      if (!limiter.allow(source, 50_000)) continue;
      allowed.set(source, (allowed.get(source) ?? 0) + 1);
    }
  }
  return allowed;
}

const sum = (counts: Map<string, number>) =>
  counts.values().reduce((total, count) => total + count, 0);

test("ReplyLimiter.allow() limits a source, its network and all together", () => {
  const random = seededRandom(3);
  const byte = () => Math.floor(random() * 256);
  const one = allowedOf(10, () => ["192.0.2.1"]);
  assertEquals(sum(one), 101); // the rate, and a burst of 2
  const network = () => [`192.0.2.${byte()}`, `192.0.2.${byte()}`];
  assertEquals(sum(allowedOf(10, network)), 409);
  const v6 = () => [`2001:db8:0:12${byte().toString(16).padStart(2, "0")}::1`];
  assertEquals(sum(allowedOf(10, v6)), 409);
  const any = () => [1, 2, 3].map(() => `10.${byte()}.${byte()}.1`);
  const all = sum(allowedOf(10, any));
  assertGreaterOrEqual(4100, all);
  assertGreaterOrEqual(all, 4000);
});

test("ReplyLimiter.allow() keeps the limit of a source amid forged ones", () => {
  let forged = 0;
  const flood = () => {
    const others = Array.from({ length: 50 }, () => {
      const next = forged++;
      return `10.${next >> 16 & 255}.${next >> 8 & 255}.${next & 255}`;
    });
    return ["192.0.2.1", ...others];
  };
  const allowed = allowedOf(10, flood);
  assertGreaterOrEqual(102, allowed.get("192.0.2.1") ?? 0);
});

test("ReplyLimiter.allow() leaves loopback out of the flood", () => {
  const flood = (atMs: number) => [
    ...Array.from({ length: 50 }, (_, at) => `10.0.${at}.${atMs % 256}`),
    ...(atMs % 100 === 0 ? ["127.0.0.1", "::1", "::ffff:127.0.0.1"] : []),
  ];
  const allowed = allowedOf(10, flood);
  for (const local of ["127.0.0.1", "::1", "::ffff:127.0.0.1"]) {
    assertEquals(allowed.get(local), 100, local);
  }
});
