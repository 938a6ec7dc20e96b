#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Time server: sends the time on connection and closes; with --udp, replies with
 * the time to any datagram that is at least as long as the reply.
 *
 * Protocol:   the manner of RFC 867 (ctime, iso) or RFC 868, port 9999
 * Socket:     stream, or datagram
 * Permission: --allow-net=HOST, to listen there; with --udp also the clients'
 *             addresses, and --unstable-net outside of this folder; --allow-read=FILE for the
 *             files of TLS
 *
 *     $ deno task time-server
 *     listening tcp 127.0.0.1:9999
 *
 *     $ deno task time-client 127.0.0.1
 *     Sat Nov 21 03:23:08 2026
 *     clock offset -361 ms, +- 502 ms
 *
 * @module
 */

import { datagramAdmission } from "../lib/cli/admission_options.ts";
import { choice, flag } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import {
  ConnectionLog,
  DatagramLog,
  listen,
  listenOptions,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { TLS_SERVER_HELP } from "../lib/cli/tls_options.ts";
import { serveDatagrams } from "../lib/net/serve_datagrams.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import {
  MAX_TIME_REPLIES_PER_SEC,
  TIME_FORMATS,
  timeDatagrams,
  timeStreams,
} from "../lib/text/time.ts";

/** Runs the server until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "time-server",
  summary: "Sends the time, over TCP or UDP.",
  operands: "",
  details: [
    "ctime is the local time as C writes it, iso is UTC to the millisecond, rfc868 is four bytes: the seconds since 1900.",
    `Over UDP a request must be at least as long as its reply; a shorter one gets none, because its source may be forged.`,
    TLS_SERVER_HELP,
  ],
  options: {
    ...listenOptions(9999),
    udp: flag("serve UDP instead of TCP", "u"),
    format: choice(TIME_FORMATS, "how to write the time", {
      default: "ctime",
    }),
    ...STREAM_SERVER_OPTIONS,
    ...datagramAdmission(MAX_TIME_REPLIES_PER_SEC),
  },
  examples: ["", "--udp", "--format iso --port 0"],
}, async (run) => {
  const { host, port, udp, format, reusePort } = run.options;
  if (udp) {
    const socket = await listen(
      run,
      { transport: "udp", hostname: host, port },
      (address) => Deno.listenDatagram(address),
    );
    const log = new DatagramLog(run);
    const service = log.counting(timeDatagrams(format));
    await serveDatagrams(socket, service, log.serving);
    log.report();
  } else {
    const listener = await listen(
      run,
      { transport: "tcp", hostname: host, port, reusePort },
      (address) => Deno.listen(address),
    );
    const log = new ConnectionLog(run);
    await serveStreams(listener, timeStreams(format), log.serving);
    log.report();
  }
  return 0;
});

if (import.meta.main) Deno.exit(await main(Deno.args));
