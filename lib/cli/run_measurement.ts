/**
 * Runs one measurement to its end: samples in, report and exit code out.
 *
 * @module
 */

import type { ResultBuilder } from "../result/builder.ts";
import type { Sample } from "../stats/sample.ts";
import type { Reporter } from "../terminal/reporter.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { RunError, withContext } from "./context.ts";
import type { OptionTable } from "./options.ts";
import { OUTPUT_OPTIONS } from "./output_options.ts";
import { UsageError } from "./options.ts";
import { parseThreshold, type Threshold } from "../result/thresholds.ts";

/** How a measurement is shown and judged. */
export const REPORT_OPTIONS = {
  ...OUTPUT_OPTIONS,
  calibrate: {
    kind: "flag",
    help:
      "first measure a server in this process, and show its median as the floor",
  },
  hdr: {
    kind: "text",
    placeholder: "FILE",
    help: "also write the percentiles of the RTT as HdrHistogram's tools do",
  },
  failIf: {
    kind: "repeated",
    placeholder: "RULE",
    parse: parseThreshold,
    help:
      "exit with 3 if a figure crosses a limit, as in p99>5ms, loss>1% or throughput<10M",
  },
} as const satisfies OptionTable;

/**
 * Makes sure that thresholds are about what will be measured.
 *
 * @param thresholds The thresholds.
 * @param measured What the measurement has.
 * @throws {UsageError} If one is about something else.
 */
export function refuseThresholds(
  thresholds: Threshold[],
  measured: { throughput: boolean; schedule: boolean; replies: boolean },
): void {
  for (const { figure: { key, needs } } of thresholds) {
    if (needs === undefined || measured[needs]) continue;
    throw new UsageError(`--fail-if on ${key} goes with ${NEEDED[needs]}`);
  }
}

const NEEDED = {
  throughput: "tput of measure-client",
  schedule: "--interval",
  replies: "stamp-client",
};

const UNANSWERED =
  "check the host and the port, that a server runs there, that its key (if any) is yours, and that no firewall is in between";

/** A measurement about to run. */
export interface Measurement {
  /** What is being done, as in `measure the path to 127.0.0.1:10000`. */
  what: string;
  /** Yields the samples. */
  samples: AsyncIterable<Sample>;
  /** Adds them up. */
  builder: ResultBuilder;
  /** Shows them. */
  reporter: Reporter;
  /** Judges the result. */
  thresholds: Threshold[];
  /** Where to write the percentile file, if anywhere. */
  hdr: string | undefined;
  /** How many samples were asked for, the warm-up left out; or `Infinity`. */
  count: number;
  /** Aborted if the run was interrupted. */
  signal: AbortSignal;
  /** Where to say what went wrong. */
  terminal: Terminal;
}

/**
 * Runs a measurement. Whatever was measured is reported, also when the run
 * ended early or failed.
 *
 * @param measurement The measurement.
 * @returns The exit code: 0, or 3 if a threshold was crossed.
 * @throws {RunError} If the run failed, or ended before the first reply.
 */
export async function runMeasurement(
  measurement: Measurement,
): Promise<number> {
  const { what, samples, builder, reporter, hdr, count, terminal } =
    measurement;
  const writeHdr = (text: string) =>
    hdr === undefined ? undefined : withContext(
      { action: "write", write: hdr },
      () => Deno.writeTextFile(hdr, text),
    );
  await writeHdr(""); // now, lest a long run should end in a wrong path
  let failure: unknown = null;
  try {
    await withContext(what, async () => {
      for await (const sample of samples) {
        builder.add(sample);
        reporter.sample(sample, builder);
        if (terminal.closed) return;
      }
    });
  } catch (error) {
    failure = error;
    reporter.error((error as Error).message);
  }
  const { sent, received } = builder.probes;
  if (failure !== null && sent === 0) throw failure;
  if (sent < count && count < Infinity) {
    builder.note(`the run ended early, after ${sent} of ${count} probes`);
  } else if (measurement.signal.aborted) {
    builder.note(`the run was interrupted, after ${sent} probes`);
  }
  // Of a run interrupted before the first reply there is nothing to show.
  if (received === 0) measurement.signal.throwIfAborted();
  const result = builder.result();
  reporter.end(result);
  await writeHdr(builder.percentileFile());
  if (failure !== null) throw failure;
  if (received === 0) {
    throw new RunError(`Cannot ${what}: no probe was answered; ${UNANSWERED}`);
  }
  const crossings = measurement.thresholds
    .map((threshold) => threshold.crossedBy(result))
    .filter((crossing) => crossing !== null);
  for (const crossing of crossings) terminal.info(`crossed ${crossing}`);
  return crossings.length === 0 ? 0 : 3;
}
