/**
 * The processor time of this process.
 *
 * @module
 */

import process from "node:process";
import { type Clock, systemClock } from "./clock.ts";

/**
 * Measures processor time, starting when it is created.
 *
 * @example Usage
 * ```ts
 * import { ProcessorTime } from "./processor_time.ts";
 * import { assert } from "@std/assert";
 *
 * const busy = new ProcessorTime();
 * const untilMs = performance.now() + 20;
 * while (performance.now() < untilMs);
 * assert(busy.percent()! > 0);
 * ```
 */
export class ProcessorTime {
  #clock: Clock;
  #startMs: number;
  #start = process.cpuUsage();

  /**
   * Starts measuring.
   *
   * @param clock The clock.
   */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startMs = clock.now();
  }

  /**
   * Returns the processor's share since the start, summed over all threads.
   *
   * @returns Percent of one processor; `null` before any time has passed.
   */
  percent(): number | null {
    return this.shares()?.total ?? null;
  }

  /**
   * Returns the share of the process itself, that of the system on its behalf,
   * and their sum.
   *
   * @returns Percent of one processor; `null` before any time has passed.
   */
  shares(): { total: number; user: number; system: number } | null {
    const elapsedUs = (this.#clock.now() - this.#startMs) * 1000;
    if (elapsedUs <= 0) return null;
    const used = process.cpuUsage(this.#start);
    const user = 100 * used.user / elapsedUs;
    const system = 100 * used.system / elapsedUs;
    return { total: user + system, user, system };
  }
}
