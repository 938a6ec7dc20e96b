/**
 * Says in words what a chart shows, for those who cannot see it.
 *
 * @module
 */

import type { Chart, Unit } from "../result/section.ts";
import { figureText } from "./figure_text.ts";

/**
 * Says what a chart shows.
 *
 * @param chart The chart.
 * @returns Sentences.
 *
 * @example Usage
 * ```ts
 * import { chartWords } from "./chart_words.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const words = chartWords({
 *   kind: "curve",
 *   title: "RTT against delay",
 *   x: { label: "delay", unit: "ms" },
 *   y: { label: "RTT", unit: "us" },
 *   series: [{
 *     name: "loopback",
 *     points: [{ x: 0, y: 50 }, { x: 10, y: 10_060 }, { x: 20, y: null }],
 *   }],
 * });
 * assertEquals(
 *   words,
 *   "A chart of RTT over delay from 0 ms to 20 ms. " +
 *     "loopback: first 50.0 us, last 10.1 ms, " +
 *     "least 50.0 us, greatest 10.1 ms, 1 failed.",
 * );
 * ```
 */
export function chartWords(chart: Chart): string {
  switch (chart.kind) {
    case "curve": {
      const { x, y, series } = chart;
      const places = series.flatMap(({ points }) => points.map(({ x }) => x));
      return [
        `A chart of ${y.label} over ${x.label}${span(places, x.unit)}.`,
        ...series.map(({ name, points }) =>
          seriesWords(name, points.map(({ y }) => y), y.unit, "failed")
        ),
      ].join(" ");
    }
    case "timeline": {
      const lengths = chart.series.map(({ timeline }) =>
        timeline.sent.length * timeline.slot_ms / 1000
      );
      return [
        `A chart of round-trip times${span([0, ...lengths], "s")}.`,
        ...chart.series.map(({ name, timeline }) => {
          const lost = timeline.lost.reduce((a, b) => a + b, 0);
          const means = timeline.mean_us;
          return `${
            seriesWords(`${name}, means of slots`, means, "us", "empty")
          } Lost: ${lost}.`;
        }),
      ].join(" ");
    }
    case "histogram": {
      const { edges_us, series } = chart;
      return [
        `A histogram of round-trip times${span(edges_us, "us")}.`,
        ...series.map(({ name, count }) => {
          const most = count.reduce((a, b) => Math.max(a, b), 0);
          const bin = count.indexOf(most);
          return `${name}: most often, ${most} times,${
            span(edges_us.slice(bin, bin + 2), "us")
          }.`;
        }),
      ].join(" ");
    }
    case "bars": {
      const { names, series, value } = chart;
      return [
        `Bars of ${value.label}.`,
        ...series.map(({ name, values }) =>
          `${name}: ${
            values.map((each, place) =>
              `${names[place]} ${
                each === null ? "failed" : figureText(each, value.unit)
              }`
            ).join(", ")
          }.`
        ),
      ].join(" ");
    }
  }
}

function seriesWords(
  name: string,
  values: (number | null)[],
  unit: Unit,
  absent: string,
): string {
  const known = values.filter((value) => value !== null);
  const missing = values.length - known.length;
  const rest = missing === 0 ? "" : `, ${missing} ${absent}`;
  if (known.length === 0) return `${name}: nothing known${rest}.`;
  const least = known.reduce((a, b) => Math.min(a, b));
  const greatest = known.reduce((a, b) => Math.max(a, b));
  return `${name}: first ${figureText(known[0]!, unit)}, ` +
    `last ${figureText(known.at(-1)!, unit)}, least ${
      figureText(least, unit)
    }, ` +
    `greatest ${figureText(greatest, unit)}${rest}.`;
}

/** From the least to the greatest, if there are any. */
function span(values: number[], unit: Unit): string {
  if (values.length === 0) return "";
  const least = values.reduce((a, b) => Math.min(a, b));
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return ` from ${figureText(least, unit)} to ${figureText(greatest, unit)}`;
}
