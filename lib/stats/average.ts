/**
 * Sums, means and medians.
 *
 * @module
 */

/**
 * The sum.
 *
 * @param values Any numbers.
 * @returns The sum; 0 of none.
 */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * The arithmetic mean.
 *
 * @param values Any numbers.
 * @returns The mean; `null` of none.
 */
export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}

/**
 * The median.
 *
 * @param values Any numbers, in any order.
 * @returns The middle one, or the mean of the two in the middle; `null` of none.
 *
 * @example Usage
 * ```ts
 * import { median } from "./average.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(median([3, 1, 2]), 2);
 * assertEquals(median([4, 1, 2, 3]), 2.5);
 * assertEquals(median([]), null);
 * ```
 */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
