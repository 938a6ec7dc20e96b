#!/usr/bin/env -S deno run --allow-net=127.0.0.1
/**
 * Uppercase server over TCP: answers each line in upper case.
 *
 * Protocol:   lines of text over TCP, port 12000, or over a Unix socket
 * Socket:     stream, or Unix stream
 * Permission: --allow-net=HOST, to listen there; for --unix PATH instead
 *             --allow-net=unix:PATH --allow-read=PATH --allow-write=PATH
 *
 *     $ deno task tcp-server
 *     listening tcp 127.0.0.1:12000
 *
 *     $ deno task tcp-client 127.0.0.1 hello world
 *     HELLO WORLD
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  listenOptions,
  servingOf,
  STREAM_SERVER_OPTIONS,
  TRANSFORM_OPTION,
} from "../lib/cli/server_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { uppercaseStreams } from "../lib/text/uppercase.ts";

const program = defineProgram({
  name: "tcp-server",
  summary: "Answers each line in upper case, over TCP.",
  operands: "",
  details: [
    "A message is a line. Bytes that no newline follows for --flush-after are a message too, so that the textbook's client, which sends none, gets its answer. A connection stays open for any number of messages until the client ends it.",
    "A line of more than 64K comes back in pieces that add up to it; reverse and count, which need the whole line, refuse it and close. Bytes that are not UTF-8 pass through unchanged.",
  ],
  options: {
    ...listenOptions(12000),
    unix: {
      kind: "text",
      placeholder: "PATH",
      help: "listen on a Unix socket at this path instead",
    },
    ...TRANSFORM_OPTION,
    flushAfter: {
      kind: "duration",
      min: 0,
      max: 3_600_000,
      default: "100ms",
      help: "answer bytes that no newline follows for so long",
    },
    ...STREAM_SERVER_OPTIONS,
  },
  examples: [
    "",
    "--port 0 --mode iterative",
    "--transform count=s",
    "--unix /tmp/upper.sock",
  ],
});

/** Runs the server until it is interrupted; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { host, port, unix, transform, flushAfter } = run.options;
    const listener = unix === undefined
      ? await withContext(
        { action: "listen on", target: { hostname: host, port } },
        () => Deno.listen({ hostname: host, port }),
      )
      : await withContext(
        { action: "listen on", target: { transport: "unix", path: unix } },
        () => Deno.listen({ transport: "unix", path: unix }),
      );
    run.terminal.print(
      unix === undefined
        ? `listening tcp ${formatAddress(listener.addr)}`
        : `listening unix ${unix}`,
    );
    const service = uppercaseStreams(transform, flushAfter);
    await serveStreams(listener, service, servingOf(run));
    if (unix !== undefined) await removeSocket(unix);
    return 0;
  });
}

/** Removes a socket's file, which some versions of Deno do by themselves. */
async function removeSocket(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
