/**
 * The datagrams of a UDP test, and how a receiver counts them.
 *
 * ```
 * offset  bytes
 *      0      4  seconds of the sender's monotonic clock
 *      4      4  microseconds
 *      8   4, 8  number, from 1, in 32 or 64 bits
 *                filler to the length agreed on
 * ```
 *
 * Before the data, a client sends a greeting for each flow, and the server answers
 * it. Versions before 3.12 write two numbers in the order of a little-endian
 * machine; later ones write text.
 *
 * @module
 */

import { readUint32, writeUint32 } from "../framing/big_endian.ts";

const encoder = new TextEncoder();
/** The greeting of a client, from 3.12 on. */
export const HELLO: Uint8Array<ArrayBuffer> = encoder.encode("9876");
/** The greeting of a client before 3.12: 123456789. */
export const OLD_HELLO: Uint8Array<ArrayBuffer> = Uint8Array.of(21, 205, 91, 7);
/** The answer to {@linkcode HELLO}. */
export const HELLO_REPLY: Uint8Array<ArrayBuffer> = encoder.encode("6789");
/** The answer to {@linkcode OLD_HELLO}: 987654321. */
export const OLD_HELLO_REPLY: Uint8Array<ArrayBuffer> = Uint8Array.of(
  ...[177, 104, 222, 58],
);

/**
 * Checks whether a datagram is a given greeting.
 *
 * @param datagram The datagram.
 * @param greeting The greeting.
 * @returns Whether it is.
 */
export function isGreeting(
  datagram: Uint8Array,
  greeting: Uint8Array,
): boolean {
  return datagram.length === greeting.length &&
    greeting.every((byte, at) => byte === datagram[at]);
}

/**
 * Writes the header of a datagram.
 *
 * @param datagram The datagram.
 * @param sentMs When it is sent, by the sender's monotonic clock.
 * @param number Its number.
 * @param counters64 Whether the number has 64 bits.
 */
export function writeHeader(
  datagram: Uint8Array,
  sentMs: number,
  number: number,
  counters64: boolean,
): void {
  const seconds = Math.floor(sentMs / 1000);
  writeUint32(datagram, 0, seconds);
  writeUint32(datagram, 4, (sentMs - seconds * 1000) * 1000);
  if (counters64) writeUint32(datagram, 8, number / 2 ** 32);
  writeUint32(datagram, counters64 ? 12 : 8, number % 2 ** 32);
}

/** How many numbers are remembered, to distinguish a late datagram from a copy. */
const WINDOW = 16_384;
/** As many bits as a word of the window has. */
const WORD_BITS = 32;

/**
 * Counts the datagrams of one flow.
 *
 * It counts twice: by iperf3's arithmetic, which its results need and in which a
 * copy makes a loss undone; and by a window of the latest numbers, which tells
 * lost, reordered and duplicate datagrams apart.
 *
 * @example Usage
 * ```ts
 * import { DatagramCounts, writeHeader } from "./datagrams.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = new DatagramCounts(false);
 * const datagram = new Uint8Array(16);
 * for (const number of [1, 2, 5, 4, 4, 6]) {
 *   writeHeader(datagram, 0, number, false);
 *   counts.add(datagram, 0);
 * }
 * assertEquals([counts.errors, counts.packets], [0, 6]);
 * assertEquals([counts.missing, counts.reordered, counts.duplicate], [1, 1, 1]);
 * ```
 */
export class DatagramCounts {
  /** The highest number so far. */
  packets = 0;
  /** Lost by iperf3's arithmetic. */
  errors = 0;
  /** Different datagrams received. */
  received = 0;
  /** Datagrams that came after one with a higher number. */
  reordered = 0;
  /** Copies. */
  duplicate = 0;
  /** The jitter of RFC 1889, in seconds. */
  jitterSec = 0;
  #counters64: boolean;
  #seen = new Uint32Array(WINDOW / WORD_BITS);
  #transitSec: number | null = null;

  /**
   * Starts at 0.
   *
   * @param counters64 Whether the numbers have 64 bits.
   */
  constructor(counters64: boolean) {
    this.#counters64 = counters64;
  }

  /** Numbers up to the highest one that were not received. */
  get missing(): number {
    return this.packets - this.received;
  }

  /** Starts the jitter again, after the start that is left out. */
  resetJitter(): void {
    this.jitterSec = 0;
  }

  /**
   * Counts a datagram; allocates nothing.
   *
   * @param datagram The datagram.
   * @param nowMs When it was received, by the receiver's monotonic clock.
   * @returns Whether it is one of the flow: long enough, with a number.
   */
  add(datagram: Uint8Array, nowMs: number): boolean {
    const headerBytes = this.#counters64 ? 16 : 12;
    if (datagram.length < headerBytes) return false;
    const number = this.#counters64
      ? readUint32(datagram, 8) * 2 ** 32 + readUint32(datagram, 12)
      : readUint32(datagram, 8);
    if (number < 1 || number > Number.MAX_SAFE_INTEGER) return false;
    this.#count(number);
    const sentSec = readUint32(datagram, 0) + readUint32(datagram, 4) / 1e6;
    const transitSec = nowMs / 1000 - sentSec;
    if (this.#transitSec !== null) {
      const difference = Math.abs(transitSec - this.#transitSec);
      this.jitterSec += (difference - this.jitterSec) / 16;
    }
    this.#transitSec = transitSec;
    return true;
  }

  #count(number: number): void {
    const ahead = number - this.packets;
    if (ahead > 0) {
      this.#forget(ahead);
      this.errors += ahead - 1;
      this.packets = number;
      this.received += 1;
      this.#remember(number);
      return;
    }
    if (this.errors > 0) this.errors -= 1;
    // Behind the window it is taken for a late one, unless none is missing.
    const isCopy = this.missing === 0 ||
      ahead > -WINDOW && this.#has(number);
    if (isCopy) {
      this.duplicate += 1;
      return;
    }
    this.received += 1;
    this.reordered += 1;
    if (ahead > -WINDOW) this.#remember(number);
  }

  /** Makes room for the next numbers. */
  #forget(count: number): void {
    if (count >= WINDOW) {
      this.#seen.fill(0);
      return;
    }
    for (let next = this.packets + 1; next <= this.packets + count; next++) {
      const bit = next % WINDOW;
      this.#seen[bit >>> 5]! &= ~(1 << (bit & 31));
    }
  }

  #remember(number: number): void {
    const bit = number % WINDOW;
    this.#seen[bit >>> 5]! |= 1 << (bit & 31);
  }

  #has(number: number): boolean {
    const bit = number % WINDOW;
    return (this.#seen[bit >>> 5]! & 1 << (bit & 31)) !== 0;
  }
}
