/**
 * Monotonic time.
 *
 * @module
 */

/** A monotonic clock. Tests pass one that they control. */
export interface Clock {
  /** Milliseconds since a fixed moment; never decreases. */
  now(): number;
}

/** The monotonic clock of the system, `performance.now()`. */
export const systemClock: Clock = { now: () => performance.now() };

/**
 * Measures the resolution of a clock.
 *
 * @param clock The clock.
 * @returns The smallest of a thousand steps, in microseconds, or `null` if no
 * step was seen in a hundred thousand readings.
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
  for (let readings = 0; readings < 100_000 && steps < 1000; readings++) {
    const now = clock.now();
    if (now === last) continue;
    smallest = Math.min(smallest, now - last);
    last = now;
    steps += 1;
  }
  return steps === 0 ? null : Math.round(smallest * 1e6) / 1e3;
}
