/**
 * Command-line options. One table defines them; the parser, the help text, the
 * type of the values and the shell completion are derived from it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { levenshteinDistance } from "npm:deno-std@^1.4.0/text/levenshtein_distance.js";
import type { Option } from "./option.ts";

/** The options of a program; the key `maxSize` is written `--max-size`. */
export type OptionTable = Record<string, Option>;

/** The parsed values of a table. */
export type OptionValues<T extends OptionTable> = {
  [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

/** A parsed command line. */
export interface CommandLine<T extends OptionTable> {
  /** The value of each option; quantities are in ms or bytes. */
  options: OptionValues<T>;
  /** The options that were given, as written. */
  given: Record<string, string | string[] | true>;
  /** The arguments that are not options. */
  operands: string[];
}

/** Thrown for an invalid command line. */
export class UsageError extends Error {
  /** Distinguishes it from other errors, also in a log. */
  override readonly name = "UsageError";
}

/**
 * Parses a command line. If an option is given twice, the last value counts, so
 * that a user can override the options of a task.
 *
 * @param table The options.
 * @param args The arguments, as in `Deno.args`.
 * @returns The values.
 * @throws {UsageError} For an unknown option, and for a missing, superfluous or
 * invalid value.
 *
 * @example Usage
 * ```ts
 * import { integer } from "./option.ts";
 * import { parseOptions } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const table = {
 *   port: integer("port to listen on", { short: "p", default: "12000" }),
 * };
 * assertEquals(parseOptions(table, ["-p", "80"]).options.port, 80);
 * assertEquals(parseOptions(table, []).options.port, 12000);
 * ```
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  args: readonly string[],
): CommandLine<T> {
  const names = new Map(Object.keys(table).map((name) => [flagOf(name), name]));
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { metavar, short }]) => [
        flagOf(name),
        { type: metavar ? "string" : "boolean", ...short && { short } },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const texts: Record<string, string[]> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const name = names.get(token.name);
    if (name === undefined) throw unknownOption(token.rawName, names.keys());
    (texts[name] ??= []).push(givenText(token, table[name]!));
  }
  const options: Record<string, unknown> = {};
  const given: CommandLine<T>["given"] = {};
  for (const [name, option] of Object.entries(table)) {
    const { metavar, repeated, read, default: text } = option;
    const found = texts[name];
    try {
      options[name] = read(found ?? (text === undefined ? [] : [text]));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new UsageError(`--${flagOf(name)} is ${error.message}`);
    }
    if (found === undefined) continue;
    given[name] = !metavar || (repeated ? found : found.at(-1)!);
  }
  return { options: options as OptionValues<T>, given, operands: positionals };
}

/**
 * Writes options as a result states them.
 *
 * @param table The options.
 * @param values Their values, as they take effect.
 * @param names The options to state; default all of the table.
 * @returns Keys such as `size_bytes`; `null` for no value.
 *
 * @example Usage
 * ```ts
 * import { duration } from "./option.ts";
 * import { usedOptions } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const table = { idleTimeout: duration("deadline of a message") };
 * const used = usedOptions(table, { idleTimeout: 250 });
 * assertEquals(used, { idle_timeout_ms: 250 });
 * ```
 */
export function usedOptions<T extends OptionTable>(
  table: T,
  values: { [K in keyof T]?: unknown },
  names: readonly (keyof T & string)[] = Object.keys(table),
): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => {
    const key = flagOf(name).replaceAll("-", "_");
    const unit = table[name]?.unit;
    const value = values[name] ?? null;
    return [unit ? `${key}_${unit}` : key, value === Infinity ? null : value];
  }));
}

/**
 * Rejects operands that the program does not take.
 *
 * @param operands The remaining operands.
 * @throws {UsageError} If there are any.
 */
export function noMoreOperands(operands: string[]): void {
  if (operands.length === 0) return;
  throw new UsageError(
    `unexpected argument "${
      operands.join(" ")
    }"; a port is written as HOST:PORT: see --help`,
  );
}

/**
 * Returns an option's name as written on the command line, without the dashes.
 *
 * @param name The key in the table.
 * @returns `max-size` for `maxSize`.
 */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The value given with an option; empty for a flag. */
function givenText(
  { name, value, inlineValue }: {
    name: string;
    value?: string | undefined;
    inlineValue?: boolean | undefined;
  },
  { metavar }: Option,
): string {
  const flag = `--${name}`;
  if (metavar === "") {
    if (value === undefined) return "";
    throw new UsageError(`${flag} takes no value: write ${flag} alone`);
  }
  // `-p=80` is read as the value `=80`, and the next option as a value.
  const text = inlineValue ? value?.replace(/^=/, "") : value;
  // A negative number is a value out of range.
  if (text && (inlineValue || !/^-[^\d.]/.test(text))) return text;
  throw new UsageError(`${flag} needs a value: write ${flag} ${metavar}`);
}

/** How many letters a misspelt option may differ by. */
const MAX_DISTANCE = 2;

function unknownOption(written: string, names: Iterable<string>): UsageError {
  const meant = [...names].find((name) =>
    levenshteinDistance(written, `--${name}`) <= MAX_DISTANCE
  );
  const hint = meant === undefined ? "" : `did you mean --${meant}? `;
  return new UsageError(`unknown option ${written}: ${hint}see --help`);
}
