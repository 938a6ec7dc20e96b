/**
 * The help text and the shell completion of a program, from its option table.
 *
 * @module
 */

import { wrap } from "../terminal/wrap.ts";
import type { Option } from "./option.ts";
import { flagOf, type OptionTable } from "./options.ts";

/** The description of a program in its help. */
export interface Description {
  /** Its name as a command, as in `tcp-server`. */
  name: string;
  /** What it does, in one sentence. */
  summary: string;
  /**
   * The operands, as in `TARGET [WORD...]`; empty for none.
   * Subcommands are written `rtt|tput TARGET`.
   */
  operands: string;
  /** Further explanations, in paragraphs. */
  details: string[];
  /** Command lines to try, without the program's name. */
  examples: string[];
}

/** The shells for which there is a completion script. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
/** One of {@linkcode SHELLS}. */
export type Shell = typeof SHELLS[number];

const WIDTH = 80;
/** The column where explanations start, at most. */
const MAX_COLUMN = 30;

/**
 * Formats a program's help.
 *
 * @param description The program.
 * @param table Its options.
 * @returns The text, at most 80 columns wide, without a newline at its end.
 */
export function formatHelp(
  description: Description,
  table: OptionTable,
): string {
  const { name, summary, operands, details, examples } = description;
  const heads = Object.entries(table).map(([key, option]) => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    return `  ${short}--${flagOf(key)} ${option.metavar}`.trimEnd();
  });
  const longest = Math.max(...heads.map((head) => head.length)) + 2;
  const column = Math.min(MAX_COLUMN, longest);
  const options = Object.values(table).flatMap((option, index) => {
    const head = heads[index]!;
    const lines = wrap(explanation(option), WIDTH - column)
      .map((line) => " ".repeat(column) + line);
    return head.length + 2 > column
      ? [head, ...lines]
      : [head + lines[0]!.slice(head.length), ...lines.slice(1)];
  });
  const units = [
    [
      "ms",
      "  TIME is 40us, 250ms, 1.5s, 2m or 1h; a bare number is milliseconds.",
    ],
    ["bytes", "  SIZE is in bytes: 100, 64K or 1M (1K is 1024 bytes)."],
  ].filter(([unit]) => Object.values(table).some((one) => one.unit === unit))
    .map(([, line]) => line);
  return [
    ...wrap(summary, WIDTH),
    "",
    `usage: ${[name, "[options]", operands].join(" ").trimEnd()}`,
    ...details.flatMap((paragraph) => ["", ...wrap(paragraph, WIDTH)]),
    "",
    "options:",
    ...options,
    ...(units.length > 0 ? ["", ...units] : []),
    "",
    "examples:",
    ...examples.map((example) => `  ${name} ${example}`.trimEnd()),
  ].join("\n");
}

function explanation(option: Option): string {
  const notes = [
    ...(option.repeated ? ["may be given again"] : []),
    ...(option.default === undefined ? [] : [`default ${option.default}`]),
  ];
  return option.help + (notes.length > 0 ? ` (${notes.join("; ")})` : "");
}

/**
 * Formats a completion script: options with their short forms, the values of
 * choices, and subcommands.
 *
 * @param description The program.
 * @param table Its options.
 * @param shell The shell.
 * @returns The script, to be evaluated by that shell.
 */
export function formatCompletion(
  { name, operands }: Pick<Description, "name" | "operands">,
  table: OptionTable,
  shell: Shell,
): string {
  const [first = ""] = operands.split(" ");
  const completion: Completion = {
    commands: [...new Set([name, name.replaceAll("-", "_")])],
    subcommands: first.includes("|")
      ? first.split("|").filter((word) => /^[a-z]/.test(word))
      : [],
    options: Object.entries(table).map(([key, option]) => ({
      flags: [
        `--${flagOf(key)}`,
        ...(option.short === undefined ? [] : [`-${option.short}`]),
      ],
      // Not every shell can quote these in a description.
      help: option.help.replace(/[[\]:']/g, ""),
      metavar: option.metavar,
      choices: option.choices?.join(" ") ?? "",
    })),
  };
  return COMPLETIONS[shell](completion);
}

interface Completion {
  commands: string[];
  subcommands: string[];
  options: {
    /** The long form and, if there is one, the short form. */
    flags: string[];
    help: string;
    /** Empty for a flag. */
    metavar: string;
    choices: string;
  }[];
}

const COMPLETIONS: Record<Shell, (completion: Completion) => string> = {
  bash({ commands, subcommands, options }) {
    const fn = `_${commands.at(-1)}`;
    const all = [...options.flatMap(({ flags }) => flags), ...subcommands];
    const cases = options.filter(({ metavar }) => metavar !== "")
      .map(({ flags, choices }) =>
        `    ${flags.join("|")}) words="${choices}";;\n`
      );
    return `${fn}() {
  local words="${all.join(" ")}"
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${cases.join("")}  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F ${fn} ${commands.join(" ")}`;
  },
  zsh({ commands, subcommands, options }) {
    const fn = `_${commands.at(-1)}`;
    const specs = options.map(({ flags, help, metavar, choices }) => {
      const value = metavar === "" ? "" : `:${metavar}:`;
      const values = choices !== ""
        ? `(${choices})`
        : /FILE|PATH/.test(metavar)
        ? "_files"
        : "";
      const forms = flags.length === 1
        ? `'${flags[0]}`
        : `'(${flags.join(" ")})'{${flags.join(",")}}'`;
      return `${forms}[${help}]${value}${values}'`;
    });
    const operand = subcommands.length === 0
      ? []
      : [`'1:what:(${subcommands.join(" ")})'`];
    return `${fn}() {
  _arguments ${[...specs, ...operand, "'*:operand:_default'"].join(" \\\n    ")}
}
compdef ${fn} ${commands.join(" ")}`;
  },
  fish({ commands, subcommands, options }) {
    return commands.flatMap((command) => [
      ...options.map(({ flags: [long, short], help, metavar, choices }) => {
        const value = metavar === ""
          ? ""
          : choices === ""
          ? " -r"
          : ` -x -a '${choices}'`;
        return `complete -c ${command} -l ${long!.slice(2)}` +
          `${short ? ` -s ${short.slice(1)}` : ""}${value} -d '${help}'`;
      }),
      ...(subcommands.length === 0 ? [] : [
        `complete -c ${command} -n __fish_use_subcommand -a '${
          subcommands.join(" ")
        }'`,
      ]),
    ]).join("\n");
  },
};
