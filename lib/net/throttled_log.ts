/**
 * A log that strangers cannot flood.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";

/** The least time between two lines, in milliseconds. */
const INTERVAL_MS = 1000;

/**
 * Passes on at most one line a second, with the count of those it left out.
 *
 * @example Usage
 * ```ts
 * import { ThrottledLog } from "./throttled_log.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * let nowMs = 0;
 * const log = new ThrottledLog((line) => lines.push(line), {
 *   now: () => nowMs,
 * });
 * log.write(() => "refused");
 * log.write(() => "refused");
 * nowMs = 1000;
 * log.write(() => "refused");
 * assertEquals(lines, ["refused", "refused; 1 more since the last line"]);
 * ```
 */
export class ThrottledLog {
  #log: (line: string) => void;
  #clock: Clock;
  #loggedAtMs = -Infinity;
  #unlogged = 0;

  /**
   * Starts without a line.
   *
   * @param log Receives the lines.
   * @param clock Tells the time.
   */
  constructor(log: (line: string) => void, clock: Clock = systemClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * Passes a line on, or counts it.
   *
   * @param line Formats the line; called only for a line that is passed on.
   */
  write(line: () => string): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#loggedAtMs < INTERVAL_MS) {
      this.#unlogged += 1;
      return;
    }
    const others = this.#unlogged === 0
      ? ""
      : `; ${this.#unlogged} more since the last line`;
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
    this.#log(`${line()}${others}`);
  }
}
