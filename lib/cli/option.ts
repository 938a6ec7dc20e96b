/**
 * The kinds of options that a program may have.
 *
 * @module
 */

import { parseDuration, parseSize } from "../result/quantities.ts";

/** An option: how it is written, explained and read. */
export interface Option<V = unknown> {
  /** What it does, in a few words. */
  help: string;
  /** One letter, for `-p` beside `--port`. */
  short?: string;
  /** Stands for the value in the help; empty for a flag, which has none. */
  metavar: string;
  /** The default as written by a user; without it the value may be absent. */
  default?: string;
  /** The accepted values, if they are few. */
  choices?: readonly string[];
  /** The unit of the value. */
  unit?: "ms" | "bytes";
  /** Whether all given values count; otherwise only the last one does. */
  repeated?: boolean;
  /**
   * Reads the values given, or the default. Throws a `SyntaxError` that says
   * what is accepted.
   */
  read: (texts: string[]) => V;
}

/** The optional parts of an option. */
export interface Spec {
  /** One letter, for `-p` beside `--port`. */
  short?: string;
  /** The default as written by a user. */
  default?: string;
}

/** The optional parts of a numeric option. */
export interface NumberSpec extends Spec {
  /** The minimum. */
  min?: number;
  /** The maximum. */
  max?: number;
}

/** The type of a value; `undefined` is part of it unless there is a default. */
export type Given<T, S> = S extends { default: string } ? T : T | undefined;

/**
 * An option without a value.
 *
 * @param help What it does.
 * @param short Its letter.
 * @returns The option.
 */
export function flag(help: string, short?: string): Option<boolean> {
  return {
    help,
    metavar: "",
    ...short !== undefined && { short },
    read: (texts) => texts.length > 0,
  };
}

/**
 * An option with any text as its value.
 *
 * @param metavar Stands for the value in the help, as in `--unix PATH`.
 * @param help What it does.
 * @param spec Its letter and its default.
 * @returns The option.
 */
export function text<S extends Spec>(
  metavar: string,
  help: string,
  spec?: S,
): Option<Given<string, S>> {
  return custom(metavar, (text) => text, help, spec);
}

/**
 * An option whose value is one of a few.
 *
 * @param choices The accepted values.
 * @param help What it does.
 * @param spec Its letter and its default.
 * @returns The option.
 */
export function choice<const T extends string, S extends Spec>(
  choices: readonly T[],
  help: string,
  spec?: S,
): Option<Given<T, S>> {
  const parse = (text: string) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new SyntaxError(`one of ${choices.join(", ")}, not "${text}"`);
  };
  return { ...custom(choices.join("|"), parse, help, spec), choices };
}

/**
 * An option with a parser of its own.
 *
 * @param metavar Stands for the value in the help.
 * @param parse Throws a `SyntaxError` that says what is accepted.
 * @param help What it does.
 * @param spec Its letter and its default.
 * @returns The option.
 */
export function custom<T, S extends Spec>(
  metavar: string,
  parse: (text: string) => T,
  help: string,
  spec?: S,
): Option<Given<T, S>> {
  return {
    help,
    metavar,
    ...spec,
    // TypeScript cannot tell that the default is among the texts.
    read: (texts) =>
      (texts.length === 0 ? undefined : parse(texts.at(-1)!)) as Given<T, S>,
  };
}

/**
 * An option that may be given several times.
 *
 * @param metavar Stands for the value in the help.
 * @param parse Throws a `SyntaxError` that says what is accepted.
 * @param help What it does.
 * @returns The option.
 */
export function repeated<T>(
  metavar: string,
  parse: (text: string) => T,
  help: string,
): Option<T[]> {
  return {
    help,
    metavar,
    repeated: true,
    read: (texts) => texts.map(parse),
  };
}

/** Makes an option of a number. */
export type NumberOption = <S extends NumberSpec>(
  help: string,
  spec?: S,
) => Option<Given<number, S>>;

/** A whole number, from 1 to 1 000 000 unless the option says otherwise. */
export const integer: NumberOption = quantity({
  metavar: "N",
  name: "a whole number",
  bounds: [1, 1e6],
  parse: (text) => /^\d{1,15}$/.test(text) ? Number(text) : null,
  show: String,
});

/** A number, from 0 to 1 unless the option says otherwise. */
export const decimal: NumberOption = quantity({
  metavar: "N",
  name: "a number",
  bounds: [0, 1],
  parse: (text) => /^\d+(\.\d+)?$/.test(text) ? Number(text) : null,
  show: String,
});

/** A time in ms, from 1 ms to 1 h unless the option says otherwise. */
export const duration: NumberOption = quantity({
  metavar: "TIME",
  name: "a time such as 250ms, 1.5s or 2m (a bare number is ms)",
  unit: "ms",
  bounds: [1, 3_600_000],
  parse: parseDuration,
  show: (ms) =>
    ms >= 3_600_000
      ? `${ms / 3_600_000}h`
      : ms >= 1000
      ? `${ms / 1000}s`
      : `${ms}ms`,
});

/** A size in bytes, from 1 to 1M unless the option says otherwise. */
export const size: NumberOption = quantity({
  metavar: "SIZE",
  name: "a size in bytes such as 100, 64K or 1M",
  unit: "bytes",
  bounds: [1, 2 ** 20],
  parse: parseSize,
  show: (bytes) =>
    bytes >= 2 ** 20 && bytes % 2 ** 20 === 0
      ? `${bytes / 2 ** 20}M`
      : String(bytes),
});

function quantity(kind: {
  metavar: string;
  name: string;
  unit?: "ms" | "bytes";
  bounds: [min: number, max: number];
  parse: (text: string) => number | null;
  show: (value: number) => string;
}): NumberOption {
  const { metavar, name, unit, bounds, parse, show } = kind;
  return (help, spec) => {
    const { min = bounds[0], max = bounds[1], ...rest } = { ...spec };
    const read = (text: string) => {
      const value = parse(text);
      if (value !== null && value >= min && value <= max) return value;
      throw new SyntaxError(
        `${name}, from ${show(min)} to ${show(max)}, not "${text}"`,
      );
    };
    return {
      ...custom(metavar, read, help, rest as typeof spec),
      ...unit && { unit },
    };
  };
}
