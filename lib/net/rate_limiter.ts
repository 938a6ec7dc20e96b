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
   * @returns Whether there was one.
   */
  allow(source: string): boolean {
    const [before, after] = this.#next(source);
    const allowed = after !== null;
    this.#recent.set(source, after ?? before);
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
   * @returns Whether there is one.
   */
  hasToken(source: string): boolean {
    return this.#next(source)[1] !== null;
  }

  /** When the bucket is full again: now, and after a token; `null` without. */
  #next(source: string): [beforeMs: number, afterMs: number | null] {
    const nowMs = this.#clock.now();
    const before = this.#recent.get(source) ?? this.#older.get(source) ?? nowMs;
    const after = Math.max(before, nowMs) + this.#intervalMs;
    // A nanosecond of tolerance, since the sums are rounded.
    return [before, after <= nowMs + this.#burstMs + 1e-6 ? after : null];
  }
}
