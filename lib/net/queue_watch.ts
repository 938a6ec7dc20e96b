/**
 * Watches for datagrams that the system drops because a program does not read
 * its socket in time. Deno does not tell how many were dropped.
 *
 * @module
 */

/** The default size of a socket's queue on Linux, in bytes. */
const QUEUE_BYTES = 212_992;
/** What a datagram takes of it beside its content: measured 832, or 1.6 times it. */
const OVERHEAD_BYTES = 832;
const GROWTH = 1.6;
/** Some network cards make small datagrams take four times as much. */
const CAUTION = 4;
/** Deno gives other work a turn at least after so many reads and writes. */
const READS_PER_TURN = 32;
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
    if (!isQueued) this.#waits += 1;
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
