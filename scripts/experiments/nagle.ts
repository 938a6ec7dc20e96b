#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Experiment: Nagle's algorithm (RFC 896) and a message in two writes. The second
 * write waits until the first is acknowledged, and the receiver may delay that
 * (RFC 1122, section 4.2.3.2).
 *
 * Protocol:   measure over TCP, with a server in this process
 * Socket:     stream
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task experiment-nagle
 *     Nagle's algorithm, messages in two writes, on loopback
 *     ...
 *
 * @module
 */

import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
import type { ExperimentPlan } from "../../lib/cli/compare_options.ts";
import {
  type Experiment,
  experimentProgram,
} from "../../lib/cli/run_experiments.ts";
import { MeasureConversation } from "../../lib/measure/client.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";
import { ProbeBuilder } from "../../lib/measure/probe.ts";
import { connectWithin } from "../../lib/net/connect.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { medianDifference } from "../../lib/stats/bootstrap.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { interleave } from "../../lib/stats/interleave.ts";

/** A turn with Nagle's algorithm takes 40 ms a message, so both are short. */
const MAX_ROUNDS = 10;
const PROBES = 5;

/** The experiment. */
export const nagle: Experiment<"nagle"> = {
  name: "nagle",
  program: "experiment-nagle",
  summary:
    "Measures messages in two writes, with Nagle's algorithm and without.",
  options: ["rounds", "size", "timeout"],
  async measure(servers, plan) {
    const [on, off] = [new Histogram(), new Histogram()];
    const turns = await interleave(Math.min(plan.rounds, MAX_ROUNDS), [
      () => turn(servers.measure, plan, false, on),
      () => turn(servers.measure, plan, true, off),
    ], plan.signal);
    return {
      on: { count: on.count, rtt_us: on.distribution() },
      off: { count: off.count, rtt_us: off.distribution() },
      difference_us: medianDifference(turns),
    };
  },
};

/** Measures some messages; returns their round-trip times in microseconds. */
async function turn(
  { hostname, port }: Deno.NetAddr,
  { sizeBytes, timeoutMs, signal }: ExperimentPlan,
  noDelay: boolean,
  rtt: Histogram,
): Promise<number[]> {
  const conn = await connectWithin(
    timeoutMs,
    signal,
    (signal) => Deno.connect({ hostname, port, signal }),
  );
  const limits = { readMs: timeoutMs, writeMs: timeoutMs };
  using connection = new StreamConnection(conn, limits);
  connection.stopOn(signal);
  conn.setNoDelay(noDelay);
  const session = new MeasureConversation(connection, {
    setup: { type: "rtt", probes: PROBES, sizeBytes, delayMs: 0 },
    warmup: 0,
    intervalMs: 0,
    signal,
  });
  await session.setUp();
  const probe = new ProbeBuilder(sizeBytes);
  const rttsUs = [];
  for (let sequence = 1; sequence <= PROBES && !signal.aborted; sequence++) {
    const message = probe.message(sequence);
    const seam = message.length - sizeBytes - 1; // before payload and newline
    const startMs = performance.now();
    await connection.writeAll(message.subarray(0, seam));
    await connection.writeAll(message.subarray(seam));
    const echo = await connection.readLine();
    const us = (performance.now() - startMs) * 1000;
    if (signal.aborted) break;
    if (echo === null || !equals(echo, message)) {
      throw new ProtocolError(`the echo of probe ${sequence}`, echo);
    }
    rtt.record(us);
    rttsUs.push(us);
  }
  if (!signal.aborted) await session.terminate();
  return rttsUs;
}

/** Runs the experiment; returns the exit code. */
export const main = experimentProgram(nagle);

if (import.meta.main) Deno.exit(await main(Deno.args));
