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

import { delay, runs, shade } from "./markup.js";

/** Pairs of rows of `quantiles_us`, and how dark each band is. */
const BANDS = [[0, 8, 0.13], [1, 7, 0.17], [2, 6, 0.22], [3, 5, 0.3]];
const MEDIAN = 4;
/** An axis starts at 0 unless its values are closer together than this part. */
const NARROW = 0.5;
/** Of the columns, this part decides how high the plot is. */
const USUAL = 0.99;
/** From this shade on, a column has a mark at its top: pale ones are visible. */
const MARKED = 2;
const MARK_PIXELS = 3;
/** The height of the second plot as a part of the first's. */
const SECOND = 0.45;
const GAP_PIXELS = 24;
const TOP_PIXELS = 8;

/** The delays that a plot shows; `max` is the highest of all.
 * @typedef {{ low: number, high: number, max: number }} Limits */
/** An area, or a line where the opacity is 0.
 * @typedef {{ colour: string, opacity: number, points: number[][] }} Shape */

/**
 * Which delays a plot shows: rare ones far above the others are cut.
 *
 * @param {SeriesDelay[]} delays
 * @param {boolean} fromZero Whether the axis starts at 0 in any case.
 * @returns {Limits} Microseconds.
 */
export function limitsOf(delays, fromZero = false) {
  const row = (/** @type {number} */ quantile) =>
    delays.flatMap(({ quantiles_us }) => quantiles_us[quantile] ?? [])
      .filter((us) => us !== null).sort((one, other) => one - other);
  const [bottom, usual, top] = [row(0), row(7), row(8)];
  const [low, max] = [bottom[0] ?? 0, top.at(-1) ?? 1000];
  const most = usual[Math.floor((usual.length - 1) * USUAL)] ?? max;
  const high = max <= 2 * most ? max : 1.5 * most;
  const pad = (high - low) * 0.1;
  return fromZero || low < high * NARROW
    ? { low: 0, high: high * 1.05 || 1, max }
    : { low: low - pad, high: high + pad, max };
}

/** The height of the chart, in pixels. */
export function heightOf(
  /** @type {number} */ height,
  /** @type {boolean} */ hasWays,
) {
  return TOP_PIXELS + GAP_PIXELS + height +
    (hasWays ? GAP_PIXELS + height * SECOND : 0);
}

/**
 * Describes the chart of a series.
 *
 * @param {Series} series
 * @param {{
 *   rtt: Limits,
 *   variation: Limits | null,
 *   height: number,
 *   fontSize: number,
 *   colour(name: string): string,
 * }} options What the plots show, the height of the first in pixels, and the
 * colour that a variable of the page has now.
 * @returns {any} The option.
 */
export function smokeOption(series, options) {
  const { rtt, variation, height, fontSize, colour } = options;
  const { counts, t } = series;
  const [high, mark] = [rtt.high, (rtt.high - rtt.low) * MARK_PIXELS / height];
  const plots = [{
    top: TOP_PIXELS,
    height,
    low: rtt.low,
    high,
    shapes: [
      ...unknown(series, rtt.low, high, colour),
      ...lossy(series, counts.lost, rtt.low, high, colour),
      ...columns(
        series,
        (index) =>
          shade(counts.lost[index] ?? 0, counts.sent[index] ?? 0) >= MARKED
            ? "loss"
            : "",
        [high - mark, high],
        colour,
      ),
      ...smoke(series, series.rtt, colour("series-1"), 1),
    ],
  }];
  if (variation && series.forward && series.backward) {
    plots.push({
      top: TOP_PIXELS + height + GAP_PIXELS,
      height: height * SECOND,
      low: -variation.high,
      high: variation.high,
      shapes: [
        ...unknown(series, -variation.high, variation.high, colour),
        ...lossy(series, counts.lost_forward, 0, variation.high, colour),
        ...lossy(series, counts.lost_backward, -variation.high, 0, colour),
        ...smoke(series, series.forward, colour("series-1"), 1),
        ...smoke(series, series.backward, colour("series-3"), -1),
      ],
    });
  }
  const axis = {
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colour("rule") } },
  };
  const axisLabel = { color: colour("quiet"), hideOverlap: true, fontSize };
  // The same for each plot, so that they stand exactly above each other.
  const grid = { left: 5 * fontSize, right: fontSize, outerBoundsMode: "none" };
  return {
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif" },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: plots.map(({ top, height }) => ({ ...grid, top, height })),
    xAxis: plots.map((_, gridIndex) => ({
      ...axis,
      type: "time",
      gridIndex,
      min: series.from * 1000,
      max: series.to * 1000,
      splitLine: { show: false },
      axisLabel: {
        ...axisLabel,
        show: gridIndex === plots.length - 1,
        formatter: { day: "{d} {MMM}", hour: "{HH}:{mm}" },
      },
      axisPointer: {
        show: true,
        snap: false,
        label: { show: false },
        lineStyle: { color: colour("quiet"), type: "solid" },
      },
    })),
    yAxis: plots.map(({ low, high }, gridIndex) => ({
      ...axis,
      type: "value",
      gridIndex,
      min: low,
      max: high,
      splitNumber: 5 - gridIndex,
      axisLabel: {
        ...axisLabel,
        formatter: (/** @type {number} */ us) =>
          us === 0 ? "0" : delay(Math.abs(us)),
        showMinLabel: low === 0,
        showMaxLabel: false,
      },
    })),
    series: plots.map(({ shapes }, index) => ({
      type: "custom",
      xAxisIndex: index,
      yAxisIndex: index,
      silent: true,
      clip: true,
      data: shapes.map(() => [t[0], 0]),
      renderItem(/** @type {any} */ { dataIndex }, /** @type {any} */ api) {
        const { colour, opacity, points } = shapes[dataIndex] ?? NO_SHAPE;
        const shape = {
          points: points.map(([t = 0, us]) => api.coord([t * 1000, us])),
        };
        return opacity === 0
          ? {
            type: "polyline",
            shape,
            style: { fill: "none", stroke: colour, lineWidth: 1.5 },
          }
          : { type: "polygon", shape, style: { fill: colour, opacity } };
      },
    })),
  };
}

/** @type {Shape} */
const NO_SHAPE = { colour: "none", opacity: 1, points: [] };

/** @typedef {(name: string) => string} Colours */

/**
 * Rectangles over columns of the same kind, which names their colour.
 *
 * @param {Series} series
 * @param {(index: number) => string} kindOf Empty for none.
 * @param {[bottom: number, top: number]} edges
 * @param {Colours} colour
 * @returns {Shape[]}
 */
function columns({ t, step }, kindOf, [bottom, top], colour) {
  return runs(t.map((_, index) => kindOf(index)))
    .filter(([kind]) => kind !== "")
    .map(([kind, start, length]) => {
      const left = t[start] ?? 0;
      const right = left + length * step;
      const points = [[left, bottom], [right, bottom], [right, top], [
        left,
        top,
      ]];
      return { colour: colour(kind), opacity: 1, points };
    });
}

/**
 * @param {Series} series
 * @param {number[]} lost
 * @param {number} bottom
 * @param {number} top
 * @param {Colours} colour
 */
function lossy(series, lost, bottom, top, colour) {
  return columns(
    series,
    (index) => {
      const level = shade(lost[index] ?? 0, series.counts.sent[index] ?? 0);
      return level > 0 ? `loss-${level}` : "";
    },
    [bottom, top],
    colour,
  );
}

/**
 * Columns without a probe, from the first to the last that was kept.
 *
 * @param {Series} series
 * @param {number} bottom
 * @param {number} top
 * @param {Colours} colour
 */
function unknown(series, bottom, top, colour) {
  const { sent, unknown } = series.counts;
  const kept = sent.map((count, index) => count + (unknown[index] ?? 0) > 0);
  const [first, last] = [kept.indexOf(true), kept.lastIndexOf(true)];
  const kindOf = (/** @type {number} */ index) =>
    sent[index] === 0 && index >= first && index <= last ? "unknown" : "";
  return columns(series, kindOf, [bottom, top], colour);
}

/**
 * Bands and median, one shape for each stretch of columns that have them.
 *
 * @param {Series} series
 * @param {SeriesDelay} delay
 * @param {string} colour
 * @param {1 | -1} sign
 * @returns {Shape[]}
 */
function smoke({ t, step }, { quantiles_us }, colour, sign) {
  const median = quantiles_us[MEDIAN] ?? [];
  const stretches = runs(t.map((_, index) => (median[index] ?? null) !== null))
    .filter(([isKnown]) => isKnown);
  const edge = (/** @type {number} */ quantile, start = 0, length = 0) =>
    t.slice(start, start + length).flatMap((left, index) => {
      const us = sign * (quantiles_us[quantile]?.[start + index] ?? 0);
      return [[left, us], [left + step, us]];
    });
  return [...BANDS, [MEDIAN, MEDIAN, 0]].flatMap(
    ([low = 0, high = 0, opacity = 0]) =>
      stretches.map(([, start, length]) => ({
        colour,
        opacity,
        points: low === high ? edge(low, start, length) : [
          ...edge(high, start, length),
          ...edge(low, start, length).reverse(),
        ],
      })),
  );
}
