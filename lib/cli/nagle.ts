/**
 * What Nagle's algorithm (RFC 896) does to a message that is written in two
 * parts: the second waits until the first is acknowledged, and the other side
 * may put that off (RFC 1122, section 4.2.3.2).
 *
 * @module
 */

import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
import { StreamConnection } from "../net/stream_connection.ts";
import { ProbeBuilder } from "../measure/probe.ts";
import { type Difference, medianDifference } from "../stats/bootstrap.ts";
import { Histogram } from "../stats/histogram.ts";
import { interleave } from "../stats/interleave.ts";
import { MeasureConversation } from "../measure/client.ts";
import { ProtocolError } from "../measure/messages.ts";

/** What was measured. */
export interface NagleFindings {
  /** The round-trip times with the algorithm, as sockets have it at first. */
  on: Histogram;
  /** Those without. */
  off: Histogram;
  /** The median with it minus that without; `null` of too few rounds. */
  difference: Difference | null;
}

/** What to measure. */
export interface NagleOptions {
  /** How often each has its turn. */
  rounds: number;
  /** How many messages there are in a turn. */
  probes: number;
  /** The payload of each message, in bytes. */
  sizeBytes: number;
  /** How long an echo is waited for, in milliseconds. */
  timeoutMs: number;
  /** Ends it early. */
  signal: AbortSignal;
}

/**
 * Measures with the algorithm and without, by turns.
 *
 * @param connect Connects to a server of the measurement protocol.
 * @param options What to measure.
 * @returns What came of it.
 * @throws {ProtocolError} If the server refuses, or does not echo.
 */
export async function compareNagle(
  connect: () => Promise<Deno.TcpConn>,
  options: NagleOptions,
): Promise<NagleFindings> {
  const on = new Histogram();
  const off = new Histogram();
  const turns = await interleave(options.rounds, [
    () => turn(connect, true, options, on),
    () => turn(connect, false, options, off),
  ], options.signal);
  return { on, off, difference: medianDifference(turns) };
}

async function turn(
  connect: () => Promise<Deno.TcpConn>,
  nagle: boolean,
  options: NagleOptions,
  histogram: Histogram,
): Promise<number[]> {
  const { probes, sizeBytes, timeoutMs, signal } = options;
  const conn = await connect();
  using connection = new StreamConnection(conn, {
    readMs: timeoutMs,
    writeMs: timeoutMs,
  });
  connection.stopOn(signal);
  conn.setNoDelay(!nagle);
  const conversation = new MeasureConversation(connection, {
    setup: { type: "rtt", probes, sizeBytes, delayMs: 0 },
    warmup: 0,
    intervalMs: 0,
    signal,
  });
  await conversation.setUp();
  const builder = new ProbeBuilder(sizeBytes);
  const rttsUs = [];
  for (let sequence = 1; sequence <= probes && !signal.aborted; sequence++) {
    const message = builder.message(sequence);
    const seam = message.length - sizeBytes - 1; // payload and newline
    const startMs = performance.now();
    await connection.writeAll(message.subarray(0, seam));
    await connection.writeAll(message.subarray(seam));
    const echo = await connection.readLine();
    const us = (performance.now() - startMs) * 1000;
    if (signal.aborted) break;
    if (echo === null || !equals(echo, message)) {
      throw new ProtocolError(`the echo of probe ${sequence}`, echo);
    }
    histogram.record(us);
    rttsUs.push(us);
  }
  if (!signal.aborted) await conversation.terminate();
  return rttsUs;
}
