/**
 * How much of a processor this process uses.
 *
 * @module
 */

import process from "node:process";
import { type Clock, systemClock } from "./clock.ts";

/**
 * Counts the processor's time from its making on.
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
   * Starts to count.
   *
   * @param clock What tells the time.
   */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#startUs = usedUs();
  }

  /**
   * The share of time in which the process was at work, all its threads added.
   *
   * @returns In percent of one processor; `null` before any time has passed.
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
