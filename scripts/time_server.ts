#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Time server: sends the time on connection and closes; with --udp, replies with
 * the time to any datagram that is at least as long as the reply.
 *
 * Protocol:   the manner of RFC 867 (ctime, iso) or RFC 868, port 9999
 * Socket:     stream, or datagram
 * Permission: --allow-net=HOST, to listen there; with --udp also the clients'
 *             addresses, and --unstable-net outside of this folder
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

import { withContext } from "../lib/cli/context.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  ConnectionLog,
  DatagramLog,
  listenOptions,
  STREAM_SERVER_OPTIONS,
} from "../lib/cli/server_options.ts";
import { formatAddress } from "../lib/net/address.ts";
import { serveDatagrams } from "../lib/net/serve_datagrams.ts";
import { serveStreams } from "../lib/net/serve_streams.ts";
import {
  MAX_TIME_REPLIES_PER_SEC,
  TIME_FORMATS,
  timeDatagrams,
  timeStreams,
} from "../lib/text/time.ts";

const program = defineProgram({
  name: "time-server",
  summary: "Sends the time, over TCP or UDP.",
  operands: "",
  details: [
    "ctime is the local time as C writes it, iso is UTC to the millisecond, rfc868 is four bytes: the seconds since 1900.",
    `Over UDP a request must be at least as long as its reply; a shorter one gets none, because its source may be forged. One source gets at most ${MAX_TIME_REPLIES_PER_SEC} replies per second, plus bursts of a quarter of that.`,
  ],
  options: {
    ...listenOptions(9999),
    udp: { kind: "flag", short: "u", help: "serve UDP instead of TCP" },
    format: {
      kind: "choice",
      choices: TIME_FORMATS,
      default: "ctime",
      help: "how to write the time",
    },
    ...STREAM_SERVER_OPTIONS,
  },
  examples: ["", "--udp", "--format iso --port 0"],
});

/** Runs the server until it is interrupted; returns the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { host, port, udp, format } = run.options;
    const { terminal } = run;
    if (udp) {
      const socket = await withContext(
        {
          action: "listen on",
          target: { transport: "udp", hostname: host, port },
          server: "time-server",
        },
        () => Deno.listenDatagram({ transport: "udp", hostname: host, port }),
      );
      terminal.print(`listening udp ${formatAddress(socket.addr)}`);
      const log = new DatagramLog(run, "time-server");
      await serveDatagrams(socket, log.counting(timeDatagrams(format)), {
        ...log.serving,
        maxRatePerSec: MAX_TIME_REPLIES_PER_SEC,
      });
      log.report();
    } else {
      const listener = await withContext(
        { action: "listen on", target: { hostname: host, port } },
        () => Deno.listen({ hostname: host, port }),
      );
      terminal.print(`listening tcp ${formatAddress(listener.addr)}`);
      const log = new ConnectionLog(run);
      await serveStreams(listener, timeStreams(format), log.serving);
      log.report();
    }
    return 0;
  });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
