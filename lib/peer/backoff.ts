/**
 * How long to wait before trying again.
 *
 * @module
 */

/** The first wait is up to this, in milliseconds. */
const FIRST_MS = 500;
/** No wait is longer than this, in milliseconds. */
const LONGEST_MS = 30_000;

/**
 * Waits that double on average, each drawn at random between half of that and
 * all of it, so that those who lost the same connection do not all come back at
 * the same moment.
 *
 * @example Usage
 * ```ts
 * import { Backoff } from "./backoff.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const backoff = new Backoff(() => 0.5);
 * const waits = [1, 2, 3].map(() => backoff.nextMs());
 * assertEquals(waits, [375, 750, 1500]);
 * ```
 */
export class Backoff {
  /** How often it was waited since the start, or since the last success. */
  failures = 0;
  #random: () => number;

  /**
   * Nothing has failed yet.
   *
   * @param random Gives numbers from 0 up to but not 1.
   */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next wait, in milliseconds. */
  nextMs(): number {
    const ceilingMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    return ceilingMs * (0.5 + this.#random() / 2);
  }
}
