/**
 * Draws what happened over time: a band from the least to the greatest
 * round-trip time of each slot, a line of their means, and a cross for losses.
 *
 * @module
 */

import { Plot } from "./deps.mts";
import { plotAxis } from "../terminal/axis.ts";
import type { TimelineChart } from "../result/section.ts";
import type { TimelineFigures } from "../stats/timeline.ts";
import { draw, type Marks, type Room } from "./drawing.ts";
import type { Element } from "./html.ts";
import { LOSS, LOSS_ROW, lossMark, styleOf } from "./series_style.ts";

/** A range of values this wide is drawn on a logarithmic scale. */
const WIDE_RANGE = 30;

/**
 * Draws a timeline.
 *
 * @param chart The chart.
 * @param room How much room there is.
 * @returns An `svg` element.
 */
export function drawTimeline({ series }: TimelineChart, room: Room): Element {
  const lengthsSec = series.map(({ timeline }) => endSec(timeline));
  const x = plotAxis(
    { label: "time", unit: "s" },
    [0, ...lengthsSec],
    { maxTicks: room.ticks.x, tight: true },
  );
  const values = series.flatMap(({ timeline }) => [
    ...timeline.min_us.filter((us) => us !== null),
    ...timeline.max_us.filter((us) => us !== null),
  ]);
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const scale = least > 0 && most > WIDE_RANGE * least ? "log" : "linear";
  const y = plotAxis(
    { label: "RTT", unit: "us", scale },
    scale === "log" ? values : [0, ...values],
    { maxTicks: room.ticks.y },
  );
  const lossy = series.filter(({ timeline }) => lossesOf(timeline).length > 0);
  const marks = series.flatMap(({ timeline }, index): Marks => {
    const { stroke, strokeDasharray } = styleOf(index);
    const slots = timeline.sent.flatMap((_, slot) => {
      const [mean, min, max] = [
        timeline.mean_us[slot] ?? null,
        timeline.min_us[slot] ?? null,
        timeline.max_us[slot] ?? null,
      ];
      const at = (us: number | null) => us === null ? NaN : y.at(us);
      // A slot is a stretch of time, so that one alone is seen, too.
      return [slot, slot + 1].map((edge) => ({
        x: x.at(edge * timeline.slot_ms / 1000),
        mean: at(mean),
        min: at(min),
        max: at(max),
      }));
    });
    const band = { x: "x", y1: "min", y2: "max" };
    return [
      Plot.areaY(slots, { ...band, fill: stroke, fillOpacity: 0.2 }),
      Plot.line(slots, {
        x: "x",
        y: "mean",
        stroke,
        strokeDasharray,
        strokeWidth: 1.75,
      }),
    ];
  });
  const losses = lossy.map(({ timeline }, row) => {
    const index = series.findIndex((one) => one.timeline === timeline);
    const { stroke } = styleOf(index);
    return Plot.dot(lossesOf(timeline), {
      ...lossMark(series.length === 1 ? LOSS : stroke),
      x: (slot: number) => x.at((slot + 0.5) * timeline.slot_ms / 1000),
      frameAnchor: "bottom",
      dy: -LOSS_ROW * (row + 0.5),
    });
  });
  return draw(
    { x, y, marks: [...marks, ...losses], below: lossy.length * LOSS_ROW },
    room,
  );
}

/** When a timeline ends. */
function endSec({ sent, slot_ms }: TimelineFigures): number {
  return sent.length * slot_ms / 1000;
}

/** The slots in which probes were lost. */
function lossesOf({ lost }: TimelineFigures): number[] {
  return lost.flatMap((count, slot) => count > 0 ? [slot] : []);
}
