#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Time client: prints the time of a server, and the offset of its clock.
 *
 * Protocol:   the manner of RFC 867 (ctime, iso) or RFC 868, port 9999
 * Socket:     stream, or datagram
 * Permission: --allow-net, to reach the target; with --udp also --unstable-net
 *             outside of this folder; --allow-read=FILE for the file of --tls-ca
 *
 *     $ deno task time-client 127.0.0.1
 *     Sat Nov 21 03:23:08 2026
 *     clock offset -361 ms, +- 502 ms
 *
 * @module
 */

import { RunError, withContext } from "../lib/cli/context.ts";
import {
  clientOptions,
  datagramRoute,
  dial,
  hostTargetOf,
  SOURCE_OPTION,
  TARGET_HELP,
} from "../lib/cli/client_options.ts";
import { noMoreOperands, UsageError } from "../lib/cli/options.ts";
import { flag } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { TLS_CLIENT_OPTIONS } from "../lib/cli/tls_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { DeadlineError } from "../lib/net/errors.ts";
import { DatagramSocket } from "../lib/net/datagram_socket.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { escapeControls } from "../lib/result/escape.ts";
import { formatDuration } from "../lib/result/quantities.ts";
import {
  clockOffset,
  parseTime,
  TIME_REQUEST_BYTES,
} from "../lib/text/time.ts";

/** The pause that ends the reply of a server that does not close, in ms. */
const QUIET_MS = 250;
/** How much of a reply is parsed, in bytes; every format is shorter. */
const MAX_REPLY_BYTES = 128;
/** Time zones differ by multiples of this. */
const QUARTER_HOUR_MS = 15 * 60_000;

/** Requests the time once; returns the exit code. */
export const main = defineProgram({
  name: "time-client",
  summary: "Prints the time of a server, and the offset of its clock.",
  operands: "TARGET",
  details: [
    `${TARGET_HELP} Each of the server's formats is recognised; a ctime is taken as local time.`,
    "The offset is positive if the server's clock is ahead. Its bound is half the round trip plus half the resolution of the server's time.",
  ],
  options: {
    udp: flag("use UDP instead of TCP", "u"),
    ...clientOptions(9999),
    ...TLS_CLIENT_OPTIONS,
    ...SOURCE_OPTION,
  },
  examples: ["127.0.0.1", "127.0.0.1 --udp"],
}, async (run) => {
  const { options, operands } = run;
  const { timeout } = options;
  const { signal, terminal } = run;
  const target = hostTargetOf(operands[0], options.port);
  noMoreOperands(operands.slice(1));
  if (options.source !== undefined && !options.udp) {
    throw new UsageError(
      "--source goes with --udp: Deno cannot choose the source of a TCP connection",
    );
  }
  if (options.tls && options.udp) {
    throw new UsageError("--tls goes over TCP, not with --udp");
  }
  const address = formatAddress(target);

  const requestedAt = new Date();
  const startMs = performance.now();
  const reply = await withContext(
    { action: "get the time from", target },
    options.udp ? askUdp : askTcp,
  );
  const roundTripMs = performance.now() - startMs;
  if (reply === null) throw new RunError(`No time from ${address}`);

  const received = parseTime(reply, requestedAt);
  if (received === null) {
    const text = new TextDecoder().decode(reply.subarray(0, 80));
    throw new RunError(
      `The reply from ${address} is not a time: ${JSON.stringify(text)}`,
    );
  }
  const { offsetMs, boundMs } = clockOffset(
    received,
    requestedAt.getTime(),
    roundTripMs,
  );
  const sign = offsetMs < 0 ? "-" : "+";
  const offset = formatDuration(Math.abs(offsetMs) * 1000);
  terminal.print(escapeControls(received.text));
  terminal.print(
    `clock offset ${sign}${offset}, +- ${formatDuration(boundMs * 1000)}`,
  );
  const zones = Math.round(offsetMs / QUARTER_HOUR_MS);
  if (zones !== 0 && Math.abs(offsetMs - zones * QUARTER_HOUR_MS) < boundMs) {
    terminal.info(
      "the offset is a multiple of 15 minutes: probably another time zone",
    );
  }
  return 0;

  async function askTcp(): Promise<Uint8Array | null> {
    const conn = await dial(
      run,
      target,
      (to) => Deno.connect(to),
      (conn, trust) => Deno.startTls(conn, trust),
    );
    using connection = new StreamConnection(conn, { readMs: timeout });
    connection.stopOn(signal);
    // An LF among the four binary bytes of RFC 868 does not end the reply.
    const reply: number[] = [];
    while (reply.length < 4) {
      const part = await connection.readMessage(QUIET_MS).catch((error) => {
        if (!(error instanceof DeadlineError) || options.tls) throw error;
        throw new RunError(
          `No time from ${address} within ${timeout} ms; if the server speaks TLS, add --tls`,
        );
      });
      if (part === null) break;
      reply.push(...part.subarray(0, MAX_REPLY_BYTES));
    }
    return reply.length === 0 ? null : Uint8Array.from(reply);
  }

  async function askUdp(): Promise<Uint8Array | null> {
    const { hostname, source } = await datagramRoute(run, target.hostname);
    const to = { hostname, port: target.port };
    using socket = new DatagramSocket(
      Deno.listenDatagram({ transport: "udp", hostname: source, port: 0 }),
    );
    await socket.send(new Uint8Array(TIME_REQUEST_BYTES), to);
    return await socket.receiveFrom(to, timeout, signal);
  }
});

if (import.meta.main) Deno.exit(await main(Deno.args));
