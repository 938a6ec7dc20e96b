#!/usr/bin/env -S deno run --allow-net=127.0.0.1
/**
 * Hello server: answers `hi` with `hello`. The smallest server here that is safe
 * to run, with every read and write in sight. Read it after the lessons.
 *
 * Protocol:   lines of text over TCP, port 11000
 * Socket:     stream
 * Permission: --allow-net=HOST, to listen there
 *
 *     $ deno task hello-server
 *     listening tcp 127.0.0.1:11000
 *
 *     $ deno task hello-client 127.0.0.1
 *     hello
 *
 * Each limit guards against a client that does not behave: a deadline for each
 * message, a longest line, a most connections. A client that breaks one loses
 * its connection; the server and the other clients go on.
 * lib/net/serve_streams.ts is the same for any protocol.
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  listenOptions,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { errorMessage, isDisconnect } from "../lib/net/errors.ts";

/** The longest line that a client may send, in characters. */
const MAX_LINE_LENGTH = 1024;
/**
 * Textbook clients send no newline. What they sent is taken for a message after
 * this silence, in milliseconds.
 */
const FLUSH_AFTER_MS = 100;

const program = defineProgram({
  name: "hello-server",
  summary: "Answers hi with hello, over TCP.",
  operands: "",
  details: ["The answer to any other line is: say hi."],
  options: { ...listenOptions(11000), ...STREAM_SERVER_OPTIONS },
  examples: ["", "--port 0", "--mode iterative"],
});

/** Runs the server until it is interrupted; returns the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async ({ options, signal, terminal }) => {
    const { host, port, mode, idleTimeout, maxConnections } = options;
    const listener = await withContext(
      { action: "listen on", target: { hostname: host, port } },
      () => Deno.listen({ hostname: host, port }),
    );
    terminal.print(`listening tcp ${formatAddress(listener.addr)}`);

    const limit = mode === "iterative" ? 1 : maxConnections;
    const open = new Map<Deno.Conn, Promise<void>>();
    let closed = Promise.withResolvers<void>();
    const stop = () => {
      listener.close();
      for (const conn of open.keys()) close(conn);
    };
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();

    for await (const conn of listener) { // until the listener is closed
      open.set(conn, serve(conn));
      while (open.size >= limit) { // further clients wait in the backlog
        closed = Promise.withResolvers();
        await closed.promise;
      }
    }
    await Promise.all(open.values());
    return 0;

    async function serve(conn: Deno.Conn): Promise<void> {
      try {
        await greet(conn, idleTimeout);
      } catch (error) { // one client's error must not end the server
        if (isDisconnect(error)) return;
        const client = formatAddress(conn.remoteAddr);
        terminal.log(`${client}: ${errorMessage(error)}; connection closed`);
      } finally {
        close(conn);
        open.delete(conn);
        closed.resolve();
      }
    }
  });
}

/** Answers each line of a connection until the client ends it. */
async function greet(conn: Deno.Conn, messageMs: number): Promise<void> {
  const buffer = new Uint8Array(MAX_LINE_LENGTH);
  const decoder = new TextDecoder();
  let pending = ""; // a line whose end has not come yet
  let flush: ReturnType<typeof setTimeout> | undefined;
  let deadline = setTimeout(close, messageMs, conn); // ends a read or a write
  try {
    for (let count; (count = await conn.read(buffer)) !== null;) {
      clearTimeout(flush);
      const part = decoder.decode(buffer.subarray(0, count), { stream: true });
      const lines = (pending + part).split("\n");
      pending = lines.pop()!;
      if (pending.length > MAX_LINE_LENGTH) throw new Error("Line too long");
      for (const line of lines) await reply(line);
      if (pending !== "") flush = setTimeout(answerPending, FLUSH_AFTER_MS);
    }
    if (pending !== "") await reply(pending);
  } finally {
    clearTimeout(flush);
    clearTimeout(deadline);
  }

  function answerPending(): void {
    reply(pending).catch(() => close(conn));
    pending = "";
  }

  async function reply(line: string): Promise<void> {
    clearTimeout(deadline);
    deadline = setTimeout(close, messageMs, conn);
    const isHi = line.trim().toLowerCase() === "hi";
    const bytes = new TextEncoder().encode(isHi ? "hello\n" : "say hi\n");
    for (let sent = 0; sent < bytes.length;) {
      sent += await conn.write(bytes.subarray(sent));
    }
  }
}

/** Closes a connection, also one that is closed already. */
function close(conn: Deno.Conn): void {
  conn[Symbol.dispose]();
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
