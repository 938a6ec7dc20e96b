/**
 * At most so many answers a second to one source.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";

/** How many sources are remembered; the one longest unheard goes first. */
const MAX_SOURCES = 4096;

/**
 * Looks back over the last second, so that no second, wherever it starts, has
 * more answers than allowed. Its memory is bounded whatever addresses are
 * forged: the times of at most a second's answers for each source remembered.
 *
 * @example Usage
 * ```ts
 * import { RateLimiter } from "./rate_limiter.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const limiter = new RateLimiter(2, { now: () => 0 });
 * const allowed = [1, 2, 3].map(() => limiter.allow("192.0.2.1"));
 * assertEquals(allowed, [true, true, false]);
 * ```
 */
export class RateLimiter {
  #perSecond: number;
  #clock: Clock;
  /** When each source was answered within the last second. */
  #answersMs = new Map<string, number[]>();

  /**
   * Nobody was answered yet.
   *
   * @param perSecond How many answers a second one source may have.
   * @param clock What tells the time.
   */
  constructor(perSecond: number, clock: Clock = systemClock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /**
   * Asks for one answer.
   *
   * @param source The source's address.
   * @returns Whether it may be given; if so, it is counted.
   */
  allow(source: string): boolean {
    const nowMs = this.#clock.now();
    const answersMs = this.#answersMs.get(source) ?? [];
    while (answersMs.length > 0 && answersMs[0]! <= nowMs - 1000) {
      answersMs.shift();
    }
    this.#answersMs.delete(source); // a Map keeps order: the oldest comes first
    this.#answersMs.set(source, answersMs);
    if (this.#answersMs.size > MAX_SOURCES) {
      this.#answersMs.delete(this.#answersMs.keys().next().value!);
    }
    if (answersMs.length >= this.#perSecond) return false;
    answersMs.push(nowMs);
    return true;
  }
}
