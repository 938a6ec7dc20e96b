/**
 * Schedules of events, and a pacer that waits for them.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { sleepUntil } from "./sleep.ts";

/** Returns the next event, in milliseconds from the start; never decreases. */
export type Schedule = () => number;

/**
 * Creates a schedule with a fixed interval.
 *
 * @param intervalMs The time between events, in milliseconds.
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
 * Creates a schedule of random, independent events: a Poisson process, whose
 * samples are unbiased (RFC 2330, section 11.1.1).
 *
 * @param meanMs The mean time between events, in milliseconds.
 * @param random Returns numbers from 0 to 1, excluding 1; with a seeded
 * generator the schedule is repeatable.
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
 * Waits for the events of a schedule. Their times are absolute: a late event
 * does not move the next ones. So a stall delays only the events within it, and
 * errors do not accumulate.
 *
 * Without a schedule each event is intended for the moment of its call.
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
   * Creates a pacer; its schedule starts with the first call of `next`.
   *
   * @param schedule The schedule; `null` for none.
   * @param options The clock, and whether waits are `relaxed`: one or two
   * milliseconds late, with an idle processor.
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
   * Waits for the next event; returns at once if it is late.
   *
   * @param signal Ends the wait early; the caller checks it afterwards.
   * @returns The intended time of the event, in the clock's milliseconds.
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
