/**
 * What is shown of results, apart from where it is shown: a title, a table,
 * charts and sentences. The terminal and the report both draw this.
 *
 * Values are in the base unit that each `unit` names; a figure that is unknown,
 * or failed, is `null`. Columns, series and names may come from a file that
 * somebody sent: whoever draws them makes them safe.
 *
 * @module
 */

import type { TimelineFigures } from "../stats/timeline.ts";

/** In which unit a value is. */
export type Unit =
  | "us"
  | "ms"
  | "s"
  | "bits_per_second"
  | "bytes"
  | "count"
  | "percent";

/** The name of a row or a column, and the unit of its values. */
export interface Head {
  /** What it is. */
  name: string;
  /** The unit; a cell has that of its row, else that of its column. */
  unit?: Unit;
}

/** A table of figures. */
export interface Table {
  /** The columns of values. */
  columns: Head[];
  /**
   * The rows, one value a column; a text where there is no figure, as `failed`.
   */
  rows: (Head & { values: (number | string | null)[] })[];
}

/** An axis of a chart. */
export interface Axis {
  /** What it shows, without the unit. */
  label: string;
  /** The unit of its values. */
  unit: Unit;
  /**
   * How it is scaled; default `"linear"`. On `"percentile"` the distance to 100
   * is logarithmic, as in the plots of HdrHistogram.
   */
  scale?: "linear" | "log" | "percentile";
}

/** Lines of points. */
export interface CurveChart {
  /** Tells the kinds apart. */
  kind: "curve";
  /** What it shows. */
  title: string;
  /** Across. */
  x: Axis;
  /** Upwards. */
  y: Axis;
  /** One line each; a `y` of `null` is a point that failed. */
  series: { name: string; points: { x: number; y: number | null }[] }[];
}

/** How often values fell into each of some bins. */
export interface HistogramChart {
  /** Tells the kinds apart. */
  kind: "histogram";
  /** What it shows. */
  title: string;
  /** The bins' limits, rising; one more than there are bins. */
  edges_us: number[];
  /** How many values were in each bin. */
  series: { name: string; count: number[] }[];
}

/** Round-trip times and losses over time, in slots of equal length. */
export interface TimelineChart {
  /** Tells the kinds apart. */
  kind: "timeline";
  /** What it shows. */
  title: string;
  /** What happened in each slot. */
  series: { name: string; timeline: TimelineFigures }[];
}

/** Bars of a length each. */
export interface BarChart {
  /** Tells the kinds apart. */
  kind: "bars";
  /** What it shows. */
  title: string;
  /** What the lengths are. */
  value: Axis;
  /** The names of the bars. */
  names: string[];
  /** The lengths, one a name. */
  series: { name: string; values: (number | null)[] }[];
}

/** Any one chart. */
export type Chart = CurveChart | HistogramChart | TimelineChart | BarChart;

/** A part of what is shown. */
export interface Section {
  /** One line. */
  title: string;
  /** The figures. */
  table: Table;
  /** The drawings. */
  charts: Chart[];
  /** What the figures say, computed from them. */
  sentences: string[];
}
