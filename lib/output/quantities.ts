/**
 * Quantities as people read them: three significant digits or more, and always
 * a unit.
 *
 * @module
 */

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

function threeDigits(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1) return value.toPrecision(3);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}
