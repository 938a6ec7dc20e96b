#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Compare: TCP or UDP, one client at a time or all at once? Runs the programs of
 * scripts/experiments/ one after the other, on this machine or on the path to
 * another one.
 *
 * Protocol:   measure over TCP, port 10000; STAMP over UDP, port 8620
 * Socket:     stream and datagram
 * Permission: --allow-net, to listen on 127.0.0.1 and to reach HOST;
 *             --unstable-net outside of this folder
 *
 *     $ deno task compare
 *     Connection set-up and the first byte, on loopback
 *     ...
 *
 *     $ deno task compare 192.0.2.1 --json
 *
 * @module
 */

import { type HostTarget, hostTargetOf } from "../lib/cli/client_options.ts";
import {
  EXPERIMENT_OPTIONS,
  EXPERIMENT_OUTPUT,
  type ExperimentPlan,
  experimentPlan,
} from "../lib/cli/compare_options.ts";
import { RunError, withContext } from "../lib/cli/context.ts";
import {
  type ExperimentServers,
  LocalServers,
} from "../lib/cli/local_servers.ts";
import { integer } from "../lib/cli/option.ts";
import { flagOf, noMoreOperands, UsageError } from "../lib/cli/options.ts";
import { Report } from "../lib/cli/report.ts";
import { run } from "../lib/cli/run.ts";
import { runnableExperiments } from "../lib/cli/run_experiments.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { formatAddress } from "../lib/net/address.ts";
import { resolveHost } from "../lib/net/connect.ts";
import { firstByte, tcpAttempt, udpAttempt } from "./experiments/first_byte.ts";
import { headOfLine } from "./experiments/head_of_line.ts";
import { iterativeOrConcurrent } from "./experiments/iterative_or_concurrent.ts";
import { messageBoundaries } from "./experiments/message_boundaries.ts";
import { nagle } from "./experiments/nagle.ts";
import { roundTrip } from "./experiments/round_trip.ts";

/** The number of attempts to reach a reflector. */
const REFLECTOR_TRIES = 3;

/** Compares; returns the exit code. */
export const main = defineProgram({
  name: "compare",
  summary:
    "Compares TCP with UDP, and an iterative server with a concurrent one.",
  operands: "[HOST]",
  details: [
    "Without HOST, servers in this process answer on loopback. With HOST, a measure-server and a stamp-server must run there, both without a key; experiments that need an impaired path or both ends of a connection stay on loopback.",
    "Both sides are measured by turns, so that a drift of the machine affects both. One is called faster only if the confidence interval of the difference of the medians (bootstrap, by rounds) excludes 0.",
  ],
  options: {
    ...EXPERIMENT_OPTIONS,
    port: integer("port of measure-server on HOST", {
      short: "p",
      max: 65535,
      default: "10000",
    }),
    stampPort: integer("port of stamp-server on HOST", {
      max: 65535,
      default: "8620",
    }),
    iterativePort: integer(
      "port of a second measure-server on HOST, one with --mode iterative; without it that experiment is on loopback",
      { max: 65535 },
    ),
    ...EXPERIMENT_OUTPUT,
  },
  examples: ["", "--short --plots ascii", "192.0.2.1 --json"],
}, async (invocation) => {
  const { options, operands, given, signal, terminal } = invocation;
  noMoreOperands(operands.slice(1));
  const plan = experimentPlan(options, signal);
  const report = new Report(options, terminal);
  const target = operands[0] === undefined
    ? null
    : hostTargetOf(operands[0], options.port);
  if (target === null) rejectPorts(given);
  await using local = new LocalServers();
  return await run(async () => {
    const { stampPort, iterativePort = null } = options;
    const here = { where: "on loopback", servers: local };
    const there = target === null ? here : {
      where: `to ${target.hostname}`,
      servers: await serversAt(target, stampPort, iterativePort, local),
    };
    if (target !== null) await checkServers(there.servers, plan);
    return runnableExperiments(
      [
        { experiment: firstByte, ...there },
        { experiment: roundTrip, ...there },
        { experiment: headOfLine, ...here },
        { experiment: messageBoundaries, ...here },
        { experiment: nagle, ...there },
        {
          experiment: iterativeOrConcurrent,
          ...(iterativePort === null ? here : there),
        },
      ],
      plan,
      {
        target: formatAddress(there.servers.measure),
        options: {
          given,
          used: {
            ...(target && {
              port: target.port,
              stamp_port: stampPort,
              iterative_port: iterativePort,
            }),
            ...plan.used,
          },
        },
      },
    );
  }, { report, signal });
});

/** Rejects options that would have no effect. */
function rejectPorts(given: object): void {
  for (const name of ["port", "stampPort", "iterativePort"]) {
    if (!Object.hasOwn(given, name)) continue;
    throw new UsageError(`--${flagOf(name)} needs a HOST`);
  }
}

async function serversAt(
  target: HostTarget,
  stampPort: number,
  iterativePort: number | null,
  local: ExperimentServers,
): Promise<ExperimentServers> {
  const hostname = await withContext(
    { action: "look up", target: target.hostname },
    () => resolveHost(target.hostname),
  );
  const at = (port: number): Deno.NetAddr => (
    { transport: "tcp", hostname, port }
  );
  return {
    measure: at(target.port),
    stamp: { ...at(stampPort), transport: "udp" },
    concurrent: at(target.port),
    iterative: at(iterativePort ?? target.port),
    local,
  };
}

/** Checks that both servers of another host answer, before the experiments. */
async function checkServers(
  { measure, stamp }: ExperimentServers,
  plan: ExperimentPlan,
): Promise<void> {
  await withContext(
    { action: "measure the path to", target: measure },
    () => tcpAttempt(measure, plan),
  );
  for (let tries = 0; tries < REFLECTOR_TRIES; tries++) {
    if ((await udpAttempt(stamp, plan)).firstByteUs !== null) return;
    plan.signal.throwIfAborted();
  }
  throw new RunError(
    `Cannot measure the path to ${formatAddress(stamp)} over UDP: no STAMP ` +
      "reply came; start stamp-server there, without a key, or name its port " +
      "with --stamp-port",
  );
}

if (import.meta.main) Deno.exit(await main(Deno.args));
