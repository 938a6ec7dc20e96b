#!/usr/bin/env -S deno run --allow-net=127.0.0.1
/**
 * Uppercase server over TCP: replies to each line in upper case.
 *
 * Protocol:   lines of text over TCP, port 12000, or over a Unix socket
 * Socket:     stream, or Unix stream
 * Permission: --allow-net=HOST, to listen there; for --unix PATH instead
 *             --allow-net=unix:PATH --allow-read=PATH --allow-write=PATH; --allow-read=FILE for the
 *             files of TLS
 *
 *     $ deno task tcp-server
 *     listening tcp 127.0.0.1:12000
 *
 *     $ deno task tcp-client 127.0.0.1 hello world
 *     HELLO WORLD
 *
 * @module
 */

import { duration, text } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import {
  ConnectionLog,
  listen,
  listenOptions,
  STREAM_SERVER_OPTIONS,
  TRANSFORM_OPTION,
} from "../lib/cli/server_options.ts";
import { TLS_SERVER_HELP } from "../lib/cli/tls_options.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { uppercaseStreams } from "../lib/text/uppercase.ts";

/** Runs the server until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "tcp-server",
  summary: "Replies to each line in upper case, over TCP.",
  operands: "",
  details: [
    "A message is a line. Bytes without a newline are a message after --flush-after, because the textbook's client sends no newline; so such a client measures that time as well. A connection carries any number of messages until the client ends it.",
    "A line above 64K is transformed in pieces; reverse and count need the whole line, so they close the connection. Bytes that are not UTF-8 pass through unchanged.",
    TLS_SERVER_HELP,
  ],
  options: {
    ...listenOptions(12000),
    unix: text("PATH", "listen on a Unix socket at this path instead"),
    ...TRANSFORM_OPTION,
    flushAfter: duration(
      "take bytes without a newline as a message after this",
      {
        min: 0,
        default: "20ms",
      },
    ),
    ...STREAM_SERVER_OPTIONS,
  },
  examples: [
    "",
    "--port 0 --mode iterative",
    "--transform count=s",
    "--unix /tmp/upper.sock",
  ],
}, async (run) => {
  const { host, port, reusePort, unix, transform, flushAfter } = run.options;
  const listener = unix === undefined
    ? await listen(
      run,
      { transport: "tcp", hostname: host, port, reusePort },
      (address) => Deno.listen(address),
    )
    : await listen(
      run,
      { transport: "unix", path: unix },
      (address) => Deno.listen(address),
    );
  const service = uppercaseStreams(transform, flushAfter);
  const log = new ConnectionLog(run);
  await serveStreams(listener, service, log.serving);
  log.report();
  if (unix !== undefined) await removeSocket(unix);
  return 0;
});

/** Removes the socket's file; some versions of Deno do that themselves. */
async function removeSocket(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
