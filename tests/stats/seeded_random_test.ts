import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomSeed, seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

/** The first numbers of a seed. */
function take(seed: number, count: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, random);
}

test("seededRandom() gives the numbers of mulberry32", () => {
  assertEquals(take(0, 3), [
    0.26642920868471265,
    0.0003297457005828619,
    0.2232720274478197,
  ]);
  assertEquals(take(1, 3), [
    0.6270739405881613,
    0.002735721180215478,
    0.5274470399599522,
  ]);
});

test("seededRandom() takes the lowest 32 bits of a seed", () => {
  assertEquals(take(2 ** 32 + 7, 5), take(7, 5));
  assertEquals(take(-1, 5), take(2 ** 32 - 1, 5));
});

test("seededRandom() gives another sequence for each of many seeds", () => {
  const firsts = Array.from(
    { length: 10_000 },
    (_, seed) => take(seed, 2).join(),
  );
  assertEquals(new Set(firsts).size, firsts.length);
});

test("seededRandom() spreads evenly from 0 up to but not 1", () => {
  const tenths = Array(10).fill(0);
  const count = 100_000;
  for (const number of take(42, count)) {
    assert(number >= 0 && number < 1);
    tenths[Math.floor(number * 10)] += 1;
  }
  // Five standard deviations, of a fixed sequence: this cannot flicker.
  for (const share of tenths) assertAlmostEquals(share, count / 10, 475);
});

test("randomSeed() is a whole number that is short enough to type", () => {
  const seeds = Array.from({ length: 1000 }, randomSeed);
  for (const seed of seeds) {
    assert(Number.isInteger(seed) && seed >= 0 && seed < 1_000_000);
  }
  assert(new Set(seeds).size > 900);
});
