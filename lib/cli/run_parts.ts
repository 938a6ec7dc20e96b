/**
 * Runs the parts of a comparison one after the other: sections in, report and
 * exit code out.
 *
 * @module
 */

import { rounded } from "../result/rounding.ts";
import type { Label } from "../result/run_metadata.ts";
import type { Section } from "../result/section.ts";
import { sectionReporterOf } from "../terminal/section_reporter.ts";
import type { OutputOptions } from "../terminal/output_options.ts";
import { explain } from "./context.ts";

/** One experiment. */
export interface Experiment {
  /** What it is about, in a few words. */
  name: string;
  /** Makes it. */
  run: () => Promise<Section>;
}

/**
 * Runs the parts. One that fails is shown as failed, and the rest goes on.
 *
 * @param parts The parts.
 * @param run What made them, how they are shown, and what ends them early.
 * @returns The exit code: 0, or 1 if a part failed.
 */
export async function runParts(
  parts: Experiment[],
  run: { label: Label<"compare">; output: OutputOptions; signal: AbortSignal },
): Promise<number> {
  const { label, output, signal } = run;
  const { terminal } = output;
  const reporter = sectionReporterOf(output);
  const sections: Section[] = [];
  const notes: string[] = [];
  let failed = 0;
  reporter.start(label);
  for (const { name, run } of parts) {
    reporter.part(`part ${sections.length + 1} of ${parts.length}: ${name}`);
    let section: Section;
    try {
      section = rounded(await run());
    } catch (error) {
      if (signal.aborted) break;
      failed += 1;
      section = failure(name, explain(error));
    }
    if (signal.aborted || terminal.closed) break;
    sections.push(section);
    reporter.section(section);
  }
  // Of a run interrupted before the first part there is nothing to show.
  if (sections.length === 0) signal.throwIfAborted();
  if (signal.aborted) {
    notes.push(
      `the run was interrupted, after ${sections.length} of ${parts.length} parts`,
    );
  }
  reporter.end({ ...label, sections, notes });
  if (failed === 0) return 0;
  terminal.info(`${failed} of ${parts.length} parts failed`);
  return 1;
}

function failure(name: string, message: string): Section {
  return {
    title: name,
    table: { columns: [], rows: [] },
    charts: [],
    sentences: [`This part failed: ${message}.`],
  };
}
