/**
 * The smallest parts of a result file: texts, figures, lists of them.
 *
 * Bounds keep a file that somebody made up from asking for an endless page, or
 * for arithmetic that leaves the finite numbers.
 *
 * @module
 */

import { v } from "./deps.mts";
import type { Distribution } from "../stats/histogram.ts";
import type { TimelineFigures } from "../stats/timeline.ts";

/** The most entries of a list of figures. */
const LIST_ENTRIES = 10_000;
/** The greatest figure: in microseconds 31 years, in bits a second a petabit. */
const GREATEST = 1e15;
const OUT_OF_RANGE = "which is out of range";

/**
 * What a value has to be.
 *
 * @internal Its type is valibot's own.
 */
export type Schema<T> = v.GenericSchema<unknown, T>;

/** Any text; whoever shows it makes it safe. */
export const TEXT: Schema<string> = v.string();

/** A finite figure. */
export const FIGURE: Schema<number> = v.pipe(
  v.number(),
  v.minValue(-GREATEST, OUT_OF_RANGE),
  v.maxValue(GREATEST, OUT_OF_RANGE),
);

/** A finite figure that is not negative, as a duration. */
export const POSITIVE: Schema<number> = v.pipe(
  FIGURE,
  v.minValue(0, OUT_OF_RANGE),
);

/** How many. */
export const COUNT: Schema<number> = v.pipe(
  POSITIVE,
  v.integer("which is no whole number"),
);

/**
 * A list of bounded length.
 *
 * @param entry What it consists of.
 * @param most How many at most.
 * @returns The schema.
 */
export function list<T>(
  entry: Schema<T>,
  most: number = LIST_ENTRIES,
): Schema<T[]> {
  return v.pipe(
    v.array(entry),
    v.maxLength(most, `a length beyond the ${most} that can be shown`),
  );
}

/** The figures of a distribution. */
export const DISTRIBUTION: Schema<Distribution> = v.object({
  count: COUNT,
  min: FIGURE,
  mean: FIGURE,
  stddev: v.nullable(FIGURE),
  p50: FIGURE,
  p90: FIGURE,
  p95: FIGURE,
  p99: FIGURE,
  p999: FIGURE,
  max: FIGURE,
});

/** What happened over time. */
export const TIMELINE: Schema<TimelineFigures> = v.pipe(
  v.object({
    slot_ms: v.pipe(POSITIVE, v.minValue(1e-9, OUT_OF_RANGE)),
    sent: list(COUNT),
    lost: list(COUNT),
    min_us: list(v.nullable(POSITIVE)),
    mean_us: list(v.nullable(POSITIVE)),
    max_us: list(v.nullable(POSITIVE)),
  }),
  v.check(
    ({ sent, lost, min_us, mean_us, max_us }) =>
      [lost, min_us, mean_us, max_us].every(({ length }) =>
        length === sent.length
      ),
    "lists of different lengths",
  ),
);

/**
 * Whether numbers rise, as the limits of bins do.
 *
 * @param numbers The numbers.
 * @returns Whether none is less than the one before it.
 */
export function rising(numbers: number[]): boolean {
  return numbers.every((number, at) => at === 0 || number >= numbers[at - 1]!);
}

/**
 * Checks a value of unknown origin.
 *
 * @param schema What it has to be.
 * @param value The value.
 * @param what What it is called, should it be wrong as a whole.
 * @returns The value.
 * @throws {SyntaxError} If it is something else; half a sentence that names
 * the place.
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
export function checked<T>(
  schema: Schema<T>,
  value: unknown,
  what: string,
): T {
  const { success, output, issues } = v.safeParse(schema, value, {
    abortEarly: true,
  });
  if (success) return output;
  const issue = issues[0];
  const place = v.getDotPath(issue) ?? what;
  if (issue.received === "undefined") {
    throw new SyntaxError(`${place} is missing`);
  }
  const wrong = issue.kind === "validation"
    ? issue.type === "check"
      ? `has ${issue.message}`
      : issue.type === "max_length"
      ? `has ${issue.message}`
      : `is ${issue.received}, ${issue.message}`
    : `is ${brief(issue.received)}, not ${issue.expected}`;
  throw new SyntaxError(`${brief(place)} ${wrong}`);
}

/** A text of a file, short enough for a sentence. */
function brief(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
