/**
 * A connection whose peer sends an input, in segments, and then ends.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import {
  StreamConnection,
  type StreamLimits,
} from "../../lib/net/stream_connection.ts";
import type { Bytes } from "./mutator.ts";

/** How a connection ends that its peer ends. */
export const ENDS = [
  Deno.errors.UnexpectedEof,
  Deno.errors.BrokenPipe,
  Deno.errors.BadResource,
];

/** Cuts an input into segments. */
export function segmentsOf(input: Bytes, random: () => number): Bytes[] {
  const max = random() < 0.3 ? 3 : random() < 0.5 ? 40 : input.length + 1;
  const segments = [];
  for (let at = 0; at < input.length;) {
    const length = 1 + Math.floor(random() * max);
    segments.push(input.slice(at, at += length));
  }
  return segments;
}

/** What the code under test uses of a connection. */
export class ScriptedConn {
  readonly remoteAddr: Deno.NetAddr = {
    transport: "tcp",
    hostname: "192.0.2.1",
    port: 50_000,
  };
  #segments: Bytes[];
  #random: () => number;
  #written: Uint8Array[] = [];
  #isClosed = false;

  constructor(input: Bytes, random: () => number) {
    this.#segments = segmentsOf(input, random);
    this.#random = random;
  }

  /** As the type that is asked for. */
  get conn(): Deno.TcpConn {
    return this as unknown as Deno.TcpConn;
  }

  /** A connection over it. */
  stream(limits: Partial<StreamLimits> = {}): StreamConnection {
    return new StreamConnection(this.conn, limits);
  }

  /** What was written to it. */
  get written(): Uint8Array {
    return concat(this.#written);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#isClosed) return Promise.reject(new Deno.errors.BadResource());
    const segment = this.#segments.shift();
    if (segment === undefined) return Promise.resolve(null);
    const part = segment.subarray(0, buffer.length);
    buffer.set(part);
    if (part.length < segment.length) {
      this.#segments.unshift(segment.slice(part.length));
    }
    return Promise.resolve(part.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed) return Promise.reject(new Deno.errors.BrokenPipe());
    const isPart = this.#random() < 0.2 && bytes.length > 1;
    const count = isPart ? Math.ceil(bytes.length / 2) : bytes.length;
    this.#written.push(bytes.slice(0, count));
    return Promise.resolve(count);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  setNoDelay(): void {}

  close(): void {
    this.#isClosed = true;
  }
}
