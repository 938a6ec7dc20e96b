/**
 * Keeps a schedule.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { sleepUntil } from "./sleep.ts";

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
 * import { periodic } from "./pacer.ts";
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
 * import { poisson } from "./pacer.ts";
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

/**
 * Waits for the moments of a schedule, which are absolute: however late an event
 * was, the next ones are meant for the same moments. So a stall delays what
 * falls into it and nothing after, and errors do not add up.
 *
 * Without a schedule each event is meant for the moment at which it is asked for.
 *
 * @example Usage
 * ```ts
 * import { Pacer, periodic } from "./pacer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const pacer = new Pacer(periodic(2));
 * const firstMs = await pacer.next();
 * const secondMs = await pacer.next();
 * assertEquals(Math.round((secondMs - firstMs) * 1000), 2000);
 * ```
 */
export class Pacer {
  #schedule: Schedule | null;
  #relaxed: boolean;
  #clock: Clock;
  #startMs: number | null = null;

  /**
   * The schedule starts when the first event is asked for.
   *
   * @param schedule When the events are meant to be; `null` for none.
   * @param options What tells the time, and whether a wait may be late by a
   * millisecond or two for the sake of an idle processor.
   */
  constructor(
    schedule: Schedule | null,
    options: { clock?: Clock; relaxed?: boolean } = {},
  ) {
    this.#schedule = schedule;
    this.#clock = options.clock ?? systemClock;
    this.#relaxed = options.relaxed ?? false;
  }

  /**
   * Waits for the next event's moment; not at all if it has passed.
   *
   * @param signal Ends the wait early; look at it afterwards.
   * @returns When the event was meant to be, in the clock's milliseconds.
   */
  async next(signal?: AbortSignal): Promise<number> {
    if (this.#schedule === null) return this.#clock.now();
    this.#startMs ??= this.#clock.now();
    const intendedMs = this.#startMs + this.#schedule();
    if (intendedMs > this.#clock.now()) {
      await sleepUntil(intendedMs, signal, { relaxed: this.#relaxed });
    }
    return intendedMs;
  }
}
