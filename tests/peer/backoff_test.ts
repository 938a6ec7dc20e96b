import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertNotEquals,
} from "@std/assert";
import { Backoff } from "../../lib/peer/backoff.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

/** The longest that each wait may be. */
const CEILINGS_MS = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];

function waitsMs(random: () => number, count: number): number[] {
  const backoff = new Backoff(random);
  return Array.from({ length: count }, () => backoff.nextMs());
}

Deno.test({
  name: "Backoff.nextMs() doubles up to 30 s",
  permissions: "none",
  fn() {
    const halves = CEILINGS_MS.map((ms) => ms / 2);
    assertEquals(waitsMs(() => 0, 8), halves);
    assertEquals(
      waitsMs(() => 0.5, 8),
      CEILINGS_MS.map((ms) => ms * 0.75),
    );
  },
});

Deno.test({
  name: "Backoff.nextMs() is anything from half of the longest to all of it",
  permissions: "none",
  fn() {
    const random = seededRandom(30);
    const rounds = 2000;
    const sums = CEILINGS_MS.map(() => 0);
    const least = CEILINGS_MS.map(() => Infinity);
    const most = CEILINGS_MS.map(() => 0);
    for (let round = 0; round < rounds; round++) {
      waitsMs(random, CEILINGS_MS.length).forEach((ms, at) => {
        const share = ms / CEILINGS_MS[at]!;
        sums[at]! += share;
        least[at] = Math.min(least[at]!, share);
        most[at] = Math.max(most[at]!, share);
      });
    }
    for (const at of CEILINGS_MS.keys()) {
      assertAlmostEquals(sums[at]! / rounds, 0.75, 0.02);
      assertGreaterOrEqual(least[at]!, 0.5);
      assertAlmostEquals(least[at]!, 0.5, 0.01);
      assertLessOrEqual(most[at]!, 1);
      assertAlmostEquals(most[at]!, 1, 0.01);
    }
  },
});

Deno.test({
  name: "Backoff.nextMs() stays at 30 s, however often it fails",
  permissions: "none",
  fn() {
    const backoff = new Backoff(() => 0);
    for (let wait = 0; wait < 5000; wait++) backoff.nextMs(); // past 2 ** 1024
    assertEquals(backoff.nextMs(), 15_000);
    assertEquals(backoff.failures, 5001);
  },
});

Deno.test({
  name: "Backoff.failures counts the waits, and 0 starts again",
  permissions: "none",
  fn() {
    const backoff = new Backoff(() => 0);
    assertEquals(backoff.failures, 0);
    assertEquals([backoff.nextMs(), backoff.nextMs()], [250, 500]);
    assertEquals(backoff.failures, 2);
    backoff.failures = 0;
    assertEquals(backoff.nextMs(), 250);
  },
});

Deno.test({
  name: "Backoff draws its own numbers unless it is given some",
  permissions: "none",
  fn() {
    const waits = Array.from({ length: 20 }, () => new Backoff().nextMs());
    for (const ms of waits) {
      assertGreaterOrEqual(ms, 250);
      assertLessOrEqual(ms, 500);
    }
    assertNotEquals(new Set(waits).size, 1);
  },
});
