/**
 * Draws each kind of chart.
 *
 * @module
 */

import type { Chart } from "../result/section.ts";
import { drawBars } from "./bar_drawing.ts";
import { drawCurve } from "./curve_drawing.ts";
import type { Room } from "./drawing.ts";
import { drawHistogram } from "./histogram_drawing.ts";
import type { Element } from "./html.ts";
import { drawTimeline } from "./timeline_drawing.ts";

/**
 * Draws a chart.
 *
 * @param chart The chart.
 * @param room How much room there is.
 * @returns An `svg` element.
 */
export function drawChart(chart: Chart, room: Room): Element {
  switch (chart.kind) {
    case "curve":
      return drawCurve(chart, room);
    case "histogram":
      return drawHistogram(chart, room);
    case "timeline":
      return drawTimeline(chart, room);
    case "bars":
      return drawBars(chart, room);
  }
}
