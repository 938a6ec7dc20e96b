#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Experiment: many clients at once, at an iterative server and at a concurrent
 * one. Each server takes some time for each client.
 *
 * Protocol:   measure over TCP, with servers in this process
 * Socket:     stream
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task experiment-iterative-or-concurrent
 *     Iterative and concurrent server, 8 clients, 50 ms each, on loopback
 *     ...
 *
 * @module
 */

import type { ExperimentPlan } from "../../lib/cli/compare_options.ts";
import {
  type Experiment,
  experimentProgram,
} from "../../lib/cli/run_experiments.ts";
import { measureSession } from "../../lib/measure/client.ts";
import { connectWithin } from "../../lib/net/connect.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { median } from "../../lib/stats/average.ts";
import { interleave } from "../../lib/stats/interleave.ts";

/** A round is long: an iterative server serves its clients one by one. */
const MAX_ROUNDS = 5;

/** The experiment. */
export const iterativeOrConcurrent: Experiment<"concurrency"> = {
  name: "concurrency",
  program: "experiment-iterative-or-concurrent",
  summary:
    "Measures how long clients wait at an iterative and at a concurrent server.",
  options: ["rounds", "clients", "delay", "timeout"],
  async measure(servers, plan) {
    const rounds = await interleave(Math.min(plan.rounds, MAX_ROUNDS), [
      () => concurrentClients(servers.iterative, plan),
      () => concurrentClients(servers.concurrent, plan),
    ], plan.signal);
    return {
      delay_ms: plan.delayMs,
      iterative_us: medians(rounds.map(([waitsUs]) => waitsUs)),
      concurrent_us: medians(rounds.map(([, waitsUs]) => waitsUs)),
    };
  },
};

/** Sends all clients at once; returns how long each waited, rising. */
async function concurrentClients(
  { hostname, port }: Deno.NetAddr,
  plan: ExperimentPlan,
): Promise<number[]> {
  const { clients, delayMs, timeoutMs } = plan;
  const failure = new AbortController(); // ends the others if one fails
  const signal = AbortSignal.any([plan.signal, failure.signal]);
  const startMs = performance.now();
  const waitsUs: number[] = [];
  await Promise.all(Array.from({ length: clients }, async () => {
    try {
      const samples = measureSession(connect, {
        setup: { type: "rtt", probes: 1, sizeBytes: 1, delayMs },
        warmup: 0,
        intervalMs: 0,
        signal,
      });
      for await (const { rttMs } of samples) {
        if (rttMs !== null) waitsUs.push((performance.now() - startMs) * 1000);
      }
    } catch (error) {
      failure.abort(error);
    }
  }));
  if (!plan.signal.aborted) failure.signal.throwIfAborted();
  return waitsUs.sort((a, b) => a - b);

  async function connect(): Promise<StreamConnection> {
    const conn = await connectWithin(
      timeoutMs,
      signal,
      (signal) => Deno.connect({ hostname, port, signal }),
    );
    const readMs = timeoutMs + clients * delayMs; // the last one waits for all
    return new StreamConnection(conn, { readMs, writeMs: timeoutMs });
  }
}

/** The median wait of the first client of each round, of the second, and so on. */
function medians(rounds: number[][]): number[] {
  return (rounds[0] ?? [])
    .map((_, place) => median(rounds.map((waitsUs) => waitsUs[place]!))!);
}

/** Runs the experiment; returns the exit code. */
export const main = experimentProgram(iterativeOrConcurrent);

if (import.meta.main) Deno.exit(await main(Deno.args));
