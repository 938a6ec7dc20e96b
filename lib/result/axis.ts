/**
 * The scale, the ticks and the label of a chart's axis, for the terminal and,
 * where the scale is not linear, for the page.
 *
 * @module
 */

import { round, roundSteps } from "../stats/bins.ts";
import { shownUnit } from "./quantities.ts";
import type { Axis, Unit } from "./section.ts";

/** A scale with ticks. */
export interface PlotAxis {
  /** What it shows, its unit and its scale: `RTT (ms, log scale)`. */
  label: string;
  /** The ticks in rising order; `at` is a position from 0 to 1. */
  ticks: { value: number; at: number; text: string }[];
  /** The width of the widest text. */
  width: number;
  /** Returns the position of a value, from 0 to 1. */
  at(value: number): number;
}

/** The limits of a scale, its function, and the values of its ticks. */
interface Scale {
  min: number;
  max: number;
  along(value: number): number;
  ticks: number[];
}

/** The minimum length of an axis, as a part of its maximum. */
const MIN_SPAN = 1e-3;
/** Smaller values are drawn as 0, in any unit. */
const MIN_VALUE = 1e-9;
/** Values from here on are not drawn. */
const MAX_VALUE = 1e300;

/** A label has three significant digits, or more to differ from the next one. */
const MIN_DIGITS = 3;
const MAX_DIGITS = 7;
/** The maximum rounding error of a label, as a part of the distance. */
const ROUNDING = 0.05;

/**
 * Builds an axis for values.
 *
 * @param axis What it shows, its unit and its scale. A log scale without a
 * value above 0 is linear.
 * @param values The values in the unit of the axis, in any order.
 * @param maxTicks The maximum number of ticks, at least 3.
 * @returns The axis; without values, too, it has a length and ticks.
 *
 * @example Usage
 * ```ts
 * import { plotAxis } from "./axis.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const label = { label: "RTT", unit: "us" } as const;
 * const axis = plotAxis(label, [0, 1500], 5);
 * assertEquals(axis.label, "RTT (ms)");
 * assertEquals(axis.ticks.map(({ text }) => text), ["0", "0.5", "1", "1.5"]);
 * assertEquals(axis.at(750), 0.5);
 * ```
 */
export function plotAxis(
  axis: Axis,
  values: readonly number[],
  maxTicks: number,
): PlotAxis {
  const known = values.filter(isDrawable);
  const positive = known.filter((value) => value > MIN_VALUE);
  const [scale, kind] = axis.scale === "percentile"
    ? [percentileScale(known), "log towards 100"]
    : axis.scale === "log" && positive.length > 0
    ? [logScale(positive, axis.unit, maxTicks), "log scale"]
    : [linearScale(known, axis.unit, maxTicks), ""];
  const { unit, texts } = tickLabels(scale.ticks, axis.unit);
  const remarks = [unit, kind].filter((text) => text !== "").join(", ");
  const start = scale.along(scale.min);
  const length = scale.along(scale.max) - start;
  const at = (value: number) =>
    Math.min(Math.max((scale.along(value) - start) / length, 0), 1);
  return {
    label: axis.label + (remarks === "" ? "" : ` (${remarks})`),
    ticks: scale.ticks.map((value, index) => (
      { value, at: at(value), text: texts[index]! }
    )),
    width: Math.max(0, ...texts.map((text) => text.length)),
    at,
  };
}

/** @internal Whether a value is a number of drawable size. */
export function isDrawable(value: number | null | undefined): value is number {
  return typeof value === "number" && Math.abs(value) < MAX_VALUE;
}

/**
 * Formats numbers that stand beside each other in one unit.
 *
 * @param values The numbers in rising order.
 * @param unit Their unit.
 * @returns The unit of the texts, empty for a count; and the texts, with enough
 * digits to tell different neighbours apart.
 */
export function tickLabels(
  values: readonly number[],
  unit: Unit,
): { unit: string; texts: string[] } {
  // The median size selects the unit, so that an outlier does not.
  const sizes = values.map(Math.abs).filter((size) => size > 0)
    .sort((a, b) => a - b);
  const [factor, name] = shownUnit(sizes[sizes.length >> 1] ?? 0, unit);
  const scaled = values.map((value) => value / factor);
  const texts = scaled.map((value, index) => {
    const distances = [scaled[index - 1], scaled[index + 1]]
      .map((neighbour) => Math.abs(value - (neighbour ?? Infinity)))
      .filter((distance) => distance > 0);
    return numberText(value, Math.min(...distances) * ROUNDING);
  });
  return { unit: name, texts };
}

function numberText(value: number, maxError: number): string {
  const whole = value === 0 ? 1 : Math.floor(Math.log10(Math.abs(value))) + 1;
  let digits = Math.min(Math.max(MIN_DIGITS, whole), MAX_DIGITS);
  const rounded = () => Number(value.toPrecision(digits));
  while (digits < MAX_DIGITS && Math.abs(rounded() - value) > maxError) {
    digits++;
  }
  return String(rounded());
}

/** Starts at 0, unless the values are closer to each other than to 0. */
function linearScale(known: number[], unit: Unit, maxTicks: number): Scale {
  let [min, max] = limits(known, 0);
  if (!(min < max && min > max / 2)) {
    [min, max] = [Math.min(min, 0), Math.max(max, 0)];
  }
  const size = Math.max(-min, max);
  if (size < MIN_VALUE) [min, max] = [0, 1];
  min = Math.min(min, max - size * MIN_SPAN);
  const isWhole = unit === "count" || unit === "bytes";
  // Only KiB are not a power of ten of the unit.
  const factor = unit === "bytes" ? shownUnit(max / 2, unit)[0] : 1;
  const ticks = linearTicks(
    min / factor,
    max / factor,
    maxTicks,
    isWhole ? 1 : 0,
  ).map((tick) => tick * factor);
  return { min, max, along: (value) => value, ticks };
}

function logScale(positive: number[], unit: Unit, maxTicks: number): Scale {
  let [min, max] = limits(positive, 1);
  if (max < min * (1 + MIN_SPAN)) [min, max] = [min / 2, max * 2];
  const along = (value: number) => Math.log10(Math.max(value, min));
  const base = unit === "bytes" && max >= 4096 ? 2 : 10;
  return { min, max, along, ticks: logTicks(min, max, maxTicks, base) };
}

/** A log scale of the distance to 100; that of 100 is half the last one. */
function percentileScale(known: number[]): Scale {
  const [, last] = limits(known.filter((percent) => percent < 100), 0);
  const end = 100 - Math.max(100 - Math.max(last, 0), MIN_VALUE) / 2;
  const ticks = [0, 50];
  for (let rest = 10; 100 - rest < end; rest /= 10) {
    ticks.push(round(100 - rest));
  }
  return {
    min: 0,
    max: 100,
    along: (percent) => -Math.log10(1 - Math.min(percent, end) / 100),
    ticks: [...ticks.filter((tick) => tick < end), 100],
  };
}

/** Returns the multiples of a round step between two limits. */
function linearTicks(
  min: number,
  max: number,
  maxTicks: number,
  minStep = 0,
): number[] {
  const width = Math.max((max - min) / (maxTicks + 1), minStep);
  const first = (step: number) => Math.ceil(round(min / step));
  const count = (step: number) =>
    Math.floor(round(max / step)) - first(step) + 1;
  const step = roundSteps(width).find((step) => count(step) <= maxTicks)!;
  return Array.from(
    { length: count(step) },
    (_, index) => round((first(step) + index) * step),
  );
}

/** Returns round numbers between two limits, by decade if these are far apart. */
function logTicks(
  min: number,
  max: number,
  maxTicks: number,
  base: 2 | 10,
): number[] {
  if (max / min < base) return linearTicks(min, max, maxTicks);
  const logOf = base === 2 ? Math.log2 : Math.log10;
  const from = Math.floor(logOf(min));
  const powers = Array.from(
    { length: Math.ceil(logOf(max)) - from + 1 },
    (_, index) => from + index,
  );
  const ticks = (digits: number[], every: number) =>
    powers.filter((power) => (power - from) % every === 0)
      .flatMap((power) => digits.map((digit) => round(digit * base ** power)))
      .filter((value) => value >= min && value <= max);
  const many = base === 10 ? ticks([1, 2, 5], 1) : ticks([1], 1);
  if (many.length <= maxTicks) return many;
  for (let every = 1;; every++) {
    const some = ticks([1], every);
    if (some.length <= maxTicks) return some;
  }
}

function limits(values: number[], none: number): [min: number, max: number] {
  const first = values[0] ?? none;
  return values.reduce<[number, number]>(
    ([min, max], value) => [Math.min(min, value), Math.max(max, value)],
    [first, first],
  );
}
