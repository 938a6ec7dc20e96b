/**
 * The edges of histogram bins, as numbers that are easy to read.
 *
 * @module
 */

/** The steps of a linear scale, times a power of ten. */
const STEPS = [1, 2, 2.5, 5];
/** Preferred numbers within a decade, coarse to fine (as in IEC 60063). */
const DECADES = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2],
];
/** From this ratio on, the widths of bins grow with their values. */
const LOG_RATIO = 8;

/**
 * The edges of bins from below one value to above another.
 *
 * @param min The lowest value, not negative.
 * @param max The highest value.
 * @param maxBins The maximum number of bins, at least 2.
 * @returns Rising edges: multiples of a round step, or round numbers that grow
 * if the values differ much. The first is at most `min`, the last above `max`.
 *
 * @example Usage
 * ```ts
 * import { binEdges } from "./bins.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(binEdges(41, 58, 4), [40, 45, 50, 55, 60]);
 * assertEquals(binEdges(10, 1900, 8), [10, 20, 50, 100, 200, 500, 1000, 2000]);
 * ```
 */
export function binEdges(min: number, max: number, maxBins: number): number[] {
  return min > 0 && max / min >= LOG_RATIO
    ? growingEdges(min, max, maxBins)
    : evenEdges(min, max, maxBins);
}

function evenEdges(min: number, max: number, maxBins: number): number[] {
  // Equal values get bins of a thousandth of them.
  const width = Math.max((max - min) / maxBins, Math.max(max, 1e-3) * 1e-3);
  const bins = (step: number) =>
    stepsBelow(max, step) - stepsBelow(min, step) + 1;
  const step = roundSteps(width).find((step) => bins(step) <= maxBins)!;
  return Array.from(
    { length: bins(step) + 1 },
    (_, index) => round((stepsBelow(min, step) + index) * step),
  );
}

/** @internal The round steps from a width on, rising without an end. */
export function* roundSteps(width: number): Generator<number, never> {
  for (let power = Math.floor(Math.log10(width));; power++) {
    for (const digits of STEPS) {
      const step = digits * 10 ** power;
      if (step >= width) yield step;
    }
  }
}

/** The largest number of steps that is not above a value. */
function stepsBelow(value: number, step: number): number {
  const steps = Math.floor(value / step);
  // 0.3 / 0.1 is slightly less than 3.
  if (round((steps + 1) * step) <= value) return steps + 1;
  return round(steps * step) <= value ? steps : steps - 1;
}

function growingEdges(min: number, max: number, maxBins: number): number[] {
  const [low, high] = [min, max].map((value) => Math.floor(Math.log10(value)));
  const enclosing = (digits: number[], decades: number) => {
    const edges = [];
    for (let power = low!; power <= high! + decades; power += decades) {
      for (const digit of digits) edges.push(round(digit * 10 ** power));
    }
    const first = edges.findLastIndex((edge) => edge <= min);
    const last = edges.findIndex((edge) => edge > max);
    return edges.slice(first, last + 1);
  };
  const fits = (edges: number[]) => edges.length - 1 <= maxBins;
  const fine = DECADES.map((digits) => enclosing(digits, 1)).findLast(fits);
  if (fine !== undefined) return fine;
  for (let decades = 2;; decades++) {
    const coarse = enclosing([1], decades);
    if (fits(coarse)) return coarse;
  }
}

/** @internal Removes the error of binary fractions. */
export function round(value: number): number {
  return Number(value.toPrecision(12));
}
