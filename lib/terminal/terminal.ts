/**
 * The one place that writes: data to standard output, talk to standard error.
 *
 * @module
 */

import { escapeControls } from "../result/escape.ts";

/** A destination of bytes, such as `Deno.stdout`. */
export interface Sink {
  /** Writes some of the bytes, and says how many. */
  writeSync(bytes: Uint8Array): number;
  /** Whether a person is looking. */
  isTerminal(): boolean;
}

/** The most log lines in a second; a hostile peer may cause any number. */
const LOG_LINES_PER_SEC = 20;
/** How often the live block is redrawn at most, in milliseconds. */
const LIVE_MS = 200;
/** What colours text, and takes no column. */
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[\d;]*m/g;

/**
 * Writes to the two streams, and keeps one live block on a terminal.
 *
 * When the reader of standard output goes away, as `head` does, writing calls
 * back once and writes nothing more.
 */
export class Terminal {
  #stdout: Sink;
  #stderr: Sink;
  #encoder = new TextEncoder();
  #decoder = new TextDecoder();
  #onPipeClosed: () => void = () => {};
  #closed = false;
  /** The columns of each line of the live block; empty if none is shown. */
  #liveColumns: number[] = [];
  #liveAtMs = -Infinity;
  #logSecond = 0;
  #logLines = 0;

  /**
   * Writes nothing yet.
   *
   * @param stdout Where data goes.
   * @param stderr Where talk goes.
   */
  constructor(stdout: Sink = Deno.stdout, stderr: Sink = Deno.stderr) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Whether somebody sees the live block. */
  get isLive(): boolean {
    return this.#stderr.isTerminal();
  }

  /** Whether standard output is read by a person. */
  get isTerminal(): boolean {
    return this.#stdout.isTerminal();
  }

  /** Whether the reader of standard output has gone away. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Called when the reader of standard output goes away. */
  set onPipeClosed(callback: () => void) {
    this.#onPipeClosed = callback;
  }

  /**
   * Writes data, and a newline after it.
   *
   * @param text Any number of lines.
   */
  print(text: string): void {
    this.write(this.#encoder.encode(`${text}\n`));
  }

  /**
   * Writes data as it is.
   *
   * @param bytes The data.
   */
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
   * Writes what a peer sent: as it is to a program, but to a person with its
   * control characters escaped.
   *
   * @param bytes What the peer sent.
   */
  printReply(bytes: Uint8Array): void {
    if (!this.isTerminal) return this.write(bytes);
    const text = escapeControls(this.#decoder.decode(bytes));
    this.write(this.#encoder.encode(text));
  }

  /**
   * Writes one line of talk; it may quote a peer.
   *
   * @param line The line.
   */
  info(line: string): void {
    this.clearLive();
    this.#toStderr(`${escapeControls(line)}\n`);
  }

  /**
   * Writes one line of a log; beyond twenty a second they are only counted.
   *
   * @param line The line.
   */
  log(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#logSecond) {
      const unsaid = this.#logLines - LOG_LINES_PER_SEC;
      if (unsaid > 0) this.info(`(${unsaid} more lines left out)`);
      this.#logSecond = second;
      this.#logLines = 0;
    }
    this.#logLines += 1;
    if (this.#logLines <= LOG_LINES_PER_SEC) this.info(line);
  }

  /**
   * Shows a block of lines that the next one replaces; only to a person, and not
   * more often than the eye can follow.
   *
   * @param lines Makes the lines; called only if they are shown. They are cut to
   * the terminal's width, but one with colours has to be narrow enough.
   */
  live(lines: () => string[]): void {
    const nowMs = performance.now();
    if (nowMs - this.#liveAtMs < LIVE_MS || !this.isLive) return;
    this.#liveAtMs = nowMs;
    const { columns } = this;
    const shown = lines().map((line) =>
      line.includes("\x1b") ? line : line.slice(0, columns - 1)
    );
    // In one write, so that no half of it is seen.
    this.#toStderr(this.#erasure(columns) + shown.join("\n"));
    this.#liveColumns = shown.map((line) => line.replace(COLOUR, "").length);
  }

  /** Takes the live block away. */
  clearLive(): void {
    if (this.#liveColumns.length === 0) return;
    this.#toStderr(this.#erasure(this.columns));
    this.#liveColumns = [];
  }

  /**
   * Erases the live block row by row, from its end to its start: erasing the
   * whole screen at once would have some terminals keep a copy of it.
   */
  #erasure(columns: number): string {
    // In a terminal that became narrower, a line takes several rows.
    const rows = this.#liveColumns
      .map((length) => Math.max(1, Math.ceil(length / columns)))
      .reduce((sum, rows) => sum + rows, 0);
    return "\r\x1b[K" + "\x1b[A\x1b[K".repeat(Math.max(0, rows - 1));
  }

  /** How wide the terminal is; 80 where there is none. */
  get columns(): number {
    try {
      return Deno.consoleSize().columns || 80;
    } catch {
      return 80;
    }
  }

  #toStderr(text: string): void {
    try {
      writeAll(this.#stderr, this.#encoder.encode(text));
    } catch {
      // Nobody listens to the talk; that must not end the work.
    }
  }
}

function writeAll(sink: Sink, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += sink.writeSync(bytes.subarray(done));
  }
}
