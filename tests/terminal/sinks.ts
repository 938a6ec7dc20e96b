/**
 * Terminals that record what is written.
 *
 * @module
 */

import { type Sink, Terminal } from "../../lib/terminal/terminal.ts";

/** Records what is written. */
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

/** Makes a terminal and the records of what it writes. */
export function recordingTerminal(isTerminal = false) {
  const stdout = new RecordingSink(isTerminal);
  const stderr = new RecordingSink(isTerminal);
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
