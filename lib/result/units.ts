/**
 * Quantities as people write them on a command line.
 *
 * | quantity | written | unit of the value |
 * |---|---|---|
 * | duration | `250ms`, `1.5s`, `2m`, `1h`, `40us`; a bare number is milliseconds | milliseconds |
 * | size | `100`, `64K`, `1M`, 1024-based | bytes |
 * | rate | `800K`, `10M`, `1G`, 1000-based | bits per second |
 *
 * Each parser gives `null` for what it cannot read.
 *
 * @module
 */

const MS_PER = { us: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
const BYTES_PER = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
const BITS_PER_SEC_PER = { K: 1e3, M: 1e6, G: 1e9 };

/**
 * Reads a duration.
 *
 * @param text As a person wrote it.
 * @returns Milliseconds.
 *
 * @example Usage
 * ```ts
 * import { parseDuration } from "./units.ts";
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
 * @param text As a person wrote it.
 * @returns Whole bytes.
 *
 * @example Usage
 * ```ts
 * import { parseSize } from "./units.ts";
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
 * @param text As a person wrote it.
 * @returns Bits per second.
 *
 * @example Usage
 * ```ts
 * import { parseRate } from "./units.ts";
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
