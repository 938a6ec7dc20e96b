/**
 * A histogram as text.
 *
 * @module
 */

import { labelsOf } from "./axis_labels.ts";
import { barAcross } from "./plot_glyphs.ts";
import {
  align,
  columnsOf,
  fit,
  paint,
  type PlotStyle,
  plotWidth,
  seriesColor,
} from "./plot_style.ts";
import { formatCount } from "./quantities.ts";
import type { HistogramChart } from "./section.ts";

/** From so many columns on two series stand side by side. */
const BESIDE_FROM_WIDTH = 60;
const GAP = "   ";

/** One series, of whose values each bin has a share. */
interface Shares {
  name: string;
  total: number;
  counts: number[];
  shares: number[];
}

/**
 * Draws a histogram, a row a bin: its limits, a bar, and how many values are in
 * it. Several series are drawn to one scale by the shares of their values, two
 * of them side by side where there is room.
 *
 * @param chart The chart; limits in microseconds.
 * @param style How it is to look.
 * @returns Lines. A bin with a value in it has a bar.
 *
 * @example Usage
 * ```ts
 * import { formatHistogram } from "./plot_histogram.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = formatHistogram({
 *   kind: "histogram",
 *   title: "Distribution of the RTT",
 *   edges_us: [40, 45, 50],
 *   series: [{ name: "RTT", count: [30, 10] }],
 * }, { width: 40, ascii: true, color: false });
 * assertEquals(lines, [
 *   "40 - 45 us ########################## 30",
 *   "45 - 50 us #########                  10",
 * ]);
 * ```
 */
export function formatHistogram(
  chart: HistogramChart,
  style: PlotStyle,
): string[] {
  const labels = binLabels(chart.edges_us);
  const all = chart.series.map(({ name, count }) =>
    sharesOf(name, labels.map((_, bin) => count[bin]))
  );
  if (labels.length === 0 || all.length === 0) return ["no values"];
  const width = plotWidth(style);
  const room = width - columnsOf(labels[0]!);
  const beside = all.length === 2 && width >= BESIDE_FROM_WIDTH;
  const columns = beside ? Math.floor((room - GAP.length) / 2) : room;
  const blocks = rowsOf(all, columns, style);
  const withLabels = (rows: string[]) =>
    labels.map((label, bin) => label + rows[bin]);
  if (blocks.length === 1) return withLabels(blocks[0]!);
  if (beside) {
    const heads = all.map((shares) => headOf(shares, columns, style));
    const [left, right] = blocks.map((rows, of) => [heads[of]!, ...rows]);
    return ["".padEnd(columnsOf(labels[0]!)), ...labels].map((label, row) => {
      const space = " ".repeat(row === 0 ? columns - columnsOf(heads[0]!) : 0);
      return label + left![row] + space + GAP + right![row];
    });
  }
  return blocks.flatMap((rows, of) => [
    ...(of === 0 ? [] : [""]),
    headOf(all[of]!, width, style),
    ...withLabels(rows),
  ]);
}

/** As `40 - 45 us `, aligned. */
function binLabels(edgesUs: number[]): string[] {
  if (edgesUs.length < 2) return [];
  const { unit, texts } = labelsOf(edgesUs, "us");
  const lower = align(texts.slice(0, -1), "right");
  const upper = align(texts.slice(1), "right");
  return lower.map((text, bin) => `${text} - ${upper[bin]} ${unit} `);
}

function sharesOf(name: string, known: (number | undefined)[]): Shares {
  const counts = known.map((count) => count ?? 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    name,
    total,
    counts,
    shares: counts.map((count) => count === 0 ? 0 : count / total),
  };
}

/** The bars of each series with their counts, all to one scale. */
function rowsOf(
  all: Shares[],
  columns: number,
  style: PlotStyle,
): string[][] {
  const greatest = Math.max(...all.flatMap(({ shares }) => shares));
  const width = Math.max(
    ...all.flatMap(({ counts }) => counts.map((count) => `${count}`.length)),
  );
  return all.map(({ counts, shares }, of) =>
    counts.map((count, bin) => {
      const room = columns - width - 1;
      const bar = barAcross(shares[bin]! / (greatest || 1), room, style);
      const space = " ".repeat(room - columnsOf(bar));
      const text = `${count}`.padStart(width);
      return `${paint(bar, seriesColor(of), style)}${space} ${text}`;
    })
  );
}

/** What the bars are shares of; its end is kept where the name is cut. */
function headOf(
  { name, total }: Shares,
  columns: number,
  style: PlotStyle,
): string {
  const whole = `: shares of ${formatCount(total, "value")}`;
  return fit(name, Math.max(1, columns - whole.length), style) + whole;
}
