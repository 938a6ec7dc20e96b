/**
 * What is shown of a comparison while it runs and when it ends, in each of the
 * output forms; and a section by itself on a terminal.
 *
 * @module
 */

import type { Label } from "../measure/label.ts";
import type { CompareResult } from "./compare_result.ts";
import { formatJson, ndjsonEvent } from "./result_rows.ts";
import type { Section } from "./section.ts";
import { formatProse, formatSection } from "./section_text.ts";
import { plotStyle, type Showing } from "./showing.ts";

/** Follows one comparison. */
export interface SectionReporter {
  /** It starts. */
  start(label: Label): void;
  /** A part of it starts. */
  part(name: string): void;
  /** A part was done. */
  section(section: Section): void;
  /** It ended, and this came of it. */
  end(result: CompareResult): void;
}

/**
 * Makes the reporter of a comparison.
 *
 * @param showing How it is shown; there is no CSV form.
 * @returns The reporter.
 */
export function sectionReporterOf(showing: Showing): SectionReporter {
  const { form, terminal, quiet } = showing;
  const silent = {
    start() {},
    part: (name: string) => {
      if (!quiet) terminal.live(() => [name]);
    },
    section() {},
  };
  switch (form) {
    case "json":
      return { ...silent, end: (result) => terminal.print(formatJson(result)) };
    case "ndjson":
      return {
        ...silent,
        start: (label) => terminal.print(ndjsonEvent("start", label)),
        section: (section) => terminal.print(ndjsonEvent("section", section)),
        end: (result) => terminal.print(ndjsonEvent("end", result)),
      };
    default: {
      let isFirst = true;
      return {
        ...silent,
        section: (section) => {
          if (!isFirst) terminal.print("");
          isFirst = false;
          printSection(section, showing);
        },
        end: ({ notes }) => {
          printNotes(notes, showing);
        },
      };
    }
  }
}

/**
 * Prints a section.
 *
 * @param section The section.
 * @param showing How it is shown; with its charts, or without.
 */
export function printSection(section: Section, showing: Showing): void {
  const shown = showing.plots === "none" ? { ...section, charts: [] } : section;
  showing.terminal.print(formatSection(shown, plotStyle(showing)));
}

/**
 * Prints what a reader of the figures should know.
 *
 * @param notes Sentences; they may quote a peer.
 * @param showing How they are shown.
 */
export function printNotes(notes: string[], showing: Showing): void {
  for (const note of notes) {
    const lines = formatProse(`note: ${note}`, plotStyle(showing));
    showing.terminal.print(["", ...lines].join("\n"));
  }
}
