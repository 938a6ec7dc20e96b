/**
 * The only module that writes to the terminal: data to standard output, messages
 * to standard error.
 *
 * @module
 */

import { stripAnsiCode } from "npm:deno-std@^1.4.0/fmt/colors.js";
import { escapeControls } from "../result/escape.ts";
import { textWidth } from "./style.ts";
import { wrap } from "./wrap.ts";

/** A destination of bytes, such as `Deno.stdout`. */
export interface Sink {
  /** Writes some of the bytes, and returns how many. */
  writeSync(bytes: Uint8Array): number;
  /** Returns whether the destination is a terminal. */
  isTerminal(): boolean;
}

/** The maximum number of log lines a second; peers may cause any number. */
const LOG_LINES_PER_SEC = 20;
/** The minimum time between two live views, in milliseconds. */
const LIVE_MS = 200;
const DEFAULT_COLUMNS = 80;

/**
 * Writes to the two streams, and shows one live view on a terminal.
 *
 * When the reader of standard output closes it, as `head` does, a callback is
 * called once and nothing more is written.
 */
export class Terminal {
  #stdout: Sink;
  #stderr: Sink;
  #encoder = new TextEncoder();
  #decoder = new TextDecoder();
  #onPipeClosed: () => void = () => {};
  #closed = false;
  /** The width of each line of the live view; empty if none is shown. */
  #liveWidths: number[] = [];
  #liveAtMs = -Infinity;
  #logSecond = 0;
  #logLines = 0;

  /** Makes a terminal of the destinations of data and of messages. */
  constructor(stdout: Sink = Deno.stdout, stderr: Sink = Deno.stderr) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Whether standard error is a terminal, which shows the live view. */
  get isLive(): boolean {
    return this.#stderr.isTerminal();
  }

  /** Whether standard output is a terminal. */
  get isTerminal(): boolean {
    return this.#stdout.isTerminal();
  }

  /** Whether the reader of standard output has closed it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Called when the reader of standard output closes it. */
  set onPipeClosed(callback: () => void) {
    this.#onPipeClosed = callback;
  }

  /** The width of the terminal in columns; 80 if there is none. */
  get columns(): number {
    try {
      return Deno.consoleSize().columns || DEFAULT_COLUMNS;
    } catch {
      return DEFAULT_COLUMNS;
    }
  }

  /** Writes any number of lines of data, and a newline. */
  print(text: string): void {
    this.write(this.#encoder.encode(`${text}\n`));
  }

  /** Writes data. */
  write(bytes: Uint8Array): void {
    this.clearLive();
    if (this.#closed) return;
    try {
      writeAll(this.#stdout, bytes);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      this.#closed = true;
      this.#onPipeClosed();
    }
  }

  /**
   * Writes data from a peer: unchanged to a file or program, with control
   * characters escaped to a terminal.
   */
  printReply(bytes: Uint8Array): void {
    if (!this.isTerminal) return this.write(bytes);
    const text = escapeControls(this.#decoder.decode(bytes));
    this.write(this.#encoder.encode(text));
  }

  /** Writes a message, which may quote a peer, to standard error. */
  info(line: string): void {
    this.clearLive();
    this.#toStderr(`${escapeControls(line)}\n`);
  }

  /**
   * Writes a log line, which may quote a peer. Beyond twenty a second, lines
   * are only counted.
   */
  log(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#logSecond) {
      const omitted = this.#logLines - LOG_LINES_PER_SEC;
      if (omitted > 0) this.info(`(${omitted} more lines omitted)`);
      this.#logSecond = second;
      this.#logLines = 0;
    }
    this.#logLines += 1;
    if (this.#logLines <= LOG_LINES_PER_SEC) this.info(line);
  }

  /**
   * Shows lines that replace the last live view; only on a terminal, and at most
   * five times a second.
   *
   * @param lines Makes the lines; called only if they are shown. Lines wider than
   * the terminal are cut; lines with colors must be narrow enough.
   */
  live(lines: () => string[]): void {
    const nowMs = performance.now();
    if (nowMs - this.#liveAtMs < LIVE_MS || !this.isLive) return;
    this.#liveAtMs = nowMs;
    const { columns } = this;
    const shown = lines().map((line) =>
      line.includes("\x1b") ? line : wrap(line, columns - 1)[0]!
    );
    // One write, so that no half of it is seen.
    this.#toStderr(this.#erasure(columns) + shown.join("\n"));
    this.#liveWidths = shown.map((line) => textWidth(stripAnsiCode(line)));
  }

  /** Erases the live view. */
  clearLive(): void {
    if (this.#liveWidths.length === 0) return;
    this.#toStderr(this.#erasure(this.columns));
    this.#liveWidths = [];
  }

  /**
   * Erases the live view row by row from its end. Some terminals keep a copy of
   * a screen that is erased at once.
   */
  #erasure(columns: number): string {
    // In a terminal that became narrower, a line takes several rows.
    const rows = this.#liveWidths
      .reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return "\r\x1b[K" + "\x1b[A\x1b[K".repeat(Math.max(0, rows - 1));
  }

  #toStderr(text: string): void {
    try {
      writeAll(this.#stderr, this.#encoder.encode(text));
    } catch {
      // A closed standard error does not end the program.
    }
  }
}

function writeAll(sink: Sink, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += sink.writeSync(bytes.subarray(done));
  }
}
