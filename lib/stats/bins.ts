/**
 * Bins of a histogram, with limits that are easy to read.
 *
 * @module
 */

/** The steps of a linear scale, by a power of ten. */
const STEPS = [1, 2, 2.5, 5, 10];
/** Preferred numbers within a decade, coarse to fine (as in IEC 60063). */
const DECADES = [
  [1],
  [1, 3],
  [1, 2, 5],
  [1, 1.5, 2, 3, 5, 7],
  [1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2],
];
/** From this ratio on, bins grow with their values. */
const LOG_RATIO = 8;

/**
 * Limits of bins from below one value to above another.
 *
 * @param from The least value, not negative.
 * @param to The greatest value.
 * @param most How many bins there may be, at least 2.
 * @returns Rising limits: multiples of a round step, or where the values differ
 * by much, round numbers that grow with them. The first is at most `from`, the
 * last greater than `to`.
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
export function binEdges(from: number, to: number, most: number): number[] {
  return from > 0 && to / from >= LOG_RATIO
    ? growing(from, to, most)
    : even(from, to, most);
}

function even(from: number, to: number, most: number): number[] {
  // The least difference that is worth a bin, also where there is none at all.
  const width = Math.max((to - from) / most, Math.max(to, 1e-3) * 1e-3);
  for (let power = Math.floor(Math.log10(width));; power++) {
    for (const digits of STEPS) {
      const step = digits * 10 ** power;
      if (step < width) continue;
      const first = stepsTo(from, step);
      const count = stepsTo(to, step) - first + 1;
      if (count > most) continue;
      return Array.from(
        { length: count + 1 },
        (_, index) => round((first + index) * step),
      );
    }
  }
}

/** How many steps it is to the last limit that is not above a value. */
function stepsTo(value: number, step: number): number {
  const steps = Math.floor(value / step);
  // 0.3 / 0.1 is slightly less than 3.
  if (round((steps + 1) * step) <= value) return steps + 1;
  return round(steps * step) <= value ? steps : steps - 1;
}

function growing(from: number, to: number, most: number): number[] {
  const [low, high] = [from, to].map((value) => Math.floor(Math.log10(value)));
  const between = (digits: number[], decades: number) => {
    const edges = [];
    for (let power = low!; power <= high! + decades; power += decades) {
      for (const digit of digits) edges.push(round(digit * 10 ** power));
    }
    const first = edges.findLastIndex((edge) => edge <= from);
    const last = edges.findIndex((edge) => edge > to);
    return edges.slice(first, last + 1);
  };
  const fits = (edges: number[]) => edges.length - 1 <= most;
  const fine = DECADES.map((digits) => between(digits, 1)).findLast(fits);
  if (fine !== undefined) return fine;
  for (let decades = 2;; decades++) {
    const coarse = between([1], decades);
    if (fits(coarse)) return coarse;
  }
}

/** Without what binary fractions add. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
