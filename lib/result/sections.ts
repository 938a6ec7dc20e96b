/**
 * Results of any kind as sections, one or several side by side. The terminal and
 * the report draw what this module returns.
 *
 * @module
 */

import type { CompareResult } from "./compare_schema.ts";
import { experimentSection } from "./compare_sections.ts";
import type { Named } from "./figures.ts";
import { measurementSections, noteSentences } from "./measurement.ts";
import type { MeasurementResult, Result, SweepResult } from "./schema.ts";
import type { Section } from "./section.ts";
import { sweepSections } from "./sweep_sections.ts";
import type { ThroughputResult } from "./throughput_schema.ts";
import { throughputSections } from "./throughput_sections.ts";

/**
 * Turns results into sections: measurements, then throughput, sweeps and
 * comparisons.
 *
 * @param results The results and their names; results of the same kind are shown
 * side by side.
 * @returns The sections, in the order in which a terminal shows them.
 */
export function resultSections(results: Named<Result>[]): Section[] {
  const of = <R extends Result>(...modes: R["mode"][]) =>
    results.filter((named): named is Named<R> =>
      (modes as string[]).includes(named.result.mode)
    );
  const measurements = of<MeasurementResult>("rtt", "tput", "connect");
  const sweeps = of<SweepResult>("sweep");
  const comparisons = of<CompareResult>("compare");
  return [
    ...(measurements.length === 0 ? [] : measurementSections(measurements)),
    ...throughputSections(of<ThroughputResult>("throughput")),
    ...sweepSections(sweeps),
    ...notesSection(sweeps),
    ...comparisons.flatMap(({ name, result }) =>
      result.experiments.map(experimentSection).map((section) =>
        comparisons.length === 1
          ? section
          : { ...section, title: `${name}: ${section.title}` }
      )
    ),
    ...notesSection(comparisons),
  ];
}

/**
 * Puts the notes of results into a section.
 *
 * @param results The results and their names.
 * @returns One section, or none without a note.
 */
export function notesSection(
  results: Named<{ notes: string[] }>[],
): Section[] {
  const sentences = noteSentences(results);
  if (sentences.length === 0) return [];
  return [{
    title: "Notes",
    role: "notes",
    table: { columns: [], rows: [] },
    charts: [],
    sentences,
  }];
}
