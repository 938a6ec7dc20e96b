/**
 * What a person sees while a measurement runs.
 *
 * @module
 */

import type { ResultBuilder } from "../result/builder.ts";
import type { Sample } from "../stats/sample.ts";
import type { PlotStyle } from "./plot_style.ts";
import { sparkline } from "./plot_timeline.ts";
import {
  formatCount,
  formatDuration,
  sharePercent,
} from "../result/quantities.ts";

/** The widest bar of progress, in columns. */
const BAR_COLUMNS = 30;

/** What is under way. */
export interface Progress {
  /** How many probes are expected; `Infinity` if nobody knows. */
  total: number;
  /** Whether to draw, or only to write. */
  draw: boolean;
  /** When it started, in milliseconds of the monotonic clock. */
  startMs: number;
}

/**
 * Makes the block: how far it has come, the figures so far, and a sparkline.
 *
 * @param last The last sample.
 * @param builder What it was added to.
 * @param progress What is under way.
 * @param style How to draw, and how wide.
 * @returns Lines, each narrower than the style's width.
 */
export function liveBlock(
  last: Sample,
  builder: ResultBuilder,
  progress: Progress,
  style: PlotStyle,
): string[] {
  const { sent, received, lost } = builder.probes;
  const columns = style.width - 1;
  const us = (percent: number) => formatDuration(builder.percentileUs(percent));
  const figures = [
    `last ${last.rttMs === null ? "lost" : formatDuration(last.rttMs * 1000)}`,
    ...[50, 90, 99].map((percent) => `p${percent} ${us(percent)}`),
    `lost ${lost}${lost === 0 ? "" : ` (${sharePercent(lost, sent)} %)`}`,
  ];
  return [
    howFar(sent, progress, columns, style.ascii),
    asMany(figures, columns),
    ...(received === 0 || !progress.draw
      ? []
      : [sparkline(builder.timeline, style, columns)]),
  ];
}

function howFar(
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
  const [done, left] = ascii ? "#." : "█░";
  return done!.repeat(full) + left!.repeat(width - full) + ` ${text}`;
}

/** As many figures as there is room for; the first and the last come first. */
function asMany(figures: string[], columns: number): string {
  const line = figures.join("  ");
  if (line.length <= columns || figures.length === 1) return line;
  return asMany(figures.toSpliced(Math.max(1, figures.length - 2), 1), columns);
}
