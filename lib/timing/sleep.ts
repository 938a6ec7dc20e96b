/**
 * Precise sleep, for many sleepers at once.
 *
 * The platform's timers fire 1 ms or more too late. So a sleeper waits on a
 * coarse timer until shortly before its time, and then checks the clock on every
 * turn of the event loop. All sleepers share this loop. It keeps one core busy
 * while it runs; sockets and timers are served on every turn.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { systemClock } from "./clock.ts";

/**
 * How long before its time a sleeper starts to spin, in milliseconds. A timer
 * of 1 ms can take 2.1 ms.
 */
const SPIN_MS = 2;

interface Sleeper {
  dueMs: number;
  wake: () => void;
}

/** The sleepers that spin, in order of arrival. */
const spinning = new Set<Sleeper>();

/**
 * Sleeps until a moment.
 *
 * @param dueMs When to wake, in milliseconds of `performance.now()`; if that
 * has passed, at once.
 * @param signal Wakes at once when aborted; the caller checks it afterwards.
 * @param options `relaxed` skips the spin: one or two milliseconds later, with
 * an idle processor.
 * @returns Resolves when it is time.
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
 * Yields to the event loop, so that sockets and timers are served.
 *
 * @returns Resolves on the next turn.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
