/**
 * Sections of results as text.
 *
 * @module
 */

import type { Chart, Section } from "../result/section.ts";
import { formatBars, formatHistogram } from "./bars.ts";
import { formatCurve } from "./curve.ts";
import { formatPanels } from "./panels.ts";
import { clampWidth, sanitize, type Style, truncate } from "./style.ts";
import { formatTable } from "./table.ts";
import { formatTimeline } from "./timeline.ts";
import { wrap } from "./wrap.ts";

/** The maximum width of prose; longer lines are hard to read. */
const PROSE_WIDTH = 78;

/**
 * Formats sections, with a blank line between them; without it where a result
 * without charts is to fit a screen. The headline figures come last and without
 * a title, just above the prompt.
 *
 * @param sections The sections; their texts may be untrusted.
 * @param style The style.
 * @param plots Whether to draw charts; those marked as detail are never drawn.
 * @returns Lines without a final newline, none wider than the style.
 *
 * @example Usage
 * ```ts
 * import { formatSections } from "./section.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const text = formatSections([{
 *   title: "RTT against size",
 *   table: {
 *     columns: [{ name: "median", unit: "us" }],
 *     rows: [{ name: "1 byte", values: [41] }],
 *   },
 *   sentences: ["One size was tried."],
 * }], { width: 80, ascii: true, color: false });
 * assertEquals(text.split("\n"), [
 *   "RTT against size",
 *   "           median",
 *   "  1 byte  41.0 us",
 *   "",
 *   "One size was tried.",
 * ]);
 * ```
 */
export function formatSections(
  sections: Section[],
  style: Style,
  plots = true,
): string {
  const isHeadline = ({ role }: Section) => role === "headline";
  const ordered = [
    ...sections.filter((section) => !isHeadline(section)),
    ...sections.filter(isHeadline),
  ];
  return ordered
    .flatMap((section) => {
      const charts = (section.charts ?? [])
        .filter(({ detail }) => plots && !detail)
        .map((chart) => formatChart(chart, style));
      const text = formatText(section, style);
      return isHeadline(section) ? [...charts, text] : [text, ...charts];
    })
    .filter((block) => block.length > 0)
    .map((block) => block.join("\n"))
    .join(plots || !sections.some(isHeadline) ? "\n\n" : "\n");
}

/** Formats a section without its charts; its title in line with lone prose. */
function formatText(section: Section, style: Style): string[] {
  const { role = "figures", title, table, sentences = [] } = section;
  const rows = table ? formatTable(table, style) : [];
  const hasTitle = role !== "headline" && role !== "notes";
  const isLone = rows.length === 0 && sentences.length > 0 && hasTitle;
  const prose = sentences.flatMap((sentence, at) =>
    formatProse(isLone && at === 0 ? `${title}: ${sentence}` : sentence, style)
  );
  const isLoose = role === "figures" && rows.length > 0 && prose.length > 0;
  return [
    ...(hasTitle && !isLone ? formatProse(title, style) : []),
    ...rows,
    ...(isLoose ? [""] : []),
    ...prose,
  ];
}

/** Sanitizes sentences and breaks them into lines. */
function formatProse(text: string, style: Style): string[] {
  return wrap(
    sanitize(text, style),
    Math.min(clampWidth(style), PROSE_WIDTH),
  );
}

/** @internal Draws a chart, whose texts may be untrusted, below its title. */
export function formatChart(chart: Chart, style: Style): string[] {
  return [
    truncate(chart.title, clampWidth(style), style),
    ...drawing(chart, style),
  ];
}

function drawing(chart: Chart, style: Style): string[] {
  switch (chart.kind) {
    case "curve":
      return formatCurve(chart, style);
    case "histogram":
      return formatHistogram(chart, style);
    case "timeline":
      return formatTimeline(chart, style);
    case "bars":
      return formatBars(chart, style);
    case "panels":
      return formatPanels(chart, style);
  }
}
