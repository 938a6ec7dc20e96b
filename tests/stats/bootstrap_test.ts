import { assert, assertEquals } from "@std/assert";
import {
  medianDifference,
  MIN_ROUNDS,
  type Round,
} from "../../lib/stats/bootstrap.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

/** Figures like those of eight rounds of a measurement; 12.5 apart. */
const APART: Round[] = [
  [[52, 55, 61], [40, 41, 47]],
  [[53, 54, 90], [39, 45, 44]],
  [[49, 58, 57], [42, 48, 43]],
  [[60, 62, 59], [50, 41, 46]],
  [[51, 56, 70], [38, 44, 49]],
  [[55, 54, 53], [43, 45, 52]],
  [[58, 50, 66], [47, 40, 42]],
  [[57, 61, 52], [45, 46, 41]],
];

/** The same twice, but for chance. */
const ALIKE: Round[] = [
  [[10, 12], [11, 13]],
  [[14, 9], [10, 12]],
  [[11, 13], [12, 9]],
  [[12, 15], [13, 11]],
  [[9, 11], [10, 14]],
  [[13, 10], [12, 11]],
  [[16, 12], [9, 13]],
];

/** Few enough for all of their 6^6 resamples to be counted. */
const COUNTED: Round[] = [
  [[5], [1]],
  [[6], [2]],
  [[9], [1]],
  [[4], [3]],
  [[8], [2.5]],
  [[7], [0.5]],
];

/** Normally distributed by the method of Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) *
    Math.cos(2 * Math.PI * random());
}

test("medianDifference() gives the interval that Python's arithmetic gives", () => {
  const golden = (estimate: number, low: number, high: number) => (
    { estimate, low, high, confidence_percent: 95 }
  );
  assertEquals(medianDifference(APART), golden(12.5, 10, 15));
  assertEquals(medianDifference(ALIKE), golden(0.5, -0.5, 1));
});

test("medianDifference() agrees with the count of all resamples", () => {
  // Of all 46 656 differences in order, those at 2.5 % and 97.5 %.
  const { estimate, low, high } = medianDifference(COUNTED)!;
  assertEquals([estimate, low, high], [5, 2, 7.5]);
});

test("medianDifference() changes its sign with the sides", () => {
  const swapped = APART.map(([one, other]): Round => [other, one]);
  const { estimate, low, high } = medianDifference(swapped)!;
  assertEquals([estimate, low, high], [-12.5, -15, -10]);
});

test("medianDifference() is null of too few rounds, and of lost ones", () => {
  assertEquals(medianDifference([]), null);
  assertEquals(medianDifference(APART.slice(0, MIN_ROUNDS - 1)), null);
  const lost: Round[] = APART.map(([one]) => [one, []]);
  assertEquals(medianDifference(lost), null);
  // A round in which one side got no answer says nothing of a difference.
  const partly: Round[] = [...APART, [[1], []], [[], [1]], [[], []]];
  assertEquals(medianDifference(partly), medianDifference(APART));
});

test("medianDifference() holds the true difference about 95 times of 100", () => {
  const random = seededRandom(42);
  const runs = 24;
  let held = 0;
  let falselyFaster = 0;
  for (let run = 0; run < runs; run++) {
    const rounds = (apart: number): Round[] =>
      Array.from({ length: 20 }, () => {
        // What a whole round has in common would fool a plain bootstrap.
        const drift = 3 * normal(random);
        const side = (shift: number) =>
          Array.from(
            { length: 5 },
            () => 50 + shift + drift + normal(random),
          );
        return [side(apart), side(0)];
      });
    const { low, high } = medianDifference(rounds(2))!;
    if (low <= 2 && 2 <= high) held += 1;
    const same = medianDifference(rounds(0))!;
    if (same.low > 0 || same.high < 0) falselyFaster += 1;
  }
  assert(held >= 0.87 * runs, `${held} of ${runs}`);
  assert(falselyFaster <= 0.13 * runs, `${falselyFaster} of ${runs}`);
});
