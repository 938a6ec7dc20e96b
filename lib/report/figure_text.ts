/**
 * Figures as texts, with as many digits as they deserve.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type { Unit } from "../result/section.ts";

/**
 * Writes a figure.
 *
 * @param value The figure, or `null`.
 * @param unit Its unit; a duration or a rate is written in a fitting one.
 * @param digits How many a number that is not whole has, at most.
 * @returns The figure and its unit.
 *
 * @example Usage
 * ```ts
 * import { figureText } from "./figure_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(figureText(68.351, "us"), "68.4 us");
 * assertEquals(figureText(65.4351, "percent"), "65.44 %");
 * assertEquals(figureText(123_456, "count"), "123456");
 * ```
 */
export function figureText(
  value: number | null,
  unit: Unit,
  digits: number = 4,
): string {
  // These have three digits anyway, and are not to be rounded twice.
  const asItIs = value === null || Number.isInteger(value) || unit === "us" ||
    unit === "bits_per_second";
  return formatValue(asItIs ? value : Number(value.toPrecision(digits)), unit);
}
