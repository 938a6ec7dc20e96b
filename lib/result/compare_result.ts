/**
 * The result of a comparison: what is shown of it, as data.
 *
 * @module
 */

import type { Label } from "./run_metadata.ts";
import type { Section } from "./section.ts";

/** A comparison's result; the object of `--json`. */
export interface CompareResult extends Label<"compare"> {
  /** One an experiment: its figures, charts, and what they say. */
  sections: Section[];
  /** What a reader of the figures should know. */
  notes: string[];
}
