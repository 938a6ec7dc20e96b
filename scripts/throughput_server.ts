#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Throughput server: the other end of throughput-client, and of any iperf3 client
 * from version 3.1 on.
 *
 * Protocol:   iperf3, over TCP and UDP, port 5201
 * Socket:     stream and datagram, on the same port
 * Permission: --allow-net=HOST, to listen there, and the clients' addresses, to
 *             send them datagrams; --allow-read=FILE for users; --unstable-net
 *             outside of this folder
 *
 *     $ deno task throughput-server
 *     listening tcp 127.0.0.1:5201
 *
 *     $ iperf3 -c 127.0.0.1
 *     ...
 *
 * @module
 */

import {
  admissionControl,
  connectionAdmission,
} from "../lib/cli/admission_options.ts";
import { withContext } from "../lib/cli/context.ts";
import { UsageError } from "../lib/cli/options.ts";
import { custom, duration, flag, integer, text } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import {
  serverTls,
  TLS_SERVER_HELP,
  TLS_SERVER_OPTIONS,
} from "../lib/cli/tls_options.ts";
import { listenOptions } from "../lib/cli/server_options.ts";
import {
  authenticator,
  DEFAULT_TIME_SKEW_SEC,
  parseUsers,
} from "../lib/iperf3/auth.ts";
import { IPERF3_PORT } from "../lib/iperf3/messages.ts";
import { MAX_RATE, MAX_TIME_SEC } from "../lib/iperf3/parameters.ts";
import {
  type ServedTest,
  serveThroughput,
  THROUGHPUT_SOURCE_LIMITS,
} from "../lib/iperf3/server.ts";
import { formatRefused } from "../lib/net/admission.ts";
import { formatAddress } from "../lib/net/address.ts";
import {
  formatCount,
  formatRate,
  parseRate,
} from "../lib/result/quantities.ts";

/** How many free ports are tried: each has to be free for datagrams, too. */
const FREE_PORTS = 10;

/** Runs the server until it is interrupted; returns the exit code. */
export const main = defineProgram({
  name: "throughput-server",
  summary:
    "Serves throughput tests of throughput-client and of iperf3 clients.",
  operands: "",
  details: [
    "One test runs at a time. Further clients are told that the server is busy; --concurrent allows more tests.",
    "With --authorized-users-path and --rsa-private-key-path only users in that file are served: lines of USER,HASH with the SHA-256 of {USER}PASSWORD.",
    `${TLS_SERVER_HELP} Datagrams are not encrypted.`,
    "The server prints a line for each test. Datagrams go only to the host of a control connection.",
  ],
  options: {
    ...listenOptions(IPERF3_PORT),
    concurrent: integer("tests at the same time", { max: 1000, default: "1" }),
    oneOff: flag("end after one test", "1"),
    idleTimeout: duration("end after so long without a test", {
      min: 100,
      max: 86_400_000,
    }),
    maxDuration: duration("refuse longer tests", {
      min: 1000,
      max: MAX_TIME_SEC * 1000,
    }),
    serverBitrateLimit: custom(
      "RATE",
      parseLimit,
      "refuse and end tests with a higher rate, as in 100M",
    ),
    authorizedUsersPath: text("FILE", "file of users"),
    rsaPrivateKeyPath: text("FILE", "private key, to decrypt passwords with"),
    ...TLS_SERVER_OPTIONS,
    ...connectionAdmission(THROUGHPUT_SOURCE_LIMITS),
    timeSkew: duration("how far the clock of a user's client may differ", {
      min: 1000,
      default: `${DEFAULT_TIME_SKEW_SEC}s`,
    }),
  },
  examples: ["", "--host 0.0.0.0 --concurrent 8", "--one-off --port 0"],
}, async (run) => {
  const { options, signal, terminal } = run;
  const { host: hostname, concurrent, oneOff } = options;
  const authenticate = await authentication();
  const tls = await serverTls(run);
  // Datagrams need the permission for their addresses, so a remedy names it.
  const at = (port: number) => ({ transport: "udp", hostname, port }) as const;
  const open = () => {
    const listener = Deno.listen({ hostname, port: options.port });
    try {
      const socket = Deno.listenDatagram(at(listener.addr.port));
      return { listener, socket };
    } catch (error) {
      listener.close();
      throw error;
    }
  };
  const { listener, socket } = await withContext(
    { action: "listen on", target: at(options.port), server: run },
    () => retried(open, options.port === 0 ? FREE_PORTS : 1),
  );
  terminal.print(
    `listening ${tls ? "tls" : "tcp"} ${formatAddress(listener.addr)}`,
  );
  const admission = admissionControl(run, THROUGHPUT_SOURCE_LIMITS);
  let tests = 0;
  await serveThroughput(tls ? tls(listener) : listener, socket, {
    concurrent,
    oneOff,
    admission,
    signal,
    ...(authenticate && { authenticate }),
    ...(options.idleTimeout !== undefined && {
      idleTimeoutMs: options.idleTimeout,
    }),
    ...(options.maxDuration !== undefined && {
      maxDurationSec: options.maxDuration / 1000,
    }),
    ...(options.serverBitrateLimit !== undefined && {
      maxBitsPerSec: options.serverBitrateLimit,
    }),
    log: (line) => terminal.log(line),
    onTest: (test) => {
      tests += 1;
      terminal.print(testLine(test));
    },
  });
  terminal.info(
    `${formatCount(tests, "test")}; refused: ${
      formatRefused(admission, "connections")
    }`,
  );
  return 0;

  async function authentication() {
    const { authorizedUsersPath: users, rsaPrivateKeyPath: key } = options;
    if (users === undefined && key === undefined) return null;
    if (users === undefined || key === undefined) {
      throw new UsageError(
        "--authorized-users-path and --rsa-private-key-path go together",
      );
    }
    const read = (path: string) =>
      withContext(
        { action: "read", read: path },
        () => Deno.readTextFile(path),
      );
    const list = await read(users);
    return authenticator(
      await read(key),
      await withContext(
        { action: "read", read: users },
        () => parseUsers(list),
      ),
      options.timeSkew / 1000,
    );
  }
});

/** Reads a rate that is above 0. */
function parseLimit(text: string): number {
  const rate = parseRate(text);
  if (rate !== null && rate > 0 && rate <= MAX_RATE) return rate;
  throw new SyntaxError(`a rate in bit/s such as 100M, not "${text}"`);
}

/** Describes a test in one line. */
function testLine({ remote, transfer, error }: ServedTest): string {
  const { flows = [] } = transfer ?? {};
  const { transport, ignored = [] } = transfer?.parameters ?? {};
  const { streams = [] } = transfer?.results() ?? {};
  const sides = [false, true].flatMap((isSender) => {
    const own = streams.filter((_, index) =>
      flows[index]!.isSender === isSender
    );
    if (own.length === 0) return [];
    const bytes = own.reduce((sum, stream) => sum + stream.bytes, 0);
    const seconds = Math.max(...own.map((stream) => stream.seconds));
    const rate = seconds > 0 ? bytes * 8 / seconds : null;
    return `${isSender ? "sent" : "received"} ${formatCount(bytes, "byte")}, ${
      formatRate(rate)
    }`;
  });
  const what = flows.length === 0
    ? []
    : [`${transport}, ${formatCount(flows.length, "stream")}`, ...sides];
  return `${remote}: ${
    [
      ...what,
      ...(ignored.length === 0 ? [] : [`not set: ${ignored.join(", ")}`]),
      ...(error === null ? [] : [`failed: ${error}`]),
    ].join("; ")
  }`;
}

/** Calls an opener again while its port is in use, at most so many times. */
function retried<T>(open: () => T, times: number): T {
  for (let left = times - 1;; left--) {
    try {
      return open();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || left === 0) throw error;
    }
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
