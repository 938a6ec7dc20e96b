/**
 * The live views of a measurement and of a throughput test: progress, figures so
 * far and a sparkline.
 *
 * @module
 */

import type { Bin } from "../iperf3/transfer.ts";
import { ResultBuilder } from "../result/builder.ts";
import {
  formatCount,
  formatDuration,
  formatRate,
  formatValue,
} from "../result/quantities.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { Canvas } from "./canvas.ts";
import { sanitize, type Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";
import { sparklines } from "./timeline.ts";

/** The maximum width of the progress bar, in columns. */
const BAR_COLUMNS = 30;
/** How often the view is formatted to warm up: about 50 ms in all. */
const WARM_UPS = 200;

/** How many bins of a throughput test are drawn. */
const MAX_RATES = 500;

/** Options of the live view. */
export interface LiveOptions {
  /** The number of expected probes or seconds; `Infinity` if unknown. */
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

/**
 * Shows the live view of a throughput test.
 *
 * @param terminal Where to show it.
 * @param options The options; the total is in seconds.
 * @returns A function to call with each bin of the test.
 */
export function showRates(
  terminal: Terminal,
  { total, draw, style }: LiveOptions,
): (bin: Bin) => void {
  const startMs = performance.now();
  const rates: number[] = [];
  let totalBytes = 0;
  return ({ sentBytes, receivedBytes, elapsedMs }) => {
    const rate = (bytes: number) => bytes * 8000 / elapsedMs;
    totalBytes += sentBytes + receivedBytes;
    rates.push(rate(sentBytes + receivedBytes));
    if (rates.length > MAX_RATES) rates.shift();
    terminal.live(() => {
      const now = style();
      const columns = now.width - 1;
      const seconds = (performance.now() - startMs) / 1000;
      return [
        progressBar(
          total === Infinity
            ? `${seconds.toFixed(1)} s`
            : `${seconds.toFixed(1)} of ${total} s`,
          draw ? seconds / total : 0,
          columns,
          now.ascii,
        ),
        joinFitting([
          ...(sentBytes > 0 ? [`sent ${formatRate(rate(sentBytes))}`] : []),
          ...(receivedBytes > 0
            ? [`received ${formatRate(rate(receivedBytes))}`]
            : []),
          `${(totalBytes / 1e6).toFixed(1)} MB`,
        ], columns),
        ...(draw ? [sparkline(rates.slice(-columns), now)] : []),
      ];
    });
  };
}

/** A row of bars from 0 to the highest value. */
function sparkline(values: number[], style: Style): string {
  const max = Math.max(...values, 1);
  const canvas = new Canvas(values.length, 1, style);
  values.forEach((value, column) => canvas.bar(column, value / max, "default"));
  return canvas.rows()[0]!;
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
  return draw ? progressBar(text, share, columns, ascii) : text;
}

/** A text behind the bar of a share; without a share there is no bar. */
function progressBar(
  text: string,
  ofTotal: number,
  columns: number,
  ascii: boolean,
): string {
  if (ofTotal === 0) return text;
  const share = Math.min(1, ofTotal);
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
