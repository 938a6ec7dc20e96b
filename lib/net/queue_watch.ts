/**
 * Estimates how late a program reads the datagrams of its socket, and how many
 * the system drops because they were not read in time. Deno reports neither when
 * a datagram arrived nor how many were dropped.
 *
 * @module
 */

import { sleepUntil } from "../timing/sleep.ts";

/** The default size of a socket's queue on Linux, in bytes. */
const QUEUE_BYTES = 212_992;
/** A datagram takes 832 bytes and 1.6 times its content of it, as measured. */
const OVERHEAD_BYTES = 832;
const GROWTH = 1.6;
/** Some network cards make small datagrams take four times as much. */
const CAUTION = 4;
/** Deno gives other work a turn at least after so many reads and writes. */
const READS_PER_TURN = 32;
/** How often waking up is timed, in milliseconds. */
const WAKE_UP_EACH_MS = 100;
/** How much of the longest time remains each time: half after 1.4 s. */
const REMAINS = 0.95;
const NOTHING = new Uint8Array(0);
/** A datagram that is queued is received within so many microtasks. */
const TICKS = 8;

/**
 * Counts how many datagrams were read in a row without waiting. If a queue was
 * full, it held at least as many.
 *
 * @example Usage
 * ```ts
 * import { QueueWatch } from "./queue_watch.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const watch = new QueueWatch();
 * for (let read = 0; read < 100; read++) await watch.receive(Promise.resolve());
 * assertEquals(watch.compare(207, 200, 44), 208);
 * assertEquals(watch.maybeDropped, 7); // 200 to 206
 * ```
 */
export class QueueWatch {
  /** How many datagrams the system may have dropped, at most. */
  maybeDropped: number = 0;
  /** The longest time without a read before such a drop, in milliseconds. */
  longestUnreadMs: number = 0;
  /** How late the last datagram was read at most, in milliseconds. */
  lateMs: number = 0;
  /** How long waking up takes, in milliseconds. */
  #wakeUpMs = 0;
  /** When the queue was last seen empty. */
  #emptyMs = 0;
  #run = 0;
  #waits = 0;
  #gapMs = 0;
  #readMs: number = performance.now();

  /**
   * Watches one read.
   *
   * @param receiving The call that receives a datagram.
   * @returns What it returns.
   */
  async receive<T>(receiving: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    receiving.then(settle, settle);
    for (let tick = 0; tick < TICKS && !isSettled; tick++) await undefined;
    const isQueued = isSettled;
    const received = await receiving;
    const nowMs = performance.now();
    if (!isQueued) {
      this.#waits += 1;
      this.#emptyMs = nowMs - this.#wakeUpMs;
    }
    this.lateMs = nowMs - this.#emptyMs;
    if (this.#waits > 2 + this.#run / READS_PER_TURN) {
      this.#waits = 1;
      this.#run = 0;
      this.#gapMs = 0;
    }
    this.#run += 1;
    this.#gapMs = Math.max(this.#gapMs, nowMs - this.#readMs);
    this.#readMs = nowMs;
    return received;
  }

  /**
   * Measures how long this process takes to wake up, as it does for a datagram:
   * how long another thread takes to wake it. The longest time is used, and
   * slowly forgotten.
   */
  async measureWakeUp(): Promise<void> {
    const startMs = performance.now();
    await crypto.subtle.digest("SHA-256", NOTHING); // in a thread of its own
    const elapsedMs = performance.now() - startMs;
    this.#wakeUpMs = Math.max(elapsedMs, this.#wakeUpMs * REMAINS);
  }

  /**
   * Measures that ten times a second.
   *
   * @param signal Ends it.
   */
  async followWakeUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.measureWakeUp();
      const untilMs = performance.now() + WAKE_UP_EACH_MS;
      await sleepUntil(untilMs, signal, { relaxed: true });
    }
  }

  /**
   * Compares the number of the datagram read last with the one expected. If the
   * queue may have been full, the missing ones may have been dropped here.
   *
   * @param number The sequence number, modulo 2^32.
   * @param expected The number after the highest so far.
   * @param sizeBytes The length of the datagram.
   * @returns The number to expect next.
   */
  compare(number: number, expected: number, sizeBytes: number): number {
    const missing = number - expected | 0;
    if (missing < 0) return expected;
    const capacity = QUEUE_BYTES / (OVERHEAD_BYTES + GROWTH * sizeBytes);
    if (missing > 0 && this.#run >= capacity / CAUTION) {
      this.maybeDropped += missing;
      this.longestUnreadMs = Math.max(this.longestUnreadMs, this.#gapMs);
    }
    return number + 1;
  }
}
