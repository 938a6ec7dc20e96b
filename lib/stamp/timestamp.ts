/**
 * The timestamps of STAMP, and their error estimates.
 *
 * Both formats are two unsigned words of 32 bits in network byte order. The Z bit
 * of the error estimate after a timestamp gives its format.
 *
 * | format | Z | first word | second word | source |
 * |---|---|---|---|---|
 * | NTP, 64 bits | 0 | seconds since 1900 | fraction, in 2^-32 s | RFC 5905, section 6 |
 * | PTPv2, truncated | 1 | seconds since 1970 | nanoseconds | RFC 8186, section 2.1 |
 *
 * Error estimate, 16 bits (RFC 4656, section 4.1.2, and RFC 8186, section 2.3):
 *
 *     S  Z  scale (6 bits)  multiplier (8 bits, never 0)
 *
 * The error is multiplier * 2^(scale - 32) seconds. S says that the clock is
 * synchronized to UTC; a program cannot know that and sends 0. The seconds of PTP
 * are those of UTC too, without TAI's leap seconds.
 *
 * @module
 */

import { readUint16, readUint32, writeUint32 } from "../framing/big_endian.ts";

/** The format of a timestamp. */
export type TimestampFormat = "ntp" | "ptp";

/** The length of a timestamp, in bytes. */
export const TIMESTAMP_BYTES = 8;
/** The epoch of Unix in seconds of NTP. */
const NTP_EPOCH_SECONDS = 2_208_988_800;
/** The Z bit of an error estimate. */
const Z = 0x4000;
const TWO_32 = 2 ** 32;

/** A time of day: seconds since 1970, and nanoseconds. */
export interface TimeOfDay {
  /** Whole seconds. */
  seconds: number;
  /** From 0 to 999 999 999. */
  nanoseconds: number;
}

/**
 * Writes a timestamp.
 *
 * @param bytes The packet.
 * @param at The offset of the timestamp.
 * @param time The time of day; its seconds are written modulo 2^32.
 * @param format The format.
 *
 * @example Usage
 * ```ts
 * import { writeTimestamp } from "./timestamp.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(8);
 * writeTimestamp(bytes, 0, { seconds: 1, nanoseconds: 5e8 }, "ntp");
 * assertEquals([...bytes], [0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0]);
 * writeTimestamp(bytes, 0, { seconds: 1, nanoseconds: 5e8 }, "ptp");
 * assertEquals([...bytes], [0, 0, 0, 1, 0x1d, 0xcd, 0x65, 0]);
 * ```
 */
export function writeTimestamp(
  bytes: Uint8Array,
  at: number,
  time: TimeOfDay,
  format: TimestampFormat,
): void {
  const { seconds, nanoseconds } = time;
  if (format === "ntp") {
    writeUint32(bytes, at, seconds + NTP_EPOCH_SECONDS);
    writeUint32(bytes, at + 4, Math.floor(nanoseconds * (TWO_32 / 1e9)));
  } else {
    writeUint32(bytes, at, seconds);
    writeUint32(bytes, at + 4, nanoseconds);
  }
}

/**
 * Reads a timestamp.
 *
 * @param bytes The packet.
 * @param at The offset of the timestamp.
 * @param format The format.
 * @param fromSeconds A time within 68 years of it, in seconds since 1970.
 * @returns Milliseconds since that time.
 *
 * @example Usage
 * ```ts
 * import { readTimestamp } from "./timestamp.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = Uint8Array.of(0, 0, 0, 3, 0x1d, 0xcd, 0x65, 0);
 * assertEquals(readTimestamp(bytes, 0, "ptp", 1), 2500);
 * ```
 */
export function readTimestamp(
  bytes: Uint8Array,
  at: number,
  format: TimestampFormat,
  fromSeconds: number,
): number {
  const word = readUint32(bytes, at);
  const rest = readUint32(bytes, at + 4);
  return format === "ntp"
    ? (word - NTP_EPOCH_SECONDS - fromSeconds | 0) * 1000 +
      rest * (1000 / TWO_32)
    : (word - fromSeconds | 0) * 1000 + rest / 1e6;
}

/**
 * The error estimate of a clock that is not synchronized.
 *
 * @param errorUs The maximum error of a timestamp, in microseconds; `null` if
 * unknown.
 * @param format The format of the timestamp.
 * @returns The field, never less than the error.
 *
 * @example Usage
 * ```ts
 * import { errorEstimate, errorEstimateUs } from "./timestamp.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(errorEstimate(1e6, "ntp"), 25 << 8 | 128);
 * assertEquals(errorEstimateUs(25 << 8 | 128), 1e6);
 * ```
 */
export function errorEstimate(
  errorUs: number | null,
  format: TimestampFormat,
): number {
  const z = format === "ptp" ? Z : 0;
  const parts = errorUs === null ? Infinity : errorUs / 1e6 * TWO_32;
  const scale = Math.ceil(Math.log2(parts / 255));
  const bounded = Math.min(63, Math.max(0, scale));
  const smallest = Math.min(255, Math.max(1, Math.ceil(parts / 2 ** bounded)));
  return z | bounded << 8 | smallest;
}

/**
 * Reads an error estimate.
 *
 * @param field The field.
 * @returns The error in microseconds.
 */
export function errorEstimateUs(field: number): number {
  return (field & 0xff) * 2 ** ((field >>> 8 & 0x3f) - 32) * 1e6;
}

/**
 * The format of timestamps, from the error estimate after them.
 *
 * @param bytes The packet.
 * @param at The offset of the error estimate.
 * @returns The format.
 */
export function formatAt(bytes: Uint8Array, at: number): TimestampFormat {
  return (readUint16(bytes, at) & Z) === 0 ? "ntp" : "ptp";
}
