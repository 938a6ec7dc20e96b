/**
 * How a run is shown: in which form, where, with which drawings.
 *
 * @module
 */

import type { ResultBuilder } from "../result/builder.ts";
import type { Sample } from "../stats/sample.ts";
import { showLive } from "./live.ts";
import type { Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";

/** The output forms. */
export type OutputForm = "table" | "json" | "ndjson" | "csv";

/** How plots are drawn, if at all. */
export type Plots = "unicode" | "ascii" | "none";

/** How a run is shown. */
export interface OutputOptions {
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
 * @param output How the run is shown.
 * @returns As wide as the terminal, or 80 columns; colours for a person alone,
 * who does not mind them (`NO_COLOR`).
 */
export function plotStyle({ plots, terminal }: OutputOptions): Style {
  return {
    width: terminal.columns,
    ascii: plots === "ascii",
    color: terminal.isTerminal && !Deno.noColor,
  };
}

/**
 * Shows how far a measurement has come, and its figures so far.
 *
 * @param output How the run is shown.
 * @param total How many samples are expected.
 * @param title What is measured, if more is to come after it.
 * @returns A function to call with each sample, once it was added.
 */
export function liveOf(
  output: OutputOptions,
  total: number,
  title?: string,
): (sample: Sample, builder: ResultBuilder) => void {
  const { form, terminal, quiet } = output;
  // Where rows go to the same terminal, they are what there is to see.
  const rows = terminal.isTerminal && (form === "ndjson" || form === "csv");
  if (quiet || rows || !terminal.isLive) return () => {};
  return showLive(terminal, {
    total,
    draw: output.plots !== "none",
    style: () => plotStyle(output),
    ...(title === undefined ? {} : { title }),
  });
}
