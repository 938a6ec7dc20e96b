/**
 * Keeps a schedule.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { sleepUntil } from "./sleep.ts";

/**
 * An absolute schedule: the event with index `i` is meant for
 * `start + i * interval`, however late the events before it were. So a stall
 * delays what falls into it and nothing after, and errors do not add up.
 *
 * With an interval of 0 there is no schedule: each event is meant for the
 * moment at which it is asked for.
 *
 * @example Usage
 * ```ts
 * import { Pacer } from "./pacer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const pacer = new Pacer(2);
 * const firstMs = await pacer.next();
 * const secondMs = await pacer.next();
 * assertEquals(Math.round((secondMs - firstMs) * 1000), 2000);
 * ```
 */
export class Pacer {
  #intervalMs: number;
  #clock: Clock;
  #startMs: number | null = null;
  #count = 0;

  /**
   * The schedule starts when the first event is asked for.
   *
   * @param intervalMs The time from one event to the next, in milliseconds.
   * @param clock What tells the time.
   */
  constructor(intervalMs: number, clock: Clock = systemClock) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  /**
   * Waits for the next event's moment; not at all if it has passed.
   *
   * @param signal Ends the wait early; look at it afterwards.
   * @returns When the event was meant to be, in the clock's milliseconds.
   */
  async next(signal?: AbortSignal): Promise<number> {
    if (this.#intervalMs === 0) return this.#clock.now();
    this.#startMs ??= this.#clock.now();
    const intendedMs = this.#startMs + this.#count++ * this.#intervalMs;
    if (intendedMs > this.#clock.now()) await sleepUntil(intendedMs, signal);
    return intendedMs;
  }
}
