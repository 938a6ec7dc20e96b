/**
 * A deadline for a wait that repeats, at the cost of no timer per wait.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";

/**
 * Watches waits that may each last so long, and calls back when one lasts
 * longer.
 *
 * Starting and stopping it is two assignments: one timer is set when the first
 * wait starts and, when it fires, looks how long the wait then under way has
 * lasted. So a deadline costs a round trip nothing, and it strikes at its time.
 */
export class Watchdog implements Disposable {
  #limitMs: number;
  #onExpired: () => void;
  #clock: Clock;
  #startedAtMs: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  /**
   * Watches nothing until a wait starts.
   *
   * @param limitMs How long one wait may last, in milliseconds.
   * @param onExpired Called once, when a wait has lasted that long.
   * @param clock What tells the time.
   */
  constructor(
    limitMs: number,
    onExpired: () => void,
    clock: Clock = systemClock,
  ) {
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
    this.#clock = clock;
  }

  /** A wait starts. */
  start(): void {
    if (this.#disposed) return;
    this.#startedAtMs = this.#clock.now();
    this.#timer ??= setTimeout(this.#look, this.#limitMs);
  }

  /** The wait is over. */
  stop(): void {
    this.#startedAtMs = null;
  }

  /** Stops watching and frees the timer. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#startedAtMs = null;
  }

  #look = (): void => {
    this.#timer = undefined;
    if (this.#startedAtMs === null) return;
    const leftMs = this.#startedAtMs + this.#limitMs - this.#clock.now();
    if (leftMs <= 0) this.#onExpired();
    else this.#timer = setTimeout(this.#look, Math.ceil(leftMs));
  };
}
