/**
 * Curves as text.
 *
 * @module
 */

import { isDrawn, type PlotAxis, plotAxis } from "./axis.ts";
import { type Place, PlotCanvas } from "./plot_canvas.ts";
import { acrossAxis, upAxis } from "./plot_frame.ts";
import {
  columnsOf,
  fit,
  paint,
  type PlotStyle,
  plotWidth,
  seriesColor,
} from "./plot_style.ts";
import type { CurveChart } from "../result/section.ts";

const ROWS = 12;
/** The most marks of the axis upwards: one in three rows. */
const TICKS_UP = 5;
/** How many columns a mark of the axis across needs. */
const TICK_COLUMNS = 10;
/** Where a point has fewer columns than these, not each of them has a mark. */
const DENSE_COLUMNS = 3;
/** How far apart marks are then, in columns. */
const MARK_COLUMNS = 8;
const LEGEND_GAP = "   ";
/** The marks of series, in turn. */
const MARKS = { unicode: [..."●○◆◇■□▲△"], ascii: [..."*o+#@%&="] };

type Series = CurveChart["series"][number];

/**
 * Draws curves between two axes: points, each series with marks of its own, and
 * lines that join them. A point that failed is an `x` on the axis across, and no
 * line leads over it. A digit stands where so many series have a mark.
 *
 * @param chart The chart; values in the units of its axes.
 * @param style How it is to look.
 * @returns Lines: what is upwards, twelve rows of curves, the axis across, and a
 * legend if there are several series.
 *
 * @example Usage
 * ```ts
 * import { formatCurve } from "./plot_curve.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = formatCurve({
 *   kind: "curve",
 *   title: "RTT against size",
 *   x: { label: "size", unit: "bytes" },
 *   y: { label: "RTT", unit: "us" },
 *   series: [{ name: "here", points: [{ x: 0, y: 40 }, { x: 900, y: 80 }] }],
 * }, { width: 40, ascii: true, color: false });
 * assertEquals(lines.slice(0, 4), [
 *   "RTT (us)",
 *   "80 +                                 ..*",
 *   "   |                           ......",
 *   "   |                     ......",
 * ]);
 * ```
 */
export function formatCurve(chart: CurveChart, style: PlotStyle): string[] {
  const points = chart.series.flatMap(({ points }) => points)
    .filter(({ x }) => isDrawn(x));
  if (points.length === 0) return ["no points"];
  const width = plotWidth(style);
  const y = plotAxis(
    chart.y,
    points.map(({ y }) => y).filter(isDrawn),
    { most: TICKS_UP },
  );
  const gutter = Math.max(...y.ticks.map(({ text }) => text.length)) + 2;
  const columns = width - gutter;
  const x = plotAxis(
    chart.x,
    points.map(({ x }) => x),
    { most: Math.floor(columns / TICK_COLUMNS) + 1, tight: true },
  );
  const canvas = new PlotCanvas(columns, ROWS, style);
  const several = chart.series.length > 1;
  const met = chart.series.map((series, of) =>
    drawSeries(series, canvas, [x, y], of, several, style)
  );
  const failed = points.filter(({ y }) => !isDrawn(y));
  return [
    fit(y.label, width, style),
    ...upAxis(y, canvas, style),
    ...acrossAxis(x, failed.map((point) => point.x), gutter, style),
    ...(several ? legend(chart.series, met.includes(true), style) : []),
  ];
}

/** Draws one series, and tells whether it met another one's mark. */
function drawSeries(
  { points }: Series,
  canvas: PlotCanvas,
  [x, y]: [PlotAxis, PlotAxis],
  of: number,
  several: boolean,
  style: PlotStyle,
): boolean {
  const places = points.map((point): Place | null =>
    isDrawn(point.x) && isDrawn(point.y)
      ? { x: x.at(point.x), y: y.at(point.y) }
      : null
  );
  const color = seriesColor(of);
  places.forEach((place, index) => {
    if (place === null) return;
    canvas.line(places[index - 1] ?? place, place, color);
  });
  return marked(places, canvas, several || style.ascii)
    .map((place) => canvas.mark(place, markOf(of, style), color))
    .includes(true);
}

/** Which places get a mark: where points are dense, only some. */
function marked(
  places: (Place | null)[],
  canvas: PlotCanvas,
  always: boolean,
): Place[] {
  const known = places.filter((place) => place !== null);
  if (known.length * DENSE_COLUMNS <= canvas.columns) return known;
  if (always) return known.filter(apart(canvas));
  // Alone a curve needs no mark, but a point without a line does.
  return places
    .filter((_, index) => !places[index - 1] && !places[index + 1])
    .filter((place) => place !== null);
}

/** Lets places pass that are not too close to the last one that passed. */
function apart(canvas: PlotCanvas): (place: Place) => boolean {
  let last = -Infinity;
  return (place) => {
    const { column } = canvas.cellOf(place);
    if (Math.abs(column - last) < MARK_COLUMNS) return false;
    last = column;
    return true;
  };
}

function markOf(of: number, style: PlotStyle): string {
  const marks = MARKS[style.ascii ? "ascii" : "unicode"];
  return marks[of % marks.length]!;
}

/** The marks and whose they are, as many a line as fit. */
function legend(
  series: Series[],
  taken: boolean,
  style: PlotStyle,
): string[] {
  const width = plotWidth(style);
  const entries = series.map(({ name }, of) => ({
    text: `${markOf(of, style)} ${fit(name, width - 2, style)}`.trimEnd(),
    color: seriesColor(of),
  }));
  if (taken) {
    entries.push({ text: "2-8: so many in one place", color: "default" });
  }
  const lines: string[] = [];
  let free = 0;
  for (const { text, color } of entries) {
    const painted = paint(text, color, style);
    const needed = columnsOf(text) + LEGEND_GAP.length;
    if (free < needed) {
      lines.push(painted);
      free = width - columnsOf(text);
    } else {
      lines[lines.length - 1] += LEGEND_GAP + painted;
      free -= needed;
    }
  }
  return lines;
}
