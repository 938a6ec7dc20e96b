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
 *     $ deno task udp-client 127.0.0.1 --count 3
 *     1: 412 us PING 1
 *     2: 187 us PING 2
 *     3: Request timed out
 *     3 sent, 2 answered, 1 lost (33 %); RTT min 187 us, median 412 us, max 412 us
 *
 * Each sentence has a socket of its own, so a late reply cannot be taken for the
 * reply to the next sentence.
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import {
  clientOptions,
  type DatagramRoute,
  datagramRoute,
  hostTargetOf,
  SOURCE_OPTION,
  TARGET_HELP,
} from "../lib/cli/client_options.ts";
import { UsageError } from "../lib/cli/options.ts";
import { integer } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { sentences } from "../lib/cli/sentences.ts";
import { lineContent } from "../lib/framing/line_ending.ts";
import { DatagramSocket } from "../lib/net/datagram_socket.ts";
import { formatDuration } from "../lib/result/quantities.ts";

/** Sends the sentences, or pings; returns the exit code. */
export const main = defineProgram({
  name: "udp-client",
  summary: "Sends sentences over UDP, one at a time, and prints the replies.",
  operands: "TARGET [WORD...]",
  details: [
    TARGET_HELP,
    "The words are sent as one datagram; after -- a word may start with a dash. Without words, each line of standard input is a sentence. Standard output has the replies only; for a sentence without one, standard error has Request timed out, and the exit code is 1.",
    "With --count it is a pinger: it sends the words, or ping, with a sequence number after them, each when the one before was answered or lost, and prints the round-trip time of each answer and the loss. The exit code is 1 if all were lost.",
  ],
  options: {
    count: integer("ping so many times", { short: "n" }),
    ...clientOptions(12000, "1s"),
    ...SOURCE_OPTION,
    retries: integer("send a sentence again up to this many times", {
      min: 0,
      max: 100,
      default: "0",
    }),
  },
  examples: [
    "127.0.0.1 hello world",
    "127.0.0.1 --timeout 200ms --retries 3 hi",
    "127.0.0.1 --count 10",
  ],
}, async (run) => {
  const { options, operands } = run;
  const { count, timeout, retries } = options;
  const { signal, terminal } = run;
  const target = hostTargetOf(operands[0], options.port);
  const words = operands.slice(1);
  if (count !== undefined && retries > 0) {
    throw new UsageError("--retries does not go with --count");
  }
  const route = await datagramRoute(run, target.hostname);
  const { port } = target;
  let sentAtMs = 0; // the last datagram
  return count === undefined ? await askAll() : await ping(count);

  async function askAll(): Promise<number> {
    let timedOut = 0;
    for await (const sentence of sentences(words, signal)) {
      const reply = await ask(lineContent(sentence));
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
  }

  async function ping(count: number): Promise<number> {
    const text = words.join(" ") || "ping";
    const rttsUs: number[] = [];
    let sent = 0;
    while (sent < count) {
      const message = new TextEncoder().encode(`${text} ${sent + 1}`);
      const reply = await ask(message);
      const rttUs = (performance.now() - sentAtMs) * 1000;
      if (reply === null && signal.aborted) break;
      sent += 1;
      if (reply === null) {
        terminal.print(`${sent}: Request timed out`);
        continue;
      }
      rttsUs.push(rttUs);
      const start = new TextEncoder().encode(
        `${sent}: ${formatDuration(rttUs)} `,
      );
      terminal.printReply(Uint8Array.from([...start, ...reply]));
      terminal.print("");
    }
    terminal.print(summary(sent, rttsUs));
    return rttsUs.length > 0 ? 0 : 1;
  }

  async function ask(text: Uint8Array): Promise<Uint8Array | null> {
    return await withContext(
      { action: "ask", target },
      () => askOnce(text, route, port),
    );
  }

  async function askOnce(
    text: Uint8Array,
    { hostname, source }: DatagramRoute,
    port: number,
  ): Promise<Uint8Array | null> {
    using socket = new DatagramSocket(
      Deno.listenDatagram({ transport: "udp", hostname: source, port: 0 }),
    );
    for (let sent = 0; sent <= retries; sent++) {
      sentAtMs = performance.now();
      await socket.send(text, { hostname, port });
      const reply = await socket.receiveFrom(
        { hostname, port },
        timeout,
        signal,
      );
      if (reply !== null || signal.aborted) return reply;
    }
    return null;
  }
});

/** What the pinger found. */
function summary(sent: number, rttsUs: number[]): string {
  const lost = sent - rttsUs.length;
  const share = sent === 0 ? 0 : Math.round(100 * lost / sent);
  const counts =
    `${sent} sent, ${rttsUs.length} answered, ${lost} lost (${share} %)`;
  if (rttsUs.length === 0) return counts;
  const sorted = rttsUs.toSorted((a, b) => a - b);
  const [min, median, max] = [0, 0.5, 1].map((share) =>
    formatDuration(sorted[Math.floor(share * (sorted.length - 1))]!)
  );
  return `${counts}; RTT min ${min}, median ${median}, max ${max}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
