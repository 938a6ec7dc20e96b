/**
 * Round-trip times and losses over time as text.
 *
 * @module
 */

import { sum } from "../stats/average.ts";
import { formatCount, formatValue } from "../result/quantities.ts";
import type { TimelineChart } from "../result/section.ts";
import {
  commonSlotMs,
  mergeSlots,
  type TimelineFigures,
} from "../stats/timeline.ts";
import {
  isDrawable,
  type PlotAxis,
  plotAxis,
  tickLabels,
} from "../result/axis.ts";
import { Canvas } from "./canvas.ts";
import { clampWidth, seriesColor, type Style, truncate } from "./style.ts";
import { wrap } from "./wrap.ts";

/** The rows of one series. */
const ROWS = 5;
/** The rows of each of several series, with that of losses. */
const ROWS_OF_SEVERAL = 3;
/** From this ratio of the maximum to the minimum on the scale is logarithmic. */
const LOG_RATIO = 20;
/** The columns that a tick of the time axis needs. */
const TICK_COLUMNS = 10;
const MAX_TICKS_UP = 3;
/** The name of the row of losses. */
const LOSS = "lost";

/**
 * Draws each series as bars over time. A bar is the maximum RTT of a slot: a
 * mean would hide spikes. A row above shows the share of the probes of a slot
 * that was lost. All series have one scale, logarithmic if the highest bar is
 * over 20 times the lowest, and one time axis.
 *
 * @internal
 */
export function formatTimeline(chart: TimelineChart, style: Style): string[] {
  const shown = chart.series.filter(({ timeline }) => hasSlots(timeline));
  if (shown.length === 0) return ["no probes"];
  const timelines = shown.map(({ timeline }) => timeline);
  const width = clampWidth(style);
  const rtt = rttAxis(timelines.flatMap(({ max_us }) => max_us));
  const hasLosses = timelines.some(({ lost }) => lost.some((count) => count));
  const y = hasLosses
    ? { ...rtt, width: Math.max(rtt.width, LOSS.length) }
    : rtt;
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
  const maxShare = Math.max(...merged.flatMap(lossShares));
  const rows = shown.length === 1 ? ROWS : ROWS_OF_SEVERAL - Number(hasLosses);
  const drawings = merged.map((timeline, index) => {
    const canvas = new Canvas(columns, rows, style);
    for (let column = 0; column < columns; column++) {
      const us = timeline.max_us[Math.floor(column / slotColumns)];
      if (isDrawable(us)) canvas.bar(column, y.at(us), seriesColor(index));
    }
    const name = shown.length === 1 ? "" : shown[index]!.name;
    const losses = lossRow(timeline, slotColumns, maxShare, style);
    return [
      headText(name, timeline, style),
      ...(hasLosses ? [`${LOSS.padStart(y.width)}  ${losses}`.trimEnd()] : []),
      ...canvas.withAxes(time, y, []),
    ];
  });
  const { unit, texts } = tickLabels([slotMs], "ms");
  const share = hasLosses
    ? ` and share lost (up to ${formatValue(100 * maxShare, "percent")})`
    : "";
  const heading = `${y.label}${share} per ${texts[0]} ${unit}; ${time.label}`;
  return [
    ...wrap(heading, width),
    ...drawings.flatMap((drawing) => drawing.slice(0, -1)),
    drawings[0]!.at(-1)!,
  ];
}

/**
 * Draws a timeline in one row for the live view: a bar for the maximum RTT of
 * each slot. If probes were lost, a second row has a bar for their share of
 * each slot.
 *
 * @internal
 */
export function sparklines(
  timeline: TimelineFigures,
  style: Style,
  columns: number,
): string[] {
  if (!hasSlots(timeline)) return [];
  const merged = mergeSlots(timeline, commonSlotMs([timeline], columns));
  const y = rttAxis(merged.max_us);
  const canvas = new Canvas(merged.sent.length, 1, style);
  merged.max_us.forEach((us, column) => {
    if (isDrawable(us)) canvas.bar(column, y.at(us), "default");
  });
  const losses = lossRow(merged, 1, 1, style);
  return [canvas.rows()[0]!, ...(losses === "" ? [] : [losses])];
}

function lossShares({ sent, lost }: TimelineFigures): number[] {
  return sent.map((count, slot) => count === 0 ? 0 : lost[slot]! / count);
}

/** A bar for the share of each slot that was lost, from 0 to a maximum. */
function lossRow(
  timeline: TimelineFigures,
  slotColumns: number,
  maxShare: number,
  style: Style,
): string {
  const shares = lossShares(timeline);
  const canvas = new Canvas(shares.length * slotColumns, 1, style);
  for (let column = 0; column < canvas.columns; column++) {
    const share = shares[Math.floor(column / slotColumns)]!;
    if (share > 0) canvas.bar(column, share / maxShare, "red");
  }
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

function headText(
  name: string,
  { sent, lost }: TimelineFigures,
  style: Style,
): string {
  const counts = `${formatCount(sum(sent), "probe")} sent, ${sum(lost)} lost`;
  if (name === "") return truncate(counts, clampWidth(style), style);
  const columns = clampWidth(style) - counts.length - 2;
  return `${truncate(name, Math.max(1, columns), style)}: ${counts}`;
}
