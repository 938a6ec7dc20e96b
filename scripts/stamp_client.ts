#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * STAMP sender: round-trip time, loss by direction, one-way delay and jitter of
 * the path to a stamp-server, or to any STAMP or TWAMP-Light reflector.
 *
 * Protocol:   STAMP, RFC 8762, over UDP, port 862 (the task: 8620)
 * Socket:     datagram
 * Permission: --allow-net, to reach the target; --allow-env=STAMP_HMAC_KEY or
 *             --allow-read=FILE for a key; --unstable-net outside of this folder
 *
 *     $ deno task stamp-client 127.0.0.1 --count 100 --interval 10ms
 *     rtt to 127.0.0.1:8620 over UDP, STAMP, not signed
 *     100 probes of 44 bytes, one every 10 ms
 *     ...
 *
 *     $ deno task stamp-client 127.0.0.1 --time 1m --interval 1ms --json
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import { hostTargetOf, TARGET_HELP } from "../lib/cli/client_options.ts";
import { noMoreOperands } from "../lib/cli/options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  refuseThresholds,
  REPORT_OPTIONS,
  runMeasurement,
} from "../lib/cli/run_measurement.ts";
import { outputOptions } from "../lib/cli/output_options.ts";
import { findKey, KEY_HELP, KEY_OPTION } from "../lib/cli/stamp_options.ts";
import { SENDER_OPTIONS, senderPlan } from "../lib/cli/stamp_sender_options.ts";
import { stampFloor } from "../lib/stamp/floor.ts";
import { ResultBuilder } from "../lib/result/builder.ts";
import { StampSession } from "../lib/stamp/session.ts";
import { formatAddress } from "../lib/net/address.ts";
import { localHostFor } from "../lib/net/datagram_socket.ts";
import { resolveHost } from "../lib/net/connect.ts";
import { reporterOf } from "../lib/terminal/reporter.ts";

const program = defineProgram({
  name: "stamp-client",
  summary: "Measures the path to a STAMP reflector, RFC 8762, over UDP.",
  operands: "TARGET",
  details: [
    TARGET_HELP,
    "Probes leave on a schedule of their own, whatever became of those before. A probe is lost if no reply came within --timeout; a reply after that is late. With -i 0 each leaves when the last one was answered or lost.",
    "RTT is without the time that the reflector says it took; a second column is with it, a third counts from the moment a probe was meant to leave. One-way delays depend on two clocks, whose offset is estimated, and its bound told.",
    KEY_HELP,
    "--fail-if compares min, mean, stddev, p50, p90, p99, p99.9 or max of the RTT (as intended.p99 from the schedule), or jitter, with a time; loss with a percentage.",
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: {
    ...SENDER_OPTIONS,
    ...KEY_OPTION,
    ...REPORT_OPTIONS,
    failIf: {
      ...REPORT_OPTIONS.failIf,
      help: "exit with 3 if a figure crosses a limit, as in p99>5ms or loss>1%",
    },
  },
  examples: [
    "127.0.0.1",
    "127.0.0.1 -t 10s -i 1ms --size 1400",
    "192.0.2.1:862 -i 20ms --schedule poisson --fail-if 'loss>1%'",
  ],
});

/** Measures once; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { options, operands, given, signal, terminal } = run;
    const target = hostTargetOf(operands[0], options.port);
    noMoreOperands(operands.slice(1));
    const output = outputOptions(options, terminal);
    const { interval } = options;
    refuseThresholds(options.failIf, {
      throughput: false,
      schedule: interval > 0,
      replies: true,
    });
    const { key, mode, unseen } = await findKey(options.keyFile);
    const plan = senderPlan(options, key);
    const hostname = await withContext(
      { action: "look up", target: target.hostname },
      () => resolveHost(target.hostname),
    );
    const floor = options.calibrate
      ? await withContext(
        { action: "calibrate on", target: "127.0.0.1" },
        () => stampFloor(() => open("127.0.0.1"), { ...plan.session, signal }),
      )
      : null;

    const session = new StampSession(
      () => open(localHostFor(hostname)),
      { hostname, port: target.port },
      { ...plan.session, signal },
    );
    const address = formatAddress(target);
    const builder = new ResultBuilder({
      protocol: "stamp",
      mode: "rtt",
      target: address,
      sizeBytes: plan.session.request.sizeBytes,
      intervalMs: interval,
      replies: session.replyStats,
      options: { given, used: plan.used },
    });
    builder.floor = floor;
    if (unseen !== null) builder.note(`not signed: ${unseen}`);
    const reporter = reporterOf(output, "stamp", plan.expected);
    reporter.start({
      title: `rtt to ${address} over UDP, STAMP, ${mode}\n${plan.summary}`,
      metadata: builder.metadata,
    });
    return await runMeasurement({
      what: `measure the path to ${address}`,
      samples: session.samples(),
      builder,
      reporter,
      thresholds: options.failIf,
      hdr: options.hdr,
      count: plan.session.count,
      signal,
      terminal,
    });
  });
}

/** Opens a socket on a free port. */
function open(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
