/**
 * Shapes of charts as options of the chart library: lines, bands and crosses.
 *
 * @module
 */

import type { ScaledAxis } from "./chart_axis.ts";
import type { ChartSeries, RenderItem } from "./echarts.ts";

/** How many colours the page has for series. */
const COLOURS = 6;
const DASHES: ("solid" | number[])[] = ["solid", [7, 3], [2, 3], [10, 3, 2, 3]];
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin"];
/** The colour of what was lost or failed. */
export const LOSS = "var(--loss)";
/** The height of a row of crosses or bars above the plot, in pixels. */
export const CROSS_ROW = 16;
/** The name of a series of crosses, for the legend. */
export const CROSSES = "crosses";

/**
 * The option that all series have in common.
 *
 * @internal
 * @param index The place of the series among the others.
 */
export function base(index: number) {
  return { name: `${index}`, silent: true, clip: false };
}

/**
 * The option of a series whose shapes this project draws.
 *
 * @internal
 * @param index The place of the series among the others.
 */
export function custom(index: number) {
  return {
    ...base(index),
    type: "custom" as const,
    itemStyle: { color: colour(index) },
  };
}

/**
 * A line through points.
 *
 * @internal
 * @param index The place of the series among the others.
 * @param data Places on the axes; `null` is a gap.
 * @param symbols Whether to mark each point.
 */
export function line(
  index: number,
  data: [number, number | null][],
  symbols: boolean,
): ChartSeries {
  return {
    ...base(index),
    type: "line",
    data,
    showSymbol: symbols,
    symbol: SYMBOLS[index % SYMBOLS.length]!,
    symbolSize: 7,
    itemStyle: { color: colour(index) },
    lineStyle: {
      color: colour(index),
      width: 1.75,
      type: DASHES[index % DASHES.length]!,
    },
  };
}

/**
 * An area between a lower and an upper end, with gaps where they are unknown.
 *
 * @internal
 * @param index The place of the series among the others.
 * @param x The axis across.
 * @param y The axis upwards.
 * @param points The ends at each place.
 */
export function band(
  index: number,
  x: ScaledAxis,
  y: ScaledAxis,
  points: { x: number; low?: number | undefined; high?: number | undefined }[],
): ChartSeries {
  const runs: { x: number; low: number; high: number }[][] = [[]];
  for (const { x, low, high } of points) {
    if (low === undefined || high === undefined) runs.push([]);
    else runs.at(-1)!.push({ x, low, high });
  }
  const renderItem: RenderItem = (params, api) => {
    const at = (place: number, value: number) =>
      api.coord([x.at(place), y.at(value)]);
    const run = runs.filter(({ length }) => length > 0)[params.dataIndex];
    if (run === undefined) return;
    return {
      type: "polygon",
      shape: {
        points: [
          ...run.map(({ x, low }) => at(x, low)),
          ...run.toReversed().map(({ x, high }) => at(x, high)),
        ],
      },
      style: { fill: colour(index), opacity: 0.2 },
    };
  };
  return {
    ...custom(index),
    name: "", // the line stands in the legend
    encode: { x: 0, y: [1, 2] },
    data: runs.flat().map(({ x: place, low, high }) => [
      x.at(place),
      y.at(low),
      y.at(high),
    ]),
    renderItem,
  };
}

/** Where a value is missing: a stretch, and which share of it is missing. */
export interface MissingPlace {
  /** The start. */
  x: number;
  /** The end; the same for a point. */
  end: number;
  /** From 0 to 1. */
  share: number;
}

/**
 * A row of crosses above the plot.
 *
 * @internal
 * @param places Where they are.
 * @param x The axis across.
 * @param stroke The colour.
 * @param row The row, counted upwards.
 */
export function crosses(
  places: MissingPlace[],
  x: ScaledAxis,
  stroke: string,
  row: number,
): ChartSeries {
  return above(places, x, (left, _right, _share, top) => ({
    type: "path",
    shape: { d: "M0 0L7 7M7 0L0 7", x: -3.5, y: -3.5, width: 7, height: 7 },
    x: left,
    y: top - CROSS_ROW * (row + 0.5),
    style: { fill: "none", stroke, lineWidth: 1.75 },
  }));
}

/**
 * A row of bars above the plot.
 *
 * @internal
 * @param places Where they are, and how high.
 * @param x The axis across.
 * @param fill The colour.
 * @param row The row, counted upwards.
 */
export function shares(
  places: MissingPlace[],
  x: ScaledAxis,
  fill: string,
  row: number,
): ChartSeries {
  return above(places, x, (left, right, share, top) => {
    const height = Math.max(share * (CROSS_ROW - 3), 1);
    const y = top - CROSS_ROW * row - 2 - height;
    const width = Math.max(right - left, 1);
    return {
      type: "rect",
      shape: { x: left, y, width, height },
      style: { fill },
    };
  });
}

/** Shapes above the plot. */
function above(
  places: MissingPlace[],
  x: ScaledAxis,
  shape: (
    left: number,
    right: number,
    share: number,
    top: number,
  ) => ReturnType<RenderItem>,
): ChartSeries {
  return {
    ...base(0),
    type: "custom",
    name: CROSSES,
    itemStyle: { color: LOSS },
    encode: { x: 0, y: 1 },
    data: places.map((place) => [x.at(place.x), NaN]),
    renderItem: (params, api) => {
      const { y: top } = params.coordSys as unknown as { y: number };
      const place = places[params.dataIndex]!;
      const [left] = api.coord([x.at(place.x), 1]);
      const [right] = api.coord([x.at(place.end), 1]);
      return shape(left!, right!, place.share, top);
    },
  };
}

/**
 * The colour of a series, as the page's variable.
 *
 * @internal
 * @param index The place of the series among the others.
 */
export function colour(index: number): string {
  return `var(--series-${index % COLOURS + 1})`;
}
