/**
 * Runs a sweep to its end: points in, report and exit code out.
 *
 * @module
 */

import type { SweepCurve, SweepMetadata } from "../result/schema.ts";
import type { ResultBuilder } from "../result/builder.ts";
import type { Sample } from "../stats/sample.ts";
import { addPoint, sweepPoint, type SweepStep } from "../result/sweep.ts";
import { formatCount } from "../result/quantities.ts";
import type { SweepReporter } from "../terminal/sweep_reporter.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { explain, RunError } from "./context.ts";

/** How long to warm up at most, in milliseconds. */
const WARM_UP_MS = 300;

/** A sweep about to run. */
export interface Sweep {
  /** What made it, where to, and how. */
  metadata: SweepMetadata;
  /** What to measure, in this order. */
  steps: SweepStep[];
  /** Starts a measurement whose samples are left out. */
  warmUp: () => AsyncIterable<Sample>;
  /** Starts the measurement of a point. */
  measure: (
    step: SweepStep,
  ) => { samples: AsyncIterable<Sample>; builder: ResultBuilder };
  /** What a reader should know; the measurements may add to it. */
  notes: Set<string>;
  /** Shows the points. */
  reporter: SweepReporter;
  /** Aborted if the run was interrupted. */
  signal: AbortSignal;
  /** Where to say what went wrong. */
  terminal: Terminal;
}

/**
 * Runs a sweep. A point that fails is shown as failed, and the rest goes on;
 * only a server that cannot be reached from the first is an error at once.
 *
 * @param sweep The sweep.
 * @returns The exit code: 0, or 1 if a point failed.
 * @throws {RunError} If there is no server, or nothing was measured.
 */
export async function runSweep(sweep: Sweep): Promise<number> {
  const { metadata, steps, measure, reporter, notes, signal, terminal } = sweep;
  const curves: SweepCurve[] = [];
  let done = 0;
  let failed = 0;
  await warmUp(sweep);
  for (const step of steps) {
    if (signal.aborted) break;
    const { samples, builder } = measure(step);
    const live = reporter.step(step);
    let error: string | null = null;
    try {
      for await (const sample of samples) {
        builder.add(sample);
        live(sample, builder);
      }
    } catch (thrown) {
      error = explain(thrown);
    }
    if (signal.aborted) break; // half a point is none
    const point = sweepPoint(step, builder.result(), error);
    addPoint(curves, step, point);
    reporter.point(step, point);
    done += 1;
    if (error !== null) failed += 1;
    if (terminal.closed) break;
  }
  // Of a run interrupted before the first point there is nothing to show.
  if (done === 0) signal.throwIfAborted();
  if (signal.aborted) {
    notes.add(
      `the run was interrupted, after ${done} of ${steps.length} points`,
    );
  }
  reporter.end({ ...metadata, curves, notes: [...notes] });
  if (failed === 0) return 0;
  terminal.info(`${failed} of ${formatCount(steps.length, "point")} failed`);
  return 1;
}

/**
 * Has the compiler see the hot path, lest the first point should be slower for
 * want of it. A server that is not there is found here.
 */
async function warmUp({ warmUp, reporter, signal }: Sweep): Promise<void> {
  const endMs = performance.now() + WARM_UP_MS;
  try {
    for await (const _ of warmUp()) {
      if (signal.aborted || performance.now() >= endMs) break;
    }
  } catch (error) {
    // What else goes wrong will be said of the points.
    if (!(error instanceof RunError)) return;
    reporter.error(error.message);
    throw error;
  }
}
