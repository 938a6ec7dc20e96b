/**
 * A bar chart as text.
 *
 * @module
 */

import { isDrawn } from "./axis.ts";
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
import { formatValue } from "../result/quantities.ts";
import type { BarChart } from "../result/section.ts";

/** The most columns of a value; only one beyond all measure has more. */
const VALUE_WIDTH = 14;

/**
 * Draws bars: one of each series for each name. All start at 0, on a linear
 * scale, for otherwise their lengths would not compare.
 *
 * @param chart The chart; values in the unit of its axis.
 * @param style How it is to look.
 * @returns Lines, each with its value at the end.
 *
 * @example Usage
 * ```ts
 * import { formatBars } from "./plot_bars.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = formatBars({
 *   kind: "bars",
 *   title: "Median RTT",
 *   value: { label: "RTT", unit: "us" },
 *   names: ["tcp", "udp"],
 *   series: [{ name: "here", values: [41, 82] }],
 * }, { width: 40, ascii: true, color: false });
 * assertEquals(lines, [
 *   "tcp ############## 41.0 us",
 *   "udp ############################ 82.0 us",
 * ]);
 * ```
 */
export function formatBars(chart: BarChart, style: PlotStyle): string[] {
  const { names, series, value: { unit } } = chart;
  if (names.length === 0 || series.length === 0) return ["no values"];
  const width = plotWidth(style);
  const several = series.length > 1;
  const labelWidth = Math.floor(width / (several ? 5 : 3));
  const labels = (texts: string[]) =>
    align(texts.map((text) => fit(text, labelWidth, style)), "left");
  const heads = labels(names);
  const seriesHeads = several
    ? labels(series.map(({ name }) => name)).map((name) => `${name} `)
    : [""];
  const known = (index: number, values: (number | null)[]) => {
    const value = values[index];
    return isDrawn(value) ? value : null;
  };
  const all = series.flatMap(({ values }) =>
    names.map((_, index) => known(index, values))
  );
  const greatest = all.reduce<number>((a, b) => Math.max(a, b ?? 0), 0);
  const text = (value: number | null) =>
    fit(formatValue(value, unit), VALUE_WIDTH, style);
  const widest = Math.max(...all.map((value) => columnsOf(text(value))));
  const columns = width - columnsOf(`${heads[0]} ${seriesHeads[0]} `) - widest;
  return heads.flatMap((head, index) =>
    series.map(({ values }, of) => {
      const value = known(index, values);
      const bar = greatest > 0
        ? barAcross((value ?? 0) / greatest, columns, style)
        : "";
      return [
        of === 0 ? head : " ".repeat(columnsOf(head)),
        `${seriesHeads[of]}${paint(bar, seriesColor(of), style)}` +
        `${bar === "" ? "" : " "}${text(value)}`,
      ].join(" ");
    })
  );
}
