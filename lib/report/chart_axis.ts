/**
 * Axes as options of the chart library, which scales and divides them. It knows
 * no percentiles, and marks a logarithmic axis by decade only: there the ticks
 * are those of the terminal.
 *
 * @module
 */

import { plotAxis } from "../result/axis.ts";
import { shownUnit } from "../result/quantities.ts";
import type { Axis, Unit } from "../result/section.ts";
import type { ChartAxis } from "./echarts.ts";
import { sanitized } from "./html.ts";

/** An axis, and where values are on it in terms of the chart library. */
export interface ScaledAxis {
  /** The option. */
  option: ChartAxis;
  /** Converts a value of the chart to a value of the axis. */
  at(value: number): number;
}

/** The maximum number of ticks that are not made by the library. */
const MAX_TICKS = 8;
/** The maximum length of a label, in characters. */
const MAX_LABEL = 30;
/** An axis starts at 0 unless its values are closer together than this part. */
const NARROW = 0.5;

/** @internal A value in the unit that fits it best, as `2 ms`. */
export function tickText(value: number, unit: Unit): string {
  if (value === 0) return "0";
  const [size, name] = shownUnit(value, unit);
  return `${Number((value / size).toPrecision(6))} ${name}`.trimEnd();
}

/**
 * An axis that holds certain values. It has a length also if all values are
 * equal, or if there are none.
 *
 * @internal
 */
export function scaledAxis(axis: Axis, values: number[]): ScaledAxis {
  const { unit, scale = "linear" } = axis;
  const label = sanitized(axis.label, MAX_LABEL);
  const axisLabel = { color: "var(--quiet)", hideOverlap: true };
  const axisTick = { show: true, lineStyle: { color: "var(--rule)" } };
  const option: ChartAxis = {
    type: "value",
    name: label,
    nameLocation: "middle",
    nameTextStyle: { color: "var(--quiet)", fontSize: 12 },
    axisLine: { show: false },
    splitLine: { lineStyle: { color: "var(--rule)" } },
  };
  if (scale !== "linear") {
    const { ticks, at } = plotAxis(axis, values, MAX_TICKS);
    const customValues = ticks.map(({ at }) => at);
    const formatter = (place: number) =>
      tickText(ticks.find(({ at }) => at === place)?.value ?? 0, unit);
    return {
      option: {
        ...option,
        name: scale === "log" ? `${label} (log scale)` : label,
        ...{ min: 0, max: 1 },
        axisTick: { ...axisTick, customValues },
        axisLabel: { ...axisLabel, customValues, formatter },
      },
      at,
    };
  }
  const [min, max] = [Math.min, Math.max].map((of) =>
    values.reduce((a, b) => of(a, b), values[0] ?? 0)
  ) as [number, number];
  const isTime = unit === "s" && max > 0;
  return {
    option: {
      ...option,
      scale: min > max * NARROW && min < max,
      minInterval: unit === "count" ? 1 : 0,
      ...(unit === "bytes" && max > min && {
        interval: 2 ** Math.max(0, Math.ceil(Math.log2((max - min) / 6))),
      }),
      ...(values.every((value) => value === 0) && { max: 1 }),
      // Time ends with the last value, which is not round.
      ...(isTime && { max }),
      axisTick,
      axisLabel: {
        ...axisLabel,
        formatter: (value: number) => tickText(value, unit),
        ...(isTime && { showMaxLabel: false }),
      },
    },
    at: (value) => value,
  };
}
