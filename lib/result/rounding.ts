/**
 * Figures without digits that nobody measured.
 *
 * @module
 */

/**
 * Rounds all numbers in a value to three decimals: of microseconds, to the
 * nanosecond. More digits would claim what no clock knows.
 *
 * @param figures Numbers, or lists or objects of them; other values stay.
 * @returns The same shape, rounded.
 *
 * @example Usage
 * ```ts
 * import { rounded } from "./rounding.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(rounded({ us: [1.23456, null] }), { us: [1.235, null] });
 * ```
 */
export function rounded<T>(figures: T): T {
  if (typeof figures === "number") {
    return Math.round(figures * 1000) / 1000 as T;
  }
  if (typeof figures !== "object" || figures === null) return figures;
  if (Array.isArray(figures)) return figures.map(rounded) as T;
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [key, rounded(value)]),
  ) as T;
}
