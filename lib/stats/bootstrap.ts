/**
 * The difference of two medians with its confidence interval.
 *
 * Successive samples are correlated: the load of a machine changes slowly. So
 * both sides are measured in each round, and whole rounds are resampled (cluster
 * bootstrap: Davison and Hinkley, Bootstrap Methods and their Application, 1997,
 * section 3.8). The interval is the percentile interval (Efron, Annals of
 * Statistics 7.1, 1979).
 *
 * @module
 */

import { median } from "./average.ts";
import { seededRandom } from "./seeded_random.ts";

/** A difference, and its confidence interval. */
export interface Difference {
  /** The first median minus the second. */
  estimate: number;
  /** The lower end of the interval. */
  low: number;
  /** The upper end of the interval. */
  high: number;
  /** How often such intervals contain the true difference, in percent. */
  confidence_percent: number;
}

/** The samples of both sides in one round, in any unit. */
export type Round = readonly [readonly number[], readonly number[]];

/** Fewer rounds do not show how much they vary. */
export const MIN_ROUNDS = 6;
const CONFIDENCE_PERCENT = 95;
/** With more, the ends of the interval hardly change. */
const RESAMPLES = 2000;
/** Fixed, so that the same data give the same interval. */
const SEED = 1;

/**
 * The difference of two medians, with its confidence interval.
 *
 * @param rounds The samples of each round.
 * @returns The difference in the samples' unit; `null` if there are fewer than
 * {@linkcode MIN_ROUNDS} rounds in which both sides have a sample.
 *
 * @example Usage
 * ```ts
 * import { medianDifference } from "./bootstrap.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rounds = Array.from({ length: 6 }, () => [[5, 6, 7], [1, 2, 3]] as const);
 * const { estimate, low, high } = medianDifference(rounds)!;
 * assertEquals([estimate, low, high], [4, 4, 4]);
 * ```
 */
export function medianDifference(rounds: readonly Round[]): Difference | null {
  const whole = rounds.filter((round) =>
    round.every((side) => side.length > 0)
  );
  if (whole.length < MIN_ROUNDS) return null;
  const random = seededRandom(SEED);
  const differences = new Float64Array(RESAMPLES);
  for (let index = 0; index < RESAMPLES; index++) {
    differences[index] = difference(
      whole.map(() => whole[Math.floor(random() * whole.length)]!),
    );
  }
  differences.sort();
  const tail = RESAMPLES * (100 - CONFIDENCE_PERCENT) / 200;
  return {
    estimate: difference(whole),
    low: differences[tail]!,
    high: differences[RESAMPLES - 1 - tail]!,
    confidence_percent: CONFIDENCE_PERCENT,
  };
}

function difference(rounds: readonly Round[]): number {
  const side = (index: 0 | 1) =>
    median(rounds.flatMap((round) => round[index]))!;
  return side(0) - side(1);
}
