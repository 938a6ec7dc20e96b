/**
 * Bar charts and histograms as text.
 *
 * @module
 */

import { formatCount, formatValue } from "../result/quantities.ts";
import { sum } from "../stats/average.ts";
import type { BarChart, HistogramChart } from "../result/section.ts";
import { isDrawable, tickLabels } from "../result/axis.ts";
import {
  align,
  clampWidth,
  paint,
  seriesColor,
  type Style,
  textWidth,
  truncate,
} from "./style.ts";

/** The maximum width of a value; only values of absurd size are wider. */
const VALUE_WIDTH = 14;
/** The minimum width of bars that stand side by side. */
const MIN_BAR_WIDTH = 6;
const GAP = "   ";
/** Cells filled from the left. */
const FILLED = " ▏▎▍▌▋▊▉█";

/** The bars of one series. */
interface Panel {
  head: string;
  bars: { length: number; text: string }[];
}

/**
 * Draws a line for each name, with its value at the end. Bars start at 0 on a
 * linear scale, so that their lengths can be compared. Series stand side by
 * side if they fit, else below each other.
 *
 * @internal
 */
export function formatBars(chart: BarChart, style: Style): string[] {
  const { names, series, value: { unit } } = chart;
  const labels = names.map((name) =>
    truncate(name, Math.floor(clampWidth(style) / 3), style)
  );
  return drawPanels(
    align(labels, "left"),
    series.map(({ name, values }) => ({
      head: name,
      bars: names.map((_, index) => {
        const value = values[index];
        const known = isDrawable(value) ? value : null;
        return { length: known ?? 0, text: formatValue(known, unit) };
      }),
    })),
    style,
  );
}

/**
 * Draws a line for each bin: its limits, a bar and its count. Several series
 * are compared by the share of their values in each bin.
 *
 * @internal
 */
export function formatHistogram(chart: HistogramChart, style: Style): string[] {
  const { unit, texts } = tickLabels(chart.edges_us, "us");
  const labels = texts.slice(1)
    .map((upper, bin) => `${texts[bin]} - ${upper} ${unit}`);
  const panels = chart.series.map(({ name, count }) => {
    const counts = labels.map((_, bin) => count[bin] ?? 0);
    const total = sum(counts);
    return {
      head: `${name}: ${formatCount(total, "value")}`,
      bars: counts.map((count) => ({
        length: count / Math.max(total, 1),
        text: String(count),
      })),
    };
  });
  return [
    ...(panels.length > 1 && labels.length > 0
      ? ["bars: share of each series' values"]
      : []),
    ...drawPanels(
      align(labels.map((label) => truncate(label, 20, style)), "right"),
      panels,
      style,
    ),
  ];
}

/** Draws panels to one scale, as many side by side as fit. */
function drawPanels(
  labels: string[],
  panels: Panel[],
  style: Style,
): string[] {
  if (labels.length === 0 || panels.length === 0) return ["no values"];
  const bars = panels.flatMap(({ bars }) => bars);
  const max = Math.max(0, ...bars.map(({ length }) => length));
  const texts = align(
    bars.map(({ text }) => truncate(text, VALUE_WIDTH, style)),
    "right",
  );
  const textColumns = textWidth(texts[0]!) + 1;
  const indent = " ".repeat(textWidth(labels[0]!) + 1);
  const free = clampWidth(style) - indent.length + GAP.length;
  const beside = Math.max(
    1,
    Math.min(
      panels.length,
      Math.floor(free / (MIN_BAR_WIDTH + textColumns + GAP.length)),
    ),
  );
  const columns = Math.floor(free / beside) - GAP.length;
  const blocks = panels.map(({ head, bars }, index) => [
    truncate(head, columns, style),
    ...bars.map(({ length }, row) => {
      const bar = barAcross(length / max, columns - textColumns, style);
      const space = " ".repeat(columns - textColumns - textWidth(bar));
      return paint(bar, seriesColor(index), style) + space + " " +
        texts[index * labels.length + row];
    }),
  ]);
  const lines: string[] = [];
  for (let first = 0; first < blocks.length; first += beside) {
    const band = blocks.slice(first, first + beside);
    const heads = band.map(([head]) =>
      head! + " ".repeat(columns - textWidth(head!))
    );
    if (panels.length > 1) lines.push((indent + heads.join(GAP)).trimEnd());
    labels.forEach((label, row) => {
      lines.push(`${label} ${band.map((rows) => rows[row + 1]).join(GAP)}`);
    });
  }
  return lines;
}

/** Draws a bar, visible for any share above 0. */
function barAcross(share: number, columns: number, style: Style): string {
  if (!(share > 0)) return "";
  const filled = Math.min(share, 1) * columns;
  if (style.ascii) return "#".repeat(Math.round(filled)) || ".";
  const eighths = Math.max(1, Math.round(filled * 8));
  return "█".repeat(eighths >> 3) + FILLED[eighths % 8]!.trim();
}
