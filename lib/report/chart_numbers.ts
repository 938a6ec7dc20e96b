/**
 * The numbers of a chart as tables, for those who cannot see it, or want to know
 * exactly.
 *
 * @module
 */

import type {
  Chart,
  CurveChart,
  HistogramChart,
  Table,
  TimelineChart,
} from "../result/section.ts";
import { mergeSlots } from "../stats/timeline.ts";
import { figureText } from "./figure_text.ts";

/** The most rows of a table. */
const MOST_ROWS = 40;
/** As many digits tell the last percentiles apart. */
const PLACE_DIGITS = 6;

/** Some of a chart's numbers. */
export interface ChartNumbers {
  /** Whose they are, and what was left out; may be empty. */
  caption: string;
  /** The numbers. */
  table: Table;
}

/**
 * The numbers of a chart; of very many points not each.
 *
 * @param chart The chart.
 * @returns A table, or of a timeline one for each series.
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
    case "histogram":
      return [{ caption: "", table: histogramTable(chart) }];
    case "timeline":
      return timelineNumbers(chart);
    case "bars":
      return [{
        caption: "",
        table: {
          columns: chart.series.map(({ name }) => ({
            name,
            unit: chart.value.unit,
          })),
          rows: chart.names.map((name, place) => ({
            name,
            values: chart.series.map(({ values }) => values[place] ?? "failed"),
          })),
        },
      }];
  }
}

function curveNumbers({ series, x, y }: CurveChart): ChartNumbers {
  const known = series.map(({ points }) =>
    new Map(points.map((point) => [point.x, point.y ?? "failed"]))
  );
  const places = [...new Set(known.flatMap((points) => [...points.keys()]))]
    .sort((one, other) => one - other);
  const every = Math.ceil(places.length / MOST_ROWS);
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

function histogramTable({ edges_us, series }: HistogramChart): Table {
  return {
    columns: series.map(({ name }) => ({ name, unit: "count" })),
    rows: edges_us.slice(1).map((edge, bin) => ({
      name: `${figureText(edges_us[bin]!, "us")} to ${figureText(edge, "us")}`,
      values: series.map(({ count }) => count[bin] ?? null),
    })),
  };
}

function timelineNumbers({ series }: TimelineChart): ChartNumbers[] {
  return series.map(({ name, timeline }) => {
    const joined = Math.ceil(timeline.sent.length / MOST_ROWS);
    const figures = mergeSlots(
      timeline,
      timeline.slot_ms * Math.max(1, joined),
    );
    const { slot_ms, sent, lost, min_us, mean_us, max_us } = figures;
    const caption = joined === 1 ? "" : `, ${joined} slots in each row`;
    return {
      caption: `${name}${caption}`,
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
