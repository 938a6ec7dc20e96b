/**
 * The live view of a measurement: progress, figures so far and a sparkline.
 *
 * @module
 */

import { ResultBuilder } from "../result/builder.ts";
import {
  formatCount,
  formatDuration,
  formatValue,
} from "../result/quantities.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { sanitize, type Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";
import { sparklines } from "./timeline.ts";

/** The maximum width of the progress bar, in columns. */
const BAR_COLUMNS = 30;
/** How often the view is formatted to warm up: about 50 ms in all. */
const WARM_UPS = 200;

/** Options of the live view. */
export interface LiveOptions {
  /** The number of expected probes; `Infinity` if unknown. */
  total: number;
  /** Whether to draw the bar and the sparkline. */
  draw: boolean;
  /** Returns the present style; the terminal may be resized. */
  style(): Style;
  /** What is measured, if it is one of several measurements. */
  title?: string;
}

/** A measurement in progress. */
export interface Progress extends Pick<LiveOptions, "total" | "draw"> {
  /** When it started, in milliseconds of the monotonic clock. */
  startMs: number;
}

/**
 * Shows the live view of a measurement.
 *
 * @param terminal Where to show it.
 * @param options The options.
 * @returns A function to call after each sample was added to the builder.
 */
export function showLive(
  terminal: Terminal,
  { total, draw, style, title }: LiveOptions,
): (sample: Sample, builder: ResultBuilder) => void {
  warmUp(style());
  const startMs = performance.now();
  return (sample, builder) =>
    terminal.live(() => {
      const now = style();
      const lines = formatLive(sample, builder, { total, startMs, draw }, now);
      return title === undefined ? lines : [sanitize(title, now), ...lines];
    });
}

/** @internal Formats the live view; each line is narrower than the style. */
export function formatLive(
  last: Sample,
  builder: ResultBuilder,
  progress: Progress,
  style: Style,
): string[] {
  const { sent, received, lost } = builder.probes;
  const columns = style.width - 1;
  const us = (percent: number) => formatDuration(builder.percentileUs(percent));
  const figures = [
    `last ${last.rttMs === null ? "lost" : formatDuration(last.rttMs * 1000)}`,
    ...[50, 90, 99].map((percent) => `p${percent} ${us(percent)}`),
    `lost ${lost}${
      lost === 0 ? "" : ` (${formatValue(100 * lost / sent, "percent")})`
    }`,
  ];
  return [
    progressText(sent, progress, columns, style.ascii),
    joinFitting(figures, columns),
    ...(received === 0 || !progress.draw
      ? []
      : sparklines(builder.timeline, style, columns)),
  ];
}

function progressText(
  sent: number,
  { total, startMs, draw }: Progress,
  columns: number,
  ascii: boolean,
): string {
  const elapsed = formatDuration((performance.now() - startMs) * 1000);
  if (total === Infinity) return `${formatCount(sent, "probe")}  ${elapsed}`;
  const share = Math.min(1, sent / total);
  const text = `${Math.floor(share * 100)} %  ${sent} of ${total}  ${elapsed}`;
  if (!draw) return text;
  const width = Math.max(0, Math.min(BAR_COLUMNS, columns - text.length - 1));
  const full = Math.round(share * width);
  const [done, left] = ascii ? ["#", "."] : ["█", "░"];
  return done!.repeat(full) + left!.repeat(width - full) + ` ${text}`;
}

/** Joins as many figures as fit; the first and the last have priority. */
function joinFitting(figures: string[], columns: number): string {
  const line = figures.join("  ");
  if (line.length <= columns || figures.length === 1) return line;
  const left = figures.toSpliced(Math.max(1, figures.length - 2), 1);
  return joinFitting(left, columns);
}

/**
 * Formats the view before the measurement, until its code is compiled: the first
 * times take milliseconds, during which a probe would have to wait.
 */
function warmUp(style: Style): void {
  const builder = new ResultBuilder({
    protocol: "measure",
    mode: "rtt",
    target: "",
    sizeBytes: 1,
    intervalMs: 0,
    options: { given: {}, used: {} },
  });
  const progress = { total: WARM_UPS, startMs: 0, draw: true };
  for (let sequence = 0; sequence < WARM_UPS; sequence++) {
    const sample = newSample(sequence, false, sequence);
    sample.rttMs = sequence % 10 === 0 ? null : 0.1 + sequence % 7;
    builder.add(sample);
    formatLive(sample, builder, progress, style);
  }
}
