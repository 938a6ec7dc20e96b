/**
 * Runs a program: reads its command line, stops it on signals, and turns every
 * outcome into an exit code and every error into one line.
 *
 * | exit code | meaning |
 * |---|---|
 * | 0 | done |
 * | 1 | the run failed |
 * | 2 | misuse |
 * | 3 | a `--fail-if` threshold was crossed |
 * | 130 | interrupted a second time |
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { Terminal } from "../terminal/terminal.ts";
import { sleepUntil } from "../timing/sleep.ts";
import { explain, RunError } from "./context.ts";
import {
  type Description,
  formatCompletion,
  formatHelp,
  SHELLS,
} from "./help.ts";
import type { OptionTable, OptionValues } from "./options.ts";
import {
  type CommandLine,
  noMoreOperands,
  parseOptions,
  UsageError,
} from "./options.ts";

/** A program: what it is, and its options. */
export interface Program<T extends OptionTable> extends Description {
  /** The options, beside those that every program has. */
  options: T;
}

/** What a program's action is given. */
export interface Run<T extends OptionTable> extends CommandLine<T> {
  /** Aborted by the first interrupt, and when nobody reads the output. */
  signal: AbortSignal;
  /** Where to write. */
  terminal: Terminal;
}

/** Where a program runs, if not on its own: in a demo, or in a test. */
export interface ProgramIo {
  /** Where it writes, instead of the process's own streams. */
  terminal?: Terminal;
  /** Stops it, instead of the process's signals. */
  signal?: AbortSignal;
}

/** The options that every program has. */
export const COMMON_OPTIONS = {
  verbose: { kind: "flag", help: "show the stack of an error" },
  completion: {
    kind: "choice",
    choices: SHELLS,
    help: "print the completion script of a shell",
  },
  version: { kind: "flag", short: "V", help: "print the version" },
  help: { kind: "flag", short: "h", help: "print this help" },
} as const satisfies OptionTable;

/**
 * Describes a program; only its type is narrowed.
 *
 * @param program The program.
 * @returns The program.
 */
export function defineProgram<const T extends OptionTable>(
  program: Program<T>,
): Program<T> {
  return program;
}

/**
 * Runs a program to its end.
 *
 * @param program The program.
 * @param args Its arguments, as in `Deno.args`.
 * @param io Where it runs, if not on its own.
 * @param action What it does; gives its exit code.
 * @returns The exit code.
 */
export async function runMain<T extends OptionTable>(
  program: Program<T>,
  args: readonly string[],
  io: ProgramIo | undefined,
  action: (run: Run<T & typeof COMMON_OPTIONS>) => Promise<number>,
): Promise<number> {
  const terminal = io?.terminal ?? new Terminal();
  const table = { ...program.options, ...COMMON_OPTIONS };
  const complain = (message: string) =>
    terminal.info(`${program.name}: ${message.replaceAll("\n", " ")}`);
  let commandLine;
  try {
    commandLine = parseOptions(table, args);
    if (program.operands === "") noMoreOperands(commandLine.operands);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    complain(error.message);
    return 2;
  }
  // What a generic table's values are, the compiler cannot work out.
  const { help, version, completion, verbose } = commandLine
    .options as OptionValues<typeof COMMON_OPTIONS>;
  if (help) return printed(formatHelp(program, table));
  if (version) {
    return printed(
      `${program.name} ${config.version} (Deno ${Deno.version.deno})`,
    );
  }
  if (completion) {
    return printed(formatCompletion(program, table, completion));
  }

  const interrupts = listenForInterrupts(io?.signal, terminal);
  terminal.onPipeClosed = interrupts.stop;
  try {
    const { signal } = interrupts;
    return await action({ ...commandLine, signal, terminal });
  } catch (error) {
    if (terminal.closed) return 0;
    if (verbose && !(error instanceof UsageError)) {
      terminal.info(String((error as Error)?.stack ?? error));
      if (error instanceof RunError && error.cause instanceof Error) {
        terminal.info(`caused by ${error.cause.stack}`);
      }
    }
    complain(explain(error));
    return error instanceof UsageError ? 2 : 1;
  } finally {
    terminal.clearLive();
    await interrupts.unlisten();
  }

  function printed(text: string): number {
    terminal.print(text);
    return 0;
  }
}

/**
 * Signals so close together are one: under `deno task` a Ctrl-C comes twice,
 * from the terminal and from the task.
 */
const SAME_INTERRUPT_MS = 200;

/** The first interrupt asks for an early end, the second one forces it. */
function listenForInterrupts(
  staged: AbortSignal | undefined,
  terminal: Terminal,
): {
  signal: AbortSignal;
  stop: () => void;
  unlisten: () => Promise<void>;
} {
  const controller = new AbortController();
  const stop = () =>
    controller.abort(new RunError("Interrupted before anything was measured"));
  let firstMs: number | null = null;
  const interrupted = () => {
    const nowMs = performance.now();
    firstMs ??= nowMs;
    if (nowMs - firstMs > SAME_INTERRUPT_MS) {
      terminal.clearLive();
      Deno.exit(130);
    }
    stop();
  };
  const names: Deno.Signal[] = staged ? [] : SIGNALS;
  for (const name of names) Deno.addSignalListener(name, interrupted);
  staged?.addEventListener("abort", stop);
  return {
    signal: controller.signal,
    stop,
    unlisten: async () => {
      staged?.removeEventListener("abort", stop);
      // An interrupt's second coming may not end us before our exit code does.
      if (firstMs !== null) await sleepUntil(firstMs + SAME_INTERRUPT_MS);
      for (const name of names) Deno.removeSignalListener(name, interrupted);
    },
  };
}

const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];
