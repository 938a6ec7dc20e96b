/**
 * Quantities as people read them: three significant digits or more, and always
 * a unit.
 *
 * @module
 */

import type { Unit } from "./section.ts";

/** Stands for a figure that is unknown. */
const UNKNOWN = "-";

/**
 * Writes a duration.
 *
 * @param us Microseconds, or `null`.
 * @returns As `12.3 us`, `4.56 ms` or `7.89 s`.
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
  return `${threeDigits(value)} ${unit}`;
}

/**
 * Writes a rate.
 *
 * @param bitsPerSec Bits per second, or `null`.
 * @returns As `9.87 Mbit/s`.
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
  return `${threeDigits(bitsPerSec / factor)} ${unit}`;
}

/**
 * Writes a number and the thing counted.
 *
 * @param count How many.
 * @param thing One of them, in English.
 * @returns As `1 byte` or `2 bytes`.
 *
 * @example Usage
 * ```ts
 * import { formatCount } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatCount(1, "byte"), "1 byte");
 * assertEquals(formatCount(1024, "byte"), "1024 bytes");
 * ```
 */
export function formatCount(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/**
 * Writes a value in its unit.
 *
 * @param value The value, or `null`.
 * @param unit What it is counted in.
 * @returns As the functions above, or as `100 bytes`, `50 ms`, `1.5 s`, `12 %`.
 *
 * @example Usage
 * ```ts
 * import { formatValue } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatValue(41.25, "us"), "41.3 us");
 * assertEquals(formatValue(50, "ms"), "50 ms");
 * assertEquals(formatValue(99.95, "percent"), "99.95 %");
 * ```
 */
export function formatValue(value: number | null, unit: Unit): string {
  if (value === null) return UNKNOWN;
  switch (unit) {
    case "us":
      return formatDuration(value);
    case "bits_per_second":
      return formatRate(value);
    case "bytes":
      return formatCount(value, "byte");
    case "count":
      return String(value);
    case "percent":
      return `${value} %`;
    default:
      return `${value} ${unit}`;
  }
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
  return threeDigits(ratio);
}

/**
 * A share in percent, which is 0 or 100 only if it is none or all.
 *
 * @param part How many of them.
 * @param whole How many there are, at least one.
 * @returns Percent, with two decimals at most.
 *
 * @example Usage
 * ```ts
 * import { sharePercent } from "./quantities.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sharePercent(1, 8), 12.5);
 * assertEquals(sharePercent(1, 1_000_000), 0.01);
 * ```
 */
export function sharePercent(part: number, whole: number): number {
  if (part === 0 || part === whole) return 100 * part / whole;
  const rounded = Math.round(10_000 * part / whole) / 100;
  return Math.min(Math.max(rounded, 0.01), 99.99);
}

function threeDigits(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1) return value.toPrecision(3);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}
