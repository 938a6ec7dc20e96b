/**
 * The parts that the schemas of results share: text, figures, lists,
 * distributions, and the metadata of a run.
 *
 * A part that does not apply is absent; a figure that is unknown is `null`.
 * Every figure and every list has a bound, so that a forged file cannot cause an
 * endless page or an infinite result.
 *
 * Only readers of results load this module and valibot. Writers use
 * `import type`.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import type { Distribution } from "../stats/histogram.ts";
import type { TimelineFigures } from "../stats/timeline.ts";

/** The maximum length of a list of figures. */
const LIST_ENTRIES = 10_000;
/** The maximum of a figure: in microseconds 31 years, in bit/s a petabit. */
const MAX_FIGURE = 1e15;
const OUT_OF_RANGE = "which is out of range";

/** @internal The type that a schema describes. */
export type Output<S extends v.GenericSchema> = v.InferOutput<S>;

/** @internal Describes a schema; the text becomes part of the JSON Schema. */
export function about<const S extends v.GenericSchema>(
  text: string,
  schema: S,
): v.SchemaWithPipe<
  readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]
> {
  return v.pipe(schema, v.description(text));
}

/** @internal The same for a figure that may be unknown. */
export function nullable<const S extends v.GenericSchema>(
  text: string,
  schema: S,
) {
  return about(text, v.nullable(schema));
}

/** @internal The same for a part that may not apply. */
export function optional<const S extends v.GenericSchema>(
  text: string,
  schema: S,
) {
  return v.exactOptional(about(text, schema));
}

/** @internal */
export const TEXT = v.string();

/** @internal A finite figure. */
export const FIGURE = v.pipe(
  v.number(),
  v.minValue(-MAX_FIGURE, OUT_OF_RANGE),
  v.maxValue(MAX_FIGURE, OUT_OF_RANGE),
);

/** @internal A finite figure that is not negative, such as a duration. */
export const POSITIVE = v.pipe(FIGURE, v.minValue(0, OUT_OF_RANGE));

/** @internal A count. */
export const COUNT = v.pipe(POSITIVE, v.integer("which is no whole number"));

/** @internal A list of bounded length. */
export function list<const S extends v.GenericSchema>(
  entry: S,
  max: number = LIST_ENTRIES,
): v.SchemaWithPipe<
  readonly [
    v.ArraySchema<S, undefined>,
    v.MaxLengthAction<v.InferOutput<S>[], number, string>,
  ]
> {
  return v.pipe(
    v.array(entry),
    v.maxLength(max, `a length beyond the ${max} that can be shown`),
  );
}

/** @internal */
export const NOTES = about(
  "What a reader of the figures should know",
  list(TEXT, 100),
);

/** @internal In microseconds. */
export const DISTRIBUTION = v.object({
  count: about("How many values there are", COUNT),
  min: FIGURE,
  mean: FIGURE,
  stddev: nullable("Of the sample (n - 1)", FIGURE),
  p50: FIGURE,
  p90: FIGURE,
  p95: FIGURE,
  p99: about("The maximum if there are fewer than 100 values", FIGURE),
  p999: about("p99.9; the maximum of fewer than 1000 values", FIGURE),
  max: FIGURE,
}) satisfies v.GenericSchema<unknown, Distribution>;

/** @internal All lists are equally long: an entry for each slot. */
export const TIMELINE = v.pipe(
  v.object({
    slot_ms: about(
      "The length of a slot",
      v.pipe(POSITIVE, v.minValue(1e-9, OUT_OF_RANGE)),
    ),
    sent: about("Probes sent in each slot", list(COUNT)),
    lost: about("How many of those were lost", list(COUNT)),
    min_us: about("Their minimum RTT", list(v.nullable(POSITIVE))),
    mean_us: about("Their mean RTT", list(v.nullable(POSITIVE))),
    max_us: about("Their maximum RTT", list(v.nullable(POSITIVE))),
  }),
  v.check(
    ({ slot_ms: _, ...lists }) => areAsLong(lists, lists.sent.length),
    "lists of different lengths",
  ),
) satisfies v.GenericSchema<unknown, TimelineFigures>;

/** @internal The number of values in each bin. */
export const BIN_COUNTS = about("Values in each bin", list(COUNT, 199));

/** @internal Bins, and the number of values of each side in each bin. */
export function histogramSchema<const K extends string>(
  counts: { [key in K]: typeof BIN_COUNTS },
) {
  const EDGES = "The limits of the bins, rising; one more than there are bins";
  return v.pipe(
    v.object({ edges_us: about(EDGES, list(POSITIVE, 200)), ...counts }),
    v.check((bins) => {
      const { edges_us, ...lists } = bins as Record<string, number[]>;
      return isRising(edges_us!) && areAsLong(lists, edges_us!.length - 1);
    }, "limits that do not fit its bins"),
  );
}

function areAsLong(lists: Record<string, unknown[]>, count: number): boolean {
  return Object.values(lists).every(({ length }) => length === count);
}

/** @internal Whether no number is less than the one before it. */
export function isRising(numbers: number[]): boolean {
  return numbers.every((number, at) => at === 0 || number >= numbers[at - 1]!);
}

/** @internal */
export const LIMIT = v.object({
  rule: about("The threshold as it was written, as `p99>5ms`", TEXT),
  figure: about("The figure that it was compared with", TEXT),
  value: v.nullable(FIGURE),
  unit: v.picklist(["us", "percent", "bits_per_second", "count", "grade"]),
  crossed: about("Also if the value is unknown", v.boolean()),
});

/** @internal The thresholds that a result was compared with. */
export const LIMITS = optional(
  "The thresholds, and which were crossed",
  list(LIMIT, 100),
);

/** A threshold, compared with what was measured. */
export type LimitFigures = Output<typeof LIMIT>;

const OPTIONS = v.record(v.string(), v.unknown());

/**
 * Makes the schemas of a kind of result.
 *
 * @internal
 * @param mode What is measured; it identifies the kind.
 * @param more Further metadata of the kind.
 * @param figures What was measured.
 */
export function kind<
  const M extends v.GenericSchema,
  const S extends v.ObjectEntries,
  const F extends v.ObjectEntries,
>(mode: M, more: S, figures: F) {
  const metadata = {
    format: about("The version of this format", v.literal(2)),
    tool: about("What made the result", v.literal("roundtrip")),
    version: about("The version of the tool", TEXT),
    runtime: v.object({ deno: TEXT, os: TEXT, arch: TEXT }),
    mode,
    target: about("HOST:PORT", TEXT),
    started: about("When the run started, by the wall clock", TEXT),
    options: v.object({
      given: about("The options as they were written", OPTIONS),
      used: about("The options as they took effect", OPTIONS),
    }),
    ...more,
  };
  return {
    start: v.object(metadata),
    result: v.object({
      ...metadata,
      ended: about(
        "How the run ended",
        v.picklist(["complete", "interrupted", "failed"]),
      ),
      error: optional("Why the run failed, if it did", TEXT),
      ...figures,
    }),
  };
}

/**
 * Checks a value of unknown origin.
 *
 * @internal
 * @param schema The schema to check against.
 * @param value The value.
 * @param what The name of the value, used if it is wrong as a whole.
 * @returns The value.
 * @throws {SyntaxError} If it does not match; the message is half a sentence that
 * names the place.
 *
 * @example Usage
 * ```ts
 * import { checked, DISTRIBUTION, list } from "./figure_schema.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(
 *   () => checked(list(DISTRIBUTION), [{ count: "many" }], "it"),
 *   SyntaxError,
 *   '0.count is "many", not number',
 * );
 * ```
 */
export function checked<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  what: string,
): v.InferOutput<S> {
  const { success, output, issues } = v.safeParse(schema, value, {
    abortEarly: true,
  });
  if (success) return output;
  const issue = issues[0] as v.BaseIssue<unknown>;
  const place = truncate(v.getDotPath(issue) ?? what);
  if (issue.received === "undefined") {
    throw new SyntaxError(`${place} is missing`);
  }
  if (issue.kind !== "validation") {
    const received = truncate(issue.received);
    throw new SyntaxError(`${place} is ${received}, not ${issue.expected}`);
  }
  throw new SyntaxError(
    issue.type === "check" || issue.type === "max_length"
      ? `${place} has ${issue.message}`
      : `${place} is ${issue.received}, ${issue.message}`,
  );
}

/** Text of a file, short enough for a sentence. */
function truncate(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** @internal The limit of a load that a program makes, if it was not the path. */
export const PROCESSOR_LIMIT = nullable(
  "Which side's processor was the limit, if one was",
  v.picklist(["client", "server"]),
);
