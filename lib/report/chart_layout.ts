/**
 * The layout of charts: axes, legend, and room for both.
 *
 * @module
 */

import type { ScaledAxis } from "./chart_axis.ts";
import {
  colour,
  CROSS_ROW,
  CROSSES,
  crosses,
  LOSS,
  type MissingPlace,
  shares,
} from "./chart_marks.ts";
import {
  CHARACTER_WIDTH,
  type ChartOption,
  type ChartSeries,
  type Viewport,
} from "./echarts.ts";
import { sanitized } from "./html.ts";

/** The height of a line of the legend, in pixels. */
const LEGEND_ROW = 20;
const CROSS_ICON = "path://M0 0L10 10M10 0L0 10";

/** What to draw, and how large. */
export interface Drawing {
  /** The option of the chart library. */
  option: ChartOption;
  /** The size. */
  viewport: Viewport;
}

/** Values that are missing. */
export interface Missing {
  /** What they are. */
  name: string;
  /** Where each series has some; bars of a length and a share, or crosses. */
  places: MissingPlace[][];
  /** What part of the probes a full bar is; absent for crosses. */
  share?: number;
}

/**
 * Lays out a chart with two scaled axes.
 *
 * @internal
 * @param viewport The room for the plot and its axes.
 * @param parts The axes, the names of the series, their shapes, and where each
 * of them has values that are missing.
 */
export function plot(
  { width, height }: Viewport,
  { x, y, names, series, missing }: {
    x: ScaledAxis;
    y: ScaledAxis;
    names: string[];
    series: ChartSeries[];
    missing?: Missing;
  },
): Drawing {
  const incomplete = [...(missing?.places.entries() ?? [])]
    .filter(([, places]) => places.length > 0);
  const draw = missing?.share ? shares : crosses;
  const several = names.length > 1;
  const entries = several ? names.map((name) => ({ name })) : [];
  const legend = several || incomplete.length > 0
    ? legendOf(entries, width, incomplete.length > 0 ? missing : null)
    : null;
  const above = incomplete.length * CROSS_ROW;
  const option: ChartOption = {
    ...frame(legend, above),
    xAxis: { ...x.option, splitLine: { show: false } },
    yAxis: y.option,
    series: [
      ...series,
      ...incomplete.map(([index, places], row) =>
        draw(places, x, several ? colour(index) : LOSS, row)
      ),
    ],
  };
  const total = height + above + (legend?.height ?? 0);
  return { option, viewport: { width, height: total } };
}

/**
 * The option that all charts have in common.
 *
 * @internal
 * @param legend The legend, if there is one.
 * @param above The room between legend and plot, in pixels.
 * @param right The room right of the plot, in pixels.
 */
export function frame(
  legend: ReturnType<typeof legendOf> | null,
  above: number = 0,
  right: number = 0,
): ChartOption {
  return {
    textStyle: { fontFamily: "system-ui, sans-serif", fontSize: 12 },
    grid: {
      left: 8,
      right: 20 + right,
      bottom: 6,
      top: 14 + above + (legend?.height ?? 0),
    },
    ...(legend && { legend: legend.option }),
  };
}

/**
 * A legend at the top, and its height, by an estimate of its lines.
 *
 * @internal
 * @param entries The series.
 * @param width The width of the chart, in pixels.
 * @param missing The meaning of crosses; `null` if there are none.
 */
export function legendOf(
  entries: { name: string }[],
  width: number,
  missing: Pick<Missing, "name" | "share"> | null = null,
) {
  const max = Math.floor((width - 60) / CHARACTER_WIDTH);
  const names = entries.map(({ name }) => sanitized(name, max));
  const keys = names.map((_, index) => `${index}`);
  if (missing !== null) {
    names.push(
      names.length > 1
        ? `${missing.name}, in the colour of each`
        : missing.name,
    );
    keys.push(CROSSES);
  }
  let [rows, used] = [1, 0];
  for (const name of names) {
    const needed = 45 + name.length * CHARACTER_WIDTH;
    if (used > 0 && used + needed > width) [rows, used] = [rows + 1, 0];
    used += needed;
  }
  return {
    height: rows * LEGEND_ROW + 4,
    option: {
      top: 0,
      left: 0,
      padding: 0,
      itemGap: 14,
      itemHeight: 9,
      selectedMode: false as const,
      textStyle: { color: "var(--text)" },
      data: keys.map((name) =>
        name === CROSSES
          ? {
            name,
            ...(missing?.share
              ? { icon: "rect", itemStyle: { color: LOSS } }
              : {
                icon: CROSS_ICON,
                itemStyle: {
                  color: "none",
                  borderColor: LOSS,
                  borderWidth: 1.75,
                },
              }),
          }
          : { name }
      ),
      formatter: (key: string) => names[keys.indexOf(key)] ?? "",
    },
  };
}
