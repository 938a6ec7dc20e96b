#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * Compare: TCP or UDP, one at a time or all at once? Measured by turns, on this
 * machine or on the path to another one.
 *
 * Protocol:   the course's over TCP, port 10000; STAMP over UDP, port 8620
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
 * Without HOST the servers are in this process. With HOST they are the
 * measure-server and the stamp-server there.
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import { type HostTarget, hostTargetOf } from "../lib/cli/client_options.ts";
import {
  COMPARE_OPTIONS,
  comparePlan,
  usedOptions,
} from "../lib/cli/compare_options.ts";
import {
  answerAtBoth,
  partsOf,
  type Places,
} from "../lib/cli/compare_parts.ts";
import { flagOf } from "../lib/cli/options.ts";
import { noMoreOperands, UsageError } from "../lib/cli/options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import { runParts } from "../lib/cli/run_parts.ts";
import { outputOptions } from "../lib/cli/output_options.ts";
import { runMetadata } from "../lib/result/run_metadata.ts";
import { LocalServers } from "../lib/cli/local_servers.ts";
import { formatAddress } from "../lib/net/address.ts";
import { connectWithin, resolveHost } from "../lib/net/connect.ts";

const program = defineProgram({
  name: "compare",
  summary: "Compares TCP with UDP, and one at a time with all at once.",
  operands: "[HOST]",
  details: [
    "Without HOST, servers of its own on loopback answer, in this process. With HOST, a measure-server and a stamp-server without a key are to run there; what takes a bad path, or both ends of a connection, is still shown on loopback.",
    "Both sides are measured by turns, so that a drift of the machine meets both. One is called faster only if the confidence interval of the difference of the medians (bootstrap, by rounds) leaves 0 out.",
  ],
  options: COMPARE_OPTIONS,
  examples: ["", "--short --plots ascii", "192.0.2.1 --json"],
});

/** Compares; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { options, operands, given, signal, terminal } = run;
    noMoreOperands(operands.slice(1));
    const plan = comparePlan(options);
    const output = outputOptions(options, terminal);
    const servers = new LocalServers();
    try {
      const target = operands[0] === undefined
        ? null
        : hostTargetOf(operands[0], options.port);
      if (target === null) refuseOptions(given);
      const places = target === null
        ? ownPlaces(servers)
        : await placesAt(target, options, servers);
      const comparison = {
        places,
        plan,
        signal,
        sockets: { listen, open, connect },
      };
      await answerAtBoth(comparison);
      const { stampPort, iterativePort = null } = options;
      const ports = target && { port: target.port, stampPort, iterativePort };
      const metadata = runMetadata({
        mode: "compare",
        target: formatAddress(target ?? places.course),
        started: new Date(),
        options: { given, used: usedOptions(plan, ports) },
      });
      return await runParts(partsOf(comparison), { metadata, output, signal });
    } finally {
      await servers.close();
    }

    function connect(to: Deno.NetAddr): Promise<Deno.TcpConn> {
      const { hostname, port } = to;
      return withContext(
        { action: "connect to", target: to },
        () =>
          connectWithin(
            plan.timeoutMs,
            signal,
            (signal) => Deno.connect({ hostname, port, signal }),
          ),
      );
    }
  });
}

/** Refuses what would have no effect. */
function refuseOptions(given: object): void {
  for (const name of ["port", "stampPort", "iterativePort"]) {
    if (!Object.hasOwn(given, name)) continue;
    throw new UsageError(`--${flagOf(name)} goes with a HOST`);
  }
}

function ownPlaces(servers: LocalServers): Places {
  return {
    where: "on loopback",
    isHere: true,
    course: servers.streams(listen()),
    reflector: servers.reflector(open("127.0.0.1")),
    crowd: ownCrowd(servers),
  };
}

function ownCrowd(servers: LocalServers): Places["crowd"] {
  return {
    where: "on loopback",
    iterative: servers.streams(listen(), "iterative"),
    concurrent: servers.streams(listen()),
  };
}

async function placesAt(
  target: HostTarget,
  ports: { stampPort: number; iterativePort: number | undefined },
  servers: LocalServers,
): Promise<Places> {
  const hostname = await withContext(
    { action: "look up", target: target.hostname },
    () => resolveHost(target.hostname),
  );
  const where = `to ${target.hostname}`;
  const at = (port: number): Deno.NetAddr => (
    { transport: "tcp", hostname, port }
  );
  const { stampPort, iterativePort } = ports;
  return {
    where,
    isHere: false,
    course: at(target.port),
    reflector: { ...at(stampPort), transport: "udp" },
    crowd: iterativePort === undefined ? ownCrowd(servers) : {
      where,
      iterative: at(iterativePort),
      concurrent: at(target.port),
    },
  };
}

function listen(): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

function open(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
