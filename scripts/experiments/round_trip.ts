#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Experiment: the round-trip time over TCP and over UDP, by turns, with messages
 * of the same length on the same schedule.
 *
 * Protocol:   measure over TCP, STAMP over UDP, with servers in this process
 * Socket:     stream and datagram
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task experiment-round-trip
 *     Round-trip time over TCP and UDP, messages of 100 bytes, on loopback
 *     ...
 *
 * @module
 */

import type { ExperimentPlan } from "../../lib/cli/compare_options.ts";
import { RunError } from "../../lib/cli/context.ts";
import type { ExperimentServers } from "../../lib/cli/local_servers.ts";
import {
  type Experiment,
  experimentProgram,
} from "../../lib/cli/run_experiments.ts";
import { measureSession } from "../../lib/measure/client.ts";
import { connectWithin } from "../../lib/net/connect.ts";
import { localHostFor } from "../../lib/net/datagram_socket.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import type { ExperimentFigures } from "../../lib/result/compare_schema.ts";
import { StampSession } from "../../lib/stamp/session.ts";
import { medianDifference, MIN_ROUNDS } from "../../lib/stats/bootstrap.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { interleave } from "../../lib/stats/interleave.ts";
import type { Sample } from "../../lib/stats/sample.ts";

/**
 * The warm-up of each turn, which is left out: the probes with a sequence number
 * of one digit, so that all other messages have the same length.
 */
const WARMUP = 9;
/** What is around a payload: `m 10 ` and the newline. */
const FRAME_BYTES = 6;
/** The experiment fails after so many turns without any reply over UDP. */
const MAX_SILENT = 2;
/** The maximum number of bins of the histogram. */
const BINS = 12;

/** The experiment. */
export const roundTrip: Experiment<"round_trip"> = {
  name: "round_trip",
  program: "experiment-round-trip",
  summary: "Measures the round-trip time over TCP and UDP by turns.",
  options: ["rounds", "count", "size", "interval", "timeout"],
  async measure(servers, plan) {
    const figures = await measureBoth(servers, plan);
    if (servers.local === undefined || plan.signal.aborted) return figures;
    const rounds = MIN_ROUNDS;
    const floor = await measureBoth(servers.local, { ...plan, rounds });
    const p50 = (side: typeof floor.tcp) => side.rtt_us?.p50 ?? null;
    const loopback_p50_us = { tcp: p50(floor.tcp), udp: p50(floor.udp) };
    return { ...figures, loopback_p50_us };
  },
};

/** Measures both protocols by turns. */
async function measureBoth(
  servers: ExperimentServers,
  plan: ExperimentPlan,
): Promise<ExperimentFigures<"round_trip">> {
  const { count, sizeBytes, intervalMs, timeoutMs, signal } = plan;
  const [tcp, udp] = [new Side(), new Side()];
  let silent = 0;
  const turns = await interleave(plan.rounds, [
    () => {
      const { hostname, port } = servers.measure;
      const connect = async () =>
        new StreamConnection(
          await connectWithin(
            timeoutMs,
            signal,
            (signal) => Deno.connect({ hostname, port, signal }),
          ),
          { readMs: timeoutMs, writeMs: timeoutMs },
        );
      const probes = WARMUP + count;
      const payloadBytes = sizeBytes - FRAME_BYTES;
      return tcp.turn(measureSession(connect, {
        setup: { type: "rtt", probes, sizeBytes: payloadBytes, delayMs: 0 },
        warmup: WARMUP,
        intervalMs,
        signal,
      }));
    },
    async () => {
      const hostname = localHostFor(servers.stamp.hostname);
      const open = () =>
        Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
      const session = new StampSession(open, servers.stamp, {
        request: { sizeBytes },
        count,
        warmup: WARMUP,
        intervalMs,
        timeoutMs,
        signal,
      });
      const rttsUs = await udp.turn(session.samples());
      silent = rttsUs.length === 0 ? silent + 1 : 0;
      if (silent < MAX_SILENT || signal.aborted) return rttsUs;
      throw new RunError(
        `No datagram came back in ${silent} turns of ${count}`,
      );
    },
  ], signal);
  const edges = tcp.rtt.binEdges(BINS, udp.rtt);
  return {
    size_bytes: sizeBytes,
    tcp: tcp.figures(),
    udp: udp.figures(),
    difference_us: medianDifference(turns),
    rounds: {
      done: turns.length,
      answered: turns.filter((turn) => turn.every((rtts) => rtts.length > 0))
        .length,
    },
    loopback_p50_us: null,
    histogram: edges && {
      edges_us: edges,
      tcp: tcp.rtt.counts(edges),
      udp: udp.rtt.counts(edges),
    },
  };
}

/** What was measured over one protocol. */
class Side {
  readonly rtt = new Histogram();
  #sent = 0;

  /** Measures a turn; returns its round-trip times in microseconds. */
  async turn(samples: AsyncIterable<Sample>): Promise<number[]> {
    const rttsUs = [];
    for await (const { warmup, rttMs, reflectorMs = 0 } of samples) {
      if (warmup) continue;
      this.#sent += 1;
      if (rttMs === null) continue;
      const us = (rttMs + reflectorMs) * 1000; // as over TCP, with the server
      this.rtt.record(us);
      rttsUs.push(us);
    }
    return rttsUs;
  }

  figures() {
    const { rtt } = this;
    return {
      sent: this.#sent,
      received: rtt.count,
      rtt_us: rtt.distribution(),
    };
  }
}

/** Runs the experiment; returns the exit code. */
export const main = experimentProgram(roundTrip);

if (import.meta.main) Deno.exit(await main(Deno.args));
