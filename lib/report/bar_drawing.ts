/**
 * Draws bars from left to right, each group below its name.
 *
 * @module
 */

import { Plot } from "./deps.mts";
import { plotAxis } from "../terminal/axis.ts";
import type { BarChart } from "../result/section.ts";
import { draw, type Marks, type Room } from "./drawing.ts";
import { figureText } from "./figure_text.ts";
import { type Element, shown } from "./html.ts";
import { BOX, styleOf } from "./series_style.ts";

/** How high a bar is, and a name above bars, in pixels. */
const BAR = 18;
const NAME = 22;

/**
 * Draws bars.
 *
 * @param chart The chart.
 * @param room How much room there is.
 * @returns An `svg` element.
 */
export function drawBars(chart: BarChart, room: Room): Element {
  const { names, series, value } = chart;
  const values = series.flatMap(({ values }) => values)
    .filter((value) => value !== null);
  const x = plotAxis(value, [0, ...values], { maxTicks: room.ticks.x });
  const group = NAME + BAR * series.length;
  const total = Math.max(1, group * names.length);
  const marks = series.flatMap(({ values }, index): Marks => {
    const { stroke } = styleOf(index);
    const top = (place: number) => place * group + NAME + BAR * index;
    const bars = values.map((value, place) => ({
      x1: x.at(Math.min(0, value ?? 0)),
      x2: x.at(Math.max(0, value ?? 0)),
      y1: (top(place) + 2) / total,
      y2: (top(place) + BAR - 2) / total,
      middle: (top(place) + BAR / 2) / total,
      text: value === null ? "failed" : figureText(value, chart.value.unit),
    }));
    return [
      Plot.rect(bars, { ...BOX, fill: stroke, fillOpacity: 0.75, stroke }),
      Plot.text(bars, {
        x: "x2",
        y: "middle",
        text: "text",
        textAnchor: "start",
        dx: 5,
      }),
    ];
  });
  const labels = names.map((name, place) => ({
    y: (place * group + NAME / 2 + 3) / total,
    text: shown(name, Math.floor(room.width / 7.5)),
  }));
  const named = Plot.text(labels, {
    frameAnchor: "left",
    y: "y",
    text: "text",
    fontWeight: 600,
  });
  return draw(
    { x, y: null, marks: [...marks, named], right: 90 },
    { ...room, height: total + 52 },
  );
}
