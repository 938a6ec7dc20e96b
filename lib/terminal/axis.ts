/**
 * Axes: where values are on them, and which are named.
 *
 * @module
 */

import type { Axis, Unit } from "../result/section.ts";
import { labelsOf } from "./axis_labels.ts";
import { linearTicks, logTicks, percentileTicks } from "./axis_ticks.ts";

/** An axis of certain values. */
export interface PlotAxis {
  /** What it shows, in which unit and on which scale: `RTT (ms, log scale)`. */
  label: string;
  /** Its marks, rising: where they are, from 0 to 1, and their texts. */
  ticks: { at: number; text: string }[];
  /** Where a value is: from 0 at the one end to 1 at the other. */
  at(value: number): number;
}

/** No axis is shorter than this part of its greatest value. */
const LEAST_SPAN = 1e-3;
/** What is less than this, in any unit, is drawn as 0. */
const LEAST = 1e-9;
/** What is not less than this is not drawn. */
const GREATEST = 1e300;
/** Whole numbers have no marks between them. */
const WHOLE: Unit[] = ["count", "bytes"];

/** How an axis is divided. */
export interface AxisOptions {
  /** How many marks there may be, at least 2. */
  most: number;
  /** Whether it ends at the last value, not at a mark; default `false`. */
  tight?: boolean;
}

/** Limits, how far along each value is, and the marks. */
interface Range {
  low: number;
  high: number;
  along(value: number): number;
  ticks: number[];
}

/**
 * Makes an axis that all of some values are on.
 *
 * @param axis What it shows, and its scale. Without a value above 0 a
 * logarithmic one is linear.
 * @param values The values, in the axis' unit, in any order.
 * @param options How it is divided.
 * @returns The axis. It has a length and a mark even if all values are the same,
 * or if there are none.
 *
 * @example Usage
 * ```ts
 * import { plotAxis } from "./axis.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const label = { label: "RTT", unit: "us" } as const;
 * const axis = plotAxis(label, [120, 1400], { most: 5 });
 * assertEquals(axis.label, "RTT (ms)");
 * assertEquals(axis.ticks.map(({ text }) => text), ["0", "0.5", "1", "1.5"]);
 * assertEquals(axis.at(750), 0.5);
 * ```
 */
export function plotAxis(
  axis: Axis,
  values: readonly number[],
  options: AxisOptions,
): PlotAxis {
  const known = values.filter(isDrawn);
  const log = axis.scale === "log" && known.some((value) => value > LEAST);
  const range = axis.scale === "percentile"
    ? percentileRange(known)
    : log
    ? logRange(known, options)
    : linearRange(known, WHOLE.includes(axis.unit) ? 1 : 0, options);
  const { unit, texts } = labelsOf(range.ticks, axis.unit);
  const stretched = axis.scale === "percentile" ? "stretched towards 100" : "";
  const remarks = [unit, log ? "log scale" : stretched]
    .filter((text) => text !== "");
  const from = range.along(range.low);
  const length = range.along(range.high) - from;
  const at = (value: number) =>
    Math.min(Math.max((range.along(value) - from) / length, 0), 1);
  return {
    label: axis.label + (remarks.length ? ` (${remarks.join(", ")})` : ""),
    ticks: range.ticks.map((tick, index) => ({
      at: at(tick),
      text: texts[index]!,
    })),
    at,
  };
}

/**
 * Tells whether a value can be drawn.
 *
 * @param value The value, or `null`.
 * @returns Whether it is a number, and not beyond all measure.
 */
export function isDrawn(value: number | null | undefined): value is number {
  return typeof value === "number" && Math.abs(value) < GREATEST;
}

/** From 0 on, unless the values are closer to each other than to it. */
function linearRange(
  known: number[],
  leastStep: number,
  { most, tight = false }: AxisOptions,
): Range {
  let [low, high] = [least(known, 0), greatest(known, 0)];
  if (!(low < high && low > high / 2)) {
    [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  }
  const size = Math.max(-low, high);
  if (size < LEAST) [low, high] = [0, 1];
  low = Math.min(low, high - size * LEAST_SPAN);
  const along = (value: number) => value;
  const ticks = linearTicks(low, high, tight ? most + 2 : most, leastStep);
  if (!tight) return { low: ticks[0]!, high: ticks.at(-1)!, along, ticks };
  // One mark at each end may be outside.
  const inside = ticks.filter((tick) => tick >= low && tick <= high);
  return { low, high, along, ticks: inside };
}

function logRange(known: number[], { most }: AxisOptions): Range {
  const positive = known.filter((value) => value > LEAST);
  let [low, high] = [least(positive, 1), greatest(positive, 1)];
  if (high < low * (1 + LEAST_SPAN)) [low, high] = [low / 2, high * 2];
  return {
    low,
    high,
    along: (value) => Math.log10(Math.max(value, low)),
    ticks: logTicks(low, high, most),
  };
}

/** 100, which is infinitely far away, is drawn where half the rest is left. */
function percentileRange(known: number[]): Range {
  const last = greatest(known.filter((percent) => percent < 100), 0);
  const end = 100 - Math.max(100 - last, LEAST) / 2;
  return {
    low: 0,
    high: 100,
    along: (percent) => -Math.log10(1 - Math.min(percent, end) / 100),
    ticks: percentileTicks(end),
  };
}

function least(values: number[], none: number): number {
  return values.reduce((a, b) => Math.min(a, b), values[0] ?? none);
}

function greatest(values: number[], none: number): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? none);
}
