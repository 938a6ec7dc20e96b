/**
 * When to send: the moments of a schedule, as distances from its start.
 *
 * @module
 */

/** Gives the next moment, in milliseconds from the start; never decreasing. */
export type Schedule = () => number;

/**
 * One event every so often.
 *
 * @param intervalMs The time from one event to the next, in milliseconds.
 * @returns The schedule; the first event is at its start.
 *
 * @example Usage
 * ```ts
 * import { periodic } from "./schedule.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const next = periodic(20);
 * assertEquals([next(), next(), next()], [0, 20, 40]);
 * ```
 */
export function periodic(intervalMs: number): Schedule {
  let count = 0;
  return () => count++ * intervalMs;
}

/**
 * Events at random, independent of each other: a Poisson process, whose samples
 * see a path as it is on average (RFC 2330, section 11.1.1).
 *
 * @param meanMs The mean time from one event to the next, in milliseconds.
 * @param random Gives numbers from 0 to 1, excluding 1; a seeded generator makes
 * the schedule repeatable.
 * @returns The schedule; the first event is at its start.
 *
 * @example Usage
 * ```ts
 * import { poisson } from "./schedule.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = poisson(20, () => 0);
 * assertEquals([schedule(), schedule()], [0, 0]);
 * ```
 */
export function poisson(meanMs: number, random: () => number): Schedule {
  let nextMs = 0;
  return () => {
    const nowMs = nextMs;
    nextMs -= meanMs * Math.log(1 - random());
    return nowMs;
  };
}
