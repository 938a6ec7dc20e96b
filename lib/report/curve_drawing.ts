/**
 * Draws curves: a line and symbols for each series, and a cross for what failed.
 *
 * @module
 */

import { Plot } from "./deps.mts";
import { plotAxis } from "../terminal/axis.ts";
import type { CurveChart } from "../result/section.ts";
import { draw, type Marks, type Room } from "./drawing.ts";
import type { Element } from "./html.ts";
import { LOSS, LOSS_ROW, lossMark, styleOf } from "./series_style.ts";

/** More points than this are drawn as a line alone. */
const MOST_SYMBOLS = 40;

/**
 * Draws curves.
 *
 * @param chart The chart.
 * @param room How much room there is.
 * @returns An `svg` element.
 */
export function drawCurve(chart: CurveChart, room: Room): Element {
  const points = chart.series.flatMap(({ points }) => points);
  const x = plotAxis(chart.x, points.map(({ x }) => x), {
    maxTicks: room.ticks.x,
    tight: true,
  });
  const y = plotAxis(
    chart.y,
    points.flatMap(({ y }) => y === null ? [] : [y]),
    { maxTicks: room.ticks.y },
  );
  const failed = points.some(({ y }) => y === null);
  const marks = chart.series.flatMap(({ points }, index): Marks => {
    const { stroke, strokeDasharray, symbol } = styleOf(index);
    const places = points.map((point): [number, number] => [
      x.at(point.x),
      point.y === null ? NaN : y.at(point.y),
    ]);
    return [
      Plot.line(places, { stroke, strokeDasharray, strokeWidth: 2 }),
      ...(points.length > MOST_SYMBOLS
        ? []
        : [Plot.dot(places, { fill: stroke, symbol, r: 3.5 })]),
      Plot.dot(places.filter(([, y]) => Number.isNaN(y)), {
        ...lossMark(chart.series.length === 1 ? LOSS : stroke),
        x: ([x]: [number, number]) => x,
        frameAnchor: "bottom",
        dy: -LOSS_ROW / 2,
      }),
    ];
  });
  return draw({ x, y, marks, below: failed ? LOSS_ROW : 0 }, room);
}
