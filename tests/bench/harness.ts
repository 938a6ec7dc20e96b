/**
 * What the figures have in common: programs in processes of their own, and how a
 * figure is printed beside that of a bare loop.
 *
 * Where there is `taskset`, servers are kept on one processor and clients on
 * another: left alone, the system now and then moves both onto one, which halves
 * a round trip on loopback and ruins the comparison.
 *
 * @module
 */

import { Terminal } from "../../lib/terminal/terminal.ts";

/** How often our loop and the bare one take turns. */
export const ROUNDS = 7;
/** Where the figures are printed. */
export const terminal = new Terminal();

/** A program in a process of its own, which says something when it is ready. */
export class Helper implements AsyncDisposable {
  #child: Deno.ChildProcess;
  #said: ReadableStreamDefaultReader<string>;
  #asks: WritableStreamDefaultWriter<Uint8Array>;

  constructor(script: string, ...args: (string | number)[]) {
    const processor = script === "crowd.ts" ? "1" : "0";
    this.#child = new Deno.Command(pinned ? "taskset" : Deno.execPath(), {
      args: [
        ...(pinned ? ["--cpu-list", processor, Deno.execPath()] : []),
        "run",
        "--allow-net=127.0.0.1",
        new URL(script, import.meta.url).pathname,
        ...args.map(String),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#said = this.#child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    this.#asks = this.#child.stdin.getWriter();
  }

  /** The number at the end of what it says next: a port, or bytes. */
  async number(): Promise<number> {
    const { value = "" } = await this.#said.read();
    return Number(/\d*$/.exec(value.trim())![0]);
  }

  /** Asks it for a number. */
  async ask(): Promise<number> {
    await this.#asks.write(Uint8Array.of(10));
    return await this.number();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#asks.close().catch(() => {});
    await this.#said.cancel();
    await this.#child.status;
  }
}

/** Whether servers and clients have a processor each. */
export const pinned = await pinSelf();

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

/** Prints a figure, and whether it is what it should be. */
export function report(
  what: string,
  ours: string,
  bare: string,
  verdict: { ratio: number | null; target: string; met: boolean },
): void {
  const ratio = verdict.ratio === null
    ? ""
    : `ratio ${verdict.ratio.toFixed(2)}`;
  terminal.print(
    `${what.padEnd(44)}${ours.padStart(26)}  ${bare.padStart(12)}  ` +
      `${ratio.padEnd(11)} ${verdict.target}: ${
        verdict.met ? "met" : "NOT MET"
      }`,
  );
}

/** The middle one. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** Microseconds, as text. */
export function us(value: number): string {
  return `${value.toFixed(1)} us`;
}

/** Megabytes a second, as text. */
export function mb(bytesPerSec: number): string {
  return `${(bytesPerSec / 1e6).toFixed(0)} MB/s`;
}
