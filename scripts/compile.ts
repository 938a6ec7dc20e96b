#!/usr/bin/env -S deno run --allow-run
/**
 * Compile: builds a single-file executable of each program, with exactly the
 * permissions of its task.
 *
 * Permission: --allow-run, to call deno compile
 *
 *     $ deno task compile measure_client
 *     bin/measure_client
 *
 *     $ deno task compile --target aarch64-apple-darwin
 *
 * The permissions and arguments are those of the tasks in deno.json.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { RunError } from "../lib/cli/context.ts";
import { UsageError } from "../lib/cli/options.ts";
import { text } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";

/** Modules that a program starts as threads of their own. */
const THREADS: Record<string, string[]> = {
  monitor: ["lib/monitor/keeper_worker.ts"],
  under_load: ["lib/under_load/probe_worker.ts"],
};

/** A program that can be compiled. */
export interface Compilable {
  /** The name of its script without the extension, and of its executable. */
  name: string;
  /** The flags of `deno run` in its task. */
  flags: string[];
  /** The script's path. */
  script: string;
  /** The arguments in its task. */
  args: string[];
}

/** The programs that can be compiled, in the order of their tasks. */
export function compilables(
  tasks: Record<string, { command: string }> = config.tasks,
): Compilable[] {
  return Object.entries(tasks).flatMap(([task, { command }]) => {
    const name = task.replaceAll("-", "_");
    const script = `scripts/${name}.ts`;
    const [deno, run, ...rest] = splitCommand(command);
    const at = rest.indexOf(script);
    if (deno !== "deno" || run !== "run" || at < 0) return [];
    if (name === "compile" || name === "demo") return [];
    const [flags, args] = [rest.slice(0, at), rest.slice(at + 1)];
    return [{ name, flags, script, args }];
  });
}

/** Splits a command like a shell. */
function splitCommand(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)]
    .map(([, quoted, bare]) => quoted ?? bare!);
}

/** Compiles the programs; returns the exit code. */
export const main = defineProgram({
  name: "compile",
  summary: "Builds bin/NAME for each program named, or for all programs.",
  operands: "[NAME...]",
  details: [
    "NAME is the name of a task or of its script, as in measure-client or measure_client. The executable has exactly the permissions of the task, and its port.",
    "Deno downloads a base executable the first time. If it cannot, set DENORT_BIN to the path of one.",
  ],
  options: {
    target: text(
      "TRIPLE",
      "build for another system, as in aarch64-apple-darwin",
    ),
  },
  examples: [
    "",
    "measure-server measure-client",
    "--target x86_64-pc-windows-msvc",
  ],
}, async ({ options, operands, terminal }) => {
  const all = compilables();
  const wanted = operands.length === 0 ? all : operands.map((operand) => {
    const name = operand.replaceAll("-", "_");
    const found = all.find((program) => program.name === name);
    if (found) return found;
    const names = all.map((program) => program.name).join(", ");
    throw new UsageError(
      `no program is called ${operand}; there are ${names}`,
    );
  });
  for (const { name, flags, script, args } of wanted) {
    const output = `bin/${name}`;
    const target = options.target ? ["--target", options.target] : [];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "compile",
        ...flags,
        ...THREADS[name]?.map((path) => `--include=${path}`) ?? [],
        ...target,
        "--output",
        output,
        script,
        ...args,
      ],
      cwd: new URL("..", import.meta.url),
      env: {
        NO_COLOR: "1", // an error is quoted
        RUST_MIN_STACK: `${64 << 20}`, // Deno 2.4 overflows on large modules
      },
      stdout: "inherit",
      stderr: "piped",
    }).output();
    const said = new TextDecoder().decode(stderr);
    if (!success) {
      throw new RunError(`Cannot compile ${name}: ${reason(said)}`);
    }
    terminal.print(output);
  }
  return 0;
});

/** Why `deno compile` failed; it gives text and an exit code only. */
function reason(said: string): string {
  if (
    /Setting up base binary|denort/.test(said) &&
    /sending request|download/i.test(said)
  ) {
    return NO_BASE;
  }
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ??
    "deno compile gave no reason";
}

/** The error if the base executable cannot be downloaded; CI reads it. */
export const NO_BASE =
  "Deno's base executable cannot be downloaded from here; set DENORT_BIN to the path of a denort of this version";

if (import.meta.main) Deno.exit(await main(Deno.args));
