/**
 * The clock that everything here tells time by.
 *
 * @module
 */

/** A monotonic clock. Tests pass one that stands still. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number;
}

/** The monotonic clock of the system, `performance.now()`. */
export const systemClock: Clock = { now: () => performance.now() };

/**
 * Measures how finely a clock can tell two moments apart.
 *
 * @param clock The clock to look at.
 * @returns The smallest step seen in a thousand, in microseconds, or `null` if
 * the clock stood still for a hundred thousand looks.
 *
 * @example Usage
 * ```ts
 * import { measureResolutionUs } from "./clock.ts";
 * import { assertEquals } from "@std/assert";
 *
 * let ms = 0;
 * assertEquals(measureResolutionUs({ now: () => ms += 0.5 }), 500);
 * assertEquals(measureResolutionUs({ now: () => 0 }), null);
 * ```
 */
export function measureResolutionUs(clock: Clock): number | null {
  let smallest = Infinity;
  let steps = 0;
  let last = clock.now();
  for (let looks = 0; looks < 100_000 && steps < 1000; looks++) {
    const now = clock.now();
    if (now === last) continue;
    smallest = Math.min(smallest, now - last);
    last = now;
    steps += 1;
  }
  return steps === 0 ? null : Math.round(smallest * 1e6) / 1e3;
}
