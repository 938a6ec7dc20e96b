/**
 * The one runner: runs a measurement, a sweep or a comparison, and returns the
 * exit code.
 *
 * | the run | `ended` | exit code |
 * |---|---|---|
 * | measured everything | `complete` | 0; 3 if a threshold was crossed; 1 if a point or an experiment failed |
 * | was interrupted | `interrupted` | likewise; 1 if nothing was measured |
 * | failed | `failed`, with `error` | 1 |
 *
 * What was measured is reported in each case.
 *
 * @module
 */

import { formatCount, formatValue } from "../result/quantities.ts";
import type { Result } from "../result/schema.ts";
import { explain } from "./context.ts";
import { UsageError } from "./options.ts";
import type { Report, ReportStart } from "./report.ts";

/** A measurement, a sweep or a comparison that is about to run. */
export interface Runnable extends ReportStart {
  /**
   * Measures until it is done or interrupted.
   *
   * @param report Shows the progress, and prints samples, points, experiments
   * and the sections that are complete.
   */
  measure(report: Report): Promise<void>;
  /** How much was measured so far, as in 3 of 10 probes; 0 for nothing. */
  progress(): { done: number; total: number; unit: string };
  /** Adds a note to the result. */
  note(text: string): void;
  /** The result so far; the runner sets `ended` and `error`. */
  result(): Result;
}

/** How a run is reported and ended. */
export interface RunOptions {
  /** Prints the result. */
  report: Report;
  /** Aborted if the run is interrupted. */
  signal: AbortSignal;
}

/**
 * Runs a measurement, a sweep or a comparison.
 *
 * @param prepare Looks up, opens and checks what the run needs.
 * @param options How to report it.
 * @returns The exit code: 0, 1 or 3.
 * @throws {UsageError} If `prepare` throws it.
 * @throws {Error} What made the run fail, once it was reported.
 */
export async function run(
  prepare: () => Runnable | Promise<Runnable>,
  options: RunOptions,
): Promise<number> {
  const { report, signal } = options;
  let runnable;
  try {
    runnable = await prepare();
  } catch (error) {
    if (!(error instanceof UsageError)) report.failure(explain(error));
    throw error;
  }
  report.start(runnable);
  let failure: { error: unknown } | null = null;
  try {
    await runnable.measure(report);
  } catch (error) {
    failure = { error };
  }
  const { done, total, unit } = runnable.progress();
  if (done === 0 && signal.aborted) failure ??= { error: signal.reason };
  if (done > 0 && done < total && total < Infinity) {
    const why = signal.aborted ? "was interrupted" : "ended early";
    runnable.note(
      `the run ${why}, after ${done} of ${formatCount(total, unit)}`,
    );
  } else if (done > 0 && signal.aborted) {
    runnable.note(`the run was interrupted, after ${formatCount(done, unit)}`);
  }
  const error = failure && explain(failure.error);
  const result: Result = {
    ...runnable.result(),
    ended: signal.aborted
      ? "interrupted"
      : failure === null
      ? "complete"
      : "failed",
    ...(error !== null && { error }),
  };
  if (error !== null) {
    report.event({ event: "error", data: { message: error } });
  }
  // Without figures, the text form adds nothing to the error.
  if (done > 0 || report.form !== "text") report.end(result);
  if (failure !== null) throw failure.error;
  const { code, reasons } = judge(result);
  for (const reason of reasons) report.terminal.info(reason);
  return code;
}

/** For a loss limit: how many losses may be drops of our own socket. */
function ownDrops(figure: string, result: Result): string {
  if (!/^(lost|loss)/.test(figure) || !("quality" in result)) return "";
  const { maybe_dropped_here } = result.quality;
  return maybe_dropped_here
    ? `; up to ${maybe_dropped_here} may have been dropped by this program`
    : "";
}

/** What is wrong with a result, and the exit code for it. */
function judge(
  result: Result,
): { code: number; reasons: string[] } {
  if (result.mode === "sweep" || result.mode === "compare") {
    const [parts, unit] = result.mode === "sweep"
      ? [result.curves.flatMap(({ points }) => points), "point"]
      : [result.experiments, "experiment"];
    const failed = parts.filter(({ error }) => error !== null).length;
    if (failed === 0) return { code: 0, reasons: [] };
    const reason = `${failed} of ${formatCount(parts.length, unit)} failed`;
    return { code: 1, reasons: [reason] };
  }
  const reasons = (result.limits ?? []).filter(({ crossed }) => crossed)
    .map(({ rule, figure, value, unit }) =>
      `crossed ${rule}: ${figure} is ${
        value === null ? "unknown" : formatValue(value, unit)
      }${ownDrops(figure, result)}`
    );
  return { code: reasons.length === 0 ? 0 : 3, reasons };
}
