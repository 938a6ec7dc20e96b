/**
 * Terminals that keep what is written, for whom it was.
 *
 * @module
 */

import { type Sink, Terminal } from "../../lib/terminal/terminal.ts";

/** A destination that keeps what is written. */
export class RecordingSink implements Sink {
  text = "";
  #decoder = new TextDecoder();

  constructor(readonly terminal = false) {}

  writeSync(bytes: Uint8Array): number {
    this.text += this.#decoder.decode(bytes, { stream: true });
    return bytes.length;
  }

  isTerminal(): boolean {
    return this.terminal;
  }
}

/** A terminal, and what was written to it. */
export function keptTerminal(isPerson = false) {
  const stdout = new RecordingSink(isPerson);
  const stderr = new RecordingSink(isPerson);
  return { terminal: new Terminal(stdout, stderr), stdout, stderr };
}

/** Replaces `performance.now()` by a time that the test sets. */
export class FakeTime implements Disposable {
  #now = performance.now;

  constructor(public nowMs: number) {
    performance.now = () => this.nowMs;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}
