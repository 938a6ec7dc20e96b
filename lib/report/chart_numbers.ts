/**
 * The numbers of a chart as tables, for readers who cannot see the chart or want
 * exact values.
 *
 * @module
 */

import { mergeSlots } from "../stats/timeline.ts";
import type {
  Chart,
  CurveChart,
  Table,
  TimelineChart,
} from "../result/section.ts";
import { figureText } from "./table.ts";

/** The maximum number of rows of a table. */
const MAX_ROWS = 40;
/** As many digits tell the last percentiles apart. */
const PLACE_DIGITS = 6;

/** Some of a chart's numbers. */
export interface ChartNumbers {
  /** What the table shows, and what it leaves out; may be empty. */
  caption: string;
  /** The numbers. */
  table: Table;
}

/**
 * Lists the numbers of a chart; of many points, only some.
 *
 * @param chart The chart.
 * @returns A table; of a timeline, one for each series.
 *
 * @example Usage
 * ```ts
 * import { chartNumbers } from "./chart_numbers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [numbers] = chartNumbers({
 *   kind: "bars",
 *   title: "Time to the first byte",
 *   value: { label: "time", unit: "us" },
 *   names: ["TCP", "UDP"],
 *   series: [{ name: "median", values: [120, null] }],
 * });
 * assertEquals(numbers?.table.rows.map(({ values }) => values), [
 *   [120],
 *   ["failed"],
 * ]);
 * ```
 */
export function chartNumbers(chart: Chart): ChartNumbers[] {
  switch (chart.kind) {
    case "curve":
      return [curveNumbers(chart)];
    case "timeline":
      return timelineNumbers(chart);
    case "histogram": {
      const { edges_us, series } = chart;
      const edges = edges_us.map((edge) => figureText(edge, "us"));
      return [{
        caption: "",
        table: {
          columns: series.map(({ name }) => ({ name, unit: "count" })),
          rows: edges.slice(1).map((edge, bin) => ({
            name: `${edges[bin]} to ${edge}`,
            values: series.map(({ count }) => count[bin] ?? null),
          })),
        },
      }];
    }
    case "bars": {
      const { names, series, value: { unit } } = chart;
      return [{
        caption: "",
        table: {
          columns: series.map(({ name }) => ({ name, unit })),
          rows: names.map((name, place) => ({
            name,
            values: series.map(({ values }) => values[place] ?? "failed"),
          })),
        },
      }];
    }
  }
}

function curveNumbers({ series, x, y }: CurveChart): ChartNumbers {
  const known = series.map(({ points }) =>
    new Map(points.map((point) => [point.x, point.y ?? "failed"]))
  );
  const places = [...new Set(known.flatMap((points) => [...points.keys()]))]
    .sort((one, other) => one - other);
  const every = Math.max(1, Math.ceil(places.length / MAX_ROWS));
  const chosen = places.filter((_, index) =>
    index % every === 0 || index === places.length - 1
  );
  return {
    caption: every === 1 ? "" : `One of ${every} points, and the last`,
    table: {
      columns: series.map(({ name }) => ({ name, unit: y.unit })),
      rows: chosen.map((place) => ({
        name: figureText(place, x.unit, PLACE_DIGITS),
        values: known.map((points) => points.get(place) ?? null),
      })),
    },
  };
}

function timelineNumbers({ series }: TimelineChart): ChartNumbers[] {
  return series.map(({ name, timeline }) => {
    const every = Math.max(1, Math.ceil(timeline.sent.length / MAX_ROWS));
    const { slot_ms, sent, lost, min_us, mean_us, max_us } = mergeSlots(
      timeline,
      timeline.slot_ms * every,
    );
    return {
      caption: every === 1 ? name : `${name}, ${every} slots in each row`,
      table: {
        columns: [
          { name: "sent", unit: "count" },
          { name: "lost", unit: "count" },
          { name: "min", unit: "us" },
          { name: "mean", unit: "us" },
          { name: "max", unit: "us" },
        ],
        rows: sent.map((count, slot) => ({
          name: `from ${figureText(slot * slot_ms / 1000, "s", PLACE_DIGITS)}`,
          values: [
            count,
            lost[slot]!,
            min_us[slot]!,
            mean_us[slot]!,
            max_us[slot]!,
          ],
        })),
      },
    };
  });
}
