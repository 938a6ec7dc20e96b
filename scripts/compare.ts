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
  COMPARE_OPTIONS,
  EXPERIMENT_OPTIONS,
  type ExperimentPlan,
  experimentPlan,
  usedOptions,
} from "../lib/cli/compare_options.ts";
import { RunError, withContext } from "../lib/cli/context.ts";
import {
  type ExperimentServers,
  LocalServers,
} from "../lib/cli/local_servers.ts";
import { noMoreOperands, UsageError } from "../lib/cli/options.ts";
import { Report } from "../lib/cli/report.ts";
import { run, type Runnable } from "../lib/cli/run.ts";
import {
  type PlannedExperiment,
  runnableExperiments,
} from "../lib/cli/run_experiments.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import { formatAddress } from "../lib/net/address.ts";
import { resolveHost } from "../lib/net/connect.ts";
import { MIN_ROUNDS } from "../lib/stats/bootstrap.ts";
import { firstByte, tcpAttempt, udpAttempt } from "./experiments/first_byte.ts";
import { headOfLine } from "./experiments/head_of_line.ts";
import { iterativeOrConcurrent } from "./experiments/iterative_or_concurrent.ts";
import { messageBoundaries } from "./experiments/message_boundaries.ts";
import { nagle } from "./experiments/nagle.ts";
import { roundTrip } from "./experiments/round_trip.ts";

/** How often a reflector is asked before the run fails. */
const REFLECTOR_TRIES = 3;

const program = defineProgram({
  name: "compare",
  summary:
    "Compares TCP with UDP, and an iterative server with a concurrent one.",
  operands: "[HOST]",
  details: [
    "Without HOST, servers in this process answer on loopback. With HOST, a measure-server and a stamp-server without a key must run there; experiments that need an impaired path or both ends of a connection stay on loopback.",
    "Both sides are measured by turns, so that a drift of the machine affects both. One is called faster only if the confidence interval of the difference of the medians (bootstrap, by rounds) excludes 0.",
  ],
  options: COMPARE_OPTIONS,
  examples: ["", "--short --plots ascii", "192.0.2.1 --json"],
});

/** Compares; returns the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (invocation) => {
    const { options, operands, given, signal, terminal } = invocation;
    noMoreOperands(operands.slice(1));
    const plan = experimentPlan(options, signal);
    const report = new Report(options, terminal);
    const target = operands[0] === undefined
      ? null
      : hostTargetOf(operands[0], options.port);
    if (target === null) rejectPorts(given);
    await using local = new LocalServers();
    return await run(prepare, { report, signal });

    async function prepare(): Promise<Runnable> {
      const servers = target === null
        ? local
        : await serversAt(target, options, local);
      if (target !== null) await checkServers(servers, plan);
      const { iterativePort = null, stampPort } = options;
      const names = Object.keys(EXPERIMENT_OPTIONS);
      const used = {
        ...(target && {
          port: target.port,
          stamp_port: stampPort,
          iterative_port: iterativePort,
        }),
        ...usedOptions(plan, names as (keyof typeof EXPERIMENT_OPTIONS)[]),
      };
      return runnableExperiments(experiments(servers, local, target, plan), {
        target: formatAddress(servers.measure),
        options: { given, used },
        signal,
      });
    }
  });
}

/** The experiments in the order in which they are shown. */
function experiments(
  servers: ExperimentServers,
  local: ExperimentServers,
  target: HostTarget | null,
  plan: ExperimentPlan,
): PlannedExperiment[] {
  const here = "on loopback";
  const where = target === null ? here : `to ${target.hostname}`;
  const isIterativeHere = servers.iterative === local.iterative;
  return [
    { ...firstByte, where, measure: () => firstByte.measure(servers, plan) },
    {
      ...roundTrip,
      where,
      measure: async () => {
        const figures = await roundTrip.measure(servers, plan);
        if (target === null || plan.signal.aborted) return figures;
        const floor = await roundTrip.measure(
          local,
          { ...plan, rounds: MIN_ROUNDS },
        );
        const p50 = (side: typeof floor.tcp) => side.rtt_us?.p50 ?? null;
        const loopback_p50_us = { tcp: p50(floor.tcp), udp: p50(floor.udp) };
        return { ...figures, loopback_p50_us };
      },
    },
    {
      ...headOfLine,
      where: here,
      measure: () => headOfLine.measure(local, plan),
    },
    {
      ...messageBoundaries,
      where: here,
      measure: () => messageBoundaries.measure(local, plan),
    },
    { ...nagle, where, measure: () => nagle.measure(servers, plan) },
    {
      ...iterativeOrConcurrent,
      where: isIterativeHere ? here : where,
      measure: () => iterativeOrConcurrent.measure(servers, plan),
    },
  ];
}

/** Rejects options that would have no effect. */
function rejectPorts(given: object): void {
  const ports = {
    port: "port",
    stampPort: "stamp-port",
    iterativePort: "iterative-port",
  };
  for (const [name, flag] of Object.entries(ports)) {
    if (!Object.hasOwn(given, name)) continue;
    throw new UsageError(`--${flag} needs a HOST`);
  }
}

async function serversAt(
  target: HostTarget,
  ports: { stampPort: number; iterativePort: number | undefined },
  local: ExperimentServers,
): Promise<ExperimentServers> {
  const hostname = await withContext(
    { action: "look up", target: target.hostname },
    () => resolveHost(target.hostname),
  );
  const at = (port: number): Deno.NetAddr => (
    { transport: "tcp", hostname, port }
  );
  const { stampPort, iterativePort } = ports;
  const measure = at(target.port);
  return {
    measure,
    stamp: { ...at(stampPort), transport: "udp" },
    ...(iterativePort === undefined
      ? { iterative: local.iterative, concurrent: local.concurrent }
      : { iterative: at(iterativePort), concurrent: measure }),
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

if (import.meta.main) Deno.exitCode = await main(Deno.args);
