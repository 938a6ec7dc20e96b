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
import { formatCount } from "../result/quantities.ts";
import type { HistogramChart } from "../result/section.ts";

/** From so many columns on two series stand side by side. */
const BESIDE_FROM_WIDTH = 60;
/** The most columns of a count; only one beyond all measure has more. */
const COUNT_WIDTH = 10;
const GAP = "   ";
/** Said of several series, which may have different numbers of values. */
const SHARES = "bars: shares of each series' values";

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
  const width = plotWidth(style);
  const labels = align(
    binLabels(chart.edges_us).map((label) => fit(label, width >> 1, style)),
    "right",
  ).map((label) => `${label} `);
  const all = chart.series.map(({ name, count }) =>
    sharesOf(name, labels.map((_, bin) => count[bin]))
  );
  if (labels.length === 0 || all.length === 0) return ["no values"];
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
    const rows = ["".padEnd(columnsOf(labels[0]!)), ...labels];
    return [
      SHARES,
      ...rows.map((label, row) => label + left![row] + GAP + right![row]),
    ].map((line) => line.trimEnd());
  }
  return [
    SHARES,
    ...blocks.flatMap((rows, of) => [
      headOf(all[of]!, width, style).trimEnd(),
      ...withLabels(rows),
    ]),
  ];
}

/** As `40 - 45 us`, all equally wide. */
function binLabels(edgesUs: number[]): string[] {
  if (edgesUs.length < 2) return [];
  const { unit, texts } = labelsOf(edgesUs, "us");
  const lower = align(texts.slice(0, -1), "right");
  const upper = align(texts.slice(1), "right");
  return lower.map((text, bin) => `${text} - ${upper[bin]} ${unit}`);
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
  const texts = align(
    all.flatMap(({ counts }) => counts)
      .map((count) => fit(`${count}`, COUNT_WIDTH, style)),
    "right",
  );
  const room = columns - columnsOf(texts[0]!) - 1;
  return all.map(({ shares }, of) =>
    shares.map((share, bin) => {
      const bar = barAcross(share / (greatest || 1), room, style);
      const space = " ".repeat(room - columnsOf(bar));
      const text = texts[of * shares.length + bin];
      return `${paint(bar, seriesColor(of), style)}${space} ${text}`;
    })
  );
}

/** Whose bars these are, as wide as they. */
function headOf(
  { name, total }: Shares,
  columns: number,
  style: PlotStyle,
): string {
  const whole = `: ${formatCount(total, "value")}`;
  const room = Math.max(1, columns - whole.length);
  const head = fit(fit(name, room, style) + whole, columns, style);
  return head + " ".repeat(columns - columnsOf(head));
}
