/**
 * Runs the experiments of a comparison one after the other: figures in, report
 * and exit code out.
 *
 * @module
 */

import type {
  CompareMetadata,
  Experiment,
  ExperimentFigures,
  ExperimentName,
} from "../result/compare_schema.ts";
import { experimentTitle } from "../result/compare_sections.ts";
import { roundFigures } from "../result/quantities.ts";
import { sectionReporterOf } from "../terminal/section_reporter.ts";
import type { OutputOptions } from "../terminal/output_options.ts";
import { explain } from "./context.ts";

/** An experiment about to run. */
export interface ExperimentRun {
  /** Its name. */
  name: ExperimentName;
  /** Where it takes place, as `on loopback`. */
  where: string;
  /** Runs it. */
  run: () => Promise<ExperimentFigures<ExperimentName>>;
}

/**
 * Runs experiments. One that fails is shown as failed, and the rest goes on.
 *
 * @param parts The experiments.
 * @param run What made them, how they are shown, and what ends them early.
 * @returns The exit code: 0, or 1 if an experiment failed.
 */
export async function runParts(
  parts: ExperimentRun[],
  run: {
    metadata: CompareMetadata;
    output: OutputOptions;
    signal: AbortSignal;
  },
): Promise<number> {
  const { metadata, output, signal } = run;
  const { terminal } = output;
  const reporter = sectionReporterOf(output);
  const experiments: Experiment[] = [];
  const notes: string[] = [];
  let failed = 0;
  reporter.start(metadata);
  for (const { name, where, run } of parts) {
    const number = experiments.length + 1;
    reporter.part(
      `part ${number} of ${parts.length}: ${experimentTitle(name)}`,
    );
    let figures = null;
    let error = null;
    try {
      figures = roundFigures(await run());
    } catch (thrown) {
      if (signal.aborted) break;
      failed += 1;
      error = explain(thrown);
    }
    if (signal.aborted || terminal.closed) break;
    const experiment = { name, where, error, figures } as Experiment;
    experiments.push(experiment);
    reporter.experiment(experiment);
  }
  // Of a run interrupted before the first part there is nothing to show.
  if (experiments.length === 0) signal.throwIfAborted();
  if (signal.aborted) {
    notes.push(
      `the run was interrupted, after ${experiments.length} of ${parts.length} parts`,
    );
  }
  reporter.end({ ...metadata, experiments, notes });
  if (failed === 0) return 0;
  terminal.info(`${failed} of ${parts.length} parts failed`);
  return 1;
}
