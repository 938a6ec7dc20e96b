/**
 * A program's options, declared once as a table: the table is the parser, the
 * help text, the type of the parsed values and the shell completion.
 *
 * @module
 */

/** What every option has. */
export interface Described {
  /** One letter, for `-p` beside `--port`. */
  short?: string;
  /** What it does, in a few words. */
  help: string;
}

/** An option that is there or not. */
export interface Flag extends Described {
  /** Tells the kinds apart. */
  kind: "flag";
}

/** An option with any text as its value. */
export interface Text extends Described {
  /** Tells the kinds apart. */
  kind: "text";
  /** Stands for the value in the help, as in `--unix PATH`. */
  placeholder: string;
  /** The value where none is given; without it the option may be absent. */
  default?: string;
}

/** An option whose value is one of a few words. */
export interface Choice<T extends string = string> extends Described {
  /** Tells the kinds apart. */
  kind: "choice";
  /** The words. */
  choices: readonly T[];
  /** The value where none is given; without it the option may be absent. */
  default?: T;
}

/** An option whose value is a number within bounds. */
export interface Quantity extends Described {
  /** What is counted or measured. */
  kind: "integer" | "decimal" | "duration" | "size";
  /** The least, in the quantity's unit: milliseconds or bytes. */
  min: number;
  /** The greatest, in the same unit. */
  max: number;
  /** Written as a person would; without it the option may be absent. */
  default?: string;
}

/** An option whose value has a grammar of its own. */
export interface Custom<T> extends Described {
  /** Tells the kinds apart. */
  kind: "custom";
  /** Stands for the value in the help. */
  placeholder: string;
  /** Throws a `SyntaxError` that says what is accepted. */
  parse: (text: string) => T;
  /** Written as a person would; without it the option may be absent. */
  default?: string;
}

/** An option of that kind which may be given any number of times. */
export interface Repeated<T> extends Described {
  /** Tells the kinds apart. */
  kind: "repeated";
  /** Stands for one value in the help. */
  placeholder: string;
  /** Throws a `SyntaxError` that says what is accepted. */
  parse: (text: string) => T;
}

/** Any one option. */
export type Option =
  | Flag
  | Text
  | Choice
  | Quantity
  | Custom<unknown>
  | Repeated<unknown>;

/** The options of a program; a key `maxSize` is `--max-size` to its user. */
export type OptionTable = Record<string, Option>;

/** What an option's value is once parsed. */
export type ValueOf<O extends Option> = O extends Flag ? boolean
  : O extends Text ? string
  : O extends Choice<infer T> ? T
  : O extends Quantity ? number
  : O extends Custom<infer T> ? T
  : O extends Repeated<infer T> ? T[]
  : never;

/** Whether an option has no value when it is not given. */
export type MayBeAbsent<O extends Option> = O extends Flag | Repeated<unknown>
  ? false
  : O extends { default: string } ? false
  : true;

/** What the options of a table are once parsed. */
export type OptionValues<T extends OptionTable> = {
  [K in keyof T]: MayBeAbsent<T[K]> extends true ? ValueOf<T[K]> | undefined
    : ValueOf<T[K]>;
};

/**
 * An option's name as its user writes it, without the dashes.
 *
 * @param name The key in the table.
 * @returns `maxSize` as `max-size`.
 */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * What stands for an option's value in the help.
 *
 * @param option The option.
 * @returns A word in capitals, the choices, or nothing for a flag.
 */
export function placeholderOf(option: Option): string {
  switch (option.kind) {
    case "flag":
      return "";
    case "choice":
      return option.choices.join("|");
    case "integer":
    case "decimal":
      return "N";
    case "duration":
      return "TIME";
    case "size":
      return "SIZE";
    default:
      return option.placeholder;
  }
}
