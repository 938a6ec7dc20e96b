/**
 * Command-line options. One table defines them; the parser, the help text, the
 * type of the values and the shell completion are derived from it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { levenshteinDistance } from "npm:deno-std@^1.4.0/text/levenshtein_distance.js";
import { parseDuration, parseSize } from "../result/quantities.ts";

/** What every option has. */
export interface Described {
  /** One letter, for `-p` beside `--port`. */
  short?: string;
  /** What it does, in a few words. */
  help: string;
}

/** An option that is present or not. */
export interface Flag extends Described {
  /** Distinguishes the kinds. */
  kind: "flag";
}

/** An option with any text as its value. */
export interface Text extends Described {
  /** Distinguishes the kinds. */
  kind: "text";
  /** Stands for the value in the help, as in `--unix PATH`. */
  placeholder: string;
  /** The default; without it the value may be `undefined`. */
  default?: string;
}

/** An option whose value is one of a few. */
export interface Choice<T extends string = string> extends Described {
  /** Distinguishes the kinds. */
  kind: "choice";
  /** The accepted values. */
  choices: readonly T[];
  /** The default; without it the value may be `undefined`. */
  default?: T;
}

/** An option whose value is a number within bounds. */
export interface Quantity extends Described {
  /** What it measures: a duration in milliseconds, a size in bytes. */
  kind: "integer" | "decimal" | "duration" | "size";
  /** The minimum, in that unit. */
  min: number;
  /** The maximum, in that unit. */
  max: number;
  /** The default as written by a user; without it the value may be absent. */
  default?: string;
}

/** An option whose value has a grammar of its own. */
export interface Custom<T> extends Described {
  /** Distinguishes the kinds; `repeated` may be given several times. */
  kind: "custom" | "repeated";
  /** Stands for the value in the help. */
  placeholder: string;
  /** Throws a `SyntaxError` that says what is accepted. */
  parse: (text: string) => T;
  /** The default as written by a user; without it the value may be absent. */
  default?: string;
}

/** Any one option. */
export type Option = Flag | Text | Choice | Quantity | Custom<unknown>;

/** The options of a program; a key `maxSize` is `--max-size` to its user. */
export type OptionTable = Record<string, Option>;

/** The type of an option's value. */
export type ValueOf<O extends Option> = O extends Flag ? boolean
  : O extends Text ? string
  : O extends Choice<infer T> ? T
  : O extends Quantity ? number
  : O extends { kind: "repeated"; parse: (text: string) => infer T } ? T[]
  : O extends { parse: (text: string) => infer T } ? T
  : never;

/** The parsed values of a table. */
export type OptionValues<T extends OptionTable> = {
  [K in keyof T]: T[K] extends
    | { kind: "flag" | "repeated" }
    | { default: string } ? ValueOf<T[K]>
    : ValueOf<T[K]> | undefined;
};

/** A parsed command line. */
export interface CommandLine<T extends OptionTable> {
  /** The value of each option, in ms or bytes where it is a quantity. */
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
 * Parses a command line. Of an option given twice the last value counts, so
 * that a user can override what a task gives.
 *
 * @param table The options.
 * @param args The arguments, as in `Deno.args`.
 * @returns The values.
 * @throws {UsageError} For an unknown option, and for a missing, superfluous or
 * invalid value.
 *
 * @example Usage
 * ```ts
 * import { parseOptions } from "./options.ts";
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
  const names = new Map(Object.keys(table).map((name) => [flagOf(name), name]));
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { kind, short }]) => [
        flagOf(name),
        { type: kind === "flag" ? "boolean" : "string", ...short && { short } },
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
    const found = texts[name];
    options[name] = valueOf(option, found ?? [], `--${flagOf(name)}`);
    if (found === undefined) continue;
    given[name] = option.kind === "flag"
      ? true
      : option.kind === "repeated"
      ? found
      : found.at(-1)!;
  }
  return { options: options as OptionValues<T>, given, operands: positionals };
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
 * Returns an option's name as its user writes it, without the dashes.
 *
 * @param name The key in the table.
 * @returns `max-size` for `maxSize`.
 */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Returns what stands for an option's value in the help.
 *
 * @param option The option.
 * @returns A word in capitals, the choices, or nothing for a flag.
 */
export function placeholderOf(option: Option): string {
  if ("placeholder" in option) return option.placeholder;
  if ("min" in option) return QUANTITIES[option.kind].placeholder;
  return option.kind === "choice" ? option.choices.join("|") : "";
}

/** The value given with an option; empty for a flag. */
function givenText(
  { name, value, inlineValue }: {
    name: string;
    value?: string | undefined;
    inlineValue?: boolean | undefined;
  },
  option: Option,
): string {
  const flag = `--${name}`;
  if (option.kind === "flag") {
    if (value === undefined) return "";
    throw new UsageError(`${flag} takes no value: write ${flag} alone`);
  }
  // `-p=80` is read as the value `=80`, and the next option as a value.
  const text = inlineValue ? value?.replace(/^=/, "") : value;
  // A negative number is a value out of range.
  if (!text || (!inlineValue && /^-[^\d.]/.test(text))) {
    throw new UsageError(
      `${flag} needs a value: write ${flag} ${placeholderOf(option)}`,
    );
  }
  return text;
}

function valueOf(option: Option, texts: string[], flag: string): unknown {
  if (option.kind === "flag") return texts.length > 0;
  if (option.kind === "repeated") {
    return texts.map((text) => parsed(option, text, flag));
  }
  const text = texts.at(-1) ?? option.default;
  if (text === undefined || option.kind === "text") return text;
  if ("parse" in option) return parsed(option, text, flag);
  if ("min" in option) return quantity(option, text, flag);
  if (option.choices.includes(text)) return text;
  throw new UsageError(
    `${flag} is one of ${option.choices.join(", ")}, not "${text}"`,
  );
}

function parsed({ parse }: Custom<unknown>, text: string, flag: string) {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`${flag} is ${error.message}`);
  }
}

/** How each kind of quantity is read, called and shown. */
const QUANTITIES: Record<Quantity["kind"], {
  placeholder: string;
  name: string;
  parse: (text: string) => number | null;
  show: (value: number) => string;
}> = {
  integer: {
    placeholder: "N",
    name: "a whole number",
    parse: (text) => /^\d{1,15}$/.test(text) ? Number(text) : null,
    show: String,
  },
  decimal: {
    placeholder: "N",
    name: "a number",
    parse: (text) => /^\d+(\.\d+)?$/.test(text) ? Number(text) : null,
    show: String,
  },
  duration: {
    placeholder: "TIME",
    name: "a time such as 250ms, 1.5s or 2m (a bare number is ms)",
    parse: parseDuration,
    show: (ms) =>
      ms >= 3_600_000
        ? `${ms / 3_600_000}h`
        : ms >= 1000
        ? `${ms / 1000}s`
        : `${ms}ms`,
  },
  size: {
    placeholder: "SIZE",
    name: "a size in bytes such as 100, 64K or 1M",
    parse: parseSize,
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
  throw new UsageError(
    `${flag} is ${name}, from ${show(option.min)} to ${
      show(option.max)
    }, not "${text}"`,
  );
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
