/**
 * A program: parses its command line, stops it on signals, and turns every
 * outcome into an exit code and every error into one line.
 *
 * | exit code | meaning |
 * |---|---|
 * | 0 | done |
 * | 1 | the run failed |
 * | 2 | invalid command line |
 * | 3 | a threshold was crossed |
 * | 130 | interrupted a second time |
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { Terminal } from "../terminal/terminal.ts";
import { explain, RunError } from "./context.ts";
import {
  type Description,
  formatCompletion,
  formatHelp,
  SHELLS,
} from "./help.ts";
import { choice, flag } from "./option.ts";
import {
  type CommandLine,
  noMoreOperands,
  type OptionTable,
  type OptionValues,
  parseOptions,
  UsageError,
} from "./options.ts";

/** A program: its description and its options. */
export interface Program<T extends OptionTable> extends Description {
  /** The options, without those that every program has. */
  options: T;
}

/** The argument of a program's action. */
export interface Run<T extends OptionTable> extends CommandLine<T> {
  /** The program's name. */
  name: string;
  /** Aborted by the first interrupt, and when the reader closes stdout. */
  signal: AbortSignal;
  /** Where to write. */
  terminal: Terminal;
}

/** The terminal and the signal of a program in a demo or a test. */
export interface ProgramIo {
  /** Replaces the process's streams. */
  terminal?: Terminal;
  /** Stops the program, in place of the process's signals. */
  signal?: AbortSignal;
}

/** Runs a program; returns its exit code. */
export type Main = (args: string[], io?: ProgramIo) => Promise<number>;

/** The options that every program has. */
export const COMMON_OPTIONS = {
  verbose: flag(
    "show the stack of an error; servers also log each connection",
  ),
  completion: choice(SHELLS, "print the completion script for a shell"),
  version: flag("print the version", "V"),
  help: flag("print this help", "h"),
};

/**
 * Defines a program.
 *
 * @param program Its description and its options.
 * @param action What it does; returns its exit code.
 * @returns A function that takes the arguments, as in `Deno.args`, and where the
 * program runs if it shares a process; it returns the exit code.
 */
export function defineProgram<T extends OptionTable>(
  program: Program<T>,
  action: (run: Run<T & typeof COMMON_OPTIONS>) => Promise<number>,
): Main {
  const { name } = program;
  const table = { ...program.options, ...COMMON_OPTIONS };
  return async (args, io) => {
    const terminal = io?.terminal ?? new Terminal();
    const controller = new AbortController();
    const { signal } = controller;
    const stop = () =>
      controller.abort(
        new RunError("Interrupted before anything was measured"),
      );
    terminal.onPipeClosed = stop;
    let isVerbose = false;
    try {
      const commandLine = parseOptions(table, args);
      if (program.operands === "") noMoreOperands(commandLine.operands);
      // TypeScript cannot compute the values of a generic table.
      const { help, version, completion, verbose } = commandLine
        .options as OptionValues<typeof COMMON_OPTIONS>;
      const text = help
        ? formatHelp(program, table)
        : version
        ? `${name} ${config.version} (Deno ${Deno.version.deno})`
        : completion && formatCompletion(program, table, completion);
      if (text) {
        terminal.print(text);
        return 0;
      }
      isVerbose = verbose;
      if (io?.signal === undefined) stopOnInterrupt(stop, terminal);
      io?.signal?.addEventListener("abort", stop);
      return await action({ ...commandLine, name, signal, terminal });
    } catch (error) {
      if (terminal.closed) return 0;
      const isMisuse = error instanceof UsageError;
      if (isVerbose && !isMisuse) terminal.info(stackText(error));
      terminal.info(`${name}: ${explain(error).replaceAll("\n", " ")}`);
      return isMisuse ? 2 : 1;
    } finally {
      terminal.clearLive();
      io?.signal?.removeEventListener("abort", stop);
    }
  };
}

function stackText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : stackText(error.cause);
  return `${error.stack}${cause && `\ncaused by ${cause}`}`;
}

/**
 * Two signals within this time, in milliseconds, count as one: `deno task`
 * forwards a SIGINT that its child has already received from the terminal.
 */
const SAME_INTERRUPT_MS = 200;
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Stops the program at the first interrupt, and ends the process at the second.
 *
 * The listeners stay, so that a duplicate of the first interrupt does not end
 * the process before its exit code is set. They do not keep the process alive.
 */
function stopOnInterrupt(stop: () => void, terminal: Terminal): void {
  let firstMs: number | null = null;
  for (const name of SIGNALS) {
    Deno.addSignalListener(name, () => {
      const nowMs = performance.now();
      firstMs ??= nowMs;
      if (nowMs - firstMs > SAME_INTERRUPT_MS) {
        terminal.clearLive();
        Deno.exit(130);
      }
      stop();
    });
  }
}
