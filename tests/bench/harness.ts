/**
 * What the figures have in common: programs in processes of their own, turns, and
 * the table.
 *
 * With `taskset`, servers run on the first processor and clients on the second:
 * otherwise the system sometimes moves both to one, which halves a round trip on
 * loopback.
 *
 * @module
 */

import { median as medianOrNull } from "../../lib/stats/average.ts";
import { Terminal } from "../../lib/terminal/terminal.ts";

/** How often our loop and the bare one take turns. */
export const ROUNDS = 7;
/** Where the figures are printed. */
export const terminal = new Terminal();
/** The figures that missed their limits. */
export const missed: string[] = [];
/** Whether servers and clients have a processor each. */
export const pinned = await pinSelf();

/** The programs that are no servers. */
const CLIENTS = ["clients", "idle", "slow", "resets", "sources"];

/** The programs that the system spreads over all processors. */
const SPREAD = ["sharedServer", "connecting"];

/** A program of `programs.ts` in a process of its own. */
export class Helper implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #output: ReadableStreamDefaultReader<string>;
  #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor(program: string, ...args: number[]) {
    const processor = SPREAD.includes(program)
      ? `0-${navigator.hardwareConcurrency - 1}`
      : CLIENTS.includes(program)
      ? "1"
      : "0";
    this.#child = new Deno.Command(pinned ? "taskset" : Deno.execPath(), {
      args: [
        ...(pinned ? ["--cpu-list", processor, Deno.execPath()] : []),
        ...["run", "--unstable-net", "--allow-net=127.0.0.0/8"],
        new URL("programs.ts", import.meta.url).pathname,
        program,
        ...args.map(String),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  /** The number at the end of its next line: a port, a count or bytes. */
  async number(): Promise<number> {
    const { value = "" } = await this.#output.read();
    return Number(/\d*$/.exec(value.trim())![0]);
  }

  /** Asks it for a number. */
  async ask(): Promise<number> {
    await this.#input.write(Uint8Array.of(10));
    return await this.number();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
    await this.#child.status;
  }
}

/** A program of somebody else, on one of the processors. */
export function foreign(
  name: string,
  processor: 0 | 1,
  args: string[],
): Deno.Command {
  const [program, ...rest] = pinned
    ? ["taskset", "--cpu-list", `${processor}`, name, ...args]
    : [name, ...args];
  return new Deno.Command(program!, {
    args: rest,
    stdout: "piped",
    stderr: "null",
  });
}

/** A server of somebody else; `null` and a line if it is not installed. */
export async function serveForeign(
  name: string,
  argsOf: (port: number) => string[],
): Promise<{ port: number } & AsyncDisposable | null> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  try {
    const child = foreign(name, 0, argsOf(port)).spawn();
    const reader = child.stdout.getReader();
    const { done } = await reader.read(); // it serves
    reader.releaseLock();
    child.stdout.pipeTo(new WritableStream()).catch(() => {});
    const end = async () => {
      child.kill("SIGKILL");
      await child.status;
    };
    if (!done) return { port, [Symbol.asyncDispose]: end };
    await child.status;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  terminal.print(`no ${name} here: its figures are left out`);
  return null;
}

/** Keeps this process on the second processor, if the system can. */
async function pinSelf(): Promise<boolean> {
  if (navigator.hardwareConcurrency < 2) return false;
  try {
    const args = ["--all-tasks", "--cpu-list", "--pid", "1", String(Deno.pid)];
    const pinning = new Deno.Command("taskset", { args, stdout: "null" });
    return (await pinning.output()).success;
  } catch {
    return false;
  }
}

/** Measures both sides by turns; gives the medians, and that of the ratios. */
export async function byTurns(
  ours: () => Promise<number>,
  bare: () => Promise<number>,
  count: number = ROUNDS,
): Promise<{ ours: number; bare: number; ratio: number }> {
  const rounds: [ours: number, bare: number][] = [];
  for (let round = 0; round < count; round++) {
    const theirs = await bare();
    rounds.push([await ours(), theirs]);
  }
  return {
    ours: median(rounds.map(([ours]) => ours)),
    bare: median(rounds.map(([_, bare]) => bare)),
    ratio: median(rounds.map(([ours, bare]) => ours / bare)),
  };
}

/** Prints the heads of the columns. */
export function printHead(): void {
  printRow("figure", "ours", "bare loop", "ratio", "limit");
}

/** Prints a figure, and whether it meets its limit. */
export function report(
  what: string,
  ours: string,
  bare: string,
  { ratio, target, met }: {
    ratio: number | null;
    target: string;
    met: boolean;
  },
): void {
  const verdict = met ? "met" : "MISSED";
  printRow(what, ours, bare, ratio?.toFixed(2) ?? "", `${target}: ${verdict}`);
  if (!met) missed.push(what);
}

function printRow(...cells: [string, string, string, string, string]): void {
  const [what, ours, bare, ratio, limit] = cells;
  terminal.print(
    `${what.padEnd(42)} ${ours.padStart(26)} ${bare.padStart(14)} ${
      ratio.padStart(5)
    }  ${limit}`,
  );
}

/** The median of at least one value. */
export function median(values: number[]): number {
  return medianOrNull(values)!;
}

/** Microseconds, as text. */
export function us(value: number): string {
  return `${value.toFixed(1)} us`;
}
