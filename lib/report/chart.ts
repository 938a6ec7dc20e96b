/**
 * Charts of sections as options of the chart library.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type { TimelineFigures } from "../stats/timeline.ts";
import type {
  BarChart,
  Chart,
  CurveChart,
  HistogramChart,
  TimelineChart,
} from "../result/section.ts";
import { type ScaledAxis, scaledAxis, tickText } from "./chart_axis.ts";
import { type Drawing, frame, legendOf, plot } from "./chart_layout.ts";
import {
  band,
  base,
  colour,
  custom,
  line,
  type MissingPlace,
} from "./chart_marks.ts";
import {
  CHARACTER_WIDTH,
  type ChartAxis,
  type ChartOption,
  type ChartSeries,
  type Viewport,
} from "./echarts.ts";
import { sanitized } from "./html.ts";
import { figureText } from "./table.ts";

/** A curve of more points has no symbols. */
const MAX_SYMBOLS = 40;
/** The height of a bar, and the space between groups of bars, in pixels. */
const BAR = 18;
const BAR_GAP = 12;
/** The maximum length of the name of a bar, in characters. */
const MAX_NAME = 60;
/** A timeline whose values differ by more than this factor is logarithmic. */
const WIDE_RANGE = 30;

/**
 * Describes how to draw a chart. Its text is sanitized; its colours are CSS
 * variables of the page.
 *
 * @param chart The chart.
 * @param viewport The room for the plot and its axes. The legend adds to the
 * height; the height of bars depends on how many there are.
 * @returns The drawing.
 */
export function chartOption(
  chart: Chart,
  viewport: Viewport,
): Drawing {
  switch (chart.kind) {
    case "curve":
      return curve(chart, viewport);
    case "timeline":
      return timeline(chart, viewport);
    case "histogram":
      return histogram(chart, viewport);
    case "bars":
      return bars(chart, viewport);
  }
}

function curve(chart: CurveChart, viewport: Viewport): Drawing {
  const points = chart.series.flatMap(({ points }) => points);
  const x = scaledAxis(chart.x, points.map(({ x }) => x));
  const y = scaledAxis(
    chart.y,
    points.flatMap(({ y, low, high }) => [y, low, high]).filter(isKnown),
  );
  const failed = chart.series.map(({ points }) =>
    points.filter(({ y }) => y === null)
      .map(({ x }) => ({ x, end: x, share: 1 }))
  );
  return plot(viewport, {
    x,
    y,
    names: chart.series.map(({ name }) => name),
    missing: { name: "failed", places: failed },
    series: chart.series.flatMap(({ points }, index) => [
      band(index, x, y, points.map(({ x, low, high }) => ({ x, low, high }))),
      line(
        index,
        points.map((point) => [x.at(point.x), place(point.y, y)]),
        points.length <= MAX_SYMBOLS,
      ),
    ]),
  });
}

function timeline(chart: TimelineChart, viewport: Viewport): Drawing {
  const slots = chart.series.map(({ timeline: { slot_ms, ...figures } }) =>
    figures.sent.flatMap((_, slot) =>
      // A slot is a stretch of time, so that a single slot is visible too.
      [slot, slot + 1].map((edge) => ({
        x: edge * slot_ms / 1000,
        y: figures.mean_us[slot] ?? null,
        low: figures.min_us[slot] ?? undefined,
        high: figures.max_us[slot] ?? undefined,
      }))
    )
  );
  const all = slots.flat();
  const values = all.flatMap(({ low, high }) => [low, high]).filter(isKnown);
  const [min, max] = [Math.min, Math.max].map((of) =>
    values.reduce((a, b) => of(a, b), values[0] ?? 0)
  );
  const x = scaledAxis({ label: "time", unit: "s" }, all.map(({ x }) => x));
  const y = scaledAxis({
    label: "RTT",
    unit: "us",
    scale: max! > WIDE_RANGE * min! ? "log" : "linear",
  }, values);
  const lost = chart.series.map(({ timeline }) => lossPlaces(timeline));
  const share = Math.max(0, ...lost.flat().map(({ share }) => share));
  return plot(viewport, {
    x,
    y,
    names: chart.series.map(({ name }) => name),
    missing: {
      name: `share lost, up to ${figureText(100 * share, "percent")}`,
      places: lost.map((places) =>
        places.map((place) => ({ ...place, share: place.share / share }))
      ),
      share,
    },
    series: slots.flatMap((edges, index) => [
      band(index, x, y, edges),
      line(index, edges.map((edge) => [x.at(edge.x), place(edge.y, y)]), false),
    ]),
  });
}

function lossPlaces({ slot_ms, sent, lost }: TimelineFigures): MissingPlace[] {
  return lost.flatMap((count, slot) => {
    const [x, end] = [slot, slot + 1].map((edge) => edge * slot_ms / 1000);
    const share = Math.min(count / sent[slot]!, 1);
    return count > 0 ? [{ x: x!, end: end!, share }] : [];
  });
}

function histogram(chart: HistogramChart, viewport: Viewport): Drawing {
  const { edges_us: edges, series } = chart;
  const counts = series.flatMap(({ count }) => count);
  // Bins differ in length: those of the tails are many times longer.
  const { option, at } = scaledAxis({ label: "RTT", unit: "count" }, []);
  const axisLabel = {
    color: "var(--quiet)",
    hideOverlap: true,
    formatter: (edge: number) => tickText(edges[edge] ?? 0, "us"),
  };
  const range = { min: 0, max: edges.length - 1, interval: 1, scale: false };
  const x = { option: { ...option, ...range, axisLabel } as ChartAxis, at };
  const y = scaledAxis({ label: "round trips", unit: "count" }, [0, ...counts]);
  return plot(viewport, {
    x,
    y,
    names: series.map(({ name }) => name),
    series: series.map(({ count }, index): ChartSeries => ({
      ...custom(index),
      encode: { x: [0, 1], y: 2 },
      data: count.map((value, bin) => [bin, bin + 1, value]),
      renderItem: (_, api) => {
        const [left, top] = api.coord([api.value(0), api.value(2)]);
        const [right, bottom] = api.coord([api.value(1), 0]);
        const width = (right! - left!) / series.length;
        return {
          type: "rect",
          shape: {
            x: left! + index * width,
            y: top!,
            width: Math.max(width - 1, 1),
            height: bottom! - top!,
          },
          style: { fill: colour(index), opacity: 0.75 },
        };
      },
    })),
  });
}

function bars(chart: BarChart, { width }: Viewport): Drawing {
  const { names, series, value } = chart;
  const known = series.flatMap(({ values }) => values).filter(isKnown);
  const x = scaledAxis({ ...value, scale: "linear" }, [0, ...known]);
  const group = series.length * BAR + BAR_GAP;
  const viewport = { width, height: names.length * group + 60 };
  const legend = series.length > 1 ? legendOf(series, width) : null;
  viewport.height += legend?.height ?? 0;
  const text = (figure: number | null) =>
    figure === null ? "failed" : formatValue(figure, value.unit);
  const textWidth = Math.max(...known.map((figure) => text(figure).length), 6) *
    CHARACTER_WIDTH;
  const option: ChartOption = {
    ...frame(legend, 0, textWidth),
    xAxis: x.option,
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
    series: series.map(({ values }, index) => ({
      ...base(index),
      type: "bar",
      barWidth: BAR - 3,
      barGap: 0.2,
      itemStyle: { color: colour(index) },
      label: { show: true, position: "right", color: "var(--text)" },
      data: values.map((figure) => ({
        value: figure ?? 0,
        label: { formatter: () => text(figure) },
      })),
    })),
  };
  return { option, viewport };
}

function place(value: number | null, axis: ScaledAxis): number | null {
  return value === null ? null : axis.at(value);
}

function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
