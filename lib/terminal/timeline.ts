/**
 * Round-trip times and losses over time as text.
 *
 * @module
 */

import { formatCount } from "../result/quantities.ts";
import type { TimelineChart } from "../result/section.ts";
import {
  commonSlotMs,
  mergeSlots,
  type TimelineFigures,
} from "../stats/timeline.ts";
import { isDrawable, type PlotAxis, plotAxis, tickLabels } from "./axis.ts";
import { Canvas } from "./canvas.ts";
import { clampWidth, seriesColor, type Style, truncate } from "./style.ts";
import { wrap } from "./wrap.ts";

/** The rows of one series, and of each of several. */
const ROWS = [5, 3];
/** From this ratio of the maximum to the minimum on the scale is logarithmic. */
const LOG_RATIO = 20;
/** The columns that a tick of the time axis needs. */
const TICK_COLUMNS = 10;
const MAX_TICKS_UP = 3;
const LOSS = "x";

/**
 * Draws each series as bars over time. A bar is the maximum RTT of a slot: a
 * mean would hide spikes. An `x` on the axis marks a slot with a lost probe. All
 * series have one scale and one time axis.
 *
 * @param chart The chart; the scale is logarithmic if the highest bar is over 20
 * times the lowest.
 * @param style The style.
 * @returns The label of the axes; a line with counts and a drawing for each
 * series; the time.
 */
export function formatTimeline(chart: TimelineChart, style: Style): string[] {
  const shown = chart.series.filter(({ timeline }) => hasSlots(timeline));
  if (shown.length === 0) return ["no probes"];
  const timelines = shown.map(({ timeline }) => timeline);
  const width = clampWidth(style);
  const y = rttAxis(timelines.flatMap(({ max_us }) => max_us));
  const free = width - y.width - 2;
  const slotMs = commonSlotMs(timelines, free);
  const merged = timelines.map((timeline) => mergeSlots(timeline, slotMs));
  const slots = Math.max(...merged.map(({ sent }) => sent.length));
  const slotColumns = Math.floor(free / slots);
  const columns = slots * slotColumns;
  const time = plotAxis(
    { label: "time", unit: "ms" },
    [0, slots * slotMs],
    Math.floor(columns / TICK_COLUMNS) + 1,
  );
  const rows = ROWS[Math.min(shown.length, ROWS.length) - 1]!;
  const drawings = merged.map((timeline, index) => {
    const canvas = new Canvas(columns, rows, style);
    for (let column = 0; column < columns; column++) {
      const us = timeline.max_us[Math.floor(column / slotColumns)];
      if (isDrawable(us)) canvas.bar(column, y.at(us), seriesColor(index));
    }
    const name = shown.length === 1 ? "" : shown[index]!.name;
    const middle = (slot: number) => (slot + 0.5) * slotMs;
    return [
      headText(name, timeline, style),
      ...canvas.withAxes(time, y, lossSlots(timeline).map(middle)),
    ];
  });
  const { unit, texts } = tickLabels([slotMs], "ms");
  const heading = `${y.label} per ${texts[0]} ${unit}; ${time.label}`;
  return [
    ...wrap(heading, width),
    ...drawings.flatMap((drawing) => drawing.slice(0, -1)),
    drawings[0]!.at(-1)!,
  ];
}

/**
 * Draws a timeline in one row, for the live view.
 *
 * @param timeline The timeline.
 * @param style The style; its width is not used.
 * @param columns The maximum width.
 * @returns A bar for the maximum RTT of each slot, from the lowest to the
 * highest; `x` where a probe was lost.
 *
 * @example Usage
 * ```ts
 * import { sparkline } from "./timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const us = [42, 45, null, 48];
 * const timeline = {
 *   slot_ms: 1000,
 *   sent: [2, 2, 0, 2],
 *   lost: [0, 1, 0, 0],
 *   min_us: us,
 *   mean_us: us,
 *   max_us: us,
 * };
 * const style = { width: 80, ascii: false, color: false };
 * assertEquals(sparkline(timeline, style, 10), "▁x █");
 * ```
 */
export function sparkline(
  timeline: TimelineFigures,
  style: Style,
  columns: number,
): string {
  if (!hasSlots(timeline)) return "";
  const merged = mergeSlots(timeline, commonSlotMs([timeline], columns));
  const y = rttAxis(merged.max_us);
  const width = merged.sent.length;
  const canvas = new Canvas(width, 1, style);
  merged.max_us.forEach((us, column) => {
    if (merged.lost[column]! > 0) {
      canvas.mark({ x: (column + 0.5) / width, y: 0 }, LOSS, "red");
    } else if (isDrawable(us)) canvas.bar(column, y.at(us), "default");
  });
  return canvas.rows()[0]!;
}

function hasSlots({ sent, slot_ms }: TimelineFigures): boolean {
  return sent.length > 0 && slot_ms > 0 && isDrawable(slot_ms * sent.length);
}

function rttAxis(values: (number | null)[]): PlotAxis {
  const known = values.filter(isDrawable);
  if (known.length === 0) {
    return { label: "no reply", ticks: [], width: 0, at: () => 0 };
  }
  const min = known.reduce((a, b) => Math.min(a, b));
  const max = known.reduce((a, b) => Math.max(a, b));
  const scale = min > 0 && max > LOG_RATIO * min ? "log" : "linear";
  const axis = { label: "max RTT", unit: "us", scale } as const;
  return plotAxis(axis, known, MAX_TICKS_UP);
}

function lossSlots({ lost }: TimelineFigures): number[] {
  return lost.flatMap((count, slot) => count > 0 ? [slot] : []);
}

function headText(
  name: string,
  { sent, lost }: TimelineFigures,
  style: Style,
): string {
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const losses = sum(lost);
  const counts = `${formatCount(sum(sent), "probe")} sent, ${losses} lost` +
    (losses > 0 ? ` (${LOSS})` : "");
  if (name === "") return truncate(counts, clampWidth(style), style);
  const columns = clampWidth(style) - counts.length - 2;
  return `${truncate(name, Math.max(1, columns), style)}: ${counts}`;
}
