/**
 * A path for streams that can be cut in two, and mended.
 *
 * @module
 */

import { formatAddress, parseTarget } from "../lib/net/address.ts";
import { writeAll } from "./fixtures.ts";

/**
 * Passes connections on to any number of targets. While it is stalled it takes
 * connections but passes no byte, as a path does on which all is lost: neither
 * side is told. What it holds then is passed on later, as TCP would.
 */
export class TcpRelay implements AsyncDisposable {
  #listeners: Deno.TcpListener[] = [];
  #conns = new Set<Deno.TcpConn>();
  #tasks = new Set<Promise<void>>();
  #open = Promise.withResolvers<void>();
  #ended = false;
  #watched: { pattern: RegExp; seen: () => void } | null = null;

  constructor() {
    this.#open.resolve();
  }

  /** Gives an address that leads to another one. */
  to(target: string): string {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listeners.push(listener);
    this.#run(this.#serve(listener, target));
    return formatAddress(listener.addr);
  }

  /** From now on nothing passes. */
  stall(): void {
    this.#open = Promise.withResolvers();
  }

  /** From now on everything passes, also what was held. */
  resume(): void {
    this.#open.resolve();
  }

  /** Resolves when something that a client sends matches a pattern. */
  seen(pattern: RegExp): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watched = { pattern, seen: resolve };
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.resume();
    for (const listener of this.#listeners) listener.close();
    for (const conn of this.#conns) close(conn);
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  #run(task: Promise<void>): void {
    // Each side may go at any time, and the listener at the end.
    const tracked = task.catch(() => {}).finally(() => {
      this.#tasks.delete(tracked);
    });
    this.#tasks.add(tracked);
  }

  async #serve(listener: Deno.TcpListener, target: string): Promise<void> {
    for (;;) {
      const conn = await listener.accept();
      this.#conns.add(conn);
      this.#run(this.#pass(conn, target));
    }
  }

  async #pass(near: Deno.TcpConn, address: string): Promise<void> {
    let far;
    try {
      await this.#open.promise;
      const target = parseTarget(address, 0);
      if (this.#ended || target.transport !== "tcp") return;
      far = await Deno.connect(target);
      this.#conns.add(far);
      near.setNoDelay(true);
      far.setNoDelay(true);
      await Promise.all([this.#pump(near, far), this.#pump(far, near)]);
    } finally {
      for (const conn of [near, far]) {
        if (conn === undefined) continue;
        close(conn);
        this.#conns.delete(conn);
      }
    }
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(16_384);
    for (let count; (count = await from.read(buffer)) !== null;) {
      await this.#open.promise;
      const part = buffer.subarray(0, count);
      const { pattern, seen } = this.#watched ?? {};
      if (pattern?.test(new TextDecoder().decode(part))) seen!();
      await writeAll(to, part);
    }
    await this.#open.promise;
    await to.closeWrite();
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch { // closed before
  }
}
