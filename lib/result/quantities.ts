/**
 * Formats quantities for people, with a unit and at least three significant
 * digits, and parses the quantities that people write.
 *
 * | quantity | read | unit of the value |
 * |---|---|---|
 * | duration | `250ms`, `1.5s`, `2m`, `1h`, `40us`; a bare number is milliseconds | milliseconds |
 * | size | `100`, `64K`, `1M`, 1024-based; whole bytes | bytes |
 * | rate | `800K`, `10M`, `1G`, 1000-based | bits per second |
 *
 * A parser returns `null` for text that it cannot read; `null` is written as `-`.
 *
 * @example Usage
 * ```ts
 * import { formatDuration, parseDuration } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseDuration("1.5s"), 1500);
 * assertEquals(parseDuration("soon"), null);
 * assertEquals(formatDuration(50_104), "50.1 ms");
 * assertEquals(formatDuration(null), "-");
 * ```
 *
 * @module
 */

import { GRADE_NAMES } from "./under_load_judge.ts";
import type { Unit } from "./section.ts";

const MS_PER = { us: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const BYTES_PER = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const BITS_PER_SEC_PER = { K: 1e3, M: 1e6, G: 1e9 };

/** From here on bytes are an amount of data rather than a size of messages. */
const LARGE_BYTES = 1e7;

/** The units in which values are shown, rising, with their size in each unit. */
const SHOWN_UNITS: Record<Unit, [size: number, name: string][]> = {
  us: [[1, "us"], [1e3, "ms"], [1e6, "s"]],
  ms: [[1e-3, "us"], [1, "ms"], [1e3, "s"]],
  s: [[1e-6, "us"], [1e-3, "ms"], [1, "s"]],
  bits_per_second: [
    [1, "bit/s"],
    [1e3, "kbit/s"],
    [1e6, "Mbit/s"],
    [1e9, "Gbit/s"],
  ],
  bytes: [[1, "bytes"], [1024, "KiB"], [1024 ** 2, "MiB"]],
  count: [[1, ""]],
  percent: [[1, "%"]],
  ppm: [[1, "ppm"]],
  grade: [[1, ""]],
};

/** @internal The unit in which a value is shown, and its size. */
export function shownUnit(value: number, unit: Unit): [size: number, string] {
  const units = SHOWN_UNITS[unit];
  return units.findLast(([size]) => Math.abs(value) >= size) ?? units[0]!;
}

/**
 * Reads a duration.
 *
 * @param text The text, as `1.5s`.
 * @returns Milliseconds, or `null`.
 */
export function parseDuration(text: string): number | null {
  return parseQuantity(text, MS_PER);
}

/**
 * Reads a size.
 *
 * @param text The text, as `64K`.
 * @returns Whole bytes, or `null`.
 */
export function parseSize(text: string): number | null {
  const bytes = parseQuantity(text.toUpperCase(), BYTES_PER);
  return Number.isInteger(bytes) ? bytes : null;
}

/**
 * Reads a rate.
 *
 * @param text The text, as `10M`.
 * @returns Bits per second, or `null`.
 */
export function parseRate(text: string): number | null {
  return parseQuantity(text.toUpperCase(), BITS_PER_SEC_PER);
}

function parseQuantity(
  text: string,
  units: Record<string, number>,
): number | null {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? [];
  if (number === undefined) return null;
  if (unit !== "" && !Object.hasOwn(units, unit)) return null;
  const value = Number(number) * (units[unit] ?? 1);
  return Number.isFinite(value) ? value : null; // hundreds of digits
}

/**
 * Writes a duration.
 *
 * @param us Microseconds, or `null`.
 * @returns Text such as `12.3 us`, `4.56 ms` or `7.89 s`.
 */
export function formatDuration(us: number | null): string {
  return formatValue(us, "us");
}

/**
 * Writes a rate.
 *
 * @param bitsPerSec Bits per second, or `null`.
 * @returns Text such as `9.87 Mbit/s`.
 */
export function formatRate(bitsPerSec: number | null): string {
  return formatValue(bitsPerSec, "bits_per_second");
}

/**
 * Writes a number and the thing counted.
 *
 * @param count How many.
 * @param one The thing, in the singular.
 * @param many The plural.
 * @returns Text such as `1 byte` or `2 replies`.
 */
export function formatCount(
  count: number,
  one: string,
  many: string = `${one}s`,
): string {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * Writes a value in its unit.
 *
 * @param value The value, or `null`.
 * @param unit What it is counted in.
 * @returns A duration or a rate with three digits in a suitable unit; otherwise
 * text such as `100 bytes`, `90.4 MB`, `1.5 s` or `12 %`, with at most four digits
 * if it is not whole.
 *
 * @example Usage
 * ```ts
 * import { formatValue } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatValue(41.25, "us"), "41.3 us");
 * assertEquals(formatValue(50, "ms"), "50 ms");
 * assertEquals(formatValue(65.4351, "percent"), "65.44 %");
 * assertEquals(formatValue(1e-4, "percent"), "0.01 %");
 * ```
 */
export function formatValue(value: number | null, unit: Unit): string {
  if (value === null) return "-";
  if (unit === "us" || unit === "bits_per_second") {
    // A value that is rounded up to 1000 is shown in the next unit.
    const [size, name] = shownUnit(value * 1.0005, unit);
    return `${formatRatio(value / size)} ${name}`;
  }
  if (unit === "percent") return `${roundPercent(value)} %`;
  if (unit === "grade") return GRADE_NAMES[value] ?? "-";
  const shown = fourDigits(value);
  if (unit === "bytes") {
    return value < LARGE_BYTES
      ? formatCount(shown, "byte")
      : `${formatRatio(value / 1e6)} MB`;
  }
  return unit === "count" ? String(shown) : `${shown} ${unit}`;
}

/** Rounds to two decimals; 0 and 100 only for exactly none and all. */
function roundPercent(percent: number): number {
  if (percent <= 0 || percent >= 100) return fourDigits(percent);
  return Math.min(Math.max(Math.round(percent * 100) / 100, 0.01), 99.99);
}

function fourDigits(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

/**
 * Writes a ratio.
 *
 * @param ratio The quotient.
 * @returns Three digits, as `1.04` or `250`.
 */
export function formatRatio(ratio: number): string {
  if (ratio === 0) return "0";
  const size = Math.abs(ratio);
  if (size < 1) return ratio.toPrecision(3);
  return ratio.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/**
 * Rounds all numbers in a value to three decimals. Microseconds are rounded to the
 * nanosecond, since the clock resolves no less.
 *
 * @param figures Numbers, or lists or objects of them; other values stay.
 * @returns The same shape, rounded.
 */
export function roundFigures<T>(figures: T): T {
  if (typeof figures === "number") {
    return Math.round(figures * 1000) / 1000 as T;
  }
  if (typeof figures !== "object" || figures === null) return figures;
  if (Array.isArray(figures)) return figures.map(roundFigures) as T;
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [key, roundFigures(value)]),
  ) as T;
}
