#!/usr/bin/env -S deno run --allow-net
/**
 * Hello client: says `hi`, or another greeting, and prints the answer.
 *
 * Protocol:   lines of text over TCP, port 11000
 * Socket:     stream
 * Permission: --allow-net, to connect to the target; --allow-read=FILE for the
 *             file of --tls-ca
 *
 *     $ deno task hello-client 127.0.0.1
 *     hello
 *
 *     $ deno task hello-client 127.0.0.1 good day
 *     say hi
 *
 * @module
 */

import {
  clientOptions,
  dial,
  hostTargetOf,
  TARGET_HELP,
} from "../lib/cli/client_options.ts";
import { RunError, withContext } from "../lib/cli/context.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { TLS_CLIENT_OPTIONS } from "../lib/cli/tls_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { DeadlineError } from "../lib/net/errors.ts";
import { isTlsAlert, TlsError, tlsError } from "../lib/net/tls.ts";
import { escapeControls } from "../lib/result/escape.ts";

/** The longest answer, in bytes. */
const MAX_ANSWER_BYTES = 1024;
/**
 * Textbook servers send no newline. An answer is complete after this silence, in
 * milliseconds.
 */
const QUIET_MS = 250;

/** Says hi once; returns the exit code. */
export const main = defineProgram({
  name: "hello-client",
  summary: "Says hi to a hello-server and prints the answer.",
  operands: "TARGET [WORD...]",
  details: [TARGET_HELP],
  options: { ...clientOptions(11000), ...TLS_CLIENT_OPTIONS },
  examples: ["127.0.0.1", "127.0.0.1:11000 good day"],
}, async (run) => {
  const { options, operands, signal, terminal } = run;
  const { timeout } = options;
  const target = hostTargetOf(operands[0], options.port);
  const address = formatAddress(target);
  const greeting = operands.slice(1).join(" ") || "hi";

  using conn = await dial(
    run,
    target,
    (to) => Deno.connect(to),
    (conn, trust) => Deno.startTls(conn, trust),
  );
  signal.addEventListener("abort", () => conn[Symbol.dispose]());
  const answer = await withContext({ action: "greet", target }, async () => {
    const answer = greet(conn, `${greeting}\n`, timeout);
    return await answer.finally(() => signal.throwIfAborted());
  });
  if (answer === "") throw new RunError(`No answer came from ${address}`);
  terminal.print(escapeControls(answer));
  return 0;
});

/** Sends a line, and reads the first line of the answer. */
async function greet(
  conn: Deno.Conn,
  line: string,
  timeoutMs: number,
): Promise<string> {
  const close = () => conn[Symbol.dispose](); // ends a read or a write
  let timer = setTimeout(close, timeoutMs);
  const buffer = new Uint8Array(MAX_ANSWER_BYTES);
  let length = 0;
  try {
    const bytes = new TextEncoder().encode(line);
    for (let sent = 0; sent < bytes.length;) {
      sent += await conn.write(bytes.subarray(sent));
    }
    while (length < buffer.length) {
      const count = await conn.read(buffer.subarray(length));
      if (count === null) break; // the server closed the connection
      if (length === 0 && isTlsAlert(buffer.subarray(0, count))) {
        throw new TlsError("encrypted", "the server expects it");
      }
      length += count;
      if (buffer.subarray(0, length).includes(0x0a)) break;
      clearTimeout(timer);
      timer = setTimeout(close, QUIET_MS);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.Interrupted)) throw tlsError(error);
    if (length === 0) throw new DeadlineError("read", timeoutMs);
  } finally {
    clearTimeout(timer);
  }
  const [answer = ""] = new TextDecoder().decode(buffer.subarray(0, length))
    .split(/\r?\n/);
  return answer;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
