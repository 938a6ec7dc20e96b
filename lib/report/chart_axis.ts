/**
 * Axes as options of the chart library, which scales and divides them. Only on a
 * logarithmic axis the marks are named here: 1, 2 and 5 of each decade.
 *
 * @module
 */

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

/** A logarithmic axis has no value below this. */
const MIN_LOG = 1e-9;
/** The maximum number of marks of a logarithmic axis. */
const MAX_LOG_TICKS = 12;
/** The maximum length of a label, in characters. */
const MAX_LABEL = 30;
/** An axis starts at 0 unless its values are closer together than this part. */
const NARROW = 0.5;

const STEPS: Partial<Record<Unit, [factor: number, unit: string][]>> = {
  us: [[1e6, "s"], [1e3, "ms"], [1, "us"]],
  bits_per_second: [[1e9, "Gbit/s"], [1e6, "Mbit/s"], [1e3, "kbit/s"], [
    1,
    "bit/s",
  ]],
  bytes: [[1024 ** 2, "MiB"], [1024, "KiB"], [1, "B"]],
  percent: [[1, "%"]],
};
const US_PER: Partial<Record<Unit, number>> = { ms: 1e3, s: 1e6 };

/**
 * Formats a mark of an axis.
 *
 * @param value The value.
 * @param unit Its unit.
 * @returns The value in the unit that fits it best.
 *
 * @example Usage
 * ```ts
 * import { tickText } from "./chart_axis.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0, 500, 2000, 1.5e6].map((us) => tickText(us, "us")), [
 *   "0",
 *   "500 us",
 *   "2 ms",
 *   "1.5 s",
 * ]);
 * ```
 */
export function tickText(value: number, unit: Unit): string {
  if (value === 0) return "0";
  const scaled = value * (US_PER[unit] ?? 1);
  const steps = STEPS[unit in US_PER ? "us" : unit] ?? [[1, ""]];
  const [factor, name] = steps.find(([factor]) => Math.abs(scaled) >= factor) ??
    steps.at(-1)!;
  return `${Number((scaled / factor).toPrecision(6))} ${name}`.trimEnd();
}

/**
 * Makes an axis that holds certain values.
 *
 * @param axis What it shows.
 * @param values The values, in any order.
 * @returns The option. It has a length also if all values are equal, or if there
 * are none.
 */
export function scaledAxis(axis: Axis, values: number[]): ScaledAxis {
  const { unit, scale } = axis;
  const name = sanitized(axis.label, MAX_LABEL);
  const option = {
    name,
    nameLocation: "middle" as const,
    nameTextStyle: { color: "var(--quiet)", fontSize: 12 },
    axisLine: { show: false },
    axisTick: { show: true, lineStyle: { color: "var(--rule)" } },
    splitLine: { lineStyle: { color: "var(--rule)" } },
  };
  const axisLabel = { color: "var(--quiet)", hideOverlap: true };
  if (scale === "percentile") {
    const { at, ...range } = percentileRange(values);
    const text = (value: number) =>
      `${Number((100 - 100 / value).toPrecision(12))}`;
    return {
      option: {
        ...option,
        ...logOption(range, { ...axisLabel, formatter: text }),
        name: `${name} (%)`,
      },
      at,
    };
  }
  const formatter = (value: number) => tickText(value, unit);
  const positive = values.filter((value) => value >= MIN_LOG);
  if (scale === "log" && positive.length > 0) {
    const range = logRange(positive, unit);
    return {
      option: {
        ...option,
        ...logOption(range, { ...axisLabel, formatter }),
        name: `${name} (log scale)`,
      },
      at: (value) => Math.max(value, range.min),
    };
  }
  const [min, max] = [minOf(values), maxOf(values)];
  return {
    option: {
      ...option,
      type: "value",
      scale: min > max * NARROW && min < max,
      minInterval: unit === "count" ? 1 : 0,
      ...(unit === "bytes" && max > min && {
        interval: 2 ** Math.max(0, Math.ceil(Math.log2((max - min) / 6))),
      }),
      ...(values.every((value) => value === 0) && { min: 0, max: 1 }),
      // Time ends with the last value, which is not round.
      ...(unit === "s" && max > 0 && { max }),
      axisLabel: {
        ...axisLabel,
        formatter,
        ...(unit === "s" && { showMaxLabel: false }),
      },
    },
    at: (value) => value,
  };
}

/** Limits and marks of a logarithmic axis. */
interface LogRange {
  min: number;
  max: number;
  ticks: number[];
}

function logOption(
  { min, max, ticks }: LogRange,
  axisLabel: { color: string; formatter(value: number): string },
): ChartAxis {
  return {
    type: "log",
    min,
    max,
    axisTick: { customValues: ticks, lineStyle: { color: "var(--rule)" } },
    axisLabel: { ...axisLabel, customValues: ticks },
  };
}

/** From mark to mark; of bytes the marks are powers of 2. */
function logRange(values: number[], unit: Unit): LogRange {
  const base = unit === "bytes" ? 2 : 10;
  const digits = unit === "bytes" ? [1] : [1, 2, 5];
  const [low, high] = [minOf(values), maxOf(values)];
  const powers: number[] = [];
  const marks: number[] = [];
  // No figure is so large or so small that there are more.
  const first = Math.floor(Math.log(low) / Math.log(base)) - 1;
  for (let power = first; power < first + 100; power++) {
    const tick = base === 2 ? 2 ** power : Number(`1e${power}`);
    powers.push(tick);
    marks.push(
      ...digits.map((digit) => Number((digit * tick).toPrecision(12))),
    );
    if (tick > high) break;
  }
  const min = marks.findLast((mark) => mark <= low)!;
  const max = marks.find((mark) => mark >= high && mark > min)!;
  const inside = (mark: number) => mark >= min && mark <= max;
  const all = marks.filter(inside);
  const stride = Math.ceil(powers.filter(inside).length / MAX_LOG_TICKS);
  return {
    min,
    max,
    ticks: all.length <= MAX_LOG_TICKS
      ? all
      : powers.filter(inside).filter((_, index) => index % stride === 0),
  };
}

/**
 * A percentile is placed by the inverse of its distance to 100, on a logarithmic
 * axis: 0, 90, 99 and 99.9 are equally far apart. 100 itself, which would be
 * infinitely far away, is placed at half the distance of the last before it.
 */
function percentileRange(percents: number[]): LogRange & ScaledAxisPlace {
  const rest = 100 - maxOf(percents.filter((percent) => percent < 100));
  const end = Math.max(rest, MIN_LOG) / 2;
  const at = (percent: number) => 100 / Math.max(100 - percent, end);
  const decades = Array.from({ length: 12 }, (_, power) => 10 ** power);
  const max = at(100);
  return {
    min: 1,
    max,
    ticks: [...decades, 2].filter((tick) => tick <= max).sort((a, b) => a - b),
    at,
  };
}

type ScaledAxisPlace = Pick<ScaledAxis, "at">;

function minOf(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), values[0] ?? 0);
}

function maxOf(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? 0);
}
