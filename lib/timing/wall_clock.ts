/**
 * The time of day, with a finer resolution than the system's.
 *
 * `Date.now()` counts whole milliseconds and can be set back. So one of its steps
 * is timed by the monotonic clock, which then counts from there.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";

/** How long to search for a step, in milliseconds. */
const SEARCH_MS = 20;
/** The same as a number of readings, for a clock that stands still. */
const MAX_READINGS = 200_000;
/** A step timed to within this is good enough, in milliseconds. */
const GOOD_MS = 0.003;

/**
 * Converts moments of the monotonic clock to the time of day.
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
  /** Whole seconds since 1970 of the last moment read. */
  seconds = 0;
  /** The rest of that moment, in nanoseconds. */
  nanoseconds = 0;
  /** The largest error of the step that was timed, in milliseconds. */
  errorMs = 0;
  #clock: Clock;
  #systemMs: () => number;
  /** The time of day when the monotonic clock was 0: seconds, and ms. */
  #originSeconds = 0;
  #originMs = 0;

  /**
   * Times a step of the system's clock, which takes some milliseconds.
   *
   * @param clock The monotonic clock.
   * @param systemMs Returns the system's time of day, in whole milliseconds.
   */
  constructor(clock: Clock = systemClock, systemMs: () => number = Date.now) {
    this.#clock = clock;
    this.#systemMs = systemMs;
    this.#synchronise();
  }

  /**
   * Sets `seconds` and `nanoseconds` to the time of day of a moment.
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
   * Synchronises with the system's clock again if the two differ by more than
   * two milliseconds, because it was set or has drifted. The time of day then
   * jumps, so differences across this call are not durations.
   */
  follow(): void {
    const ownMs = this.#originSeconds * 1000 + this.#originMs +
      this.#clock.now();
    // The system's clock shows the start of the current millisecond.
    if (Math.abs(this.#systemMs() + 0.5 - ownMs) > 2) this.#synchronise();
  }

  /**
   * A step lies between two readings. If the process was interrupted between
   * them, that is imprecise, so the step with the closest readings is used.
   */
  #synchronise(): void {
    let bestMs = Infinity;
    let beforeMs = this.#clock.now();
    let shown = this.#systemMs();
    let untilMs = beforeMs + SEARCH_MS;
    for (
      let readings = 0;
      readings < MAX_READINGS && bestMs > GOOD_MS && beforeMs < untilMs;
      readings++
    ) {
      const atMs = this.#clock.now();
      const now = this.#systemMs();
      const afterMs = this.#clock.now();
      const elapsedMs = afterMs - beforeMs;
      if (elapsedMs > 1) untilMs += elapsedMs; // this process was interrupted
      if (Math.abs(now - shown - elapsedMs) > 2) bestMs = Infinity; // it was set
      else if (now === shown + 1 && elapsedMs < bestMs) {
        bestMs = elapsedMs;
        this.#anchor(now - (beforeMs + afterMs) / 2);
      }
      shown = now;
      beforeMs = atMs;
    }
    if (bestMs === Infinity) this.#anchor(shown + 0.5 - this.#clock.now());
    this.errorMs = Math.min(bestMs, 1) / 2;
  }

  #anchor(originMs: number): void {
    this.#originSeconds = Math.floor(originMs / 1000);
    this.#originMs = originMs - this.#originSeconds * 1000;
  }
}
