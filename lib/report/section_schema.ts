/**
 * What a comparison's file has to hold: sections with tables and charts.
 *
 * @module
 */

import { v } from "./deps.mts";
import type { Label } from "../result/run_metadata.ts";
import type { CompareResult } from "../result/compare_result.ts";
import type { Axis, Chart, Section, Table, Unit } from "../result/section.ts";
import {
  COUNT,
  FIGURE,
  list,
  POSITIVE,
  rising,
  type Schema,
  TEXT,
  TIMELINE,
} from "./figure_schema.ts";
import { labelEntries } from "./result_schema.ts";

/** The most series of a chart, and columns of a table. */
const SERIES = 50;

const UNIT: Schema<Unit> = v.picklist([
  "us",
  "ms",
  "s",
  "bits_per_second",
  "bytes",
  "count",
  "percent",
]);

const HEAD = { name: TEXT, unit: v.exactOptional(UNIT) };

const TABLE: Schema<Table> = v.pipe(
  v.object({
    columns: list(v.object(HEAD), SERIES),
    rows: list(
      v.object({
        ...HEAD,
        values: list(v.nullable(v.union([FIGURE, TEXT])), SERIES),
      }),
      1000,
    ),
  }),
  v.check(
    ({ columns, rows }) =>
      rows.every(({ values }) => values.length === columns.length),
    "rows that do not fit its columns",
  ),
);

const AXIS: Schema<Axis> = v.object({
  label: TEXT,
  unit: UNIT,
  scale: v.exactOptional(v.picklist(["linear", "log", "percentile"])),
});

const CHART: Schema<Chart> = v.variant("kind", [
  v.object({
    kind: v.literal("curve"),
    title: TEXT,
    x: AXIS,
    y: AXIS,
    series: list(
      v.object({
        name: TEXT,
        points: list(v.object({ x: FIGURE, y: v.nullable(FIGURE) })),
      }),
      SERIES,
    ),
  }),
  v.pipe(
    v.object({
      kind: v.literal("histogram"),
      title: TEXT,
      edges_us: list(POSITIVE, 200),
      series: list(v.object({ name: TEXT, count: list(COUNT, 199) }), SERIES),
    }),
    v.check(
      ({ edges_us, series }) =>
        rising(edges_us) &&
        series.every(({ count }) => count.length === edges_us.length - 1),
      "limits that do not fit its bins",
    ),
  ),
  v.object({
    kind: v.literal("timeline"),
    title: TEXT,
    series: list(v.object({ name: TEXT, timeline: TIMELINE }), SERIES),
  }),
  v.pipe(
    v.object({
      kind: v.literal("bars"),
      title: TEXT,
      value: AXIS,
      names: list(TEXT, 200),
      series: list(
        v.object({ name: TEXT, values: list(v.nullable(FIGURE), 200) }),
        SERIES,
      ),
    }),
    v.check(
      ({ names, series }) =>
        series.every(({ values }) => values.length === names.length),
      "bars that do not fit their names",
    ),
  ),
]);

/** A section, as its event carries it. */
export const SECTION: Schema<Section> = v.object({
  title: TEXT,
  table: TABLE,
  charts: list(CHART, 20),
  sentences: list(TEXT, 200),
});

const COMPARE_LABEL = labelEntries(v.literal("compare"));

/** What the start of a comparison says. */
export const COMPARE_START: Schema<Label<"compare">> = v
  .object(COMPARE_LABEL);

/** A comparison. */
export const COMPARE: Schema<CompareResult> = v.object({
  ...COMPARE_LABEL,
  sections: list(SECTION, 100),
  notes: list(TEXT, 100),
});
