/**
 * Numbers along an axis, all in one unit.
 *
 * @module
 */

import type { Unit } from "../result/section.ts";

/** In what each unit can be written, rising, and how much of it that is. */
const WRITTEN: Record<Unit, [number, string][]> = {
  us: [[1, "us"], [1e3, "ms"], [1e6, "s"]],
  ms: [[1e-3, "us"], [1, "ms"], [1e3, "s"]],
  s: [[1e-6, "us"], [1e-3, "ms"], [1, "s"]],
  bits_per_second: [
    [1, "bit/s"],
    [1e3, "kbit/s"],
    [1e6, "Mbit/s"],
    [1e9, "Gbit/s"],
  ],
  bytes: [[1, "bytes"]],
  count: [[1, ""]],
  percent: [[1, "%"]],
};

/** A number has three significant digits, or more if its neighbours need it. */
const LEAST_DIGITS = 3;
const MOST_DIGITS = 7;
/** A rounding is not seen that is less than this part of a step. */
const UNSEEN = 0.05;

/**
 * Writes numbers that stand beside each other.
 *
 * @param values The numbers, rising.
 * @param unit Their unit.
 * @returns The unit they are written in, which is empty for a count; and their
 * texts, of which neighbours differ if the numbers do.
 *
 * @example Usage
 * ```ts
 * import { labelsOf } from "./axis_labels.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(labelsOf([0, 500, 1000, 1500], "us"), {
 *   unit: "ms",
 *   texts: ["0", "0.5", "1", "1.5"],
 * });
 * ```
 */
export function labelsOf(
  values: readonly number[],
  unit: Unit,
): { unit: string; texts: string[] } {
  const [factor, name] = writtenAs(values, unit);
  const scaled = values.map((value) => value / factor);
  return {
    unit: name,
    texts: scaled.map((value, index) => {
      const steps = [scaled[index - 1], scaled[index + 1]]
        .map((neighbour) => Math.abs(value - (neighbour ?? Infinity)))
        .filter((step) => step > 0);
      return numberText(value, Math.min(...steps) * UNSEEN);
    }),
  };
}

/** The middle one decides, so that one far away does not. */
function writtenAs(values: readonly number[], unit: Unit): [number, string] {
  const sizes = values.map(Math.abs).filter((size) => size > 0)
    .sort((a, b) => a - b);
  const middle = sizes[sizes.length >> 1] ?? 0;
  const forms = WRITTEN[unit];
  return forms.findLast(([factor]) => middle >= factor) ?? forms[0]!;
}

function numberText(value: number, error: number): string {
  const whole = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  let digits = Math.min(Math.max(LEAST_DIGITS, whole), MOST_DIGITS);
  const rounded = () => Number(value.toPrecision(digits));
  while (digits < MOST_DIGITS && Math.abs(rounded() - value) > error) digits++;
  const size = Math.abs(rounded());
  const plain = size === 0 || (size >= 1e-4 && size < 1e7);
  return plain
    ? String(rounded())
    : rounded().toExponential().replace("e+", "e");
}
