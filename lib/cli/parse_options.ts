/**
 * Reads a command line by an option table, and refuses what cannot be meant.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import {
  flagOf,
  type Option,
  type OptionTable,
  type OptionValues,
  placeholderOf,
  type Quantity,
} from "./option_table.ts";
import { parseDuration, parseSize } from "../result/units.ts";

/** A command line once parsed. */
export interface CommandLine<T extends OptionTable> {
  /** The value of each option, in ms or bytes where it is a quantity. */
  options: OptionValues<T>;
  /** The options that were given, as they were written. */
  given: Record<string, string | string[] | true>;
  /** The arguments that are not options. */
  operands: string[];
}

/** Thrown for a command line that cannot be meant. */
export class UsageError extends Error {
  /** Tells it from other errors, also in a log. */
  override readonly name = "UsageError";
}

/**
 * Reads a command line by a table.
 *
 * @param table The options there are.
 * @param args The arguments, as in `Deno.args`.
 * @returns The values.
 * @throws {UsageError} For an unknown option, a missing value, or a value that
 * is not accepted. Of an option given twice the last value counts, so that one
 * can be put after what a task gives.
 *
 * @example Usage
 * ```ts
 * import { parseOptions } from "./parse_options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const table = {
 *   port: {
 *     kind: "integer",
 *     short: "p",
 *     min: 0,
 *     max: 65535,
 *     default: "12000",
 *     help: "port to listen on",
 *   },
 * } as const;
 * assertEquals(parseOptions(table, ["-p", "80"]).options.port, 80);
 * assertEquals(parseOptions(table, []).options.port, 12000);
 * ```
 */
export function parseOptions<const T extends OptionTable>(
  table: T,
  args: readonly string[],
): CommandLine<T> {
  const names = Object.keys(table);
  const valued = names.filter((name) => table[name]!.kind !== "flag");
  const flags = names.filter((name) => table[name]!.kind === "flag");
  refuseFlagValues(args, table, flags);
  const raw = parseArgs(args.map(shield), {
    string: ["_", ...valued.map(flagOf)],
    boolean: flags.map(flagOf),
    collect: names.map(flagOf),
    alias: Object.fromEntries(
      names.filter((name) => table[name]!.short !== undefined)
        .map((name) => [flagOf(name), table[name]!.short!]),
    ),
    unknown: (argument, key) => {
      if (key !== undefined) throw unknownOption(argument, names);
      return true;
    },
  });

  const options: Record<string, unknown> = {};
  const given: Record<string, string | string[] | true> = {};
  for (const name of names) {
    const option = table[name]!;
    const texts = givenTexts(raw[flagOf(name)], `--${flagOf(name)}`, option);
    options[name] = valueOf(option, texts, `--${flagOf(name)}`);
    if (texts.length === 0) continue;
    given[name] = option.kind === "flag"
      ? true
      : option.kind === "repeated"
      ? texts
      : texts[0]!;
  }
  return {
    options: options as OptionValues<T>,
    given,
    operands: raw._.map((operand) => unshield(String(operand))),
  };
}

/**
 * Rejects operands that the program does not take.
 *
 * @param operands Those left over.
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
 * `parseArgs` takes a word `true` or `false` after a flag for the flag's value;
 * here it is a word like any other, so it is disguised until that is done.
 */
function shield(argument: string): string {
  return /^(true|false)$/.test(argument) ? `\0${argument}` : argument;
}

function unshield(argument: string): string {
  return argument.replace(/^\0/, "");
}

/** Refuses what `parseArgs` takes in silence: `--quiet=maybe`, and `--_`. */
function refuseFlagValues(
  args: readonly string[],
  table: OptionTable,
  flags: string[],
): void {
  const end = args.indexOf("--");
  for (const argument of end < 0 ? args : args.slice(0, end)) {
    if (/^--?_/.test(argument)) throw unknownOption(argument, []);
    const written = /^--?([^=]+)=/.exec(argument)?.[1];
    if (written === undefined) continue;
    const flag = flags.find((name) =>
      written === flagOf(name) || written === table[name]!.short
    );
    if (flag !== undefined) throw noValue(`--${flagOf(flag)}`);
  }
}

function noValue(flag: string): UsageError {
  return new UsageError(`${flag} takes no value: write ${flag} alone`);
}

/** The texts given for one option: none, one, or for a repeated one several. */
function givenTexts(raw: unknown, flag: string, option: Option): string[] {
  const values = (Array.isArray(raw) ? raw : []).filter((value) =>
    value !== undefined && value !== false
  );
  if (option.kind === "flag") {
    if (values.some((value) => value !== true)) throw noValue(flag);
    return values.length > 0 ? ["true"] : [];
  }
  const texts = values.map((value) => unshield(String(value)));
  if (texts.includes("")) {
    throw new UsageError(
      `${flag} needs a value: write ${flag} ${placeholderOf(option)}`,
    );
  }
  return option.kind === "repeated" ? texts : texts.slice(-1);
}

function valueOf(option: Option, texts: string[], flag: string): unknown {
  if (option.kind === "flag") return texts.length > 0;
  if (option.kind === "repeated") {
    return texts.map((text) => parsed(option.parse, text, flag));
  }
  const text = texts[0] ?? option.default;
  if (text === undefined) return undefined;
  switch (option.kind) {
    case "text":
      return text;
    case "choice":
      if (option.choices.includes(text)) return text;
      throw new UsageError(
        `${flag} is one of ${option.choices.join(", ")}, not "${text}"`,
      );
    case "custom":
      return parsed(option.parse, text, flag);
    default:
      return quantity(option, text, flag);
  }
}

function parsed(
  parse: (text: string) => unknown,
  text: string,
  flag: string,
): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`${flag} is ${error.message}`);
  }
}

/** How each kind of quantity is read, what it is called, and how it is shown. */
const QUANTITIES: Record<Quantity["kind"], {
  parse: (text: string) => number | null;
  name: string;
  show: (value: number) => string;
}> = {
  integer: {
    parse: (text) => /^\d{1,15}$/.test(text) ? Number(text) : null,
    name: "a whole number",
    show: String,
  },
  decimal: {
    parse: (text) => /^\d+(\.\d+)?$/.test(text) ? Number(text) : null,
    name: "a number",
    show: String,
  },
  duration: {
    parse: parseDuration,
    name: "a time such as 250ms, 1.5s or 2m (a bare number is ms)",
    show: (ms) =>
      ms >= 3_600_000
        ? `${ms / 3_600_000}h`
        : ms >= 1000
        ? `${ms / 1000}s`
        : `${ms}ms`,
  },
  size: {
    parse: parseSize,
    name: "a size in bytes such as 100, 64K or 1M",
    show: (bytes) =>
      bytes >= 2 ** 20 && bytes % 2 ** 20 === 0
        ? `${bytes / 2 ** 20}M`
        : String(bytes),
  },
};

function quantity(option: Quantity, text: string, flag: string): number {
  const { parse, name, show } = QUANTITIES[option.kind];
  const value = parse(text);
  if (value !== null && value >= option.min && value <= option.max) {
    return value;
  }
  const bounds = `from ${show(option.min)} to ${show(option.max)}`;
  throw new UsageError(`${flag} is ${name}, ${bounds}, not "${text}"`);
}

/** How many letters off an option may be to be taken for a slip. */
const SLIP = 2;

function unknownOption(argument: string, names: string[]): UsageError {
  const [written = argument] = argument.split("=");
  const meant = names.map((name) => `--${flagOf(name)}`)
    .find((flag) => levenshteinDistance(written, flag) <= SLIP);
  const hint = meant ? `did you mean ${meant}? ` : "";
  return new UsageError(`unknown option ${written}: ${hint}see --help`);
}
