/**
 * The parts of a comparison: what is measured in each, over which sockets.
 *
 * @module
 */

import { interleave } from "../stats/interleave.ts";
import {
  boundaryFigures,
  firstByteFigures,
  lossFigures,
  nagleFigures,
  transportFigures,
} from "./compare_figures.ts";
import { compareCrowds } from "./concurrent_clients.ts";
import { datagramFirstByte, streamFirstByte } from "./first_byte.ts";
import { compareLosses } from "./losses.ts";
import { datagramBoundaries, streamBoundaries } from "./message_boundaries.ts";
import { compareNagle } from "./nagle.ts";
import { LocalServers } from "./local_servers.ts";
import type { StampOptions } from "../stamp/session.ts";
import {
  compareTransports,
  type TransportFindings,
  type TransportOptions,
} from "./transports.ts";
import { formatAddress } from "../net/address.ts";
import { localHostFor } from "../net/datagram_socket.ts";
import { StreamConnection } from "../net/stream_connection.ts";
import { MIN_ROUNDS } from "../stats/bootstrap.ts";
import { measureResolutionUs, systemClock } from "../timing/clock.ts";
import { randomSeed } from "../stats/seeded_random.ts";
import { RunError, withContext } from "./context.ts";
import type { ComparePlan } from "./compare_options.ts";
import type { ExperimentRun } from "./run_parts.ts";

/** The losses of the emulated path: two in 120 messages, well apart. */
const LOSSES = {
  count: 120,
  intervalMs: 5,
  drop: 0.02,
  seed: 70,
  holdMs: 200, // as long as Linux waits at least (RFC 6298 asks for a second)
  waitedMs: 20,
};
/** What is sent to see whether messages stay apart. */
const MESSAGES = ["one", "three", "two"]
  .map((text) => new TextEncoder().encode(text));
/** What takes long is done less often. */
const NAGLE = { rounds: 10, probes: 5 };
const CROWD_ROUNDS = 5;
/** How often a reflector is asked before it is given up. */
const DATAGRAM_TRIES = 3;

/** Where what needs no other host takes place. */
const LOOPBACK = "127.0.0.1";

/** Where the servers are, and what is said of it. */
export interface Places {
  /** As `on loopback`. */
  where: string;
  /** Whether it is in this process. */
  isHere: boolean;
  /** A server of the measurement protocol. */
  course: Deno.NetAddr;
  /** A STAMP reflector. */
  reflector: Deno.NetAddr;
  /** An iterative server of the measurement protocol, and a concurrent one. */
  crowd: { where: string; iterative: Deno.NetAddr; concurrent: Deno.NetAddr };
}

/** How sockets are opened. */
export interface Sockets {
  /** Listens on loopback. */
  listen: () => Deno.TcpListener;
  /** Connects, within the plan's time. */
  connect: (to: Deno.NetAddr) => Promise<Deno.TcpConn>;
  /** Opens a datagram socket at an address of this machine. */
  open: (hostname: string) => Deno.DatagramConn;
}

/** A comparison about to run. */
export interface Comparison {
  /** Where the servers are. */
  places: Places;
  /** How sockets are opened. */
  sockets: Sockets;
  /** What to measure. */
  plan: ComparePlan;
  /** Ends it early. */
  signal: AbortSignal;
}

/**
 * Makes sure that both servers answer before anything is measured.
 *
 * @param comparison What is about to run.
 * @throws {RunError} If one does not.
 */
export async function answerAtBoth(comparison: Comparison): Promise<void> {
  const { places: { course, reflector }, sockets, signal } = comparison;
  await withContext(
    { action: "measure the path to", target: course },
    () => streamFirstByte(() => dial(comparison, course), signal),
  );
  let strange = false;
  for (let tries = 0; tries < DATAGRAM_TRIES; tries++) {
    const { firstByteUs, isMalformed } = await datagramFirstByte(
      () => sockets.open(localHostFor(reflector.hostname)),
      reflector,
      stampOptions(comparison),
    );
    if (firstByteUs !== null) return;
    strange ||= isMalformed === true;
    signal.throwIfAborted();
  }
  throw new RunError(
    `Cannot measure the path to ${formatAddress(reflector)} over UDP: ${
      strange ? "what came back is not STAMP" : "nothing came back"
    }; start stamp-server there, without a key, or name its port with ` +
      "--stamp-port",
  );
}

/**
 * The parts, in the order in which they are shown.
 *
 * @param comparison What is about to run.
 * @returns The parts.
 */
export function partsOf(comparison: Comparison): ExperimentRun[] {
  const { places, sockets, signal } = comparison;
  const { where, course, reflector, crowd } = places;
  const plan = { ...comparison.plan, signal };
  const { rounds, clients, delayMs, sizeBytes } = plan;
  const stamp = stampOptions(comparison);
  const dialCourse = () => dial(comparison, course);
  const openHere = () => sockets.open(LOOPBACK);
  const openThere = () => sockets.open(localHostFor(reflector.hostname));
  return [
    {
      name: "first_byte",
      where,
      run: async () => {
        let silent = 0;
        const attempts = await interleave(rounds, [
          () => streamFirstByte(dialCourse, signal),
          async () => {
            const attempt = await datagramFirstByte(
              openThere,
              reflector,
              stamp,
            );
            silent = attempt.firstByteUs === null ? silent + 1 : 0;
            if (silent < DATAGRAM_TRIES || signal.aborted) return attempt;
            throw new RunError(`No answer to ${silent} datagrams in a row`);
          },
        ], signal);
        return firstByteFigures(attempts);
      },
    },
    {
      name: "round_trip",
      where,
      run: async () => {
        const options = { ...plan, stamp };
        const findings = await compareTransports(
          dialCourse,
          openThere,
          reflector,
          options,
        );
        const floor = places.isHere ? null : await floorOf(comparison, options);
        return transportFigures(findings, floor, sizeBytes);
      },
    },
    {
      name: "head_of_line",
      where: "on an emulated path",
      run: async () => {
        const options = { ...LOSSES, sizeBytes, stamp, signal };
        const here = {
          open: openHere,
          listen: sockets.listen,
          // What is held back on purpose is not late.
          dial: (to: Deno.NetAddr) =>
            dial(comparison, to, LOSSES.holdMs * LOSSES.count),
        };
        return lossFigures(await compareLosses(here, options), options);
      },
    },
    {
      name: "boundaries",
      where: "on loopback",
      run: async () =>
        boundaryFigures(
          await streamBoundaries(sockets.listen(), sockets.connect, MESSAGES),
          await datagramBoundaries(openHere, MESSAGES),
        ),
    },
    {
      name: "nagle",
      where,
      run: async () => {
        const findings = await compareNagle(() => sockets.connect(course), {
          ...plan,
          ...NAGLE,
          rounds: Math.min(rounds, NAGLE.rounds),
        });
        return nagleFigures(findings);
      },
    },
    {
      name: "concurrency",
      where: crowd.where,
      run: async () => {
        const { iterative, concurrent } = crowd;
        const patience = clients * delayMs;
        const crowds = await compareCrowds([
          () => dial(comparison, iterative, patience),
          () => dial(comparison, concurrent, patience),
        ], { ...plan, rounds: Math.min(rounds, CROWD_ROUNDS) });
        const [iterative_us, concurrent_us] = crowds;
        return { delay_ms: delayMs, iterative_us, concurrent_us };
      },
    },
  ];
}

/** The same on loopback, to servers in this process. */
async function floorOf(
  comparison: Comparison,
  options: TransportOptions,
): Promise<TransportFindings> {
  const { listen, open } = comparison.sockets;
  const servers = new LocalServers();
  const course = servers.streams(listen());
  const reflector = servers.reflector(open(LOOPBACK));
  try {
    return await compareTransports(
      () => dial(comparison, course),
      () => open(LOOPBACK),
      reflector,
      { ...options, rounds: MIN_ROUNDS },
    );
  } finally {
    await servers.close();
  }
}

/** One datagram, where nothing else is said. */
function stampOptions({ plan, signal }: Comparison): StampOptions {
  const { sizeBytes, timeoutMs } = plan;
  return {
    request: {
      sizeBytes,
      ssid: 1 + randomSeed() % 65535,
      format: "ntp",
      errorUs: measureResolutionUs(systemClock),
    },
    count: 1,
    durationMs: Infinity,
    schedule: null,
    intervalMs: 0,
    warmup: 0,
    timeoutMs,
    signal,
  };
}

async function dial(
  { plan: { timeoutMs }, sockets }: Comparison,
  to: Deno.NetAddr,
  longerMs = 0,
): Promise<StreamConnection> {
  return new StreamConnection(await sockets.connect(to), {
    readMs: timeoutMs + longerMs,
    writeMs: timeoutMs,
  });
}
