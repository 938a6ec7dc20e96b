#!/usr/bin/env -S deno run --unstable-net --allow-net --allow-read=lib
/**
 * Latency under load: what a download or an upload does to the round-trip time
 * of everything else on the path, in which direction, and the remedy.
 *
 * Protocol:   iperf3 as load, port 5201; STAMP as probes, port 8620; the set-up
 *             of TCP connections, port 10000. The agent task starts the servers
 * Socket:     stream and datagram
 * Permission: --allow-net, to reach the target; --allow-read=lib, to start the
 *             worker that probes; --unstable-net outside of this folder
 *
 *     $ deno task under-load 127.0.0.1 --quick
 *     latency under load to 127.0.0.1:5201: 4 streams of TCP, probes by STAMP, 17 s
 *     ...
 *
 *     $ deno task under-load 192.0.2.1 --fail-if 'increase>50ms' --json
 *
 * @module
 */

import {
  datagramRoute,
  dial,
  hostTargetOf,
  reach,
  TARGET_HELP,
} from "../lib/cli/client_options.ts";
import { RunError } from "../lib/cli/context.ts";
import { noMoreOperands, UsageError } from "../lib/cli/options.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { Report } from "../lib/cli/report.ts";
import { run, type Runnable } from "../lib/cli/run.ts";
import { checkThresholds } from "../lib/cli/run_measurement.ts";
import {
  probeTarget,
  runnableUnderLoad,
  UNDER_LOAD_OPTIONS,
} from "../lib/cli/run_under_load.ts";
import { formatAddress } from "../lib/net/address.ts";
import { localHostFor } from "../lib/net/datagram_socket.ts";
import { StampSession } from "../lib/stamp/session.ts";
import type { ProbeTarget } from "../lib/under_load/probe_worker.ts";
import { planPhases } from "../lib/under_load/plan.ts";
import { MAX_STABLE_MS } from "../lib/under_load/run.ts";

/** The ports of the agent's servers, and of a gateway's page. */
const PORTS = { reflector: 8620, connect: 10_000, also: 80 };
const MAX_ALSO = 8;
/** A result has a few more for each phase. */
const MAX_PROBES = 8000;

/** Measures once; returns the exit code. */
export const main = defineProgram({
  name: "under-load",
  summary: "Measures what load does to the latency of a path.",
  operands: "TARGET",
  details: [
    `${TARGET_HELP} It runs the agent task, or any iperf3 server and any STAMP or TWAMP-Light reflector. Without a reflector the probes are set-ups of TCP connections; a refused one is a round trip, too.`,
    "The run measures the idle path, then a download, an upload and both at once, with a rest after each. The increase is the median round-trip time less that of the idle path. The column mostly names the direction whose delay grew; this does not need synchronized clocks. Grades are those of dslreports.com: A+ below 5 ms, A 30, B 60, C 200, D 400.",
    "RPM is the arithmetic of draft-ietf-ippm-responsiveness with UDP probes and connections, not HTTP: compare it with itself.",
    "--fail-if compares increase, increase.down, increase.up, increase.both (a time), rpm (a number) or grade (as in grade>B) with a limit.",
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: UNDER_LOAD_OPTIONS,
  examples: [
    "192.0.2.1",
    "192.0.2.1 --quick --also 192.168.1.1",
    "192.0.2.1 --reflector 862 --fail-if 'grade>B'",
  ],
}, (invocation) => {
  const { options, operands, given, signal, terminal } = invocation;
  const target = hostTargetOf(operands[0], options.port);
  noMoreOperands(operands.slice(1));
  checkThresholds(
    options.failIf,
    { load: true },
    "a run under load has increase, also as increase.down, increase.up and " +
      "increase.both, rpm and grade",
  );
  if (options.also.length > MAX_ALSO) {
    throw new UsageError(`--also takes at most ${MAX_ALSO} targets`);
  }
  const { quick, parallel, ramp, stable, interval, udp = null } = options;
  if (ramp && udp !== null) throw new UsageError("--ramp needs TCP, not --udp");
  const loads = options.phases ??
    ["download", "upload", ...(quick ? [] : ["both" as const])];
  const loadMs = options.time ?? (quick ? 6000 : 10_000);
  if ((stable ? MAX_STABLE_MS : loadMs) / interval > MAX_PROBES) {
    throw new UsageError(
      `a phase has at most ${MAX_PROBES} probes: lengthen --interval`,
    );
  }
  const plan = planPhases(loads, loadMs, quick ? "quick" : "full");
  const report = new Report(options, terminal);
  return run(prepare, { report, signal });

  async function prepare(): Promise<Runnable> {
    const server = await resolved(target);
    const at = (text: string | undefined, port: number) =>
      resolved(probeTarget(text, server.hostname, port));
    const reflector = await at(options.reflector, PORTS.reflector);
    const connect = await at(options.connect, PORTS.connect);
    const also = await Promise.all(
      options.also.map((text) => at(text, PORTS.also)),
    );
    const reflects = await isReflector(reflector);
    const [there, port] = [reflector, connect].map((one) =>
      formatAddress({ transport: "tcp", ...one })
    );
    if (!reflects && options.reflector !== undefined) {
      throw new RunError(
        `Cannot probe ${there}: no STAMP reply; start a reflector there, or leave --reflector out to probe with connections`,
      );
    }
    if (!reflects && !await accepts(connect)) {
      throw new RunError(
        `Cannot probe: no STAMP reply from ${there}, and no TCP from ${port}; start the agent task there, or name a TCP port that answers with --connect`,
      );
    }
    return runnableUnderLoad({
      target: formatAddress(target),
      sockets: {
        connect: () =>
          dial(
            invocation,
            { transport: "tcp", ...server },
            (to) => Deno.connect(to),
          ) as Promise<Deno.TcpConn>,
        openDatagrams: () => openDatagrams(server.hostname),
      },
      probes: {
        stamp: reflects ? reflector : null,
        connect,
        also,
        phases: plan.length,
        intervalMs: interval,
      },
      plan,
      parallel,
      ramp,
      udpBitsPerSec: udp,
      stable,
      options: {
        given,
        used: {
          phases: loads.join(","),
          time_ms: loadMs,
          quick,
          stable,
          parallel,
          ramp,
          udp_bits_per_second: udp,
          interval_ms: interval,
        },
      },
      thresholds: options.failIf,
      signal,
    });
  }

  /** Looks a name up once. */
  async function resolved({ hostname, port }: ProbeTarget) {
    return {
      hostname: (await datagramRoute(invocation, hostname)).hostname,
      port,
    };
  }

  /** Whether a connection is accepted or refused. */
  function accepts(target: ProbeTarget): Promise<boolean> {
    return reach(
      invocation,
      { transport: "tcp", ...target },
      (to) => Deno.connect(to),
    ).then((conn) => {
      conn.close();
      return true;
    }, (error) => error instanceof Deno.errors.ConnectionRefused);
  }

  /** Whether one of three STAMP probes is answered. */
  async function isReflector(target: ProbeTarget): Promise<boolean> {
    const session = new StampSession(
      () => openDatagrams(target.hostname),
      target,
      { count: 3, intervalMs: 100, warmup: 0, timeoutMs: 1000, signal },
    );
    for await (const { rttMs } of session.samples()) {
      if (rttMs !== null) return true;
    }
    return false;
  }
});

/** Opens a socket on a free port. */
function openDatagrams(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({
    transport: "udp",
    hostname: localHostFor(hostname),
    port: 0,
  });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
