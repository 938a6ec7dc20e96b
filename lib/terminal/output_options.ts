/**
 * How a run is shown: in which form, where, with which drawings.
 *
 * @module
 */

import { ResultBuilder } from "../result/builder.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { liveBlock } from "./live_block.ts";
import type { PlotStyle } from "./plot_style.ts";
import type { Terminal } from "./terminal.ts";

/** How often the block is drawn to warm up: some 50 ms in all. */
const WARM_UPS = 200;

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
export function plotStyle({ plots, terminal }: OutputOptions): PlotStyle {
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
  const draw = output.plots !== "none";
  warmUp(plotStyle(output));
  const startMs = performance.now();
  return (sample, builder) =>
    terminal.live(() => [
      ...(title === undefined ? [] : [title]),
      ...liveBlock(
        sample,
        builder,
        { total, startMs, draw },
        plotStyle(output),
      ),
    ]);
}

/**
 * Has the compiler see what draws the block before anything is measured: the
 * first drawings take milliseconds, in which a probe would have to wait.
 */
function warmUp(style: PlotStyle): void {
  const builder = new ResultBuilder({
    protocol: "measure",
    mode: "rtt",
    target: "",
    sizeBytes: 1,
    intervalMs: 0,
    options: { given: {}, used: {} },
  });
  const progress = { total: WARM_UPS, startMs: 0, draw: true };
  for (let sequence = 0; sequence < WARM_UPS; sequence++) {
    const sample = newSample(sequence, false, sequence);
    sample.rttMs = sequence % 10 === 0 ? null : 0.1 + sequence % 7;
    builder.add(sample);
    liveBlock(sample, builder, progress, style);
  }
}
