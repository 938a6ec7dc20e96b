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

const MEDIAN = 4;
/** Pairs of rows of `quantiles_us`, and how dark each band is; last the line. */
const BANDS = [
  [0, 8, 0.13],
  [1, 7, 0.17],
  [2, 6, 0.22],
  [3, 5, 0.3],
  [MEDIAN, MEDIAN, 0],
];
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
  const { counts, t, step, forward, backward } = series;
  const { sent, lost } = counts;
  const kept = sent.map((count, at) => count + (counts.unknown[at] ?? 0) > 0);
  const [first, last] = [kept.indexOf(true), kept.lastIndexOf(true)];

  /** Rectangles over columns of the same kind, which names their colour. */
  const columns = (
    /** @type {number} */ bottom,
    /** @type {number} */ top,
    /** @type {(sent: number, column: number) => string} */ kindOf,
  ) =>
    runs(sent.map(kindOf)).filter(([kind]) => kind !== "")
      .map(([kind, start, length]) => {
        const left = t[start] ?? 0;
        const right = left + length * step;
        return {
          colour: colour(kind),
          opacity: 1,
          points: [[left, bottom], [right, bottom], [right, top], [left, top]],
        };
      });
  const lossy = (/** @type {number[]} */ lost, bottom = 0, top = 0) =>
    columns(bottom, top, (sent, column) => {
      const level = shade(lost[column] ?? 0, sent);
      return level > 0 ? `loss-${level}` : "";
    });
  /** Without a probe, between the first column that was kept and the last. */
  const unknown = (bottom = 0, top = 0) =>
    columns(
      bottom,
      top,
      (sent, column) =>
        sent === 0 && column >= first && column <= last ? "unknown" : "",
    );
  /** Bands and median, one shape for each stretch of columns that have them. */
  const smoke = (
    /** @type {SeriesDelay} */ { quantiles_us },
    /** @type {string} */ name,
    sign = 1,
  ) => {
    const isKnown = t.map((_, at) =>
      (quantiles_us[MEDIAN]?.[at] ?? null) !== null
    );
    const stretches = runs(isKnown).filter(([isKnown]) => isKnown);
    const edge = (/** @type {number} */ quantile, start = 0, length = 0) =>
      t.slice(start, start + length).flatMap((left, at) => {
        const us = sign * (quantiles_us[quantile]?.[start + at] ?? 0);
        return [[left, us], [left + step, us]];
      });
    return BANDS.flatMap(([low = 0, high = 0, opacity = 0]) =>
      stretches.map(([, start, length]) => ({
        colour: colour(name),
        opacity,
        points: low === high ? edge(low, start, length) : [
          ...edge(high, start, length),
          ...edge(low, start, length).reverse(),
        ],
      }))
    );
  };

  const { low, high } = rtt;
  const mark = (high - low) * MARK_PIXELS / height;
  const plots = [{
    top: TOP_PIXELS,
    height,
    low,
    high,
    /** @type {Shape[]} */
    shapes: [
      ...unknown(low, high),
      ...lossy(lost, low, high),
      ...columns(
        low,
        low + mark,
        (sent, at) => sent > 0 && counts.unknown[at] ? "unknown" : "",
      ),
      ...columns(
        high - mark,
        high,
        (sent, at) => shade(lost[at] ?? 0, sent) >= MARKED ? "loss" : "",
      ),
      ...smoke(series.rtt, "series-1"),
    ],
  }];
  if (variation && forward && backward) {
    const { high } = variation;
    plots.push({
      top: TOP_PIXELS + height + GAP_PIXELS,
      height: height * SECOND,
      low: -high,
      high,
      shapes: [
        ...unknown(-high, high),
        ...lossy(counts.lost_forward, 0, high),
        ...lossy(counts.lost_backward, -high, 0),
        ...smoke(forward, "series-1"),
        ...smoke(backward, "series-3", -1),
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
  const grid = {
    left: 5 * fontSize,
    right: 2 * fontSize,
    outerBoundsMode: "none",
  };
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
        formatter: (/** @type {number} */ us) => delay(Math.abs(us)),
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
        const { colour = "", opacity = 1, points = [] } = shapes[dataIndex] ??
          {};
        const shape = {
          points: points.map(([t = 0, us]) => api.coord([t * 1000, us])),
        };
        return opacity === 0
          ? {
            type: "polyline",
            shape,
            style: { stroke: colour, fill: "none", lineWidth: 1.5 },
          }
          : { type: "polygon", shape, style: { fill: colour, opacity } };
      },
    })),
  };
}
