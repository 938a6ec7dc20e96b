/**
 * A sweep, for the runner: its options, and a measurement at each point.
 *
 * @module
 */

import {
  type MeasurementType,
  ProtocolError,
  SETUP_LIMITS,
} from "../measure/messages.ts";
import type { ResultBuilder } from "../result/builder.ts";
import { sweepCsvHeader, sweepCsvRow } from "../result/formats.ts";
import { formatCount, parseDuration, parseSize } from "../result/quantities.ts";
import type {
  SweepCurve,
  SweepMetadata,
  SweepPoint,
  SweepResult,
} from "../result/schema.ts";
import {
  addPoint,
  type SweepPlan,
  sweepPoint,
  type SweepStep,
} from "../result/sweep.ts";
import type { Sample } from "../stats/sample.ts";
import { explain, RunError } from "./context.ts";
import { custom } from "./option.ts";
import type { Report } from "./report.ts";
import type { Runnable } from "./run.ts";

/** The sizes of the course, in bytes. */
const SIZES_BYTES: Record<MeasurementType, number[]> = {
  rtt: [1, 100, 200, 400, 800, 1000],
  tput: [1024, 2048, 4096, 8192, 16_384, 32_768],
};
/** The delays of the course, in milliseconds. */
const DELAYS_MS = [0, 50, 100, 200];
/** The maximum length of a list. */
const MAX_VALUES = 100;
/** How much of a list an error quotes, in characters. */
const MAX_QUOTED = 60;

/** The options of a sweep. */
export const SWEEP_OPTIONS = {
  sizes: custom(
    "SIZE,...",
    listParser(
      parseSize,
      { min: 1, max: SETUP_LIMITS.sizeBytes },
      "sizes in bytes such as 1,100,1K, each from 1 to 1M",
    ),
    "sweep: payloads of both quantities (rtt 1,100,200,400,800,1000; tput 1K,2K,4K,8K,16K,32K)",
  ),
  delays: custom(
    "TIME,...",
    listParser(
      parseDuration,
      { min: 0, max: SETUP_LIMITS.delayMs },
      "times such as 0,50ms,1s (a bare number is ms), each from 0 to 60s",
    ),
    `sweep: delays (${DELAYS_MS.join(",")})`,
  ),
};

/**
 * Turns the options into a plan.
 *
 * @param options The values of {@linkcode SWEEP_OPTIONS}.
 * @param sizeBytes The payload of the points where the delay varies.
 * @returns The plan.
 */
export function sweepPlan(
  options: { sizes: number[] | undefined; delays: number[] | undefined },
  sizeBytes: SweepPlan["sizeBytes"],
): SweepPlan {
  const { sizes, delays } = options;
  return {
    sizesBytes: sizes ? { rtt: sizes, tput: sizes } : SIZES_BYTES,
    delaysMs: delays ?? DELAYS_MS,
    sizeBytes,
  };
}

/** The minimum duration of the warm-up, in milliseconds, and its sessions. */
const WARM_UP = { ms: 300, minProbes: 5, maxProbes: 1000 };
/** The maximum number of rounds in which the points are measured. */
const MAX_ROUNDS = 3;
/** The longest wait for a server that delays an echo too much. */
const MAX_PATIENCE_MS = 300_000;

/** A sweep about to run. */
export interface Sweep {
  /** What is measured, in lines of text. */
  title: string;
  /** The metadata of the result. */
  metadata: SweepMetadata;
  /** What to measure, in this order. */
  steps: SweepStep[];
  /** How many probes each point has. */
  probes: number;
  /**
   * Measures a short session without a delay, whose samples are left out.
   *
   * @param probes How many probes it has.
   * @param patienceMs How much longer than usual it waits for each reply.
   */
  warmUp(probes: number, patienceMs?: number): AsyncIterable<Sample>;
  /** Prepares a point; each session adds a number of probes. */
  prepare(step: SweepStep): {
    builder: ResultBuilder;
    session(probes: number): AsyncIterable<Sample>;
  };
  /** Notes for the reader; the measurements may add more. */
  notes: Set<string>;
  /** Aborted if the run is interrupted. */
  signal: AbortSignal;
}

/** A point while it is measured. */
interface Point extends ReturnType<Sweep["prepare"]> {
  step: SweepStep;
  /** How many rounds are complete. */
  rounds: number;
  error: string | null;
}

/**
 * Prepares a sweep for the runner. The points are measured by turns in rounds,
 * so that a drift of the machine affects all of them. A point that fails is
 * reported as failed, and the sweep goes on; it fails only if the server cannot
 * be reached at first.
 *
 * @param sweep The sweep.
 * @returns What {@linkcode run} takes.
 */
export function runnableSweep(sweep: Sweep): Runnable {
  const { title, metadata, steps, probes, notes, signal } = sweep;
  const rounds = Math.min(MAX_ROUNDS, probes);
  const points = steps.map((step): Point => (
    { ...sweep.prepare(step), step, rounds: 0, error: null }
  ));
  let done = 0;
  const total = rounds * steps.length;
  return {
    title,
    metadata,
    csvHeader: sweepCsvHeader(),
    progress: () => ({ done, total, unit: "session" }),
    note: (text) => notes.add(text),
    result(): SweepResult {
      const curves: SweepCurve[] = [];
      for (const point of points.filter(isMeasured)) {
        addPoint(curves, point.step, pointResult(point));
      }
      return { ...metadata, ended: "complete", curves, notes: [...notes] };
    },
    async measure(report) {
      await warmUp(sweep);
      for (let round = 0; round < rounds && !signal.aborted; round++) {
        const share = (round: number) => Math.floor(probes * round / rounds);
        const session = share(round + 1) - share(round);
        for (const [index, point] of points.entries()) {
          if (point.error === null) {
            const at = `round ${round + 1} of ${rounds}, point ${index + 1}`;
            await measure(point, session, at, report);
          }
          if (signal.aborted) break; // the session is incomplete
          point.rounds += 1;
          done += 1;
        }
      }
      for (const point of points.filter(isMeasured)) {
        const { step, step: { quantity, against } } = point;
        const data = { quantity, against, ...pointResult(point) };
        report.event({ event: "point", data });
        report.row(sweepCsvRow(step, data));
      }
    },
  };

  async function measure(
    point: Point,
    session: number,
    at: string,
    report: Report,
  ): Promise<void> {
    const { builder, step: { quantity, sizeBytes, delayMs } } = point;
    const size = formatCount(sizeBytes, "byte");
    const show = report.live(
      probes,
      `${at} of ${steps.length}: ${quantity}, ${size}, delay ${delayMs} ms`,
    );
    try {
      for await (const sample of point.session(session)) {
        builder.add(sample);
        show(sample, builder);
      }
    } catch (error) {
      if (signal.aborted) return;
      point.error = explain(error);
      if (!(error instanceof ProtocolError && error.hint === "delay_unit")) {
        return;
      }
      // The others would wait even longer, and the server is still busy.
      for (const other of points) {
        if (other.step.delayMs > 0) other.error ??= point.error;
      }
      report.progress("waiting until the server answers again");
      const patienceMs = Math.min(delayMs * 1000, MAX_PATIENCE_MS);
      await Array.fromAsync(sweep.warmUp(1, patienceMs)).catch(() => {});
    }
  }
}

/** A point that was interrupted in its first round is left out. */
function isMeasured({ rounds, error }: Point): boolean {
  return rounds > 0 || error !== null;
}

function pointResult({ step, builder, error }: Point): SweepPoint {
  return sweepPoint(step, builder.result(), error);
}

/**
 * Lets the compiler optimize the hot path, so that the first point is not slower
 * than the others. The sessions are short and complete, because some servers fail
 * when a session ends early. An unreachable server is noticed here.
 */
async function warmUp({ warmUp, signal }: Sweep): Promise<void> {
  const endMs = performance.now() + WARM_UP.ms;
  let probes = WARM_UP.minProbes;
  try {
    while (!signal.aborted && performance.now() < endMs) {
      await Array.fromAsync(warmUp(probes));
      probes = Math.min(2 * probes, WARM_UP.maxProbes);
    }
  } catch (error) {
    // Another error is reported with the points.
    if (error instanceof RunError) throw error;
  }
}

function listParser(
  parse: (text: string) => number | null,
  { min, max }: { min: number; max: number },
  accepted: string,
): (text: string) => number[] {
  return (text) => {
    const values = text.split(",").map((part) => parse(part.trim()));
    const isGood = (value: number | null): value is number =>
      value !== null && value >= min && value <= max;
    if (values.length <= MAX_VALUES && values.every(isGood)) {
      return [...new Set(values)];
    }
    throw new SyntaxError(
      `a list of ${accepted}, at most ${MAX_VALUES} of them, not "${
        text.length <= MAX_QUOTED ? text : `${text.slice(0, MAX_QUOTED)}...`
      }"`,
    );
  };
}
