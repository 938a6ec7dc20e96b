#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Experiment: how long the first byte of an answer takes. TCP has to connect
 * before it can send, and TLS to exchange keys then; UDP only opens a socket.
 *
 * Protocol:   measure over TCP, STAMP over UDP, with servers in this process
 * Socket:     stream and datagram
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task experiment-first-byte
 *     Connection set-up and the first byte, on loopback
 *     ...
 *
 * @module
 */

import type { ExperimentPlan } from "../../lib/cli/compare_options.ts";
import { RunError } from "../../lib/cli/context.ts";
import {
  type Experiment,
  experimentProgram,
} from "../../lib/cli/run_experiments.ts";
import { MeasureConversation } from "../../lib/measure/client.ts";
import { connectWithin } from "../../lib/net/connect.ts";
import { DatagramSocket, localHostFor } from "../../lib/net/datagram_socket.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { startTls } from "../../lib/net/tls.ts";
import { UNAUTHENTICATED } from "../../lib/stamp/packet.ts";
import { StampReplyReader, StampRequest } from "../../lib/stamp/request.ts";
import { median } from "../../lib/stats/average.ts";
import { interleave } from "../../lib/stats/interleave.ts";
import { WallClock } from "../../lib/timing/wall_clock.ts";

/** The deadline and the signal of an attempt. */
type Waiting = Pick<ExperimentPlan, "timeoutMs" | "signal">;

/** The times of one attempt, in microseconds. */
interface Attempt {
  /** Until the client could send. */
  setupUs: number;
  /** Until the first byte of the answer; `null` without an answer. */
  firstByteUs: number | null;
}

/** The experiment fails after so many datagrams in a row without an answer. */
const MAX_SILENT = 3;

/** The experiment. */
export const firstByte: Experiment<"first_byte"> = {
  name: "first_byte",
  program: "experiment-first-byte",
  summary:
    "Measures the time to the first byte of an answer: TCP, UDP and, on loopback, TLS by turns.",
  options: ["rounds", "timeout"],
  async measure(servers, plan) {
    let silent = 0;
    const { tls } = servers;
    const rounds = await interleave(plan.rounds, [
      async () => [
        await tcpAttempt(servers.measure, plan),
        ...(tls ? [await tcpAttempt(tls.address, plan, tls.authority)] : []),
      ],
      async () => {
        const attempt = await udpAttempt(servers.stamp, plan);
        silent = attempt.firstByteUs === null ? silent + 1 : 0;
        if (silent < MAX_SILENT || plan.signal.aborted) return attempt;
        throw new RunError(`No answer to ${silent} datagrams in a row`);
      },
    ], plan.signal);
    const streams = (at: number) => figures(rounds.map(([tcp]) => tcp[at]!));
    return {
      tcp: streams(0),
      udp: figures(rounds.map(([, attempt]) => attempt)),
      ...(tls && { tls: streams(1) }),
    };
  },
};

/**
 * Connects to a measure server, and waits for its reply to a setup; with an
 * authority it speaks TLS.
 */
export async function tcpAttempt(
  { hostname, port }: Deno.NetAddr,
  { timeoutMs, signal }: Waiting,
  authority?: string,
): Promise<Attempt> {
  const startMs = performance.now();
  const conn = await connectWithin(timeoutMs, signal, async (signal) => {
    const conn = await Deno.connect({ hostname, port, signal });
    if (authority === undefined) return conn;
    const trust = { caCerts: [authority], hostname };
    const start = (conn: Deno.TcpConn) => Deno.startTls(conn, trust);
    return (await startTls(conn, trust, signal, start)).conn;
  });
  const setupUs = sinceUs(startMs);
  const limits = { readMs: timeoutMs, writeMs: timeoutMs };
  using connection = new StreamConnection(conn, limits);
  connection.stopOn(signal);
  const session = new MeasureConversation(connection, {
    setup: { type: "rtt", probes: 1, sizeBytes: 1, delayMs: 0 },
    warmup: 0,
    intervalMs: 0,
    signal,
  });
  try {
    await session.setUp();
  } finally {
    signal.throwIfAborted(); // an interrupt explains what it caused
  }
  const firstByteUs = sinceUs(startMs);
  await session.terminate();
  return { setupUs, firstByteUs };
}

/** Opens a socket, sends one packet, and waits for the reflector's reply. */
export async function udpAttempt(
  reflector: Deno.NetAddr,
  { timeoutMs, signal }: Waiting,
): Promise<Attempt> {
  const sizeBytes = UNAUTHENTICATED.bytes;
  const request = new StampRequest({
    sizeBytes,
    ssid: 1,
    format: "ntp",
    errorUs: null,
  });
  const reader = new StampReplyReader(request);
  const now = new WallClock();
  now.read(performance.now());
  request.prepare(0, now);
  const startMs = performance.now();
  const hostname = localHostFor(reflector.hostname);
  using socket = new DatagramSocket(
    Deno.listenDatagram({ transport: "udp", hostname, port: 0 }),
  );
  const setupUs = sinceUs(startMs);
  await socket.send(request.bytes, reflector);
  for (;;) {
    const leftMs = Math.max(0, timeoutMs - sinceUs(startMs) / 1000);
    const reply = await socket.receiveFrom(reflector, leftMs, signal);
    if (reply === null) return { setupUs, firstByteUs: null };
    if (reader.take(reply)) return { setupUs, firstByteUs: sinceUs(startMs) };
  }
}

function sinceUs(startMs: number): number {
  return (performance.now() - startMs) * 1000;
}

function figures(attempts: Attempt[]) {
  const answers = attempts.map(({ firstByteUs }) => firstByteUs)
    .filter((us) => us !== null);
  return {
    attempts: attempts.length,
    answered: answers.length,
    setup_p50_us: median(attempts.map(({ setupUs }) => setupUs)),
    first_byte_p50_us: median(answers),
    first_byte_max_us: answers.length > 0 ? Math.max(...answers) : null,
  };
}

/** Runs the experiment; returns the exit code. */
export const main = experimentProgram(firstByte);

if (import.meta.main) Deno.exit(await main(Deno.args));
