/**
 * Curves as text.
 *
 * @module
 */

import type { CurveChart } from "../result/section.ts";
import { isDrawable, type PlotAxis, plotAxis } from "../result/axis.ts";
import { Canvas, type Point } from "./canvas.ts";
import {
  clampWidth,
  paint,
  seriesColor,
  type Style,
  textWidth,
  truncate,
} from "./style.ts";

/** With both labels, the axis and its ticks a drawing has twelve rows. */
const ROWS = 8;
const MAX_TICKS_UP = 4;
/** The columns that a tick of the horizontal axis needs. */
const TICK_COLUMNS = 10;
/** The minimum distance of the marks of dense points, in columns. */
const MARK_COLUMNS = 8;
const LEGEND_GAP = "   ";
/** The marks of series, in turn. */
const MARKS = { unicode: "●○◆◇■□▲△", ascii: "*o+#@%&=" };

/**
 * Draws curves: marks, different for each series, joined by lines. A point that
 * failed is an `x` on the horizontal axis and interrupts the line. A digit is
 * the number of series that have a mark in one place.
 *
 * @internal
 */
export function formatCurve(chart: CurveChart, style: Style): string[] {
  const points = chart.series.flatMap(({ points }) => points)
    .filter(({ x }) => isDrawable(x));
  if (points.length === 0) return ["no points"];
  const width = clampWidth(style);
  const ys = points.map(({ y }) => y).filter(isDrawable);
  const xs = points.map(({ x }) => x);
  const y = plotAxis(chart.y, ys, MAX_TICKS_UP);
  const gutter = y.width + 2;
  const columns = width - gutter;
  const maxTicks = Math.floor(columns / TICK_COLUMNS) + 1;
  const x = plotAxis(chart.x, xs, maxTicks);
  const canvas = new Canvas(columns, ROWS, style);
  const met = chart.series.map((series, index) =>
    drawSeries(series, canvas, [x, y], index, style)
  );
  const missing = points.filter(({ y }) => !isDrawable(y)).map(({ x }) => x);
  const label = truncate(x.label, columns, style);
  const indent = gutter + ((columns - textWidth(label)) >> 1);
  return [
    truncate(y.label, width, style),
    ...canvas.withAxes(x, y, missing),
    (" ".repeat(indent) + label).trimEnd(),
    ...legend(
      chart.series,
      [
        ...(met.includes(true) ? ["2-8: overlapping marks"] : []),
        ...(missing.length > 0 ? ["x: failed"] : []),
      ],
      style,
    ),
  ];
}

/** Draws one series; returns whether it overlaps a mark of another one. */
function drawSeries(
  { points }: CurveChart["series"][number],
  canvas: Canvas,
  [x, y]: [PlotAxis, PlotAxis],
  index: number,
  style: Style,
): boolean {
  const places = points.map((point): Point | null =>
    isDrawable(point.x) && isDrawable(point.y)
      ? { x: x.at(point.x), y: y.at(point.y) }
      : null
  );
  const color = seriesColor(index);
  const mark = markFor(index, style);
  const dense = places.length * 3 > canvas.columns;
  let lastColumn = -Infinity;
  let met = false;
  places.forEach((place, at) => {
    if (place === null) return;
    canvas.line(places[at - 1] ?? place, place, color);
    const { column } = canvas.cellOf(place);
    if (dense && Math.abs(column - lastColumn) < MARK_COLUMNS) return;
    lastColumn = column;
    if (canvas.mark(place, mark, color)) met = true;
  });
  return met;
}

function markFor(index: number, style: Style): string {
  const marks = MARKS[style.ascii ? "ascii" : "unicode"];
  return marks[index % marks.length]!;
}

/** Explains marks and signs, with as many entries in a line as fit. */
function legend(
  series: CurveChart["series"],
  remarks: string[],
  style: Style,
): string[] {
  const width = clampWidth(style);
  const named = series.map(({ name }, index) => ({
    text: `${markFor(index, style)} ${truncate(name, width - 2, style)}`
      .trimEnd(),
    color: seriesColor(index),
  }));
  const entries = [
    ...(series.length > 1 ? named : []),
    ...remarks.map((text) => ({ text, color: "default" as const })),
  ];
  const lines: string[] = [];
  let free = 0;
  for (const { text, color } of entries) {
    const needed = textWidth(text) + LEGEND_GAP.length;
    const painted = paint(text, color, style);
    if (needed > free) {
      lines.push(painted);
      free = width - textWidth(text);
    } else {
      lines[lines.length - 1] += LEGEND_GAP + painted;
      free -= needed;
    }
  }
  return lines;
}
