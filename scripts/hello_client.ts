#!/usr/bin/env -S deno run --allow-net
/**
 * Hi-hello client: says `hi`, or what it is told to, and prints the answer.
 *
 * Protocol:   lines of text over TCP, port 11000
 * Socket:     stream
 * Permission: --allow-net, to connect to the target
 *
 *     $ deno task hello-client 127.0.0.1
 *     hello
 *
 *     $ deno task hello-client 127.0.0.1 good day
 *     say hi
 *
 * @module
 */

import { RunError, withContext } from "../lib/cli/context.ts";
import {
  hostTargetOf,
  TARGET_HELP,
  TIMEOUT_OPTION,
} from "../lib/cli/client_options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import { lineContent } from "../lib/framing/line_ending.ts";
import { formatAddress } from "../lib/net/address.ts";
import { connectWithin } from "../lib/net/connect.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { escapeControls } from "../lib/result/escape.ts";

/** How long a silence ends an answer that no newline ends. */
const QUIET_MS = 250;

const program = defineProgram({
  name: "hello-client",
  summary: "Says hi to a hello-server and prints the answer.",
  operands: "TARGET [WORD...]",
  details: [TARGET_HELP],
  options: TIMEOUT_OPTION,
  examples: ["127.0.0.1", "127.0.0.1:11000 good day"],
});

/** Says hi once; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async ({ options, operands, ...run }) => {
    const { timeout } = options;
    const target = hostTargetOf(operands[0], 11000);
    const address = formatAddress(target);
    const greeting = operands.slice(1).join(" ") || "hi";

    const conn = await withContext(
      `connect to ${address}`,
      () =>
        connectWithin(
          timeout,
          run.signal,
          (signal) => Deno.connect({ ...target, signal }),
        ),
    );
    using connection = new StreamConnection(conn, { readMs: timeout });
    connection.stopOn(run.signal);

    const reply = await withContext(`greet ${address}`, async () => {
      await connection.writeAll(new TextEncoder().encode(`${greeting}\n`));
      return await connection.readMessage(QUIET_MS);
    });
    if (reply === null) throw new RunError(`No answer came from ${address}`);
    const text = new TextDecoder().decode(lineContent(reply));
    run.terminal.print(escapeControls(text));
    return 0;
  });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
