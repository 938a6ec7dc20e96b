#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Throughput client: fills the path to a throughput-server, or to any iperf3
 * server from version 3.1 on, and prints how much arrived.
 *
 * Protocol:   iperf3, over TCP and UDP, port 5201
 * Socket:     stream, and datagram with --udp
 * Permission: --allow-net, to reach the target; --allow-env=IPERF3_PASSWORD and
 *             --allow-read=FILE for a user; --unstable-net outside of this folder
 *
 *     $ deno task throughput-client 127.0.0.1 --time 5s
 *     throughput to 127.0.0.1:5201 over TCP, 1 stream, forward, for 5 s
 *     ...
 *
 *     $ deno task throughput-client 127.0.0.1 --udp --bitrate 100M --json
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import {
  datagramRoute,
  dial,
  hostTargetOf,
  TARGET_HELP,
} from "../lib/cli/client_options.ts";
import { explain, withContext } from "../lib/cli/context.ts";
import {
  noMoreOperands,
  type OptionValues,
  UsageError,
} from "../lib/cli/options.ts";
import { Report } from "../lib/cli/report.ts";
import { run } from "../lib/cli/run.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { checkThresholds } from "../lib/cli/run_measurement.ts";
import {
  observeThroughput,
  runnableThroughput,
} from "../lib/cli/run_throughput.ts";
import {
  describeTest,
  testParameters,
  THROUGHPUT_OPTIONS,
} from "../lib/cli/throughput_options.ts";
import { encryptCredentials } from "../lib/iperf3/auth.ts";
import { ThroughputClient } from "../lib/iperf3/client.ts";
import { iperf3Json } from "../lib/iperf3/iperf3_json.ts";
import { formatAddress } from "../lib/net/address.ts";

/** Measures once; returns the exit code. */
export const main = defineProgram({
  name: "throughput-client",
  summary: "Measures throughput with a throughput-server or an iperf3 server.",
  operands: "TARGET",
  details: [
    TARGET_HELP,
    "The client sends unless --reverse or --bidir is given. Goodput is the payload that the receiver counted; what the sender counted is shown beside it.",
    "--bitrate is the rate of each stream, spaced evenly; RATE/BURST sends BURST blocks at once. With --udp it is 1M unless given; 0 is as fast as possible.",
    "--fail-if compares throughput, throughput.p10, throughput.sent or fairness with a limit; with --udp also loss and jitter. Of two directions the worse one is compared.",
    "--iperf3-json prints what iperf3 -J prints. The password of --username is read from IPERF3_PASSWORD.",
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: THROUGHPUT_OPTIONS,
  examples: [
    "127.0.0.1",
    "192.0.2.1 --reverse --parallel 4 --time 30s",
    "192.0.2.1 --udp --bitrate 100M --fail-if 'loss>1%'",
  ],
}, (invocation) => {
  const { options, operands, given, signal, terminal } = invocation;
  const target = hostTargetOf(operands[0], options.port);
  noMoreOperands(operands.slice(1));
  const parameters = testParameters(options);
  checkThresholds(
    options.failIf,
    { goodput: true, datagrams: parameters.transport === "udp" },
    "a throughput test has throughput, also as throughput.NAME with forward, " +
      "reverse, sent, p10 and p90, fairness, loss and jitter",
  );
  if (options.tls && options.udp) {
    throw new UsageError("--tls encrypts no datagrams: leave --udp out");
  }
  // The host is looked up once, and its certificate has its name.
  const { tlsName = options.tls ? target.hostname : undefined } = options;
  const address = formatAddress(target);
  const intervalSec = options.interval / 1000;
  const started = new Date();
  let client: ThroughputClient | null = null;
  let failure: string | null = null;

  const foreign = {
    result: () =>
      iperf3Json(client!, {
        version: `roundtrip ${config.version}`,
        target,
        started,
        intervalSec,
      }, failure),
    failure: (error: string) => ({
      start: {},
      intervals: [],
      end: {},
      error: `error - ${error}`,
    }),
  };
  const report = new Report(
    { ...options, json: options.json || options.iperf3Json },
    terminal,
    options.iperf3Json ? foreign : null,
  );
  return run(prepare, { report, signal });

  async function prepare() {
    parameters.authToken = await authToken(options);
    const { hostname, source } = await datagramRoute(
      invocation,
      target.hostname,
    );
    const to = { transport: "tcp", hostname, port: target.port } as const;
    client = new ThroughputClient({
      connect: () =>
        dial(
          { ...invocation, options: { ...options, tlsName } },
          to,
          (to) => Deno.connect(to),
          (conn, trust) => Deno.startTls(conn, trust),
        ) as Promise<Deno.TcpConn | Deno.TlsConn>,
      openDatagrams: () =>
        Deno.listenDatagram({
          transport: "udp",
          hostname: source,
          port: 0,
        }),
    }, {
      parameters,
      intervalSec,
      signal,
      ...observeThroughput(report, parameters),
    });
    const runnable = runnableThroughput(
      `throughput to ${address} ${describeTest(parameters)}${
        options.tls ? ", encrypted with TLS" : ""
      }`,
      {
        target: address,
        started,
        client,
        thresholds: options.failIf,
        options: {
          given,
          used: { ...parameters, authToken: undefined, tls: options.tls },
        },
      },
    );
    return {
      ...runnable,
      measure: (report: Report) =>
        runnable.measure(report).catch((error) => {
          failure = explain(error);
          throw error;
        }),
    };
  }
});

/** Encrypts the user and the password, if a user is given. */
async function authToken(
  options: OptionValues<typeof THROUGHPUT_OPTIONS>,
): Promise<string | null> {
  const { username: user, rsaPublicKeyPath: path, usePkcs1Padding } = options;
  if (user === undefined && path === undefined) return null;
  if (user === undefined || path === undefined) {
    throw new UsageError("--username needs --rsa-public-key-path, and it that");
  }
  const password = await withContext(
    "read IPERF3_PASSWORD (it needs --allow-env=IPERF3_PASSWORD)",
    () => Deno.env.get("IPERF3_PASSWORD"),
  );
  if (!password) {
    throw new UsageError("set IPERF3_PASSWORD to the password of --username");
  }
  const key = await withContext(
    { action: "read", read: path },
    () => Deno.readTextFile(path),
  );
  return await withContext(
    { action: "encrypt the password with", read: path },
    () =>
      encryptCredentials({ user, password }, key, { pkcs1: usePkcs1Padding }),
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
