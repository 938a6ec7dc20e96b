/**
 * Holds each reply of a connection for a while, as a longer path would.
 *
 * @module
 */

import type { StreamConnection } from "../net/stream_connection.ts";
import { sleepUntil } from "../timing/sleep.ts";

/** How much may be held at once, in bytes; one reply may always be. */
export const CAPACITY_BYTES = 65_536;
/** What a held reply costs beside its content, in bytes, as measured. */
const OVERHEAD_BYTES = 512;

interface Held {
  dueMs: number;
  bytes: Uint8Array;
}

/**
 * Replies leave in the order in which they were sent, each its delay after it
 * was sent, so replies that follow each other closely are delayed side by side.
 * When it holds too much, sending waits: a client that sends on and on is then
 * slowed by TCP. What is held when the connection closes is dropped.
 */
export class DelayLine {
  #connection: StreamConnection;
  #held: Held[] = [];
  #heldBytes = 0;
  #leaving: Promise<void> | null = null;
  #left = Promise.withResolvers<void>();

  /**
   * Holds nothing yet.
   *
   * @param connection Where the replies go.
   */
  constructor(connection: StreamConnection) {
    this.#connection = connection;
  }

  /**
   * Sends a reply, at once if it need not wait.
   *
   * @param bytes The reply, copied if it has to wait.
   * @param delayMs How long to hold it, in milliseconds.
   * @throws {Deno.errors.BrokenPipe} If the connection has been closed.
   */
  async send(bytes: Uint8Array, delayMs: number): Promise<void> {
    if (delayMs === 0 && this.#leaving === null) {
      return await this.#connection.writeAll(bytes);
    }
    const dueMs = performance.now() + delayMs;
    const cost = bytes.length + OVERHEAD_BYTES;
    while (this.#held.length > 0 && this.#heldBytes + cost > CAPACITY_BYTES) {
      await this.#left.promise;
    }
    if (this.#connection.closed.aborted) throw new Deno.errors.BrokenPipe();
    this.#connection.beginReply();
    this.#held.push({ dueMs, bytes: bytes.slice() });
    this.#heldBytes += cost;
    this.#leaving ??= this.#leave();
  }

  /** Waits until all replies have left, or the connection is closed. */
  async drained(): Promise<void> {
    await this.#leaving;
  }

  async #leave(): Promise<void> {
    const { closed } = this.#connection;
    try {
      for (let next; (next = this.#held[0]) !== undefined;) {
        await sleepUntil(next.dueMs, closed);
        if (closed.aborted) break;
        await this.#connection.writeAll(next.bytes);
        this.#held.shift();
        this.#heldBytes -= next.bytes.length + OVERHEAD_BYTES;
        this.#connection.endReply();
        this.#left.resolve();
        this.#left = Promise.withResolvers();
      }
    } catch {
      // The client is gone: end the reader's wait too, it has the last word.
      this.#connection.close();
    } finally {
      this.#leaving = null;
      this.#held = [];
      this.#heldBytes = 0;
      this.#left.resolve();
    }
  }
}
