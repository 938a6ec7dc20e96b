/**
 * Any chart as text.
 *
 * @module
 */

import { formatBars } from "./plot_bars.ts";
import { formatCurve } from "./plot_curve.ts";
import { formatHistogram } from "./plot_histogram.ts";
import { fit, type PlotStyle, plotWidth } from "./plot_style.ts";
import { formatTimeline } from "./plot_timeline.ts";
import type { Chart } from "../result/section.ts";

/**
 * Draws a chart below its title.
 *
 * @param chart The chart.
 * @param style How it is to look.
 * @returns Lines, none wider than the style.
 *
 * @example Usage
 * ```ts
 * import { formatChart } from "./plot.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = formatChart({
 *   kind: "histogram",
 *   title: "Distribution of the RTT",
 *   edges_us: [40, 45],
 *   series: [{ name: "RTT", count: [3] }],
 * }, { width: 40, ascii: true, color: false });
 * assertEquals(lines, [
 *   "Distribution of the RTT",
 *   "40 - 45 us ########################### 3",
 * ]);
 * ```
 */
export function formatChart(chart: Chart, style: PlotStyle): string[] {
  return [fit(chart.title, plotWidth(style), style), ...drawing(chart, style)];
}

function drawing(chart: Chart, style: PlotStyle): string[] {
  switch (chart.kind) {
    case "curve":
      return formatCurve(chart, style);
    case "histogram":
      return formatHistogram(chart, style);
    case "timeline":
      return formatTimeline(chart, style);
    case "bars":
      return formatBars(chart, style);
  }
}
