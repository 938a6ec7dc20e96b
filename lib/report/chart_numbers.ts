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
import type { TimelineFigures } from "../stats/timeline.ts";
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
    const figures = join(timeline, joined);
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

/** The same in fewer slots, which are longer. */
function join(timeline: TimelineFigures, slots: number): TimelineFigures {
  const length = Math.ceil(timeline.sent.length / Math.max(1, slots));
  const each = <T>(figure: (from: number, to: number) => T) =>
    Array.from({ length }, (_, row) => figure(row * slots, (row + 1) * slots));
  const { sent, lost, min_us, mean_us, max_us } = timeline;
  const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const known = (values: (number | null)[]) =>
    values.filter((value) => value !== null);
  const extreme = (values: (number | null)[], of: typeof Math.min) =>
    each((from, to) => {
      const some = known(values.slice(from, to));
      return some.length === 0 ? null : of(...some);
    });
  return {
    slot_ms: timeline.slot_ms * slots,
    sent: each((from, to) => sum(sent.slice(from, to))),
    lost: each((from, to) => sum(lost.slice(from, to))),
    min_us: extreme(min_us, Math.min),
    mean_us: each((from, to) => {
      let [total, count] = [0, 0];
      for (let slot = from; slot < Math.min(to, sent.length); slot++) {
        const mean = mean_us[slot] ?? null;
        if (mean === null) continue;
        const received = sent[slot]! - lost[slot]!;
        total += mean * received;
        count += received;
      }
      return count > 0 ? total / count : null;
    }),
    max_us: extreme(max_us, Math.max),
  };
}
