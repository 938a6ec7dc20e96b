/**
 * Precise sleep, for many sleepers at once.
 *
 * The platform's timers fire 1 ms or more too late. So a sleeper waits on a
 * coarse timer until shortly before its time, and then checks the clock on every
 * turn of the event loop. All sleepers share this loop. It keeps one core busy
 * while it runs. Deno looks for data of sockets on every 61st turn or so, which is
 * why a turn must be short: with 10 us between turns, replies were read 0.5 ms
 * late.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { systemClock } from "./clock.ts";

/**
 * How long before its time a sleeper leaves its timer, in milliseconds. A timer
 * of 1 ms can take 2.1 ms.
 */
const FINE_MS = 2;
/** How long before its time a blocked thread wakes up, in milliseconds. */
const WAKE_UP_MS = 0.25;

/** How a sleeper waits. */
export interface SleepOptions {
  /** Wakes one or two milliseconds late, with an idle processor. */
  relaxed?: boolean;
  /**
   * Whether nothing but this sleep is under way in the process. As long as it
   * returns `true`, the last two milliseconds block the thread instead of
   * keeping it busy. Sockets and timers are then not served.
   */
  isIdle?: (() => boolean) | undefined;
}

interface Sleeper {
  dueMs: number;
  wake: () => void;
  isIdle: (() => boolean) | undefined;
}

/** The sleepers that spin, in order of arrival. */
const spinning = new Set<Sleeper>();
/** Never notified. */
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Sleeps until a moment.
 *
 * @param dueMs When to wake, in milliseconds of `performance.now()`; if that
 * has passed, at once.
 * @param signal Wakes at once when aborted; the caller checks it afterwards.
 * @param options How to wait.
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
  options: SleepOptions = {},
): Promise<void> {
  const leftMs = dueMs - systemClock.now();
  if (leftMs <= 0 || signal?.aborted) return Promise.resolve();
  const { relaxed, isIdle } = options;
  return new Promise((resolve) => {
    let coarse: ReturnType<typeof setTimeout> | undefined;
    const wake = () => {
      clearTimeout(coarse);
      spinning.delete(sleeper);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const sleeper = { dueMs, wake, isIdle };
    signal?.addEventListener("abort", wake);
    if (relaxed) coarse = setTimeout(wake, Math.ceil(leftMs));
    else if (leftMs <= FINE_MS) spinUntilDue(sleeper);
    else coarse = setTimeout(spinUntilDue, leftMs - FINE_MS, sleeper);
  });
}

function spinUntilDue(sleeper: Sleeper): void {
  spinning.add(sleeper);
  if (spinning.size === 1) setImmediate(turn);
}

/** Wakes those that are due. */
function turn(): void {
  if (spinning.size === 0) return; // aborted
  let nextMs = Infinity;
  let idle = true;
  for (const { dueMs, isIdle } of spinning) {
    nextMs = Math.min(nextMs, dueMs);
    idle &&= isIdle?.() ?? false;
  }
  let nowMs = systemClock.now();
  if (idle) {
    const blockedMs = nextMs - nowMs - WAKE_UP_MS;
    if (blockedMs > 0) Atomics.wait(never, 0, 0, blockedMs);
    while (nowMs < nextMs) nowMs = systemClock.now();
  }
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
