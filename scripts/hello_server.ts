#!/usr/bin/env -S deno run --allow-net=127.0.0.1
/**
 * Hi-hello server: who says `hi` is answered `hello`. The smallest server here,
 * and the first to read.
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
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  listenOptions,
  servingOf,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import { hello } from "../lib/text/hello.ts";

const program = defineProgram({
  name: "hello-server",
  summary: "Answers hi with hello, over TCP.",
  operands: "",
  details: ["Anything else is answered by how to greet."],
  options: { ...listenOptions(11000), ...STREAM_SERVER_OPTIONS },
  examples: ["", "--port 0", "--mode iterative"],
});

/** Runs the server until it is interrupted; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { host, port } = run.options;
    const listener = await withContext(
      `listen on ${host}:${port}`,
      () => Deno.listen({ hostname: host, port }),
    );
    run.terminal.print(`listening tcp ${formatAddress(listener.addr)}`);
    await serveStreams(listener, hello, servingOf(run));
    return 0;
  });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
