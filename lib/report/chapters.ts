/**
 * The chapters of a report: results of the same kind belong together.
 *
 * @module
 */

import type { CompareResult } from "../result/compare_schema.ts";
import { experimentSection } from "../result/compare_sections.ts";
import { measurementSections } from "../result/measurement.ts";
import type { MeasurementResult, SweepResult } from "../result/schema.ts";
import type { Section } from "../result/section.ts";
import { sweepSections } from "../result/sweep_sections.ts";
import type { NamedFile } from "./page.ts";

/** Sections under one title. */
export interface Chapter {
  /** What kind of results they are of. */
  title: string;
  /** Side by side where there is room; a name where there are several. */
  columns: { name: string | null; sections: Section[] }[];
  /** What else is to be known of it. */
  notes: string[];
}

/**
 * Sorts results into chapters.
 *
 * @param files The results.
 * @returns A chapter for each kind that there is.
 */
export function chaptersOf(files: NamedFile[]): Chapter[] {
  const measurements = filesOf<MeasurementResult>(files, "rtt", "tput");
  const sweeps = filesOf<SweepResult>(files, "sweep");
  const comparisons = filesOf<CompareResult>(files, "compare");
  const alone = comparisons.length === 1;
  return [
    ...chapter("Measurements", measurements, [{
      name: null,
      sections: measurements.length > 0
        ? measurementSections(measurements).reverse()
        : [],
    }]),
    ...chapter("Sweeps", sweeps, [{
      name: null,
      sections: sweepSections(sweeps),
    }], notesOf(sweeps)),
    ...chapter(
      "Comparisons",
      comparisons,
      comparisons.map(({ name, result: { experiments } }) => ({
        name: alone ? null : name,
        sections: experiments.map(experimentSection),
      })),
      notesOf(comparisons),
    ),
  ];
}

function filesOf<R extends NamedFile["result"]>(
  files: NamedFile[],
  ...modes: R["mode"][]
): { name: string; result: R }[] {
  return files
    .filter(({ result }) => (modes as string[]).includes(result.mode))
    .map(({ name, result }) => ({ name, result: result as R }));
}

function notesOf(
  results: { name: string; result: { notes: string[] } }[],
): string[] {
  return results.flatMap(({ name, result }) =>
    result.notes.map((note) => results.length === 1 ? note : `${name}: ${note}`)
  );
}

function chapter(
  title: string,
  of: unknown[],
  columns: Chapter["columns"],
  notes: string[] = [],
): Chapter[] {
  if (of.length === 0) return [];
  const named = of.length === 1 ? title.replace(/s$/, "") : title;
  return [{ title: named, columns, notes }];
}
