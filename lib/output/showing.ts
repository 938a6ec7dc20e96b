/**
 * How a run is shown: in which form, where, with which drawings.
 *
 * @module
 */

import type { ResultBuilder } from "../measure/result_builder.ts";
import type { Sample } from "../measure/sample.ts";
import { liveBlock } from "./live_block.ts";
import type { PlotStyle } from "./plot_style.ts";
import type { Terminal } from "./terminal.ts";

/** The output forms. */
export type OutputForm = "table" | "json" | "ndjson" | "csv";

/** How plots are drawn, if at all. */
export type Plots = "unicode" | "ascii" | "none";

/** How a run is shown. */
export interface Showing {
  /** The output form. */
  form: OutputForm;
  /** How to draw. */
  plots: Plots;
  /** Whether not to show how far it has come. */
  quiet: boolean;
  /** Where to write. */
  terminal: Terminal;
}

/**
 * How to draw for whoever reads the output.
 *
 * @param showing How the run is shown.
 * @returns As wide as the terminal, or 80 columns; colours for a person alone,
 * who does not mind them (`NO_COLOR`).
 */
export function plotStyle({ plots, terminal }: Showing): PlotStyle {
  return {
    width: terminal.columns,
    ascii: plots === "ascii",
    color: terminal.isTerminal && !Deno.noColor,
  };
}

/**
 * Shows how far a measurement has come, and its figures so far.
 *
 * @param showing How the run is shown.
 * @param total How many samples are expected.
 * @param title What is measured, if more is to come after it.
 * @returns A function to call with each sample, once it was added.
 */
export function liveOf(
  showing: Showing,
  total: number,
  title?: string,
): (sample: Sample, builder: ResultBuilder) => void {
  const { form, terminal, quiet } = showing;
  // Where rows go to the same terminal, they are what there is to see.
  const rows = terminal.isTerminal && (form === "ndjson" || form === "csv");
  if (quiet || rows) return () => {};
  const startMs = performance.now();
  return (sample, builder) =>
    terminal.live(() => [
      ...(title === undefined ? [] : [title]),
      ...liveBlock(
        sample,
        builder,
        { total, startMs, draw: showing.plots !== "none" },
        plotStyle(showing),
      ),
    ]);
}
