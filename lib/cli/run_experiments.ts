/**
 * Runs experiments one after the other: figures in, sections or JSON out.
 *
 * @module
 */

import type {
  Experiment as ExperimentResult,
  ExperimentFigures,
  ExperimentName,
} from "../result/compare_schema.ts";
import { experimentTitle } from "../result/compare_sections.ts";
import { roundFigures } from "../result/quantities.ts";
import { runMetadata } from "../result/run_metadata.ts";
import type { OutputOptions } from "../terminal/output_options.ts";
import { sectionReporterOf } from "../terminal/section_reporter.ts";
import {
  EXPERIMENT_OPTIONS,
  EXPERIMENT_OUTPUT,
  type ExperimentPlan,
  experimentPlan,
  usedOptions,
} from "./compare_options.ts";
import { explain } from "./context.ts";
import { type ExperimentServers, LocalServers } from "./local_servers.ts";
import { parseOptions } from "./options.ts";
import { outputOptions } from "./output_options.ts";
import { type ProgramIo, runMain } from "./run_main.ts";

/** An experiment, which is a program of its own and a part of a comparison. */
export interface Experiment<N extends ExperimentName = ExperimentName> {
  /** Its name in the result. */
  name: N;
  /** The name of its program. */
  program: string;
  /** What it shows, for the help of its program. */
  summary: string;
  /** The options that have an effect on it. */
  options: readonly (keyof typeof EXPERIMENT_OPTIONS)[];
  /** Measures; throws if nothing can be measured. */
  measure(
    servers: ExperimentServers,
    plan: ExperimentPlan,
  ): Promise<ExperimentFigures<N>>;
}

/** An experiment of a run. */
export interface PlannedExperiment {
  /** The name in the result. */
  name: ExperimentName;
  /** Where it takes place, as `on loopback`. */
  where: string;
  /** Measures. */
  measure: () => Promise<ExperimentFigures<ExperimentName>>;
}

/** What is known of a run of experiments before it starts. */
export interface ExperimentsRun {
  /** The target, as `HOST:PORT`. */
  target: string;
  /** The options as they were given, and as they take effect. */
  options: { given: object; used: object };
  /** How the result is shown. */
  output: OutputOptions;
  /** Ends the run early. */
  signal: AbortSignal;
}

/**
 * Runs the program of one experiment, with servers in this process.
 *
 * @param experiment The experiment.
 * @param args The arguments, as in `Deno.args`.
 * @param io Where the program runs, if not by itself.
 * @returns The exit code.
 */
export function experimentMain<N extends ExperimentName>(
  experiment: Experiment<N>,
  args: string[],
  io?: ProgramIo,
): Promise<number> {
  const { name, program, summary, options } = experiment;
  const table = Object.fromEntries(
    options.map((option) => [option, EXPERIMENT_OPTIONS[option]]),
  ) as typeof EXPERIMENT_OPTIONS;
  return runMain(
    {
      name: program,
      summary,
      operands: "",
      details: ["It takes place on loopback, with servers in this process."],
      options: { ...table, ...EXPERIMENT_OUTPUT },
      examples: ["", "--json"],
    },
    args,
    io,
    async ({ options: asked, given, signal, terminal }) => {
      const defaults = parseOptions(EXPERIMENT_OPTIONS, []).options;
      const plan = experimentPlan({ ...defaults, ...asked }, signal);
      const output = outputOptions(asked, terminal);
      const used = usedOptions(plan, options);
      await using servers = new LocalServers();
      const measure = () => experiment.measure(servers, plan);
      return await runExperiments([{ name, where: "on loopback", measure }], {
        target: "127.0.0.1",
        options: { given, used },
        output,
        signal,
      });
    },
  );
}

/**
 * Runs experiments. One that fails is shown as failed, and the others follow.
 *
 * @param experiments The experiments.
 * @param run The run.
 * @returns The exit code: 0, or 1 if an experiment failed.
 */
export async function runExperiments(
  experiments: PlannedExperiment[],
  { target, options, output, signal }: ExperimentsRun,
): Promise<number> {
  const { terminal } = output;
  const started = new Date();
  const metadata = runMetadata({ mode: "compare", target, started, options });
  const reporter = sectionReporterOf(output);
  const results: ExperimentResult[] = [];
  reporter.start(metadata);
  for (const { name, where, measure } of experiments) {
    reporter.part(
      `experiment ${results.length + 1} of ${experiments.length}: ` +
        experimentTitle(name),
    );
    let result;
    try {
      const figures = roundFigures(await measure());
      result = { name, where, error: null, figures } as ExperimentResult;
    } catch (error) {
      if (signal.aborted) break;
      result = { name, where, error: explain(error), figures: null };
    }
    if (signal.aborted || terminal.closed) break;
    results.push(result);
    reporter.experiment(result);
  }
  // Of a run interrupted during its first experiment there is nothing to show.
  if (results.length === 0) signal.throwIfAborted();
  const notes = signal.aborted
    ? [
      `the run was interrupted, after ${results.length} of ` +
      `${experiments.length} experiments`,
    ]
    : [];
  reporter.end({ ...metadata, experiments: results, notes });
  const failed = results.filter(({ error }) => error !== null).length;
  if (failed === 0) return 0;
  terminal.info(`${failed} of ${experiments.length} experiments failed`);
  return 1;
}
