/**
 * The numbers of a chart as a table, for readers who cannot see the chart or want
 * exact values.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type {
  Axis,
  Chart,
  CurveChart,
  Head,
  Table,
} from "../result/section.ts";
import { commonSlotMs, mergeSlots } from "../stats/timeline.ts";

/** The maximum number of rows of a table. */
const MAX_ROWS = 40;

/**
 * The numbers of a chart in about 40 rows: of more points some are chosen, and
 * more slots of time are merged.
 *
 * @internal
 */
export function chartTable(chart: Chart): Table {
  switch (chart.kind) {
    case "bars": {
      const { names, series, value: { unit } } = chart;
      return table(
        series.map(({ name }) => ({ name, unit })),
        names,
        (row) => series.map(({ values }) => values[row] ?? "failed"),
      );
    }
    case "histogram": {
      const { edges_us, series } = chart;
      const edges = edges_us.map((edge) => formatValue(edge, "us"));
      return table(
        series.map(({ name }) => ({ name, unit: "count" })),
        edges.slice(1).map((edge, bin) => `${edges[bin]} to ${edge}`),
        (bin) => series.map(({ count }) => count[bin] ?? null),
      );
    }
    case "curve":
      return curveTable(chart.x, [chart]);
    case "panels":
      return curveTable(
        chart.x,
        chart.panels.map(({ y, series }) => ({
          y,
          series: series.filter(({ as }) => as !== "dots"),
        })),
      );
    case "timeline": {
      const timelines = chart.series.map(({ timeline }) => timeline);
      const slotMs = commonSlotMs(timelines, MAX_ROWS);
      const merged = timelines.map((each) => mergeSlots(each, slotMs));
      const slots = Math.max(...merged.map(({ sent }) => sent.length));
      const keys = ["sent", "lost", "min_us", "mean_us", "max_us"] as const;
      return table(
        chart.series.flatMap(({ name }) =>
          keys.map((key): Head => {
            const [part, unit = "count"] = key.split("_") as [string, "us"?];
            const isOnly = chart.series.length === 1;
            return { name: isOnly ? part : `${name}, ${part}`, unit };
          })
        ),
        Array.from(
          { length: slots },
          (_, slot) => `from ${formatValue(slot * slotMs / 1000, "s")}`,
        ),
        (slot) =>
          merged.flatMap((each) => keys.map((key) => each[key][slot] ?? null)),
      );
    }
  }
}

/** The points of curves with one axis across. */
function curveTable(
  x: Axis,
  curves: Pick<CurveChart, "y" | "series">[],
): Table {
  const all = curves.flatMap(({ y, series }) =>
    series.map(({ name, points }) => ({
      head: { name, unit: y.unit },
      known: new Map(points.map((point) => [point.x, point.y ?? "failed"])),
    }))
  );
  const places = [...new Set(all.flatMap(({ known }) => [...known.keys()]))]
    .sort((one, other) => one - other);
  const every = Math.ceil(places.length / MAX_ROWS);
  const chosen = places.filter((_, index) =>
    index % every === 0 || index === places.length - 1
  );
  return table(
    all.map(({ head }) => head),
    chosen.map((place) => formatValue(place, x.unit)),
    (row) => all.map(({ known }) => known.get(chosen[row]!) ?? null),
  );
}

function table(
  columns: Head[],
  names: string[],
  values: (row: number) => Table["rows"][number]["values"],
): Table {
  return {
    columns,
    rows: names.map((name, row) => ({ name, values: values(row) })),
  };
}
