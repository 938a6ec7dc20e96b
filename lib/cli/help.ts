/**
 * The help text and the shell completion of a program, from its option table.
 *
 * @module
 */

import {
  flagOf,
  type Option,
  type OptionTable,
  placeholderOf,
} from "./option_table.ts";
import { wrap } from "../terminal/wrap.ts";

/** What a program is, as its help says it. */
export interface Description {
  /** The name by which it is called, as `tcp-server`. */
  name: string;
  /** What it does, in one sentence. */
  summary: string;
  /** The operands after the options, as `TARGET [WORD...]`; empty for none. */
  operands: string;
  /** What else its user should know, in paragraphs. */
  details: string[];
  /** Command lines to try, without the program's name. */
  examples: string[];
}

const WIDTH = 80;
/** How the completion of each shell is asked for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
/** A shell that completion can be had for. */
export type Shell = typeof SHELLS[number];

/**
 * Writes a program's help.
 *
 * @param description What the program is.
 * @param table Its options.
 * @returns The text, at most 80 columns wide, without a newline at its end.
 */
export function formatHelp(
  description: Description,
  table: OptionTable,
): string {
  const { name, summary, operands, details, examples } = description;
  const entries = Object.entries(table);
  const heads = entries.map(([key, option]) => head(key, option));
  const column = Math.min(
    30,
    Math.max(...heads.map((text) => text.length)) + 2,
  );
  const options = entries.map(([, option], index) =>
    hang(heads[index]!, explanation(option), column)
  );
  return [
    ...wrap(summary, WIDTH),
    "",
    `usage: ${[name, "[options]", operands].filter(Boolean).join(" ")}`,
    ...details.flatMap((paragraph) => ["", ...wrap(paragraph, WIDTH)]),
    "",
    "options:",
    ...options,
    ...units(Object.values(table)),
    "",
    "examples:",
    ...examples.map((example) => `  ${name} ${example}`.trimEnd()),
  ].join("\n");
}

/** What the placeholders stand for, where there are any. */
function units(table: Option[]): string[] {
  const kinds = new Set(table.map(({ kind }) => kind));
  const lines = [
    ...(kinds.has("duration")
      ? [
        "  TIME is 40us, 250ms, 1.5s, 2m or 1h; a bare number is milliseconds.",
      ]
      : []),
    ...(kinds.has("size")
      ? ["  SIZE is in bytes: 100, 64K or 1M, which are 1024-based."]
      : []),
  ];
  return lines.length === 0 ? [] : ["", ...lines];
}

function head(key: string, option: Option): string {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `  ${short}--${flagOf(key)} ${placeholderOf(option)}`.trimEnd();
}

function explanation(option: Option): string {
  const notes = [];
  if (option.kind === "repeated") notes.push("may be given again");
  if ("default" in option) notes.push(`default ${option.default}`);
  return option.help + (notes.length ? ` (${notes.join("; ")})` : "");
}

function hang(head: string, text: string, column: number): string {
  const lines = wrap(text, WIDTH - column);
  const fits = head.length + 2 <= column;
  const first = fits ? head.padEnd(column) + lines.shift() : head;
  return [first, ...lines.map((line) => " ".repeat(column) + line)].join("\n");
}

/**
 * Writes a completion script.
 *
 * @param name The name of the command to complete, as `tcp-server`.
 * @param table Its options.
 * @param shell For which shell.
 * @returns The script, to be evaluated by that shell.
 */
export function formatCompletion(
  name: string,
  table: OptionTable,
  shell: Shell,
): string {
  const entries = Object.entries(table);
  const commands = [name, name.replaceAll("-", "_")];
  if (shell === "bash") {
    const flags = entries.map(([key]) => `--${flagOf(key)}`).join(" ");
    return `complete -o default -W "${flags}" ${commands.join(" ")}`;
  }
  if (shell === "zsh") {
    const specs = entries.map(([key, option]) => {
      const value = option.kind === "flag" ? "" : `:${placeholderOf(option)}:`;
      const choices = option.kind === "choice"
        ? `(${option.choices.join(" ")})`
        : "";
      const help = option.help.replace(/[[\]:]/g, "");
      return quote(`--${flagOf(key)}[${help}]${value}${choices}`);
    });
    const body = `_arguments ${specs.join(" ")} '*:word:_default'`;
    const fn = `_${commands[1]}`;
    return `${fn}() { ${body} }\ncompdef ${fn} ${commands.join(" ")}`;
  }
  return commands.flatMap((command) =>
    entries.map(([key, option]) => {
      const short = option.short ? ` -s ${option.short}` : "";
      const values = option.kind === "choice"
        ? ` -x -a ${quote(option.choices.join(" "))}`
        : option.kind === "flag"
        ? ""
        : " -r";
      const help = ` -d ${quote(option.help)}`;
      return `complete -c ${command} -l ${flagOf(key)}${short}${values}${help}`;
    })
  ).join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
