#!/usr/bin/env -S deno run --allow-net
/**
 * Uppercase client over TCP: sends a sentence and prints the reply.
 *
 * Protocol:   lines of text over TCP, port 12000, or over a Unix socket
 * Socket:     stream, or Unix stream
 * Permission: --allow-net, to connect to the target; for unix:PATH also
 *             --allow-read=PATH --allow-write=PATH; --allow-read=FILE for the
 *             file of --tls-ca
 *
 *     $ deno task tcp-client 127.0.0.1 hello world
 *     HELLO WORLD
 *
 *     $ printf 'one\ntwo\n' | deno task tcp-client 127.0.0.1
 *     ONE
 *     TWO
 *
 * @module
 */

import { RunError, withContext } from "../lib/cli/context.ts";
import {
  clientOptions,
  dial,
  STREAM_TARGET_HELP,
  targetOf,
} from "../lib/cli/client_options.ts";
import { duration, flag } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { TLS_CLIENT_OPTIONS } from "../lib/cli/tls_options.ts";
import { sentences } from "../lib/cli/sentences.ts";
import { LF } from "../lib/framing/line_ending.ts";
import { formatAddress } from "../lib/net/address.ts";
import { isDisconnect } from "../lib/net/errors.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { formatCount } from "../lib/result/quantities.ts";

/** The factor by which a text can grow in upper case, as UTF-8. */
const MAX_GROWTH = 3;
/** The number of bytes that a reply may have in addition. */
const SLACK_BYTES = 65_536;

/** Sends the sentences; returns the exit code. */
export const main = defineProgram({
  name: "tcp-client",
  summary: "Sends sentences over TCP, one at a time, and prints the replies.",
  operands: "TARGET [WORD...]",
  details: [
    STREAM_TARGET_HELP,
    "The words are sent as one line; after -- a word may start with a dash. Without words, each line of standard input is a sentence, sent after the reply to the previous one. Standard output has the replies only.",
    "A reply ends at its newline. The textbook's server sends none: its reply ends with the connection, or after a pause of --flush-after. A server that closes the connection after a reply needs --reconnect for several sentences.",
  ],
  options: {
    ...clientOptions(12000),
    ...TLS_CLIENT_OPTIONS,
    reconnect: flag("open a connection for each sentence"),
    flushAfter: duration(
      "take a reply without a newline as complete after this",
      { min: 0, default: "250ms" },
    ),
  },
  examples: [
    "127.0.0.1 hello world",
    "[::1]:12000 hello",
    "unix:/tmp/upper.sock hi",
  ],
}, async (run) => {
  const { options, operands } = run;
  const { timeout, flushAfter, reconnect } = options;
  const target = targetOf(operands[0], options.port);
  const address = formatAddress(target);

  let connection = await open();
  using _last = { [Symbol.dispose]: () => connection.close() };
  let answered = 0;
  for await (const sentence of sentences(operands.slice(1), run.signal)) {
    if (reconnect && answered > 0) {
      connection.close();
      connection = await open();
    }
    await withContext({ action: "get a reply from", target }, async () => {
      // The reply to a long sentence arrives while it is sent.
      const sent = connection.writeAll(sentence);
      sent.catch(() => {}); // print what arrived before throwing
      await printReply(MAX_GROWTH * sentence.length + SLACK_BYTES);
      await sent;
    }).catch((error) => {
      throw closesAfterReply(error) ? afterReply(error) : error;
    });
    answered += 1;
    if (run.signal.aborted) break;
  }
  return 0;

  async function open(): Promise<StreamConnection> {
    const conn = await dial(
      run,
      target,
      (to) => Deno.connect(to),
      (conn, trust) => Deno.startTls(conn, trust),
    );
    const connection = new StreamConnection(conn, { readMs: timeout });
    connection.stopOn(run.signal);
    return connection;
  }

  /** Whether the server has answered before, and closed the connection. */
  function closesAfterReply(error: unknown): boolean {
    return answered > 0 && !reconnect && error instanceof RunError &&
      isDisconnect(error.cause);
  }

  function afterReply(cause: unknown): RunError {
    return new RunError(
      `${address} closed the connection after ${
        formatCount(answered, "reply", "replies")
      }: --reconnect opens one for each sentence`,
      { cause },
    );
  }

  async function printReply(maxBytes: number): Promise<void> {
    let received = false;
    let leftBytes = maxBytes;
    for (;;) {
      const part = await readPart();
      if (part === null) break;
      received = true;
      leftBytes -= part.length;
      if (leftBytes < 0) {
        throw new RunError(
          `The reply from ${address} does not end: ` +
            "it is longer than a reply to this sentence can be",
        );
      }
      run.terminal.printReply(part);
      if (part.at(-1) === LF) return;
      // A long reply comes in pieces as long as the limit.
      if (part.length < connection.messageLimitBytes) break;
    }
    if (received) run.terminal.print("");
    else if (!run.signal.aborted) {
      throw new RunError(
        `No reply from ${address}: it closed the connection`,
        { cause: new Deno.errors.UnexpectedEof() },
      );
    }
  }

  async function readPart(): Promise<Uint8Array | null> {
    try {
      return await connection.readMessage(flushAfter, { pieces: true });
    } catch (error) {
      // Print what arrived before the connection broke.
      const part = connection.takePending();
      if (part !== null) {
        run.terminal.printReply(part);
        run.terminal.print("");
      }
      throw error;
    }
  }
});

if (import.meta.main) Deno.exit(await main(Deno.args));
