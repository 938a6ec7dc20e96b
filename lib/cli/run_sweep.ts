/**
 * A sweep, for the runner: its options, and a measurement at each point.
 *
 * @module
 */

import { type MeasurementType, SETUP_LIMITS } from "../measure/messages.ts";
import type { ResultBuilder } from "../result/builder.ts";
import { sweepCsvHeader, sweepCsvRow } from "../result/formats.ts";
import { formatCount, parseDuration, parseSize } from "../result/quantities.ts";
import type {
  SweepCurve,
  SweepMetadata,
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
import type { OptionTable } from "./options.ts";
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
  sizes: {
    kind: "custom",
    placeholder: "SIZE,...",
    parse: listOf(
      parseSize,
      { min: 1, max: SETUP_LIMITS.sizeBytes },
      "sizes in bytes such as 1,100,1K, each from 1 to 1M",
    ),
    help:
      "sweep: payloads of both quantities (rtt 1,100,200,400,800,1000; tput 1K,2K,4K,8K,16K,32K)",
  },
  delays: {
    kind: "custom",
    placeholder: "TIME,...",
    parse: listOf(
      parseDuration,
      { min: 0, max: SETUP_LIMITS.delayMs },
      "times such as 0,50ms,1s (a bare number is ms), each from 0 to 60s",
    ),
    help: `sweep: delays (${DELAYS_MS.join(",")})`,
  },
} as const satisfies OptionTable;

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

/** How long to warm up at most, in milliseconds. */
const WARM_UP_MS = 300;

/** A sweep about to run. */
export interface Sweep {
  /** What is measured, in lines of text. */
  title: string;
  /** What the result says of itself. */
  metadata: SweepMetadata;
  /** What to measure, in this order. */
  steps: SweepStep[];
  /** How many probes each point has. */
  probes: number;
  /** Starts a measurement whose samples are left out. */
  warmUp(): AsyncIterable<Sample>;
  /** Starts the measurement of a point. */
  measure(
    step: SweepStep,
  ): { samples: AsyncIterable<Sample>; builder: ResultBuilder };
  /** What a reader should know; the measurements may add to it. */
  notes: Set<string>;
  /** Aborted if the run is interrupted. */
  signal: AbortSignal;
}

/**
 * Prepares a sweep for the runner. A point that fails is reported as failed, and
 * the sweep goes on; it fails only if the server cannot be reached at first.
 *
 * @param sweep The sweep.
 * @returns What {@linkcode run} takes.
 */
export function runnableSweep(sweep: Sweep): Runnable {
  const { title, metadata, steps, probes, notes, signal } = sweep;
  const curves: SweepCurve[] = [];
  let done = 0;
  const result = (): SweepResult => (
    { ...metadata, ended: "complete", curves, notes: [...notes] }
  );
  return {
    title,
    metadata,
    csvHeader: sweepCsvHeader(),
    progress: () => ({ done, total: steps.length, unit: "point" }),
    note: (text) => notes.add(text),
    result,
    async measure(report) {
      await warmUp(sweep);
      for (const step of steps) {
        if (signal.aborted) return;
        const { quantity, against, sizeBytes, delayMs } = step;
        const { samples, builder } = sweep.measure(step);
        const show = report.live(
          probes,
          `point ${done + 1} of ${steps.length}: ${quantity}, ${
            formatCount(sizeBytes, "byte")
          }, delay ${delayMs} ms`,
        );
        let error: string | null = null;
        try {
          for await (const sample of samples) {
            builder.add(sample);
            show(sample, builder);
          }
        } catch (thrown) {
          error = explain(thrown);
        }
        if (signal.aborted) return; // the point is incomplete
        const point = sweepPoint(step, builder.result(), error);
        const last = curves.at(-1);
        const isSameCurve = last?.quantity === quantity &&
          last.against === against;
        if (!isSameCurve) report.sections(result());
        addPoint(curves, step, point);
        report.event({ event: "point", data: { quantity, against, ...point } });
        report.row(sweepCsvRow(step, point));
        done += 1;
      }
    },
  };
}

/**
 * Lets the compiler optimize the hot path before the first point, which would be
 * slower otherwise. An unreachable server is noticed here.
 */
async function warmUp({ warmUp, signal }: Sweep): Promise<void> {
  const endMs = performance.now() + WARM_UP_MS;
  try {
    for await (const _ of warmUp()) {
      if (signal.aborted || performance.now() >= endMs) break;
    }
  } catch (error) {
    // Another error is reported with the points.
    if (error instanceof RunError) throw error;
  }
}

function listOf(
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
