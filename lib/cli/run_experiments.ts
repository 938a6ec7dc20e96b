/**
 * Experiments, for the runner: one after the other.
 *
 * @module
 */

import type {
  CompareResult,
  Experiment as ExperimentResult,
  ExperimentFigures,
  ExperimentName,
} from "../result/compare_schema.ts";
import { experimentTitle } from "../result/compare_sections.ts";
import { roundFigures } from "../result/quantities.ts";
import { runMetadata } from "../result/run_metadata.ts";
import {
  EXPERIMENT_OPTIONS,
  EXPERIMENT_OUTPUT,
  type ExperimentPlan,
  experimentPlan,
  type PlanOption,
} from "./compare_options.ts";
import { explain } from "./context.ts";
import { type ExperimentServers, LocalServers } from "./local_servers.ts";
import { parseOptions } from "./options.ts";
import { Report } from "./report.ts";
import { run, type Runnable } from "./run.ts";
import { defineProgram, type Main } from "./program.ts";

/** An experiment, which is a program of its own and a part of a comparison. */
export interface Experiment<N extends ExperimentName = ExperimentName> {
  /** Its name in the result. */
  name: N;
  /** The name of its program. */
  program: string;
  /** What it shows, for the help of its program. */
  summary: string;
  /** The options that have an effect on it. */
  options: readonly PlanOption[];
  /** Measures; throws if nothing can be measured. */
  measure(
    servers: ExperimentServers,
    plan: ExperimentPlan,
  ): Promise<ExperimentFigures<N>>;
}

/** Any experiment. */
export type AnyExperiment = {
  [N in ExperimentName]: Experiment<N>;
}[ExperimentName];

/** An experiment of a run. */
export interface PlannedExperiment {
  /** The experiment. */
  experiment: AnyExperiment;
  /** Where it takes place, as `on loopback`. */
  where: string;
  /** The servers that it measures. */
  servers: ExperimentServers;
}

/**
 * Makes the program of one experiment, with servers in its process.
 *
 * @param experiment The experiment.
 * @returns The program.
 */
export function experimentProgram(experiment: AnyExperiment): Main {
  const { program, summary, options } = experiment;
  const table = Object.fromEntries(
    options.map((option) => [option, EXPERIMENT_OPTIONS[option]]),
  ) as unknown as typeof EXPERIMENT_OPTIONS;
  return defineProgram({
    name: program,
    summary,
    operands: "",
    details: ["The experiment runs on loopback, with servers in this process."],
    options: { ...table, ...EXPERIMENT_OUTPUT },
    examples: ["", "--json"],
  }, async ({ options: asked, given, signal, terminal }) => {
    const defaults = parseOptions(EXPERIMENT_OPTIONS, []).options;
    const plan = experimentPlan({ ...defaults, ...asked }, signal, options);
    const report = new Report(asked, terminal);
    await using servers = new LocalServers();
    const planned = [{ experiment, where: "on loopback", servers }];
    const runnable = () =>
      runnableExperiments(planned, plan, {
        target: "127.0.0.1",
        options: { given, used: plan.used },
      });
    return await run(runnable, { report, signal });
  });
}

/**
 * Prepares experiments for the runner. One that fails is reported as failed, and
 * the others follow.
 *
 * @param experiments The experiments.
 * @param plan What to measure.
 * @param about The target, and the options as they were given and as they take
 * effect.
 * @returns What {@linkcode run} takes.
 */
export function runnableExperiments(
  experiments: PlannedExperiment[],
  plan: ExperimentPlan,
  about: { target: string; options: { given: object; used: object } },
): Runnable {
  const started = new Date();
  const metadata = runMetadata({ mode: "compare", started, ...about });
  const results: ExperimentResult[] = [];
  const notes: string[] = [];
  const result = (): CompareResult => (
    { ...metadata, ended: "complete", experiments: results, notes }
  );
  return {
    title: "",
    metadata,
    progress: () => ({
      done: results.length,
      total: experiments.length,
      unit: "experiment",
    }),
    note: (text) => notes.push(text),
    result,
    async measure(report) {
      for (const { experiment, where, servers } of experiments) {
        const { name } = experiment;
        const number = results.length + 1;
        report.progress(
          `experiment ${number} of ${experiments.length}: ` +
            experimentTitle(name),
        );
        let figures = null;
        let error = null;
        try {
          figures = roundFigures(await experiment.measure(servers, plan));
        } catch (thrown) {
          error = explain(thrown);
        }
        if (plan.signal.aborted) return; // the experiment is incomplete
        const done = { name, where, error, figures } as ExperimentResult;
        results.push(done);
        report.event({ event: "experiment", data: done });
        report.sections(result());
      }
    },
  };
}
