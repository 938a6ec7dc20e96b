#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Uppercase client over UDP: sends a sentence and prints the reply, with a
 * deadline.
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
 * Each sentence has a socket of its own, so a late reply cannot be taken for the
 * reply to the next sentence.
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
  summary: "Sends sentences over UDP, one at a time, and prints the replies.",
  operands: "TARGET [WORD...]",
  details: [
    TARGET_HELP,
    "The words are sent as one datagram; after -- a word may start with a dash. Without words, each line of standard input is a sentence. Standard output has the replies only; for a sentence without one, standard error has Request timed out, and the exit code is 1.",
  ],
  options: {
    timeout: { ...TIMEOUT_OPTION.timeout, default: "1s" },
    retries: {
      kind: "integer",
      min: 0,
      max: 100,
      default: "0",
      help: "send a sentence again up to this many times",
    },
  },
  examples: [
    "127.0.0.1 hello world",
    "127.0.0.1 --timeout 200ms --retries 3 hi",
  ],
});

/** Sends the sentences; returns the exit code. */
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
