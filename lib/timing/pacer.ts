/**
 * Schedules of events, and a pacer that waits for them.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { type SleepOptions, sleepUntil } from "./sleep.ts";

/** Returns the next event, in milliseconds from the start; never decreases. */
export type Schedule = () => number;

/**
 * Creates a schedule with a fixed interval.
 *
 * @param intervalMs The time between events, in milliseconds.
 * @returns The schedule; the first event is at its start.
 *
 * @example Usage
 * ```ts
 * import { periodic } from "./pacer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const next = periodic(20);
 * assertEquals([next(), next(), next()], [0, 20, 40]);
 * ```
 */
export function periodic(intervalMs: number): Schedule {
  let count = 0;
  return () => count++ * intervalMs;
}

/**
 * Creates a schedule of random, independent events: a Poisson process, whose
 * samples are unbiased (RFC 2330, section 11.1.1).
 *
 * @param meanMs The mean time between events, in milliseconds.
 * @param random Returns numbers from 0 to 1, excluding 1; with a seeded
 * generator the schedule is repeatable.
 * @returns The schedule; the first event is at its start.
 *
 * @example Usage
 * ```ts
 * import { poisson } from "./pacer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const schedule = poisson(20, () => 0);
 * assertEquals([schedule(), schedule()], [0, 0]);
 * ```
 */
export function poisson(meanMs: number, random: () => number): Schedule {
  let nextMs = 0;
  return () => {
    const nowMs = nextMs;
    nextMs -= meanMs * Math.log(1 - random());
    return nowMs;
  };
}

/** An event that is later than this, and than one interval, is skipped. */
const MAX_LATE_MS = 10;

/** What a pacer skipped; it changes while the pacer runs. */
export interface SkippedEvents {
  /** How many events were skipped. */
  count: number;
  /** The longest pause of this process that made it skip, in milliseconds. */
  longestPauseMs: number;
}

/** How a pacer waits, and what it does after a pause. */
export interface PacerOptions extends SleepOptions {
  /** The clock; a test's own, unless the loop is closed. */
  clock?: Clock;
  /** For how long there are events, in milliseconds. Default: without end. */
  durationMs?: number;
  /** The mean time between events, in milliseconds; see `skipped`. Default 0. */
  intervalMs?: number;
  /**
   * Receives what is skipped. Without it each event is returned, however late.
   */
  skipped?: SkippedEvents;
  /**
   * Whether the caller also waits for a peer between events. Then an event is
   * skipped only if its time was within a pause of this process, so that a slow
   * peer does not hide how slow it is.
   */
  closedLoop?: boolean;
}

/**
 * Waits for the events of a schedule. Their times are absolute: a late event
 * does not move the next ones. So a stall delays only the events within it, and
 * errors do not accumulate.
 *
 * After a pause of this process (it was stopped or starved) an event may be
 * later than one interval and than 10 ms. It is skipped, with all others whose
 * time has passed, so that they do not leave in a burst.
 *
 * Without a schedule each event is intended for the moment of its call.
 *
 * @example Usage
 * ```ts
 * import { Pacer, periodic } from "./pacer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * using pacer = new Pacer(periodic(2), { durationMs: 4 });
 * const firstMs = (await pacer.next())!;
 * const secondMs = (await pacer.next())!;
 * assertEquals(Math.round((secondMs - firstMs) * 1000), 2000);
 * assertEquals(await pacer.next(), null);
 * ```
 */
export class Pacer implements Disposable {
  #schedule: Schedule | null;
  #options: PacerOptions;
  #clock: Clock;
  #maxLateMs: number;
  #startMs: number | null = null;
  /** The latest pause of this process; in an open loop, all before its end. */
  #pause = { fromMs: -Infinity, untilMs: -Infinity };
  #lastBeatMs = 0;
  #beating: ReturnType<typeof setInterval> | undefined;

  /**
   * Creates a pacer; its schedule starts with the first call of `next`.
   *
   * @param schedule The schedule; `null` for none.
   * @param options How it waits.
   */
  constructor(schedule: Schedule | null, options: PacerOptions = {}) {
    this.#schedule = schedule;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#maxLateMs = Math.max(MAX_LATE_MS, options.intervalMs ?? 0);
  }

  /**
   * Waits for the next event; returns at once if it is late.
   *
   * @param signal Ends the wait early; the caller checks it afterwards.
   * @returns The intended time of the event, in the clock's milliseconds; `null`
   * when there are no more.
   */
  async next(signal?: AbortSignal): Promise<number | null> {
    const { durationMs = Infinity, skipped } = this.#options;
    if (this.#startMs === null) this.#start();
    const startMs = this.#startMs!;
    for (;;) {
      const nowMs = this.#clock.now();
      const intendedMs = this.#schedule === null
        ? nowMs
        : startMs + this.#schedule();
      if (intendedMs - startMs >= durationMs) return null;
      if (intendedMs > nowMs) {
        await sleepUntil(intendedMs, signal, this.#options);
      }
      if (!skipped || signal?.aborted || !this.#isMissed(intendedMs)) {
        return nowMs - startMs >= durationMs ? null : intendedMs;
      }
      skipped.count += 1;
    }
  }

  /** Ends the watch for pauses. */
  [Symbol.dispose](): void {
    clearInterval(this.#beating);
  }

  #start(): void {
    this.#startMs = this.#clock.now();
    const { closedLoop, skipped } = this.#options;
    if (this.#schedule === null || !closedLoop || !skipped) return;
    this.#lastBeatMs = this.#startMs;
    this.#beating = setInterval(() => this.#beat(), this.#maxLateMs / 2);
    Deno.unrefTimer(this.#beating);
  }

  #isMissed(intendedMs: number): boolean {
    if (this.#beating !== undefined) this.#beat();
    else if (this.#schedule !== null) {
      const nowMs = this.#clock.now();
      if (nowMs - intendedMs > this.#maxLateMs) this.#note(intendedMs, nowMs);
    }
    const { fromMs, untilMs } = this.#pause;
    return intendedMs >= fromMs && intendedMs < untilMs;
  }

  /** Notices that this process did not run since the last beat. */
  #beat(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#lastBeatMs > this.#maxLateMs) {
      this.#note(this.#lastBeatMs, nowMs);
    }
    this.#lastBeatMs = nowMs;
  }

  #note(fromMs: number, untilMs: number): void {
    const { skipped } = this.#options;
    this.#pause = { fromMs, untilMs };
    if (skipped && untilMs - fromMs > skipped.longestPauseMs) {
      skipped.longestPauseMs = untilMs - fromMs;
    }
  }
}
