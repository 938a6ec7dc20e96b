/**
 * Round-trip times and losses over time as text.
 *
 * @module
 */

import {
  commonSlotMs,
  mergeSlots,
  type TimelineFigures,
} from "../stats/timeline.ts";
import { isDrawn } from "./axis.ts";
import { labelsOf } from "./axis_labels.ts";
import { barsUpwards } from "./plot_glyphs.ts";
import {
  align,
  columnsOf,
  fit,
  paint,
  type PlotStyle,
  plotWidth,
  seriesColor,
} from "./plot_style.ts";
import { formatCount, formatDuration } from "../result/quantities.ts";
import type { TimelineChart } from "../result/section.ts";
import { wrap } from "./wrap.ts";

/** How high a series is drawn. */
const ROWS = 4;
/** From this ratio on the scale is logarithmic. */
const LOG_RATIO = 20;
const LOSS = "x";

/** The scale that several series have in common. */
interface Scale {
  lowest: number;
  highest: number;
  log: boolean;
  at(us: number | null): number | null;
}

/**
 * Draws each series as bars over time, each the greatest round-trip time of its
 * span: a mean would hide what is to be seen. Below, an `x` marks a span in
 * which a probe was lost. All series have one scale and one time.
 *
 * @param chart The chart; the scale is logarithmic if the highest bar is over 20
 * times the lowest, and says so.
 * @param style How it is to look.
 * @returns Lines.
 *
 * @example Usage
 * ```ts
 * import { formatTimeline } from "./plot_timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const timeline = {
 *   slot_ms: 1000,
 *   sent: [2, 2, 2],
 *   lost: [0, 1, 0],
 *   min_us: [40, 45, 41],
 *   mean_us: [41, 45, 42],
 *   max_us: [42, 45, 48],
 * };
 * const lines = formatTimeline({
 *   kind: "timeline",
 *   title: "RTT over time",
 *   series: [{ name: "here", timeline }],
 * }, { width: 80, ascii: false, color: false });
 * assertEquals(lines, [
 *   "6 probes sent, 1 lost; bars: the greatest RTT of each 1 s",
 *   "48 us ┤  █",
 *   "      │ ▁█",
 *   "      │ ██",
 *   "42 us ┤▁██",
 *   " lost   x",
 *   "       0 .. 3 s",
 * ]);
 * ```
 */
export function formatTimeline(
  chart: TimelineChart,
  style: PlotStyle,
): string[] {
  const shown = chart.series.filter(({ timeline }) => hasSlots(timeline));
  if (shown.length === 0) return ["no probes"];
  const scale = scaleOf(shown.flatMap(({ timeline }) => timeline.max_us));
  const labels = scaleLabels(scale);
  const gutter = columnsOf(labels[0]!) + 2;
  const columnMs = commonSlotMs(
    shown.map(({ timeline }) => timeline),
    plotWidth(style) - gutter,
  );
  const rows = shown.flatMap(({ name, timeline }, of) => [
    ...(shown.length === 1
      ? []
      : [`${fit(name, plotWidth(style) - 30, style)}: ${countsOf(timeline)}`]),
    ...seriesRows(mergeSlots(timeline, columnMs), scale, labels, of, style),
  ]);
  const endMs = Math.max(
    ...shown.map(({ timeline }) => timeline.sent.length * timeline.slot_ms),
  );
  const say = [
    ...(shown.length === 1 ? [countsOf(shown[0]!.timeline)] : []),
    `bars: the greatest RTT of each ${spanText(columnMs)}`,
    ...(scale.log ? ["log scale"] : []),
  ];
  return [
    ...wrap(say.join("; "), plotWidth(style)),
    ...rows,
    " ".repeat(gutter) + timeAxis(endMs, Math.ceil(endMs / columnMs - 1e-9)),
  ];
}

/**
 * Draws what happened over time in one row, as for a live view.
 *
 * @param timeline What happened.
 * @param style How it is to look; its width has no say.
 * @param columns The most columns.
 * @returns A bar a span of time, from its own lowest to its own highest: the
 * greatest round-trip time, or `x` where a probe was lost.
 *
 * @example Usage
 * ```ts
 * import { sparkline } from "./plot_timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const timeline = {
 *   slot_ms: 1000,
 *   sent: [2, 2, 0, 2],
 *   lost: [0, 1, 0, 0],
 *   min_us: [40, 45, null, 41],
 *   mean_us: [41, 45, null, 42],
 *   max_us: [42, 45, null, 48],
 * };
 * const style = { width: 80, ascii: false, color: false };
 * assertEquals(sparkline(timeline, style, 10), "▁x █");
 * ```
 */
export function sparkline(
  timeline: TimelineFigures,
  style: PlotStyle,
  columns: number,
): string {
  if (!hasSlots(timeline)) return "";
  const merged = mergeSlots(timeline, commonSlotMs([timeline], columns));
  const scale = scaleOf(merged.max_us.map((maxUs) => maxUs));
  const bars = barsUpwards(
    merged.max_us.map((maxUs) => scale.at(maxUs)),
    1,
    style,
  );
  return [...bars[0]!]
    .map((bar, index) =>
      merged.lost[index]! > 0 ? paint(LOSS, "red", style) : bar
    )
    .join("");
}

function hasSlots({ sent, slot_ms }: TimelineFigures): boolean {
  return sent.length > 0 && slot_ms > 0 && isDrawn(slot_ms * sent.length);
}

function scaleOf(values: (number | null)[]): Scale {
  const known = values.filter(isDrawn);
  const lowest = known.reduce((a, b) => Math.min(a, b), Infinity);
  const highest = known.reduce((a, b) => Math.max(a, b), -Infinity);
  const log = lowest > 0 && highest > LOG_RATIO * lowest;
  const height = log
    ? (us: number) => Math.log(us / lowest) / Math.log(highest / lowest)
    : (us: number) => (us - lowest) / (highest - lowest || 1);
  return {
    lowest,
    highest,
    log,
    at: (us) => isDrawn(us) ? Math.min(Math.max(height(us), 0), 1) : null,
  };
}

/** What stands left of each row, equally wide; one row does where all is one. */
function scaleLabels({ lowest, highest, log }: Scale): string[] {
  if (!(lowest < highest)) {
    return [lowest === highest ? formatDuration(lowest) : "no reply"];
  }
  const { unit, texts } = labelsOf([lowest, highest], "us");
  // On a log scale the two are so far apart that one unit suits only one.
  const [bottom, top] = log
    ? [formatDuration(lowest), formatDuration(highest)]
    : texts.map((text) => `${text} ${unit}`);
  const between = Array<string>(ROWS - 2).fill("");
  return align([top!, ...between, bottom!], "right");
}

function seriesRows(
  merged: TimelineFigures,
  scale: Scale,
  labels: string[],
  of: number,
  style: PlotStyle,
): string[] {
  const [tick, line] = style.ascii ? ["|", "|"] : ["┤", "│"];
  const bars = barsUpwards(
    merged.max_us.map((maxUs) => scale.at(maxUs)),
    labels.length,
    style,
  );
  const rows = bars.map((bar, row) => {
    const label = labels[row]!;
    const edge = label.trim() === "" ? line : tick;
    return `${label} ${edge}${paint(bar, seriesColor(of), style)}`.trimEnd();
  });
  const losses = merged.lost.map((lost) => lost > 0 ? LOSS : " ").join("");
  if (losses.trim() === "") return rows;
  const head = "lost".padStart(columnsOf(labels[0]!));
  return [...rows, `${head}  ${paint(losses.trimEnd(), "red", style)}`];
}

function countsOf({ sent, lost }: TimelineFigures): string {
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  return `${formatCount(sum(sent), "probe")} sent, ${sum(lost)} lost`;
}

function spanText(ms: number): string {
  const { unit, texts } = labelsOf([ms], "ms");
  return `${texts[0]} ${unit}`;
}

/** Both ends of the time, below the first column and the last. */
function timeAxis(endMs: number, columns: number): string {
  const end = spanText(endMs);
  const space = columns - 1 - end.length;
  return space < 2 ? `0 .. ${end}` : `0${" ".repeat(space)}${end}`;
}
