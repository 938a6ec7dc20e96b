/**
 * At most so many answers a second to one source.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";

/** How many sources are remembered; the one longest unheard goes first. */
const MAX_SOURCES = 4096;

/**
 * A token bucket for each source: it holds a second's worth, and refills at the
 * rate. Its memory is bounded whatever addresses are forged.
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
  #buckets = new Map<string, { tokens: number; atMs: number }>();

  /**
   * Starts with a full bucket for everybody.
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
    const bucket = this.#buckets.get(source) ??
      { tokens: this.#perSecond, atMs: nowMs };
    const earned = (nowMs - bucket.atMs) / 1000 * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + earned);
    bucket.atMs = nowMs;
    this.#buckets.delete(source); // a Map keeps order: the oldest comes first
    this.#buckets.set(source, bucket);
    if (this.#buckets.size > MAX_SOURCES) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
