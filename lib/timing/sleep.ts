/**
 * Sleep to the microsecond, for many sleepers at once.
 *
 * The platform's timers come 1 ms and more too late. So a sleeper waits on a
 * coarse timer until shortly before its time, then looks at the clock on every
 * turn of the event loop until the time has come. All sleepers share one such
 * spin, and every turn of it lets sockets and timers have theirs: it costs a
 * core while it lasts, and starves nobody.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { systemClock } from "./clock.ts";

/**
 * How long before its time a sleeper starts to spin, in milliseconds: a timer
 * of 1 ms has been seen to take 2.1.
 */
const SPIN_MS = 2;

interface Sleeper {
  dueMs: number;
  wake: () => void;
}

/** Those whose time is near, in the order in which they came. */
const spinning = new Set<Sleeper>();

/**
 * Sleeps until a moment.
 *
 * @param dueMs When to wake, in milliseconds of `performance.now()`; a moment
 * that has passed wakes at once.
 * @param signal Wakes at once when aborted; look at it afterwards.
 * @param options `relaxed` leaves the spin out: later by a millisecond or two,
 * and the processor stays idle.
 *
 * @example Usage
 * ```ts
 * import { sleepUntil } from "./sleep.ts";
 * import { assert } from "@std/assert";
 *
 * const dueMs = performance.now() + 5;
 * await sleepUntil(dueMs);
 * assert(performance.now() >= dueMs);
 * ```
 */
export function sleepUntil(
  dueMs: number,
  signal?: AbortSignal,
  options: { relaxed?: boolean } = {},
): Promise<void> {
  const leftMs = dueMs - systemClock.now();
  if (leftMs <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    let coarse: ReturnType<typeof setTimeout> | undefined;
    const wake = () => {
      clearTimeout(coarse);
      spinning.delete(sleeper);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const sleeper = { dueMs, wake };
    signal?.addEventListener("abort", wake);
    if (options.relaxed) coarse = setTimeout(wake, Math.ceil(leftMs));
    else if (leftMs <= SPIN_MS) spinUntilDue(sleeper);
    else coarse = setTimeout(spinUntilDue, leftMs - SPIN_MS, sleeper);
  });
}

function spinUntilDue(sleeper: Sleeper): void {
  spinning.add(sleeper);
  if (spinning.size === 1) setImmediate(turn);
}

function turn(): void {
  const nowMs = systemClock.now();
  for (const sleeper of spinning) if (sleeper.dueMs <= nowMs) sleeper.wake();
  if (spinning.size > 0) setImmediate(turn);
}

/**
 * Waits for the next turn of the event loop, in which sockets have theirs.
 *
 * @returns Resolves when it has come.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
