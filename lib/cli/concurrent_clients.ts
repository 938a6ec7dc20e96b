/**
 * Clients that come all at once, to a server that takes its time for each.
 *
 * @module
 */

import type { StreamConnection } from "../net/stream_connection.ts";
import { median } from "../stats/bootstrap.ts";
import { interleave } from "../stats/interleave.ts";
import { measureSession } from "../measure/client.ts";

/** Connects to a server of the measurement protocol. */
export type Dial = () => Promise<StreamConnection>;

/** What to measure. */
export interface CrowdOptions {
  /** How many clients there are. */
  clients: number;
  /** How long the server takes for each, in milliseconds. */
  delayMs: number;
  /** How often each server has its turn. */
  rounds: number;
  /** Ends it early. */
  signal: AbortSignal;
}

/**
 * Sends a crowd to two servers, by turns.
 *
 * @param dials Connects to the one, and to the other.
 * @param options The crowd.
 * @returns How long each client waited at each server, in microseconds from
 * their arrival, in the order in which they were served; medians of the rounds.
 */
export async function compareCrowds(
  dials: readonly [Dial, Dial],
  options: CrowdOptions,
): Promise<[number[], number[]]> {
  const rounds = await interleave(options.rounds, [
    () => crowd(dials[0], options),
    () => crowd(dials[1], options),
  ], options.signal);
  return [
    medians(rounds.map(([one]) => one)),
    medians(rounds.map(([, other]) => other)),
  ];
}

/** When each client had its answer, sorted. */
async function crowd(dial: Dial, options: CrowdOptions): Promise<number[]> {
  const { clients, delayMs } = options;
  // When one fails, the others leave as well.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const startMs = performance.now();
  const waits: number[] = [];
  await Promise.all(Array.from({ length: clients }, async () => {
    try {
      waits.push(await client());
    } catch (error) {
      failure.abort(error);
    }
  }));
  if (failure.signal.aborted) throw failure.signal.reason;
  return waits.sort((a, b) => a - b);

  async function client(): Promise<number> {
    let waitUs = 0;
    const samples = measureSession(dial, {
      setup: { type: "rtt", probes: 1, sizeBytes: 1, delayMs },
      warmup: 0,
      intervalMs: 0,
      signal,
    });
    for await (const _ of samples) {
      waitUs = (performance.now() - startMs) * 1000;
    }
    return waitUs;
  }
}

function medians(rounds: number[][]): number[] {
  return (rounds[0] ?? [])
    .map((_, place) => median(rounds.map((waits) => waits[place]!))!);
}
