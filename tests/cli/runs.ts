/**
 * Measurements, sweeps and comparisons of samples that need no network.
 *
 * @module
 */

import {
  EXPERIMENT_OPTIONS,
  experimentPlan,
} from "../../lib/cli/compare_options.ts";
import { parseOptions } from "../../lib/cli/options.ts";
import { type OutputValues, Report } from "../../lib/cli/report.ts";
import { run, type Runnable } from "../../lib/cli/run.ts";
import {
  type PlannedExperiment,
  runnableExperiments,
} from "../../lib/cli/run_experiments.ts";
import { runnableMeasurement } from "../../lib/cli/run_measurement.ts";
import { runnableSweep } from "../../lib/cli/run_sweep.ts";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { runMetadata } from "../../lib/result/run_metadata.ts";
import type { Result } from "../../lib/result/schema.ts";
import { type SweepStep, sweepSteps } from "../../lib/result/sweep.ts";
import type { Threshold } from "../../lib/result/thresholds.ts";
import { newSample, type Sample } from "../../lib/stats/sample.ts";
import { recordingTerminal } from "../terminal/sinks.ts";

const TARGET = "127.0.0.1:10000";
const OPTIONS = { given: {}, used: {} };
const OUTPUT: OutputValues = {
  json: false,
  ndjson: false,
  csv: false,
  plots: "unicode",
  quiet: false,
  reportEvery: 10_000,
};

const NOWHERE = { hostname: "127.0.0.1", port: 1 };
const TCP = { ...NOWHERE, transport: "tcp" } as const;
const NO_SERVERS = {
  measure: TCP,
  stamp: { ...NOWHERE, transport: "udp" },
  iterative: TCP,
  concurrent: TCP,
} as const;

/** Seven points on four curves. */
export const STEPS = sweepSteps({
  sizesBytes: { rtt: [1, 100], tput: [1024] },
  delaysMs: [0, 50],
  sizeBytes: { rtt: 100, tput: 1024 },
});

/** How often a point or a measurement is probed. */
export const PROBES = 3;

/** What happens at a probe; it may throw, or return a lost one. */
export type Probe = (number: number, step?: SweepStep) => void | "lost";

async function* samples(
  probe: Probe,
  signal: AbortSignal,
  step?: SweepStep,
  { first = 1, count = PROBES } = {},
): AsyncGenerator<Sample> {
  for (let number = first; number < first + count; number++) {
    await Promise.resolve();
    const isLost = probe(number, step) === "lost";
    if (signal.aborted) return;
    const sample = newSample(number, false, number);
    yield { ...sample, rttMs: isLost ? null : 0.05 };
  }
}

function builder(
  mode: "rtt" | "tput" = "rtt",
  sizeBytes = 100,
  thresholds: Threshold[] = [],
) {
  return new ResultBuilder({
    protocol: "measure",
    mode,
    target: TARGET,
    sizeBytes,
    intervalMs: 0,
    thresholds,
    options: OPTIONS,
  });
}

/** A measurement of three probes. */
export function measurement(
  probe: Probe = () => {},
  hdr?: string,
  thresholds: Threshold[] = [],
) {
  return (signal: AbortSignal): Runnable =>
    runnableMeasurement({
      title: "the title",
      samples: samples(probe, signal),
      builder: builder("rtt", 100, thresholds),
      count: PROBES,
      hdr,
    });
}

/** A sweep of {@linkcode STEPS}. */
export function sweep(probe: Probe = () => {}) {
  return (signal: AbortSignal): Runnable =>
    runnableSweep({
      title: "the title",
      metadata: {
        ...runMetadata({
          mode: "sweep",
          target: TARGET,
          started: new Date(0),
          options: OPTIONS,
        }),
        protocol: "measure",
      },
      steps: STEPS,
      probes: PROBES,
      warmUp: () => samples(probe, signal, STEPS[0]),
      prepare(step) {
        let first = 1;
        return {
          builder: builder(step.quantity, step.sizeBytes),
          session(count) {
            first += count;
            return samples(probe, signal, step, {
              first: first - count,
              count,
            });
          },
        };
      },
      notes: new Set(["noted"]),
      signal,
    });
}

/** A comparison of experiments about message boundaries. */
export function comparison(
  ...actions: (() => void)[]
): (signal: AbortSignal) => Runnable {
  const bytes = { sent_bytes: [3, 5], received_bytes: [8] };
  const experiments = actions.map((action): PlannedExperiment => ({
    experiment: {
      name: "boundaries",
      program: "message-boundaries",
      summary: "",
      options: [],
      async measure() {
        await Promise.resolve();
        action();
        return { tcp: bytes, udp: bytes };
      },
    },
    where: "on loopback",
    servers: NO_SERVERS,
  }));
  return (signal) => {
    const { options } = parseOptions(EXPERIMENT_OPTIONS, []);
    const plan = experimentPlan(options, signal);
    const about = { target: TARGET, options: OPTIONS };
    return runnableExperiments(experiments, plan, about);
  };
}

/** What a run printed, and how it ended. */
export interface Ran {
  /** The exit code, or what was thrown. */
  outcome: unknown;
  stdout: string;
  stderr: string;
  /** The object of `--json`. */
  json: Result;
  /** The events of `--ndjson`. */
  events: { event: string; data: unknown }[];
}

/** Runs to the end. */
export async function ran(
  prepare: (signal: AbortSignal) => Runnable | Promise<Runnable>,
  output: Partial<OutputValues> = {},
  { stop = new AbortController(), isPerson = false }: {
    stop?: AbortController;
    isPerson?: boolean;
  } = {},
): Promise<Ran> {
  const { terminal, stdout, stderr } = recordingTerminal(isPerson);
  const report = new Report({ ...OUTPUT, ...output }, terminal);
  const { signal } = stop;
  const outcome = await run(() => prepare(signal), {
    report,
    signal,
  }).catch((error) => error);
  return {
    outcome,
    stdout: stdout.text,
    stderr: stderr.text,
    get json() {
      return JSON.parse(stdout.text);
    },
    get events() {
      return stdout.text.trimEnd().split("\n").map((line) => JSON.parse(line));
    },
  };
}
