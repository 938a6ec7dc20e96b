/**
 * A deadline for a wait that repeats, without a timer for each wait.
 *
 * @module
 */

import { systemClock } from "../timing/clock.ts";

/**
 * Calls back when a wait lasts too long.
 *
 * Starting and stopping it are two assignments. One timer is set when the first
 * wait starts; when it fires, it checks how long the current wait has lasted,
 * and is set again for the rest. So a deadline costs a round trip nothing.
 *
 * @example Usage
 * ```ts
 * import { Watchdog } from "./watchdog.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const expired = Promise.withResolvers<number>();
 * using watchdog = new Watchdog(10, expired.resolve);
 * watchdog.start();
 * watchdog.stop(); // in time
 * watchdog.start();
 * assertEquals(await expired.promise, 10);
 * ```
 */
export class Watchdog implements Disposable {
  #limitMs: number;
  #onExpired: (limitMs: number) => void;
  #startedAtMs: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;

  /**
   * Creates it, without a wait.
   *
   * @param limitMs The longest wait, in milliseconds.
   * @param onExpired Called with the limit when a wait exceeds it.
   */
  constructor(limitMs: number, onExpired: (limitMs: number) => void) {
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
  }

  /** Changes the longest wait, also of a wait that has begun, counted from now. */
  set limitMs(limitMs: number) {
    this.#limitMs = limitMs;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#startedAtMs !== null) this.start();
  }

  /** Starts a wait. */
  start(): void {
    if (this.#disposed) return;
    this.#startedAtMs = systemClock.now();
    this.#timer ??= setTimeout(this.#check, this.#limitMs);
  }

  /** Ends the wait. */
  stop(): void {
    this.#startedAtMs = null;
  }

  /** Ends the wait, and every later one at once. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    this.#startedAtMs = null;
  }

  #check = (): void => {
    this.#timer = undefined;
    if (this.#startedAtMs === null) return;
    const leftMs = this.#startedAtMs + this.#limitMs - systemClock.now();
    if (leftMs <= 0) this.#onExpired(this.#limitMs);
    else this.#timer = setTimeout(this.#check, Math.ceil(leftMs));
  };
}
