/**
 * One measurement, for the runner: its options, and the sum of its samples.
 *
 * @module
 */

import type { ResultBuilder } from "../result/builder.ts";
import type { FigureSource } from "../result/figures.ts";
import { csvHeader } from "../result/formats.ts";
import { parseThreshold, type Threshold } from "../result/thresholds.ts";
import type { Sample } from "../stats/sample.ts";
import { RunError, withContext } from "./context.ts";
import { flag, type Option, repeated, text } from "./option.ts";
import { UsageError } from "./options.ts";
import { OUTPUT_OPTIONS } from "./report.ts";
import type { Runnable } from "./run.ts";

/**
 * The options of a program whose result is compared with thresholds.
 *
 * @param examples Thresholds, for the help.
 * @returns The output options and `--fail-if`.
 */
export function reportOptions(
  examples: string,
): typeof OUTPUT_OPTIONS & { failIf: Option<Threshold[]> } {
  return {
    ...OUTPUT_OPTIONS,
    failIf: repeated(
      "RULE",
      parseThreshold,
      `exit with 3 if a figure crosses a limit, as in ${examples}`,
    ),
  };
}

/** The options of every measurement. */
export const REPORT_OPTIONS = {
  ...OUTPUT_OPTIONS,
  calibrate: flag(
    "first measure a server in this process, and show its median as the floor",
  ),
  hdr: text(
    "FILE",
    "also write the percentiles of the RTT in HdrHistogram's text format",
  ),
  failIf: reportOptions("p99>5ms, loss>1% or throughput<10M").failIf,
};

/** The paragraph of the help about thresholds. */
export const FAIL_IF_HELP =
  "--fail-if compares a figure with a limit: a percentile such as p99 or p99.5, min, max, mean or stddev of the RTT, jitter or ipdv.p99 with a time; loss with a percentage. With a schedule, the RTT and the RTT from the intended time of each probe are judged, whichever is stricter; rtt.p99 and intended.p99 select one of them.";

/** The program or the option that measures what a figure needs. */
const NEEDED: Record<FigureSource, string> = {
  probes: "measure-client or stamp-client",
  throughput: "tput of measure-client",
  schedule: "--interval",
  replies: "stamp-client",
  clocks: "--trust-clocks of stamp-client",
  goodput: "throughput-client",
  datagrams: "--udp",
  load: "under-load",
};

/**
 * Rejects thresholds on figures that are not measured.
 *
 * @param thresholds The thresholds.
 * @param measured What the program measures, and whether it does so with the
 * options given.
 * @param figures The figures of the program, if they are few: half a sentence.
 * @throws {UsageError} If one is about something else.
 */
export function checkThresholds(
  thresholds: Threshold[],
  measured: Partial<Record<FigureSource, boolean>>,
  figures?: string,
): void {
  for (const { name, figures: judged } of thresholds) {
    const needs = judged.map(({ needs }) => needs);
    if (needs.some((need) => measured[need])) continue;
    const own = needs.find((need) => need in measured);
    throw new UsageError(
      `--fail-if on ${name} needs ${
        own === undefined && figures !== undefined
          ? `another program; ${figures}`
          : NEEDED[own ?? needs[0]!]
      }`,
    );
  }
}

const UNANSWERED =
  "no probe was answered; check the host and the port, that a server runs there, that both sides have the same key or none, and that no firewall blocks the path";

/** A measurement about to run. */
export interface Measurement {
  /** What is measured, in lines of text. */
  title: string;
  /** Yields the samples; ends early when the run is interrupted. */
  samples: AsyncIterable<Sample>;
  /** Adds up the samples. */
  builder: ResultBuilder;
  /** How many probes are to be measured; `Infinity` for any number. */
  count: number;
  /** How many are expected; `Infinity` if unknown. Default: `count`. */
  expected?: number;
  /** The file to write percentiles to. */
  hdr: string | undefined;
}

/**
 * Prepares a measurement for the runner.
 *
 * @param measurement The measurement.
 * @returns What {@linkcode run} takes.
 */
export function runnableMeasurement(measurement: Measurement): Runnable {
  const { title, samples, builder, count, expected = count, hdr } = measurement;
  const { metadata } = builder;
  const { protocol, target } = metadata;
  return {
    title,
    metadata,
    csvHeader: csvHeader(protocol),
    progress: () => ({
      done: builder.probes.sent,
      total: count,
      unit: "probe",
    }),
    note: (text) => builder.note(text),
    result: () => builder.result(),
    async measure(report) {
      const task = { action: "measure the path to", target };
      await writeHdr(""); // before a long run, in case the path is wrong
      const show = report.live(expected);
      const print = report.samples(protocol);
      await withContext(task, async () => {
        for await (const sample of samples) {
          builder.add(sample);
          print(sample);
          show(sample, builder);
        }
      }).finally(() => writeHdr(builder.percentileFile()));
      const { sent, received } = builder.probes;
      if (sent > 0 && received === 0) {
        throw new RunError(`Cannot ${task.action} ${target}: ${UNANSWERED}`);
      }
    },
  };

  async function writeHdr(text: string): Promise<void> {
    if (hdr === undefined) return;
    await withContext(
      { action: "write", write: hdr },
      () => Deno.writeTextFile(hdr, text),
    );
  }
}
