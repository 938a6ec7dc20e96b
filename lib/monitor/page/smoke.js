// @ts-check
/// <reference lib="dom" />
/**
 * The smoke chart as an option of the chart library. From outside to inside the
 * bands hold all, 90, 80 and 50 % of the round trips; the line is the median.
 * Loss is colour over the full height, unknown is grey. Where the probe knows the
 * directions, a second plot has the variation of the forward delay above its
 * zero line and that of the backward delay below it, with their losses.
 *
 * @module
 * @import { Series, SeriesDelay } from "../api.ts"
 */

import { delay, runs, shade } from "./elements.js";

/** Pairs of rows of `quantiles_us`, and how dark each band is. */
const BANDS = [[0, 8, 0.13], [1, 7, 0.17], [2, 6, 0.22], [3, 5, 0.3]];
const MEDIAN = 4;
/** An axis starts at 0 unless its values are closer together than this part. */
const NARROW = 0.5;
/** Of the columns, this part decides how high the plot is. */
const USUAL = 0.99;
/** The height of the mark above a column with loss, however small, in pixels. */
const CAP = 3;

/** The room for the labels of the axis, in pixels. */
const LEFT = 60;
const RIGHT = 14;

/** @typedef {{ low: number, high: number, max: number }} Limits */
/** @typedef {{ colour: string, opacity: number, points: [number, number][] }} Shape
 * A line where the opacity is 0. */

/**
 * Which delays the plot shows: rare ones far above the others are cut.
 *
 * @param {SeriesDelay[]} delays
 * @param {boolean} fromZero Whether the axis starts at 0 in any case.
 * @returns {Limits} Microseconds; `max` is the highest delay of all.
 */
export function limitsOf(delays, fromZero = false) {
  const row = (/** @type {number} */ quantile) =>
    delays.flatMap(({ quantiles_us }) => quantiles_us[quantile] ?? [])
      .filter((us) => us !== null).sort((one, other) => one - other);
  const [bottom, usual, top] = [row(0), row(7), row(8)];
  const max = top.at(-1) ?? 1000;
  const high = usual[Math.floor((usual.length - 1) * USUAL)] ?? max;
  const low = bottom[0] ?? 0;
  const end = max <= 2 * high ? max : 1.5 * high;
  const pad = (end - low) * 0.1;
  return fromZero || low < end * NARROW
    ? { low: 0, high: end * 1.05 || 1, max }
    : { low: low - pad, high: end + pad, max };
}

/**
 * Describes the chart of a series.
 *
 * @param {Series} series
 * @param {{
 *   limits: Limits,
 *   variation: Limits | null,
 *   height: number,
 *   colour(name: string): string,
 * }} options What the plots show, the height of the first in pixels, and the
 * colour that a variable of the page has now.
 * @returns {any} The option.
 */
export function smokeOption(series, { limits, variation, height, colour }) {
  const { from, to, rtt, forward, backward, counts, step, t } = series;
  const text = colour("quiet");
  const rule = colour("rule");
  const axis = {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: text, hideOverlap: true, fontSize: 12 },
    splitLine: { lineStyle: { color: rule } },
  };
  // Fixed, so that the plots stand exactly above each other.
  const grid = { left: LEFT, right: RIGHT, outerBoundsMode: "none" };
  const times = (
    /** @type {number} */ gridIndex,
    /** @type {boolean} */ isLast,
  ) => ({
    ...axis,
    type: "time",
    gridIndex,
    min: from * 1000,
    max: to * 1000,
    splitLine: { show: false },
    axisLabel: { ...axis.axisLabel, show: isLast },
    axisPointer: {
      show: true,
      snap: false,
      label: { show: false },
      lineStyle: { color: text, type: "solid" },
    },
  });
  const lossy = (
    /** @type {number[]} */ lost,
    /** @type {number} */ bottom,
    /** @type {number} */ top,
  ) =>
    columns(
      t,
      step,
      (index) => {
        const level = shade(lost[index] ?? 0, counts.sent[index] ?? 0);
        return level === 0 ? "" : `loss-${level}`;
      },
      bottom,
      top,
      colour,
    );
  const blank = (/** @type {number} */ bottom, /** @type {number} */ top) => {
    const first = t.findIndex((_, index) =>
      (counts.sent[index] ?? 0) + (counts.unknown[index] ?? 0) > 0
    );
    return columns(
      t,
      step,
      (index) =>
        counts.sent[index] === 0 && first >= 0 && index >= first &&
          (t[index] ?? 0) < to
          ? "unknown"
          : "",
      bottom,
      top,
      colour,
    );
  };
  const plot = (
    /** @type {number} */ index,
    /** @type {Shape[]} */ shapes,
  ) => ({
    type: "custom",
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    clip: true,
    animation: false,
    data: shapes.map((_, at) => [from * 1000, 0, at]),
    renderItem: (/** @type {any} */ params, /** @type {any} */ api) => {
      const shape = /** @type {Shape} */ (shapes[params.dataIndex]);
      const points = shape.points.map(([t, us]) => api.coord([t * 1000, us]));
      return shape.opacity === 0
        ? {
          type: "polyline",
          shape: { points },
          style: { fill: "none", stroke: shape.colour, lineWidth: 1.5 },
        }
        : {
          type: "polygon",
          shape: { points },
          style: { fill: shape.colour, opacity: shape.opacity },
        };
    },
  });
  const { low, high } = limits;
  const [main, other] = [colour("series-1"), colour("series-3")];
  const cap = (high - low) * CAP / height;
  const caps = columns(
    t,
    step,
    (index) => (counts.lost[index] ?? 0) > 0 ? "loss" : "",
    high - cap,
    high,
    colour,
  );
  return {
    animation: false,
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [
      { ...grid, top: 12, height },
      ...(variation
        ? [{ ...grid, top: height + 36, height: height * 0.45 }]
        : []),
    ],
    xAxis: variation ? [times(0, false), times(1, true)] : [times(0, true)],
    yAxis: [
      {
        ...axis,
        type: "value",
        min: low,
        max: high,
        axisLabel: {
          ...axis.axisLabel,
          formatter: delay,
          showMinLabel: low === 0,
          showMaxLabel: false,
        },
      },
      ...(variation
        ? [{
          ...axis,
          type: "value",
          gridIndex: 1,
          min: -variation.high,
          max: variation.high,
          splitNumber: 4,
          axisLabel: {
            ...axis.axisLabel,
            formatter: (/** @type {number} */ us) => delay(Math.abs(us)),
            showMinLabel: false,
            showMaxLabel: false,
          },
        }]
        : []),
    ],
    series: [
      plot(0, [
        ...blank(low, high),
        ...lossy(counts.lost, low, high),
        ...caps,
        ...smoke(rtt, t, step, main, 1),
      ]),
      ...(variation && forward && backward
        ? [plot(1, [
          ...blank(-variation.high, variation.high),
          ...lossy(counts.lost_forward, 0, variation.high),
          ...lossy(counts.lost_backward, -variation.high, 0),
          ...smoke(forward, t, step, main, 1),
          ...smoke(backward, t, step, other, -1),
        ])]
        : []),
    ],
  };
}

/**
 * Rectangles over columns of the same kind.
 *
 * @param {number[]} t
 * @param {number} step
 * @param {(index: number) => string} kindOf The colour, or empty for none.
 * @param {number} bottom
 * @param {number} top
 * @param {(name: string) => string} colour
 * @returns {Shape[]}
 */
function columns(t, step, kindOf, bottom, top, colour) {
  return runs(t.map((_, index) => kindOf(index)))
    .filter(([kind]) => kind !== "")
    .map(([kind, start, length]) => {
      const left = t[start] ?? 0;
      const right = left + length * step;
      return {
        colour: colour(kind),
        opacity: 1,
        points: [[left, bottom], [right, bottom], [right, top], [left, top]],
      };
    });
}

/**
 * Bands and median, as one shape for each stretch of columns that have them.
 *
 * @param {SeriesDelay} delay
 * @param {number[]} t
 * @param {number} step
 * @param {string} colour
 * @param {1 | -1} sign
 * @returns {Shape[]}
 */
function smoke({ quantiles_us }, t, step, colour, sign) {
  const stretches = runs(
    t.map((_, index) => quantiles_us[MEDIAN]?.[index] != null),
  )
    .filter(([isKnown]) => isKnown);
  return [...BANDS, [MEDIAN, MEDIAN, 0]].flatMap(([low, high, opacity]) =>
    stretches.map(([, start, length]) => {
      const indices = Array.from({ length }, (_, offset) => start + offset);
      const edge = (/** @type {number} */ quantile) =>
        indices.flatMap((index) => {
          const us = sign * (quantiles_us[quantile]?.[index] ?? 0);
          const left = t[index] ?? 0;
          return /** @type {[number, number][]} */ ([[left, us], [
            left + step,
            us,
          ]]);
        });
      const points = edge(high ?? 0);
      if (low !== high) points.push(...edge(low ?? 0).reverse());
      return { colour, opacity: opacity ?? 0, points };
    })
  );
}
