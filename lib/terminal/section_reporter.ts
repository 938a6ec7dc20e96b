/**
 * What is shown of a comparison while it runs and when it ends, in each of the
 * output forms; and a section by itself on a terminal.
 *
 * @module
 */

import type {
  CompareMetadata,
  CompareResult,
  Experiment,
} from "../result/compare_schema.ts";
import { experimentSection } from "../result/compare_sections.ts";
import { formatJson, ndjsonEvent } from "../result/formats.ts";
import type { Section } from "../result/section.ts";
import { formatProse, formatSections } from "./section.ts";
import { type OutputOptions, plotStyle } from "./output_options.ts";

/** Follows one comparison. */
export interface SectionReporter {
  /** It starts. */
  start(metadata: CompareMetadata): void;
  /** A part of it starts. */
  part(name: string): void;
  /** An experiment was done, or failed. */
  experiment(experiment: Experiment): void;
  /** It ended, and this came of it. */
  end(result: CompareResult): void;
}

/**
 * Makes the reporter of a comparison.
 *
 * @param output How it is shown; there is no CSV form.
 * @returns The reporter.
 */
export function sectionReporterOf(output: OutputOptions): SectionReporter {
  const { form, terminal, quiet } = output;
  const silent = {
    start() {},
    part: (name: string) => {
      if (!quiet) terminal.live(() => [name]);
    },
    experiment() {},
  };
  switch (form) {
    case "json":
      return { ...silent, end: (result) => terminal.print(formatJson(result)) };
    case "ndjson":
      return {
        ...silent,
        start: (metadata) => terminal.print(ndjsonEvent("start", metadata)),
        experiment: (experiment) =>
          terminal.print(ndjsonEvent("experiment", experiment)),
        end: (result) => terminal.print(ndjsonEvent("end", result)),
      };
    default: {
      let isFirst = true;
      return {
        ...silent,
        experiment: (experiment) => {
          if (!isFirst) terminal.print("");
          isFirst = false;
          printSection(experimentSection(experiment), output);
        },
        end: ({ notes }) => {
          printNotes(notes, output);
        },
      };
    }
  }
}

/**
 * Prints a section.
 *
 * @param section The section.
 * @param output How it is shown; with its charts, or without.
 */
export function printSection(section: Section, output: OutputOptions): void {
  const plots = output.plots !== "none";
  output.terminal.print(formatSections([section], plotStyle(output), plots));
}

/**
 * Prints what a reader of the figures should know.
 *
 * @param notes Sentences; they may quote a peer.
 * @param output How they are shown.
 */
export function printNotes(notes: string[], output: OutputOptions): void {
  for (const note of notes) {
    const lines = formatProse(`note: ${note}`, plotStyle(output));
    output.terminal.print(["", ...lines].join("\n"));
  }
}
