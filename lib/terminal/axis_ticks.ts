/**
 * The marks of an axis: values that are easy to read.
 *
 * @module
 */

/** The steps of a linear scale, by a power of ten. */
const STEPS = [1, 2, 2.5, 5];

/**
 * Multiples of a round step.
 *
 * @param low The least value to be enclosed.
 * @param high The greatest, above `low`.
 * @param most How many marks there may be, at least 2.
 * @param leastStep The step is not less than this.
 * @returns Rising values; the first is at most `low`, the last at least `high`.
 *
 * @example Usage
 * ```ts
 * import { linearTicks } from "./axis_ticks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(linearTicks(0, 1.4, 5), [0, 0.5, 1, 1.5]);
 * ```
 */
export function linearTicks(
  low: number,
  high: number,
  most: number,
  leastStep = 0,
): number[] {
  // Two marks on both sides of 0 can be reached by no multiples of one step.
  const marks = Math.max(most, low < 0 && high > 0 ? 3 : 2);
  const width = Math.max((high - low) / (marks - 1), leastStep);
  for (let power = Math.floor(Math.log10(width));; power++) {
    for (const digits of STEPS) {
      const step = digits * 10 ** power;
      if (step < leastStep) continue;
      const first = Math.floor(round(low / step));
      const last = Math.ceil(round(high / step));
      // Two marks that enclose what lies across one need a step of any size.
      if (last - first + 1 > marks && power < 305) continue;
      return Array.from(
        { length: last - first + 1 },
        (_, index) => round((first + index) * step),
      );
    }
  }
}

/**
 * Round numbers that grow with the axis.
 *
 * @param low The least value, above 0.
 * @param high The greatest, above `low`.
 * @param most How many marks there may be, at least 2.
 * @returns Rising values, none outside of the two.
 *
 * @example Usage
 * ```ts
 * import { logTicks } from "./axis_ticks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(logTicks(9, 5000, 5), [10, 100, 1000]);
 * ```
 */
export function logTicks(low: number, high: number, most: number): number[] {
  const inside = (value: number) => value >= low && value <= high;
  if (high / low < 10) {
    // One of the multiples at each end is outside.
    return linearTicks(low, high, most + 2).filter(inside).slice(0, most);
  }
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const marks = (digits: number[], every: number) =>
    powers.filter((power) => (power - from) % every === 0)
      .flatMap((power) => digits.map((digit) => round(digit * 10 ** power)))
      .filter(inside);
  const fine = marks([1, 2, 5], 1);
  if (fine.length <= most) return fine;
  for (let every = 1;; every++) {
    const coarse = marks([1], every);
    if (coarse.length <= most) return coarse;
  }
}

/**
 * Percents ever closer to 100.
 *
 * @param end The last one before 100 that has a place.
 * @returns As 0, 50, 90, 99 and 100.
 *
 * @example Usage
 * ```ts
 * import { percentileTicks } from "./axis_ticks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(percentileTicks(99.5), [0, 50, 90, 99, 100]);
 * ```
 */
export function percentileTicks(end: number): number[] {
  const ticks = [0, 50];
  for (let rest = 10; 100 - rest < end; rest /= 10) ticks.push(100 - rest);
  return [...ticks.filter((tick) => tick < end), 100].map(round);
}

/** Without what binary fractions add. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
