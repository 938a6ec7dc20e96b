/**
 * Charts of sections as options of the chart library.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type { BarChart, Chart, HistogramChart } from "../result/section.ts";
import { scaledAxis, tickText } from "./chart_axis.ts";
import { panels } from "./chart_panels.ts";
import {
  base,
  colour,
  curve,
  type Drawing,
  frame,
  isKnown,
  type LegendEntry,
  timeline,
} from "./chart_lines.ts";
import type { ChartSeries, Viewport } from "./echarts.ts";
import { sanitized } from "./html.ts";

/** The height of a bar, and the space between groups of bars, in pixels. */
const BAR = 18;
const BAR_GAP = 12;
/** The room for the value at the end of a bar, in pixels. */
const BAR_VALUE = 70;
/** The maximum length of the name of a bar, in characters. */
const MAX_NAME = 60;

/**
 * Describes how to draw a chart. Its text is sanitized; its colours are CSS
 * variables of the page.
 *
 * @param chart The chart.
 * @param viewport The room for the plot and its axes. Rows of losses add to the
 * height; the height of bars depends on how many there are.
 * @returns The drawing.
 */
export function chartOption(chart: Chart, viewport: Viewport): Drawing {
  switch (chart.kind) {
    case "curve":
      return curve(chart, viewport);
    case "timeline":
      return timeline(chart, viewport);
    case "histogram":
      return histogram(chart, viewport);
    case "bars":
      return bars(chart, viewport);
    case "panels":
      return panels(chart, viewport);
  }
}

/** Bins differ in length: those of the tails are many times longer. */
function histogram(chart: HistogramChart, viewport: Viewport): Drawing {
  const { edges_us: edges, series } = chart;
  const counts = series.flatMap(({ count }) => count);
  const last = edges.length - 1;
  const limits = scaledAxis({ label: "RTT", unit: "count" }, []).option;
  return {
    viewport,
    legend: areas(series),
    option: {
      ...frame(),
      // One axis places the bars, another one names the limits between them.
      xAxis: [
        { type: "category", show: false, data: edges.slice(1).map(String) },
        {
          ...limits,
          ...{ min: 0, max: last, interval: 1, position: "bottom" },
          splitLine: { show: false },
          axisLabel: {
            ...limits.axisLabel,
            // The last edge may be a maximum, which is no round number.
            formatter: (edge: number) =>
              tickText(Number((edges[edge] ?? 0).toPrecision(3)), "us"),
          },
        } as typeof limits,
      ],
      yAxis: scaledAxis({ label: "round trips", unit: "count" }, [0, ...counts])
        .option,
      series: [
        ...series.map(({ count }, index): ChartSeries => ({
          ...base,
          type: "bar",
          barCategoryGap: 1,
          barGap: 0.05,
          itemStyle: { color: colour(index), opacity: 0.75 },
          data: count,
        })),
        // An axis is drawn only if a series has it.
        { type: "line", xAxisIndex: 1, data: [] },
      ],
    },
  };
}

function bars(chart: BarChart, { width }: Viewport): Drawing {
  const { names, series, value } = chart;
  const known = series.flatMap(({ values }) => values).filter(isKnown);
  return {
    viewport: {
      width,
      height: names.length * (series.length * BAR + BAR_GAP) + 60,
    },
    legend: areas(series),
    option: {
      ...frame(0, BAR_VALUE),
      xAxis: scaledAxis({ ...value, scale: "linear" }, [0, ...known]).option,
      yAxis: {
        type: "category",
        inverse: true,
        data: names.map((name) => sanitized(name, MAX_NAME)),
        axisLine: { lineStyle: { color: "var(--rule)" } },
        axisTick: { show: false },
        axisLabel: {
          color: "var(--text)",
          width: width * 0.3,
          overflow: "break",
          interval: 0,
        },
      },
      series: series.map(({ values }, index): ChartSeries => ({
        ...base,
        type: "bar",
        barWidth: BAR - 3,
        barGap: 0.2,
        itemStyle: { color: colour(index) },
        label: { show: true, position: "right", color: "var(--text)" },
        data: values.map((figure) => ({
          value: figure ?? 0,
          label: {
            formatter: () =>
              figure === null ? "failed" : formatValue(figure, value.unit),
          },
        })),
      })),
    },
  };
}

function areas(series: { name: string }[]): LegendEntry[] {
  return series.length === 1
    ? []
    : series.map(({ name }, index) => ({ name, colour: colour(index) }));
}
