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

/** How long to look at the system's clock, in milliseconds. */
const PATIENCE_MS = 20;
/** The same for a clock that stands still. */
const MAX_LOOKS = 200_000;
/** Known so well, the moment of a step is good enough, in milliseconds. */
const WELL_KNOWN_MS = 0.003;

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
   * Looks for a step of the system's clock: some milliseconds of work.
   *
   * @param clock The monotonic clock.
   * @param systemMs The system's time of day, in whole milliseconds.
   */
  constructor(clock: Clock = systemClock, systemMs: () => number = Date.now) {
    this.#clock = clock;
    this.#systemMs = systemMs;
    this.#synchronise();
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
    const ownMs = this.#originSeconds * 1000 + this.#originMs +
      this.#clock.now();
    // The system's clock shows the millisecond that has begun.
    if (Math.abs(this.#systemMs() + 0.5 - ownMs) > 2) this.#synchronise();
  }

  /**
   * A step lies between two looks. Where this process had to wait meanwhile that
   * says little, so the step is taken whose two looks are closest together.
   */
  #synchronise(): void {
    let bestMs = Infinity;
    let beforeMs = this.#clock.now();
    let shown = this.#systemMs();
    const untilMs = beforeMs + PATIENCE_MS;
    for (
      let looks = 0;
      looks < MAX_LOOKS && bestMs > WELL_KNOWN_MS && beforeMs < untilMs;
      looks++
    ) {
      const atMs = this.#clock.now();
      const now = this.#systemMs();
      const afterMs = this.#clock.now();
      if (Math.abs(now - shown) > 1) bestMs = Infinity; // it was set
      else if (now === shown + 1 && afterMs - beforeMs < bestMs) {
        bestMs = afterMs - beforeMs;
        this.#anchor(now - (beforeMs + afterMs) / 2);
      }
      shown = now;
      beforeMs = atMs;
    }
    if (bestMs === Infinity) this.#anchor(shown + 0.5 - this.#clock.now());
  }

  #anchor(originMs: number): void {
    this.#originSeconds = Math.floor(originMs / 1000);
    this.#originMs = originMs - this.#originSeconds * 1000;
  }
}
