#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * STAMP sender: round-trip time, loss by direction, one-way delay and jitter of
 * the path to a stamp-server, or to any STAMP or TWAMP-Light reflector.
 *
 * Protocol:   STAMP, RFC 8762, over UDP, port 862 (8620 in the task)
 * Socket:     datagram
 * Permission: --allow-net, to reach the target; --allow-env=STAMP_HMAC_KEY or
 *             --allow-read=FILE for a key; --unstable-net outside of this folder
 *
 *     $ deno task stamp-client 127.0.0.1 --count 100 --interval 10ms
 *     rtt to 127.0.0.1:8620 over UDP, STAMP, not signed
 *     100 probes of 44 bytes, one every 10.0 ms
 *     ...
 *
 *     $ deno task stamp-client 127.0.0.1 --time 1m --interval 1ms --json
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import {
  datagramRoute,
  hostTargetOf,
  TARGET_HELP,
} from "../lib/cli/client_options.ts";
import { noMoreOperands } from "../lib/cli/options.ts";
import { flag } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { Report } from "../lib/cli/report.ts";
import { run, type Runnable } from "../lib/cli/run.ts";
import {
  checkThresholds,
  FAIL_IF_HELP,
  REPORT_OPTIONS,
  reportOptions,
  runnableMeasurement,
} from "../lib/cli/run_measurement.ts";
import {
  findStampKey,
  STAMP_KEY_HELP,
  STAMP_KEY_OPTION,
} from "../lib/cli/key_options.ts";
import { SENDER_OPTIONS, senderPlan } from "../lib/cli/stamp_sender_options.ts";
import { stampFloor } from "../lib/stamp/floor.ts";
import { ResultBuilder } from "../lib/result/builder.ts";
import { StampSession } from "../lib/stamp/session.ts";
import { formatAddress } from "../lib/net/address.ts";

/** Measures once; returns the exit code. */
export const main = defineProgram({
  name: "stamp-client",
  summary: "Measures the path to a STAMP reflector, RFC 8762, over UDP.",
  operands: "TARGET",
  details: [
    TARGET_HELP,
    "Probes are sent on a fixed schedule, whether or not earlier ones were answered. A probe is lost if no reply comes within --timeout; a later reply is late. With -i 0 each probe is sent when the one before was answered or lost.",
    "The RTT excludes the time that the reflector reports for itself; a second column includes it, and a third counts from the intended time of each probe. One-way delays depend on two clocks. Without a known relation only the interval of their minimum and their variation are known; --trust-clocks takes both clocks as they are.",
    STAMP_KEY_HELP,
    `${FAIL_IF_HELP} not_sent is a number; loss.forward and loss.backward are percentages; there.p99 and back.p99 are of one way and need --trust-clocks, there.variation.p99 does not.`,
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: {
    ...SENDER_OPTIONS,
    trustClocks: flag("compute one-way delays from both clocks as they are"),
    ...STAMP_KEY_OPTION,
    ...REPORT_OPTIONS,
    failIf: reportOptions("p99>5ms or loss>1%").failIf,
  },
  examples: [
    "127.0.0.1",
    "127.0.0.1 -t 10s -i 1ms --size 1400",
    "192.0.2.1:862 -i 20ms --schedule poisson --fail-if 'loss>1%'",
  ],
}, (invocation) => {
  const { options, operands, given, signal, terminal } = invocation;
  const target = hostTargetOf(operands[0], options.port);
  noMoreOperands(operands.slice(1));
  checkThresholds(options.failIf, {
    probes: true,
    throughput: false,
    schedule: options.interval > 0,
    replies: true,
    clocks: options.trustClocks,
  });
  const report = new Report(options, terminal);
  const address = formatAddress(target);

  return run(prepare, {
    report,
    signal,
  });

  async function prepare(): Promise<Runnable> {
    const { key, mode, unseen } = await findStampKey(options.keyFile);
    const plan = senderPlan(options, key);
    const { hostname, source } = await datagramRoute(
      invocation,
      target.hostname,
    );
    const sessionOptions = { ...plan.session, signal, alone: true };
    const floor = options.calibrate
      ? await withContext(
        { action: "calibrate on", target: "127.0.0.1" },
        () => stampFloor(() => open("127.0.0.1"), sessionOptions),
      )
      : null;
    const session = new StampSession(
      () => open(source),
      { hostname, port: target.port },
      sessionOptions,
    );
    const builder = new ResultBuilder({
      protocol: "stamp",
      mode: "rtt",
      target: address,
      sizeBytes: plan.session.request.sizeBytes,
      intervalMs: options.interval,
      skipped: session.skipped,
      replies: session.replyStats,
      clocksTrusted: options.trustClocks,
      thresholds: options.failIf,
      options: {
        given,
        used: { ...plan.used, trust_clocks: options.trustClocks },
      },
    });
    builder.floor = floor;
    if (unseen !== null) builder.note(`not signed: ${unseen}`);
    return runnableMeasurement({
      title: `rtt to ${address} over UDP, STAMP, ${mode}\n${plan.summary}`,
      samples: session.samples(),
      builder,
      count: plan.session.count,
      expected: plan.expected,
      hdr: options.hdr,
    });
  }
});

/** Opens a socket on a free port. */
function open(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

if (import.meta.main) Deno.exit(await main(Deno.args));
