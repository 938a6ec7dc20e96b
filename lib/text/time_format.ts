/**
 * The time of day as small servers send it.
 *
 * | format | bytes | resolution | source |
 * |---|---|---|---|
 * | `ctime` | `Thu Jan  1 00:00:00 1970` CR LF, the server's local time | 1 s | C's `ctime`, in the manner of RFC 867 |
 * | `iso` | `1970-01-01T00:00:00.000Z` CR LF, UTC | 1 ms | RFC 3339 |
 * | `rfc868` | 4 bytes, big-endian: seconds since 1900, UTC | 1 s | RFC 868 |
 *
 * No IO.
 *
 * @module
 */

/** The formats, by their names. */
export const TIME_FORMATS = ["ctime", "iso", "rfc868"] as const;
/** One of the formats. */
export type TimeFormat = typeof TIME_FORMATS[number];

/** A moment as a server told it: it lies in a span as long as the resolution. */
export interface ToldTime {
  /** What was told, without its line ending. */
  text: string;
  /** The start of the span, in milliseconds since 1970. */
  fromMs: number;
  /** The length of the span, in milliseconds. */
  resolutionMs: number;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
// deno-fmt-ignore
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun",
                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Seconds from 1900 to 1970 (RFC 868). */
const SECONDS_1900_TO_1970 = 2_208_988_800;
/** RFC 868 counts in 32 bits and starts anew in 2036. */
const RFC868_ERA_SECONDS = 2 ** 32;

/**
 * Writes a moment.
 *
 * @param date The moment.
 * @param format How to write it.
 * @returns The message.
 *
 * @example Usage
 * ```ts
 * import { formatTime } from "./time_format.ts";
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
    new DataView(message.buffer).setUint32(0, seconds % RFC868_ERA_SECONDS);
    return message;
  }
  const text = format === "iso" ? date.toISOString() : ctime(date);
  return new TextEncoder().encode(`${text}\r\n`);
}

function ctime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return [
    DAYS[date.getDay()],
    MONTHS[date.getMonth()],
    String(date.getDate()).padStart(2), // padded with a space, as C does
    time.map(two).join(":"),
    date.getFullYear(),
  ].join(" ");
}

/**
 * Reads a moment, in whichever format it is.
 *
 * @param message What a server sent.
 * @param near A moment it cannot be far from, to place RFC 868's 32 bits.
 * @returns The moment, or `null` if the message tells none.
 *
 * @example Usage
 * ```ts
 * import { parseTime } from "./time_format.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("1970-01-01T00:00:01.500Z\r\n");
 * const told = parseTime(message, new Date());
 * assertEquals(told?.fromMs, 1500);
 * ```
 */
export function parseTime(message: Uint8Array, near: Date): ToldTime | null {
  if (message.length === 4) return parseRfc868(message, near);
  const text = new TextDecoder().decode(message).replace(/[\r\n\0 ]+$/, "");
  const date = parseIso(text) ?? parseCtime(text);
  if (date === null) return null;
  const resolutionMs = /\.\d{3}Z$/.test(text) ? 1 : 1000;
  return { text, fromMs: date.getTime(), resolutionMs };
}

function parseRfc868(message: Uint8Array, near: Date): ToldTime {
  const { buffer, byteOffset } = message;
  const counted = new DataView(buffer, byteOffset).getUint32(0);
  const inFirstEra = counted - SECONDS_1900_TO_1970;
  const eras = Math.round(
    (near.getTime() / 1000 - inFirstEra) / RFC868_ERA_SECONDS,
  );
  return {
    text: `${counted} (seconds since 1900)`,
    fromMs: (inFirstEra + eras * RFC868_ERA_SECONDS) * 1000,
    resolutionMs: 1000,
  };
}

function parseIso(text: string): Date | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(text)) return null;
  const date = new Date(text);
  // A date that there is not, as February 31, is written back as another.
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
