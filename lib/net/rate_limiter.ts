/**
 * A token bucket for each source.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";

/** After so many new sources, those before them are dropped. */
const GENERATION_SOURCES = 2048;

/**
 * Limits how often each source is served. A bucket holds a quarter of a
 * second's tokens, at least one: so a source gets the rate on average, and at
 * most the rate and that burst in any one second.
 *
 * A bucket is kept as the time at which it is full again (GCRA, ITU-T I.371), one
 * number for each of the last 4096 sources at most. So memory is bounded, whatever
 * addresses are forged.
 *
 * @example Usage
 * ```ts
 * import { RateLimiter } from "./rate_limiter.ts";
 * import { assertEquals } from "@std/assert";
 *
 * let nowMs = 0;
 * const limiter = new RateLimiter(8, { clock: { now: () => nowMs } });
 * const allowed = [1, 2, 3].map(() => limiter.allow("192.0.2.1"));
 * assertEquals(allowed, [true, true, false]);
 * nowMs = 125;
 * assertEquals(limiter.allow("192.0.2.1"), true);
 * ```
 */
export class RateLimiter {
  #intervalMs: number;
  #burstMs: number;
  #clock: Clock;
  /** When the buckets are full again: of the sources since the last drop. */
  #recent = new Map<string, number>();
  /** The same of the sources before them. */
  #older = new Map<string, number>();

  /**
   * Creates full buckets.
   *
   * @param ratePerSec The tokens per second of each source.
   * @param options How many tokens a bucket holds, by default a quarter of
   * `ratePerSec`; and the clock.
   */
  constructor(
    ratePerSec: number,
    options: { burst?: number; clock?: Clock } = {},
  ) {
    const { burst = ratePerSec / 4, clock = systemClock } = options;
    this.#intervalMs = 1000 / ratePerSec;
    this.#burstMs = Math.max(1, Math.floor(burst)) * this.#intervalMs;
    this.#clock = clock;
  }

  /**
   * Takes one token.
   *
   * @param source The source's address.
   * @param nowMs The time by the clock, if it is known.
   * @returns Whether there was one.
   */
  allow(source: string, nowMs: number = this.#clock.now()): boolean {
    const beforeMs = this.#fullAtMs(source, nowMs);
    const allowed = this.#isInTime(beforeMs, nowMs);
    const afterMs = allowed
      ? Math.max(beforeMs, nowMs) + this.#intervalMs
      : beforeMs;
    this.#recent.set(source, afterMs);
    if (this.#recent.size >= GENERATION_SOURCES) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    return allowed;
  }

  /**
   * Checks whether there is a token, and takes none.
   *
   * @param source The source's address.
   * @param nowMs The time by the clock, if it is known.
   * @returns Whether there is one.
   */
  hasToken(source: string, nowMs: number = this.#clock.now()): boolean {
    return this.#isInTime(this.#fullAtMs(source, nowMs), nowMs);
  }

  #fullAtMs(source: string, nowMs: number): number {
    return this.#recent.get(source) ?? this.#older.get(source) ?? nowMs;
  }

  #isInTime(fullAtMs: number, nowMs: number): boolean {
    // A nanosecond of tolerance, since the sums are rounded.
    return Math.max(fullAtMs, nowMs) + this.#intervalMs <=
      nowMs + this.#burstMs + 1e-6;
  }
}
