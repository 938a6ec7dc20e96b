/**
 * The contents of the output, independent of the medium: titles, tables, charts
 * and sentences. The terminal and the report both draw sections.
 *
 * Values are in the base unit that each `unit` names; a figure that is unknown,
 * or failed, is `null`. Names, titles and sentences may come from an untrusted
 * file: the code that draws them escapes them.
 *
 * @module
 */

import type { TimelineFigures } from "../stats/timeline.ts";

/** The unit of a value. */
export type Unit =
  | "us"
  | "ms"
  | "s"
  | "bits_per_second"
  | "bytes"
  | "count"
  | "percent"
  | "ppm"
  | "grade";

/** The name of a row or a column, and the unit of its values. */
export interface Head {
  /** The name. */
  name: string;
  /** The unit; a cell has that of its row, else that of its column. */
  unit?: Unit;
}

/** A table of figures. */
export interface Table {
  /** The columns of values. */
  columns: Head[];
  /**
   * The rows, one value a column; a text such as `failed` replaces a figure.
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

/** What every chart has. */
export interface ChartHead {
  /** What it shows. */
  title: string;
  /** Whether a medium with little space, such as a terminal, leaves it out. */
  detail?: boolean;
}

/** A point of a curve. */
export interface CurvePoint {
  /** Its value on the horizontal axis. */
  x: number;
  /** Its value; `null` if the point failed. */
  y: number | null;
  /** The lower end of a band around the value. */
  low?: number;
  /** The upper end of that band. */
  high?: number;
}

/** Lines of points. */
export interface CurveChart extends ChartHead {
  /** The kind of chart. */
  kind: "curve";
  /** The horizontal axis. */
  x: Axis;
  /** The vertical axis. */
  y: Axis;
  /** One line each. */
  series: { name: string; points: CurvePoint[] }[];
}

/** The number of values in each bin. */
export interface HistogramChart extends ChartHead {
  /** The kind of chart. */
  kind: "histogram";
  /** The bins' limits, rising; one more than there are bins. */
  edges_us: number[];
  /** How many values were in each bin. */
  series: { name: string; count: number[] }[];
}

/** Round-trip times and losses over time, in slots of equal length. */
export interface TimelineChart extends ChartHead {
  /** The kind of chart. */
  kind: "timeline";
  /** What happened in each slot. */
  series: { name: string; timeline: TimelineFigures }[];
}

/** Bars. */
export interface BarChart extends ChartHead {
  /** The kind of chart. */
  kind: "bars";
  /** The axis of the lengths. */
  value: Axis;
  /** The names of the bars. */
  names: string[];
  /** The lengths, one a name. */
  series: { name: string; values: (number | null)[] }[];
}

/** One of several drawings, stacked vertically. */
export interface Panel {
  /** The vertical axis. */
  y: Axis;
  /**
   * What is drawn: a line that a `null` interrupts, a dot for each point, or a
   * stick up to it. Series of one name have one colour in all panels.
   */
  series: {
    name: string;
    as: "line" | "dots" | "sticks";
    points: CurvePoint[];
  }[];
}

/** Several drawings, stacked vertically, with a common horizontal axis. */
export interface PanelChart extends ChartHead {
  /** The kind of chart. */
  kind: "panels";
  /** The horizontal axis. */
  x: Axis;
  /** Shaded intervals of that axis, and their names. */
  shades: { name: string; from: number; to: number }[];
  /** The drawings, from the top. */
  panels: Panel[];
}

/** A chart of any kind. */
export type Chart =
  | CurveChart
  | HistogramChart
  | TimelineChart
  | BarChart
  | PanelChart;

/**
 * The place of a section: `"headline"` holds the figures that are read first (a
 * terminal shows it last and without its title, a page first), `"quality"` states
 * how good the measurement itself was, `"notes"` what else a reader should know.
 */
export type SectionRole = "headline" | "figures" | "quality" | "notes";

/** A part of the output. */
export interface Section {
  /** One line. */
  title: string;
  /** Its place among the others; default `"figures"`. */
  role?: SectionRole;
  /** The figures, if there are any. */
  table?: Table;
  /** The drawings, if there are any. */
  charts?: Chart[];
  /** Sentences computed from the figures. */
  sentences?: string[];
}
