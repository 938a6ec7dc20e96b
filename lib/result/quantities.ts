/**
 * Quantities as text, both ways: written for people with three significant
 * digits or more and always a unit, and read from what people write.
 *
 * | quantity | read | unit of the value |
 * |---|---|---|
 * | duration | `250ms`, `1.5s`, `2m`, `1h`, `40us`; a bare number is milliseconds | milliseconds |
 * | size | `100`, `64K`, `1M`, 1024-based | bytes |
 * | rate | `800K`, `10M`, `1G`, 1000-based | bits per second |
 *
 * Each parser returns `null` for what it cannot read.
 *
 * @module
 */

import { GRADE_NAMES } from "../under_load/judge.ts";
import type { Unit } from "./section.ts";

/** Stands for a figure that is unknown. */
const UNKNOWN = "-";

const MS_PER = { us: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const BYTES_PER = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const BITS_PER_SEC_PER = { K: 1e3, M: 1e6, G: 1e9 };

/**
 * Reads a duration.
 *
 * @param text The text.
 * @returns Milliseconds, or `null`.
 *
 * @example Usage
 * ```ts
 * import { parseDuration } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseDuration("1.5s"), 1500);
 * assertEquals(parseDuration("20"), 20);
 * assertEquals(parseDuration("soon"), null);
 * ```
 */
export function parseDuration(text: string): number | null {
  return parseQuantity(text, MS_PER);
}

/**
 * Reads a size.
 *
 * @param text The text.
 * @returns Whole bytes, or `null`.
 *
 * @example Usage
 * ```ts
 * import { parseSize } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseSize("64K"), 65_536);
 * assertEquals(parseSize("1.5"), null);
 * ```
 */
export function parseSize(text: string): number | null {
  const bytes = parseQuantity(text.toUpperCase(), BYTES_PER);
  return Number.isInteger(bytes) ? bytes : null;
}

/**
 * Reads a rate.
 *
 * @param text The text.
 * @returns Bits per second, or `null`.
 *
 * @example Usage
 * ```ts
 * import { parseRate } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseRate("10M"), 10_000_000);
 * ```
 */
export function parseRate(text: string): number | null {
  return parseQuantity(text.toUpperCase(), BITS_PER_SEC_PER);
}

function parseQuantity(
  text: string,
  units: Record<string, number>,
): number | null {
  const found = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text);
  if (!found) return null;
  const [, number, unit = ""] = found;
  if (unit === "") return Number(number);
  return Object.hasOwn(units, unit) ? Number(number) * units[unit]! : null;
}

/**
 * Writes a duration.
 *
 * @param us Microseconds, or `null`.
 * @returns Text such as `12.3 us`, `4.56 ms` or `7.89 s`.
 *
 * @example Usage
 * ```ts
 * import { formatDuration } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatDuration(41.25), "41.3 us");
 * assertEquals(formatDuration(50_104), "50.1 ms");
 * assertEquals(formatDuration(null), "-");
 * ```
 */
export function formatDuration(us: number | null): string {
  if (us === null) return UNKNOWN;
  const [value, unit] = Math.abs(us) < 999.5
    ? [us, "us"]
    : Math.abs(us) < 999.5e3
    ? [us / 1e3, "ms"]
    : [us / 1e6, "s"];
  return `${formatRatio(value)} ${unit}`;
}

/**
 * Writes a rate.
 *
 * @param bitsPerSec Bits per second, or `null`.
 * @returns Text such as `9.87 Mbit/s`.
 *
 * @example Usage
 * ```ts
 * import { formatRate } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatRate(9_870_000), "9.87 Mbit/s");
 * ```
 */
export function formatRate(bitsPerSec: number | null): string {
  if (bitsPerSec === null) return UNKNOWN;
  const steps: [number, string][] = [
    [1e9, "Gbit/s"],
    [1e6, "Mbit/s"],
    [1e3, "kbit/s"],
  ];
  const [factor, unit] = steps.find(([factor]) => bitsPerSec >= factor) ??
    [1, "bit/s"];
  return `${formatRatio(bitsPerSec / factor)} ${unit}`;
}

/**
 * Writes a number and the thing counted.
 *
 * @param count How many.
 * @param one The thing, in the singular.
 * @param many The plural.
 * @returns Text such as `1 byte` or `2 bytes`.
 *
 * @example Usage
 * ```ts
 * import { formatCount } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatCount(1, "byte"), "1 byte");
 * assertEquals(formatCount(2, "reply", "replies"), "2 replies");
 * ```
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
 * @returns As the functions above, or as `100 bytes`, `50 ms`, `1.5 s`, `12 %`;
 * four digits of a number that is not whole.
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
  if (value === null) return UNKNOWN;
  if (unit === "us") return formatDuration(value);
  if (unit === "bits_per_second") return formatRate(value);
  if (unit === "percent") return `${roundPercent(value)} %`;
  if (unit === "grade") return GRADE_NAMES[value] ?? UNKNOWN;
  const shown = fourDigits(value);
  if (unit === "bytes") return formatCount(shown, "byte");
  return unit === "count" ? String(shown) : `${shown} ${unit}`;
}

/** To two decimals; 0 or 100 only if it is none or all. */
function roundPercent(percent: number): number {
  if (percent <= 0 || percent >= 100) return fourDigits(percent);
  return Math.min(Math.max(Math.round(percent * 100) / 100, 0.01), 99.99);
}

function fourDigits(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

/**
 * Writes how many times something is something else.
 *
 * @param ratio The quotient.
 * @returns Three digits, as `1.04` or `250`.
 *
 * @example Usage
 * ```ts
 * import { formatRatio } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatRatio(7.891), "7.89");
 * ```
 */
export function formatRatio(ratio: number): string {
  if (ratio === 0) return "0";
  const size = Math.abs(ratio);
  if (size < 1) return ratio.toPrecision(3);
  return ratio.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/**
 * Rounds all numbers in a value to three decimals: of microseconds, to the
 * nanosecond, which is all that the clock resolves.
 *
 * @param figures Numbers, or lists or objects of them; other values stay.
 * @returns The same shape, rounded.
 *
 * @example Usage
 * ```ts
 * import { roundFigures } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(roundFigures({ us: [1.23456, null] }), { us: [1.235, null] });
 * ```
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
