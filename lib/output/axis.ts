/**
 * Axes: where values are on them, and which are named.
 *
 * @module
 */

import type { Axis, Unit } from "./section.ts";
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

/** Limits, and how far along the axis a value is. */
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
 * @param most How many marks there may be, at least 2.
 * @returns The axis. It has a length and marks even if all values are the same,
 * or if there are none.
 *
 * @example Usage
 * ```ts
 * import { plotAxis } from "./axis.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const axis = plotAxis({ label: "RTT", unit: "us" }, [120, 1400], 5);
 * assertEquals(axis.label, "RTT (ms)");
 * assertEquals(axis.ticks.map(({ text }) => text), ["0", "0.5", "1", "1.5"]);
 * assertEquals(axis.at(750), 0.5);
 * ```
 */
export function plotAxis(
  axis: Axis,
  values: readonly number[],
  most: number,
): PlotAxis {
  const known = values.filter(isDrawn);
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  const percentile = axis.scale === "percentile";
  const log = axis.scale === "log" && high > LEAST;
  const range = percentile
    ? percentileRange(known)
    : log
    ? logRange(known, high, most)
    : known.length === 0
    ? linearRange(0, 0, most, axis.unit)
    : linearRange(low, high, most, axis.unit);
  const { unit, texts } = labelsOf(range.ticks, axis.unit);
  const from = range.along(range.low);
  const length = range.along(range.high) - from;
  const at = (value: number) =>
    Math.min(Math.max((range.along(value) - from) / length, 0), 1);
  const remarks = [unit, log ? "log scale" : ""].filter((text) => text !== "");
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
  least: number,
  greatest: number,
  most: number,
  unit: Unit,
): Range {
  const close = least > greatest / 2 && greatest > least;
  let low = close ? least : Math.min(least, 0);
  const high = Math.max(greatest, least < 0 ? 0 : low + LEAST);
  const size = Math.max(Math.abs(low), Math.abs(high));
  low = Math.min(low, high - Math.max(size * LEAST_SPAN, LEAST));
  if (low === 0 && greatest === 0) return linearRange(0, 1, most, unit);
  const whole = WHOLE.includes(unit);
  const ticks = linearTicks(low, high, most, whole ? 1 : 0);
  return {
    low: ticks[0]!,
    high: ticks.at(-1)!,
    along: (value) => value,
    ticks,
  };
}

function logRange(known: number[], greatest: number, most: number): Range {
  const least = known.reduce(
    (a, b) => b > LEAST ? Math.min(a, b) : a,
    greatest,
  );
  const same = greatest < least * (1 + LEAST_SPAN);
  const [low, high] = same ? [least / 2, greatest * 2] : [least, greatest];
  return {
    low,
    high,
    along: (value) => Math.log10(Math.max(value, low)),
    ticks: logTicks(low, high, most),
  };
}

/** 100, which is infinitely far away, is drawn where half the rest is left. */
function percentileRange(known: number[]): Range {
  const last = known.reduce((a, b) => b < 100 ? Math.max(a, b) : a, 0);
  const end = 100 - Math.max(100 - last, LEAST) / 2;
  return {
    low: 0,
    high: 100,
    along: (percent) => -Math.log10(1 - Math.min(percent, end) / 100),
    ticks: percentileTicks(end),
  };
}
