/**
 * Results of any kind as sections, one or several side by side. The terminal and
 * the report draw what this module returns.
 *
 * @module
 */

import { compareSections } from "./compare_sections.ts";
import type { Named } from "./figures.ts";
import { measurementSections } from "./measurement.ts";
import type { Result } from "./schema.ts";
import type { Section } from "./section.ts";
import { sweepSections } from "./sweep_sections.ts";
import { throughputSections } from "./throughput_sections.ts";
import { underLoadSections } from "./under_load_sections.ts";

/** How each kind of result is shown, in the order of a page. */
const KINDS: [
  modes: Result["mode"][],
  // deno-lint-ignore no-explicit-any -- of the modes beside it
  sections: (results: Named<any>[]) => Section[],
][] = [
  [["rtt", "tput", "connect"], measurementSections],
  [["throughput"], throughputSections],
  [["under-load"], underLoadSections],
  [["sweep"], sweepSections],
  [["compare"], compareSections],
];

/**
 * Turns results into sections.
 *
 * @param results The results and their names; results of the same kind are shown
 * side by side.
 * @returns The sections, in the order in which a terminal shows them.
 */
export function resultSections(results: Named<Result>[]): Section[] {
  return KINDS.flatMap(([modes, sections]) => {
    const own = results.filter(({ result }) => modes.includes(result.mode));
    return own.length === 0 ? [] : sections(own);
  });
}
