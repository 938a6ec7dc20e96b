/**
 * The time of day, finer than the system tells it.
 *
 * `Date.now()` counts whole milliseconds and may be set back. So the moment of
 * one of its steps is kept, and everything else is counted from there by the
 * monotonic clock.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";

/** How long to look for a step of the system's clock, in milliseconds. */
const PATIENCE_MS = 20;

/**
 * Tells the time of day of a moment of the monotonic clock.
 *
 * @example Usage
 * ```ts
 * import { WallClock } from "./wall_clock.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const wall = new WallClock();
 * wall.read(performance.now());
 * assertAlmostEquals(wall.seconds + wall.nanoseconds / 1e9, Date.now() / 1e3, 1);
 * ```
 */
export class WallClock {
  /** Whole seconds since 1970 of the moment read last. */
  seconds = 0;
  /** What came on top of them, in nanoseconds. */
  nanoseconds = 0;
  #clock: Clock;
  #systemMs: () => number;
  /** The time of day at which the monotonic clock was 0: seconds, and ms. */
  #originSeconds = 0;
  #originMs = 0;

  /**
   * Waits for a step of the system's clock: a millisecond of work at most.
   *
   * @param clock The monotonic clock.
   * @param systemMs The system's time of day, in whole milliseconds.
   */
  constructor(clock: Clock = systemClock, systemMs: () => number = Date.now) {
    this.#clock = clock;
    this.#systemMs = systemMs;
    const from = systemMs();
    const startMs = clock.now();
    let now = from;
    while (now === from && clock.now() - startMs < PATIENCE_MS) {
      now = systemMs();
    }
    this.#anchor(now - clock.now());
  }

  /**
   * Reads the time of day of a moment into `seconds` and `nanoseconds`.
   *
   * @param atMs The moment, in milliseconds of the monotonic clock.
   */
  read(atMs: number): void {
    const ms = this.#originMs + atMs;
    const seconds = Math.floor(ms / 1000);
    this.seconds = this.#originSeconds + seconds;
    this.nanoseconds = Math.floor((ms - seconds * 1000) * 1e6);
  }

  /**
   * Follows the system's clock if that was set, or has drifted by more than two
   * milliseconds. Differences across a call of this are no differences of time.
   */
  follow(): void {
    const nowMs = this.#clock.now();
    const ownMs = this.#originSeconds * 1000 + this.#originMs + nowMs;
    // The system's clock shows the millisecond that has begun.
    const aheadMs = this.#systemMs() + 0.5 - ownMs;
    if (Math.abs(aheadMs) > 2) this.#anchor(this.#systemMs() + 0.5 - nowMs);
  }

  #anchor(originMs: number): void {
    this.#originSeconds = Math.floor(originMs / 1000);
    this.#originMs = originMs - this.#originSeconds * 1000;
  }
}
