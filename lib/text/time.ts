/**
 * The time of day, as small servers send it.
 *
 * | format | bytes | resolution | source |
 * |---|---|---|---|
 * | `ctime` | `Thu Jan  1 00:00:00 1970` CR LF, the server's local time | 1 s | C's `ctime`, in the manner of RFC 867 |
 * | `iso` | `1970-01-01T00:00:00.000Z` CR LF, UTC | 1 ms | RFC 3339 |
 * | `rfc868` | 4 bytes, big-endian: seconds since 1900, UTC | 1 s | RFC 868 |
 *
 * A TCP server sends it on connection and closes; a UDP server sends it in reply
 * to any datagram that is at least as long, so that it does not amplify traffic
 * from forged addresses. The RFCs ask for a reply to an empty one.
 *
 * @module
 */

import { readUint32, writeUint32 } from "../framing/big_endian.ts";
import type { DatagramHandler } from "../net/serve_datagrams.ts";
import type { StreamHandler } from "../net/serve_streams.ts";

/** The names of the formats. */
export const TIME_FORMATS = ["ctime", "iso", "rfc868"] as const;
/** One of the formats. */
export type TimeFormat = typeof TIME_FORMATS[number];

/** What a client sends over UDP: longer than a time in any of the formats. */
export const TIME_REQUEST_BYTES = 64;

/** The most replies per second to one source over UDP. */
export const MAX_TIME_REPLIES_PER_SEC = 10;

/**
 * Sends the time once, and ends the stream.
 *
 * @param format How to write the time.
 * @returns A handler for `serveStreams`.
 */
export function timeStreams(format: TimeFormat): StreamHandler {
  return (connection) => connection.writeAll(formatTime(new Date(), format));
}

/**
 * Replies with the time to any datagram (RFC 867, RFC 868) that is at least as
 * long as the reply.
 *
 * @param format How to write the time.
 * @returns A handler for `serveDatagrams`, to be served with
 * {@linkcode MAX_TIME_REPLIES_PER_SEC}.
 */
export function timeDatagrams(format: TimeFormat): DatagramHandler {
  return (datagram) => {
    const reply = formatTime(new Date(), format);
    return reply.length <= datagram.length ? reply : null;
  };
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
// deno-fmt-ignore
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun",
                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Seconds from 1900 to 1970 (RFC 868). */
const SECONDS_1900_TO_1970 = 2_208_988_800;
/** RFC 868 counts in 32 bits, which overflow in 2036. */
const RFC868_ERA_SECONDS = 2 ** 32;

/**
 * Formats a moment.
 *
 * @param date The moment.
 * @param format The format.
 * @returns The message.
 *
 * @example Usage
 * ```ts
 * import { formatTime } from "./time.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = formatTime(new Date(0), "iso");
 * assertEquals(
 *   new TextDecoder().decode(message),
 *   "1970-01-01T00:00:00.000Z\r\n",
 * );
 * ```
 */
export function formatTime(
  date: Date,
  format: TimeFormat,
): Uint8Array<ArrayBuffer> {
  if (format === "rfc868") {
    const message = new Uint8Array(4);
    const seconds = Math.floor(date.getTime() / 1000) + SECONDS_1900_TO_1970;
    writeUint32(message, 0, seconds);
    return message;
  }
  const text = format === "iso" ? date.toISOString() : formatCtime(date);
  return new TextEncoder().encode(`${text}\r\n`);
}

function formatCtime(date: Date): string {
  const day = String(date.getDate()).padStart(2); // padded with a space, as in C
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((value) => String(value).padStart(2, "0")).join(":");
  return `${DAYS[date.getDay()]} ${
    MONTHS[date.getMonth()]
  } ${day} ${time} ${date.getFullYear()}`;
}

/** A time that a server sent: a span as long as the resolution. */
export interface ReceivedTime {
  /** The message without its line ending. */
  text: string;
  /** The start of the span, in milliseconds since 1970. */
  fromMs: number;
  /** The length of the span, in milliseconds. */
  resolutionMs: number;
}

/**
 * Parses a time in any of the formats.
 *
 * @param message The message of a server.
 * @param near A nearby moment, which decides the era of RFC 868's 32 bits.
 * @returns The time, or `null` if the message has none of the formats.
 *
 * @example Usage
 * ```ts
 * import { parseTime } from "./time.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("1970-01-01T00:00:01.500Z\r\n");
 * const received = parseTime(message, new Date());
 * assertEquals(received?.fromMs, 1500);
 * ```
 */
export function parseTime(
  message: Uint8Array,
  near: Date,
): ReceivedTime | null {
  if (message.length === 4) return parseRfc868(message, near);
  const text = new TextDecoder().decode(message).replace(/[\r\n\0 ]+$/, "");
  const date = parseIso(text) ?? parseCtime(text);
  if (date === null) return null;
  const resolutionMs = /\.\d{3}Z$/.test(text) ? 1 : 1000;
  return { text, fromMs: date.getTime(), resolutionMs };
}

function parseRfc868(message: Uint8Array, near: Date): ReceivedTime {
  const count = readUint32(message, 0);
  const inFirstEra = count - SECONDS_1900_TO_1970;
  const eras = Math.round(
    (near.getTime() / 1000 - inFirstEra) / RFC868_ERA_SECONDS,
  );
  return {
    text: `${count} (seconds since 1900)`,
    fromMs: (inFirstEra + eras * RFC868_ERA_SECONDS) * 1000,
    resolutionMs: 1000,
  };
}

function parseIso(text: string): Date | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text)) return null;
  const date = new Date(text);
  // `Date` turns an impossible date, such as February 31, into another one.
  const same = !Number.isNaN(date.getTime()) &&
    date.toISOString().startsWith(text.slice(0, 19));
  return same ? date : null;
}

function parseCtime(text: string): Date | null {
  const found =
    /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})$/
      .exec(text);
  if (!found) return null;
  const month = MONTHS.indexOf(found[1]!);
  const [day = 0, hour = 0, minute = 0, second = 0, year = 0] = found.slice(2)
    .map(Number);
  const exists = month >= 0 && day >= 1 && hour < 24 && minute < 60 &&
    second < 60 && year >= 1900;
  const date = new Date(year, month, day, hour, minute, second);
  return exists && date.getMonth() === month ? date : null;
}

/** A clock offset with its error bound, in milliseconds. */
export interface ClockOffset {
  /** Positive if the server's clock is ahead of ours. */
  offsetMs: number;
  /** The true offset differs from the estimate by at most this. */
  boundMs: number;
}

/**
 * Estimates the offset of a server's clock from one reply.
 *
 * The server read its clock between our request and its reply, and its reading
 * covers a span as long as its resolution. The estimate is the middle of the
 * possible range, the bound reaches its ends: half the round trip plus half the
 * resolution (Cristian, Distributed Computing 3, 1989).
 *
 * @param received The server's time.
 * @param requestedAtMs When it was requested, by our wall clock.
 * @param roundTripMs How long the reply took.
 * @returns The offset and its bound.
 *
 * @example Usage
 * ```ts
 * import { clockOffset } from "./time.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const received = { text: "", fromMs: 10_000, resolutionMs: 1000 };
 * assertEquals(clockOffset(received, 9_990, 20), {
 *   offsetMs: 500,
 *   boundMs: 510,
 * });
 * ```
 */
export function clockOffset(
  received: ReceivedTime,
  requestedAtMs: number,
  roundTripMs: number,
): ClockOffset {
  const halfTripMs = roundTripMs / 2;
  const halfSpanMs = received.resolutionMs / 2;
  return {
    offsetMs: received.fromMs + halfSpanMs - (requestedAtMs + halfTripMs),
    boundMs: halfTripMs + halfSpanMs,
  };
}
