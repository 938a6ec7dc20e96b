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
  #startUs: number;

  /**
   * Starts measuring.
   *
   * @param clock The clock.
   */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#startUs = usedUs();
  }

  /**
   * Returns the processor's share since the start, summed over all threads.
   *
   * @returns Percent of one processor; `null` before any time has passed.
   */
  percent(): number | null {
    const elapsedUs = (this.#clock.now() - this.#startMs) * 1000;
    if (elapsedUs <= 0) return null;
    return 100 * (usedUs() - this.#startUs) / elapsedUs;
  }
}

function usedUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
