/**
 * Generates the JSON Schema of results from the valibot schema:
 *
 *     $ deno task schema
 *
 * @module
 */

import { toJsonSchemaDefs } from "npm:@valibot/to-json-schema@^1.3.0";
import { EXPERIMENT } from "../../lib/result/compare_schema.ts";
import { DISTRIBUTION, TIMELINE } from "../../lib/result/figure_schema.ts";
import { EVENT, KINDS, SAMPLE } from "../../lib/result/schema.ts";
import {
  LOAD_PROBES,
  PHASE_RECORD,
} from "../../lib/result/under_load_schema.ts";

/** Where the schema is kept. */
export const SCHEMA_URL = new URL(
  "../../docs/result.schema.json",
  import.meta.url,
);

/**
 * Generates the schema: any result, with one definition for each kind, for a
 * line of NDJSON, and for the parts that occur several times.
 *
 * @returns JSON, formatted as `deno fmt` does.
 */
export function jsonSchema(): string {
  const { rtt: measurement, sweep, compare, throughput } = KINDS;
  const kinds = {
    measurement: measurement.result,
    sweep: sweep.result,
    compare: compare.result,
    throughput: throughput.result,
    under_load: KINDS["under-load"].result,
  };
  const definitions = {
    ...kinds,
    event: EVENT,
    experiment: EXPERIMENT,
    sample: SAMPLE,
    distribution: DISTRIBUTION,
    timeline: TIMELINE,
    load_record: PHASE_RECORD,
    load_probes: LOAD_PROBES,
  };
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A result of Roundtrip, format 2",
    anyOf: Object.keys(kinds).map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: toJsonSchemaDefs(definitions, {
      errorMode: "ignore", // of what no JSON Schema can say
      target: "draft-2020-12",
    }),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (import.meta.main) await Deno.writeTextFile(SCHEMA_URL, jsonSchema());
