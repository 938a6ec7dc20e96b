/**
 * The round-trip time over TCP and over UDP, by turns, with messages of the same
 * length on the same schedule.
 *
 * @module
 */

import type { StreamConnection } from "../net/stream_connection.ts";
import { type Difference, medianDifference } from "../stats/bootstrap.ts";
import { Histogram } from "../stats/histogram.ts";
import { periodic } from "../timing/pacer.ts";
import { interleave } from "../stats/interleave.ts";
import { measureSession } from "../measure/client.ts";
import { type StampOptions, StampSession } from "../stamp/session.ts";

/** What to measure. */
export interface TransportOptions {
  /** How often each has its turn. */
  rounds: number;
  /** How many probes there are in a turn, at most {@linkcode MAX_TURN}. */
  count: number;
  /** The length of each message, as it is written or sent. */
  sizeBytes: number;
  /** The time from one probe to the next, in milliseconds. */
  intervalMs: number;
  /** How the datagrams are made, and how long they are waited for. */
  stamp: StampOptions;
  /** Ends it early. */
  signal: AbortSignal;
}

/** What came of one transport. */
export interface TransportFigures {
  /** How many probes were sent, over all turns. */
  sent: number;
  /** How many were answered. */
  received: number;
  /** Their round-trip times, the server's own time included. */
  rtt: Histogram;
}

/** What came of both. */
export interface TransportFindings {
  /** The course protocol. */
  tcp: TransportFigures;
  /** STAMP. */
  udp: TransportFigures;
  /** How many rounds there were, and in how many both were answered. */
  rounds: { done: number; answered: number };
  /** The median over TCP minus that over UDP; `null` of too few rounds. */
  difference: Difference | null;
}

/**
 * The probes before each turn, which are left out: those with a number of one
 * digit, so that all others make messages of the same length.
 */
const WARMUP = 9;
/** The most probes in a turn: those with a number of two digits. */
export const MAX_TURN = 90;
/** After so many turns without any reply there is no hope of more. */
const SILENT_TURNS = 2;
/** A message around its payload: `m 10 ` and the newline. */
const AROUND_BYTES = 6;

/**
 * Measures both.
 *
 * @param dial Connects to a server of the measurement protocol.
 * @param open Opens a datagram socket.
 * @param reflector Where the datagrams go.
 * @param options What to measure.
 * @returns What came of it.
 */
export async function compareTransports(
  dial: () => Promise<StreamConnection>,
  open: () => Deno.DatagramConn,
  reflector: { hostname: string; port: number },
  options: TransportOptions,
): Promise<TransportFindings> {
  const { rounds, count, sizeBytes, intervalMs, stamp, signal } = options;
  const tcp = { sent: 0, received: 0, rtt: new Histogram() };
  const udp = { sent: 0, received: 0, rtt: new Histogram() };
  let silent = 0;
  const turns = await interleave(rounds, [
    () =>
      turn(
        tcp,
        measureSession(dial, {
          setup: {
            type: "rtt",
            probes: WARMUP + count,
            sizeBytes: sizeBytes - AROUND_BYTES,
            delayMs: 0,
          },
          warmup: WARMUP,
          intervalMs,
          signal,
        }),
      ),
    async () => {
      const rttsUs = await turn(
        udp,
        new StampSession(open, reflector, {
          ...stamp,
          request: { ...stamp.request, sizeBytes },
          count,
          warmup: WARMUP,
          schedule: periodic(intervalMs),
          intervalMs,
          signal,
        }).samples(),
      );
      silent = rttsUs.length === 0 ? silent + 1 : 0;
      if (silent === SILENT_TURNS && !signal.aborted) {
        throw new Deno.errors.TimedOut(
          `Timed out: no datagram came back in ${silent} turns of ${count}`,
        );
      }
      return rttsUs;
    },
  ], signal);
  const answered = turns.filter((turn) =>
    turn.every(({ length }) => length > 0)
  );
  return {
    tcp,
    udp,
    rounds: { done: turns.length, answered: answered.length },
    difference: medianDifference(turns),
  };
}

/** One turn's round-trip times in microseconds; those lost are only counted. */
async function turn(
  figures: TransportFigures,
  samples: ReturnType<StampSession["samples"]>,
): Promise<number[]> {
  const rttsUs = [];
  for await (const { warmup, rttMs, reflectorMs = 0 } of samples) {
    if (warmup) continue;
    figures.sent += 1;
    if (rttMs === null) continue;
    const us = (rttMs + reflectorMs) * 1000;
    figures.received += 1;
    figures.rtt.record(us);
    rttsUs.push(us);
  }
  return rttsUs;
}
