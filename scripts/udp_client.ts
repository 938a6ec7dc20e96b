#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Uppercase client over UDP: sends a sentence, prints the answer, and does not
 * wait for ever.
 *
 * Protocol:   one text a datagram over UDP, port 12000
 * Socket:     datagram
 * Permission: --allow-net, to send to the target; --unstable-net outside of
 *             this folder
 *
 *     $ deno task udp-client 127.0.0.1 hello world
 *     HELLO WORLD
 *
 *     $ deno task udp-client 127.0.0.1:9 hello
 *     Request timed out
 *
 * A socket of its own for each sentence tells the answers apart: one that comes
 * too late finds nobody, and cannot be taken for the next one.
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import {
  type HostTarget,
  hostTargetOf,
  TARGET_HELP,
  TIMEOUT_OPTION,
} from "../lib/cli/client_options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import { sentences } from "../lib/cli/sentences.ts";
import { lineContent } from "../lib/framing/line_ending.ts";
import { DatagramSocket, localHostFor } from "../lib/net/datagram_socket.ts";

const program = defineProgram({
  name: "udp-client",
  summary: "Sends sentences over UDP, one at a time, and prints the answers.",
  operands: "TARGET [WORD...]",
  details: [
    TARGET_HELP,
    "The words are sent as one datagram; after -- one may begin with a dash. Without words each line of standard input is a sentence. Only answers are printed on standard output; for a sentence without one, Request timed out is said on standard error, and the exit code is 1.",
  ],
  options: {
    timeout: { ...TIMEOUT_OPTION.timeout, default: "1s" },
    retries: {
      kind: "integer",
      min: 0,
      max: 100,
      default: "0",
      help: "send a sentence again so many times",
    },
  },
  examples: [
    "127.0.0.1 hello world",
    "127.0.0.1 --timeout 200ms --retries 3 hi",
  ],
});

/** Sends the sentences; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async ({ options, operands, ...run }) => {
    const { timeout, retries } = options;
    const { signal, terminal } = run;
    const target = hostTargetOf(operands[0], 12000);
    let timedOut = 0;
    for await (const sentence of sentences(operands.slice(1), signal)) {
      const reply = await withContext(
        { action: "ask", target },
        () => ask(lineContent(sentence), target),
      );
      if (signal.aborted) break;
      if (reply === null) {
        timedOut += 1;
        terminal.info("Request timed out");
      } else {
        terminal.printReply(reply);
        terminal.print("");
      }
    }
    return timedOut === 0 ? 0 : 1;

    async function ask(
      text: Uint8Array,
      target: HostTarget,
    ): Promise<Uint8Array | null> {
      using socket = new DatagramSocket(
        Deno.listenDatagram({
          transport: "udp",
          hostname: localHostFor(target.hostname),
          port: 0,
        }),
      );
      for (let sent = 0; sent <= retries; sent++) {
        await socket.send(text, target);
        const reply = await socket.receiveFrom(target, timeout, signal);
        if (reply !== null || signal.aborted) return reply;
      }
      return null;
    }
  });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
