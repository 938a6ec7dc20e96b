#!/usr/bin/env -S deno run --allow-net=127.0.0.1
/**
 * Hello server: answers `hi` with `hello`. It is the smallest server here that is
 * safe to run, and shows every read and write. Read it after the lessons.
 *
 * Protocol:   lines of text over TCP, port 11000
 * Socket:     stream
 * Permission: --allow-net=HOST, to listen there; --allow-read=FILE for the
 *             files of TLS
 *
 *     $ deno task hello-server
 *     listening tcp 127.0.0.1:11000
 *
 *     $ deno task hello-client 127.0.0.1
 *     hello
 *
 * Each limit guards against a client that does not behave: a deadline for each
 * line, a maximum length of a line, a maximum number of connections, in total
 * and per address. A client that exceeds the first two, or the number per
 * address, loses its connection; one above the total waits. The server and the
 * other clients go on.
 *
 * The deadline counts from the last newline. So a client that sends none is
 * closed after --idle-timeout, even if it gets answers.
 *
 * lib/net/serve_streams.ts does the same for any protocol.
 *
 * @module
 */

import { defineProgram } from "../lib/cli/program.ts";
import {
  ConnectionLog,
  listen,
  listenOptions,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { TLS_SERVER_HELP } from "../lib/cli/tls_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import {
  DeadlineError,
  errorMessage,
  isDisconnect,
} from "../lib/net/errors.ts";
import type { StreamCounts } from "../lib/net/stream_connection.ts";
import { sleepUntil } from "../lib/timing/sleep.ts";

/** The longest line that a client may send, in characters. */
const MAX_LINE_LENGTH = 1024;
/**
 * Textbook clients send no newline. What they sent is taken for a message after
 * this silence, in milliseconds.
 */
const FLUSH_AFTER_MS = 20;
/** When stopped, a connection is closed after this silence, in milliseconds. */
const STOP_QUIET_MS = 10;
/** How long to pause after a failed accept, in milliseconds. */
const ACCEPT_PAUSE_MS = 100;

/** Runs the server until it is interrupted; returns the exit code. */
// It parses the arguments, prints errors, and aborts the signal on Ctrl-C.
export const main = defineProgram({
  name: "hello-server",
  summary: "Answers hi with hello, over TCP.",
  operands: "",
  details: [
    `The answer to any other line is: say hi. A client that sends no newline waits ${FLUSH_AFTER_MS} ms for its answer.`,
    TLS_SERVER_HELP,
  ],
  options: { ...listenOptions(11000), ...STREAM_SERVER_OPTIONS },
  examples: ["", "--port 0", "--mode iterative"],
}, async (run) => {
  const { options, signal, terminal } = run;
  const { host, port, reusePort, mode, idleTimeout, maxConnections } = options;
  // Adds a remedy to an error such as AddrInUse, and prints the address.
  const listener = await listen(
    run,
    { transport: "tcp", hostname: host, port, reusePort },
    (address) => Deno.listen(address),
  );

  // Counts the connections, and logs each one with --verbose.
  const log = new ConnectionLog(run);
  const limit = mode === "iterative" ? 1 : maxConnections;
  const open = new Set<Promise<void>>();
  const stop = () => listener.close();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();

  while (!signal.aborted) {
    let conn;
    try {
      conn = await listener.accept();
    } catch (error) {
      // The server is stopped, or a client left before it was accepted.
      if (signal.aborted || isDisconnect(error)) continue;
      // The system is out of files or memory: try again after a pause.
      terminal.log(`Cannot accept a connection: ${errorMessage(error)}`);
      await sleepUntil(performance.now() + ACCEPT_PAUSE_MS, signal);
      continue;
    }
    // Refuses an address that is denied, too fast, or has too many connections.
    const leave = log.admission.accept(conn.remoteAddr);
    if (typeof leave === "string") {
      closeConnection(conn);
      continue;
    }
    const serving = serve(conn).finally(() => {
      leave();
      open.delete(serving);
    });
    open.add(serving);
    // Further clients wait in the backlog.
    while (open.size >= limit) await Promise.race(open);
  }
  await Promise.all(open);
  log.report();
  return 0;

  async function serve(conn: Deno.Conn): Promise<void> {
    const client = formatAddress(conn.remoteAddr);
    const counts = { receivedBytes: 0, sentBytes: 0, messages: 0 };
    const ended = log.opened({ remote: client, counts });
    try {
      await greet(conn, idleTimeout, signal, counts);
    } catch (error) { // one client's error must not end the server
      if (isDisconnect(error)) return;
      terminal.log(`${client}: ${errorMessage(error)}; connection closed`);
    } finally {
      closeConnection(conn);
      ended();
    }
  }
});

/** Answers each line until the client ends the connection, or the signal does. */
async function greet(
  conn: Deno.Conn,
  lineMs: number,
  signal: AbortSignal,
  counts: StreamCounts,
): Promise<void> {
  const buffer = new Uint8Array(MAX_LINE_LENGTH);
  const decoder = new TextDecoder();
  let pending = ""; // a line whose end has not come yet
  let answering = Promise.resolve(); // the reply to a line without a newline
  let expired: DeadlineError | undefined;
  // Handles pending bytes as a line.
  let flush: ReturnType<typeof setTimeout> | undefined;
  // Closes the connection when nothing arrives after the stop: ends a read.
  let quiet: ReturnType<typeof setTimeout> | undefined;
  // Closes the connection of a client that is too slow: ends a read or a write.
  let deadline = setTimeout(expire, lineMs);
  // Lines that have arrived when the server is stopped are still answered.
  const closeWhenQuiet = () => {
    clearTimeout(quiet);
    // In two steps: after a stall both a timer and a read are due, and the timer
    // comes first.
    quiet = setTimeout(() => {
      quiet = setTimeout(closeConnection, STOP_QUIET_MS / 2, conn);
    }, STOP_QUIET_MS / 2);
  };
  try {
    for (;;) {
      signal.addEventListener("abort", closeWhenQuiet);
      if (signal.aborted) closeWhenQuiet();
      const count = await conn.read(buffer);
      signal.removeEventListener("abort", closeWhenQuiet);
      clearTimeout(quiet);
      clearTimeout(flush);
      await answering; // replies leave in order
      if (count === null) break;
      counts.receivedBytes += count;
      const part = decoder.decode(buffer.subarray(0, count), { stream: true });
      const lines = (pending + part).split("\n");
      pending = lines.pop()!;
      if ([...lines, pending].some(isTooLong)) throw new Error("Line too long");
      for (const line of lines) {
        // Renewed by whole lines only: bytes that trickle in do not extend it.
        clearTimeout(deadline);
        deadline = setTimeout(expire, lineMs);
        await reply(line);
      }
      if (pending !== "") flush = setTimeout(answerPending, FLUSH_AFTER_MS);
    }
    if (pending !== "") await reply(pending);
  } catch (error) {
    throw expired ?? error;
  } finally {
    signal.removeEventListener("abort", closeWhenQuiet);
    clearTimeout(quiet);
    clearTimeout(flush);
    clearTimeout(deadline);
  }

  function expire(): void {
    expired = new DeadlineError("read", lineMs);
    closeConnection(conn);
  }

  function answerPending(): void {
    answering = reply(pending).catch(() => closeConnection(conn));
    pending = "";
  }

  async function reply(line: string): Promise<void> {
    const isHi = line.trim().toLowerCase() === "hi";
    const bytes = new TextEncoder().encode(isHi ? "hello\n" : "say hi\n");
    for (let sent = 0; sent < bytes.length;) {
      sent += await conn.write(bytes.subarray(sent));
    }
    counts.messages += 1;
    counts.sentBytes += bytes.length;
  }
}

function isTooLong(line: string): boolean {
  return line.length > MAX_LINE_LENGTH;
}

/** Closes a connection that may be closed already. */
function closeConnection(conn: Deno.Conn): void {
  conn[Symbol.dispose]();
}

if (import.meta.main) Deno.exit(await main(Deno.args));
