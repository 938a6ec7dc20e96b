/**
 * Draws how often values fell into each of some bins. Each bin is as wide as any
 * other, for the last one may reach a thousand times as far as all before it.
 *
 * @module
 */

import { Plot } from "./deps.mts";
import { plotAxis } from "../terminal/axis.ts";
import { tickLabels } from "../terminal/axis.ts";
import type { HistogramChart } from "../result/section.ts";
import { draw, type Room } from "./drawing.ts";
import type { Element } from "./html.ts";
import { BOX, styleOf } from "./series_style.ts";

/**
 * Draws a histogram.
 *
 * @param chart The chart.
 * @param room How much room there is.
 * @returns An `svg` element.
 */
export function drawHistogram(chart: HistogramChart, room: Room): Element {
  const { edges_us: edges, series } = chart;
  const bins = edges.length - 1;
  const { unit, texts } = tickLabels(edges, "us");
  const widths = edges.slice(1).map((edge, bin) => edge - edges[bin]!);
  const uneven = widths.some((width) => width > 1.5 * Math.min(...widths));
  const x = {
    label: `RTT (${unit})${uneven ? ", bins of unequal width" : ""}`,
    ticks: texts.map((text, edge) => ({ at: edge / bins, text })),
    at: (place: number) => place / bins,
  };
  const y = plotAxis(
    { label: "round trips", unit: "count" },
    [0, ...series.flatMap(({ count }) => count)],
    { maxTicks: room.ticks.y },
  );
  const marks = series.map(({ count }, index) => {
    const { stroke } = styleOf(index);
    const boxes = count.map((value, bin) => ({
      ...side(bin, index, series.length, x.at),
      y1: y.at(0),
      y2: y.at(value),
    }));
    return Plot.rect(boxes, {
      ...BOX,
      fill: stroke,
      fillOpacity: 0.6,
      stroke,
      insetLeft: 0.5,
      insetRight: 0.5,
    });
  });
  return draw({ x, y, marks }, room);
}

/** The part of a place that belongs to one of several series. */
function side(
  place: number,
  index: number,
  count: number,
  at: (place: number) => number,
): { x1: number; x2: number } {
  return { x1: at(place + index / count), x2: at(place + (index + 1) / count) };
}
