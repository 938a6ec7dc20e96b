/**
 * A section as a person reads it on a terminal.
 *
 * @module
 */

import { formatChart } from "./plot.ts";
import { columnsOf, oneLine, type PlotStyle, plotWidth } from "./plot_style.ts";
import type { Section } from "../result/section.ts";
import { formatTable } from "./table_text.ts";
import { wrap } from "./wrap.ts";

/** The most columns of a sentence; longer lines are hard to read. */
const PROSE_WIDTH = 78;

/**
 * Writes a section: its title, its table, its charts, and what they say.
 *
 * @param section The section; what it says may be anybody's.
 * @param style How wide, with which characters, and whether in colours.
 * @returns Lines without a newline at the end, none wider than the style.
 *
 * @example Usage
 * ```ts
 * import { formatSection } from "./section_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const text = formatSection({
 *   title: "RTT against size",
 *   table: {
 *     columns: [{ name: "median", unit: "us" }],
 *     rows: [{ name: "1 byte", values: [41] }],
 *   },
 *   charts: [],
 *   sentences: ["One size was tried."],
 * }, { width: 80, ascii: true, color: false });
 * assertEquals(text.split("\n"), [
 *   "RTT against size",
 *   "           median",
 *   "  1 byte  41.0 us",
 *   "",
 *   "One size was tried.",
 * ]);
 * ```
 */
export function formatSection(section: Section, style: PlotStyle): string {
  const { title, table, charts, sentences } = section;
  return [
    ...formatProse(title, style),
    ...formatTable(table, style),
    ...charts.flatMap((chart) => ["", ...formatChart(chart, style)]),
    ...(sentences.length === 0 ? [] : [""]),
    ...sentences.flatMap((sentence) => formatProse(sentence, style)),
  ].join("\n");
}

/**
 * Writes a sentence.
 *
 * @param text The sentence; it may be anybody's.
 * @param style How wide it may be, and with which characters.
 * @returns Lines, none wider than the style.
 */
export function formatProse(text: string, style: PlotStyle): string[] {
  const width = Math.min(plotWidth(style), PROSE_WIDTH);
  const words = oneLine(text, style).split(" ").flatMap((word) =>
    columnsOf(word) <= width ? [word] : pieces([...word], width)
  );
  return wrap(words.join(" "), width);
}

/** Parts of a word that is longer than a line. */
function pieces(characters: string[], length: number): string[] {
  const count = Math.ceil(characters.length / length);
  return Array.from(
    { length: count },
    (_, index) =>
      characters.slice(index * length, (index + 1) * length).join(""),
  );
}
