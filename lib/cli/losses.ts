/**
 * What the same losses do to datagrams and to a stream. A datagram that is lost
 * is gone; a segment that is lost is sent again after a while, and what came
 * after it waits.
 *
 * @module
 */

import { type ImpairmentOptions, impairments } from "../net/impaired_path.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import { Histogram } from "../stats/histogram.ts";
import { periodic } from "../timing/pacer.ts";
import { Timeline, type TimelineFigures } from "../stats/timeline.ts";
import { LocalServers } from "./local_servers.ts";
import { heldEcho, measurePipelined } from "./pipelined_stream.ts";
import type { Sample } from "../stats/sample.ts";
import { type StampOptions, StampSession } from "../stamp/session.ts";

/** What to send, and what to lose of it. */
export interface LossOptions {
  /** How many messages to send. */
  count: number;
  /** The time from one to the next, in milliseconds. */
  intervalMs: number;
  /** The length of each, in bytes. */
  sizeBytes: number;
  /** The share that is lost, from 0 to 1. */
  drop: number;
  /** The same seed loses the same messages. */
  seed: number;
  /** How long it takes until a segment is sent again, in milliseconds. */
  holdMs: number;
  /** A message that takes longer has waited, in milliseconds. */
  waitedMs: number;
  /** How the datagrams are made, and how long they are waited for. */
  stamp: StampOptions;
  /** Ends it early. */
  signal: AbortSignal;
}

/** What became of the messages. */
export interface LossFigures {
  /** How many were sent. */
  sent: number;
  /** How many came back. */
  received: number;
  /** How many of those waited. */
  waited: number;
  /** Their round-trip times. */
  rtt: Histogram;
  /** The same over time. */
  timeline: TimelineFigures;
}

/** What became of them, both ways. */
export interface LossFindings {
  /** How many the path lost, the same ones of both. */
  faults: number;
  /** Datagrams. */
  udp: LossFigures;
  /** A stream. */
  tcp: LossFigures;
}

/** The sockets, all of them on loopback. */
export interface LoopbackSockets {
  /** Opens a datagram socket. */
  open: () => Deno.DatagramConn;
  /** Listens. */
  listen: () => Deno.TcpListener;
  /** Connects. */
  dial: (target: Deno.NetAddr) => Promise<StreamConnection>;
}

/**
 * Sends the same messages as datagrams and over a stream, to servers of its own
 * on a path that loses the same ones.
 *
 * @param sockets Opens the sockets.
 * @param options What to send, and what to lose.
 * @returns What became of it.
 */
export async function compareLosses(
  sockets: LoopbackSockets,
  options: LossOptions,
): Promise<LossFindings> {
  const path: ImpairmentOptions = {
    drop: options.drop,
    seed: options.seed,
    duplicate: 0,
    reorder: 0,
    delayMs: 0,
    jitterMs: 0,
  };
  let faults = 0;
  const next = impairments(path);
  for (let sent = 0; sent < options.count; sent++) {
    if (next().copies === 0) faults += 1;
  }
  return {
    faults,
    udp: await datagrams(sockets, options, path),
    tcp: await stream(sockets, options, path),
  };
}

async function datagrams(
  { open }: LoopbackSockets,
  options: LossOptions,
  impairment: ImpairmentOptions,
): Promise<LossFigures> {
  const servers = new LocalServers();
  const reflector = servers.reflector(open(), { impairment });
  const { stamp, sizeBytes, count, intervalMs, signal } = options;
  const session = new StampSession(open, reflector, {
    ...stamp,
    request: { ...stamp.request, sizeBytes },
    count,
    warmup: 0,
    schedule: periodic(intervalMs),
    intervalMs,
    signal,
  });
  try {
    return await addUp(session.samples(), options.waitedMs);
  } finally {
    await servers.close();
  }
}

async function stream(
  { listen, dial }: LoopbackSockets,
  options: LossOptions,
  path: ImpairmentOptions,
): Promise<LossFigures> {
  const servers = new LocalServers();
  const next = impairments(path);
  const echo = heldEcho(() => next().copies === 0, options.holdMs);
  const server = servers.streams(listen(), "concurrent", echo);
  try {
    const connection = await dial(server);
    return await addUp(measurePipelined(connection, options), options.waitedMs);
  } finally {
    await servers.close();
  }
}

async function addUp(
  samples: AsyncIterable<Sample>,
  waitedMs: number,
): Promise<LossFigures> {
  const rtt = new Histogram();
  const timeline = new Timeline();
  let sent = 0;
  let waited = 0;
  for await (const { sentAtMs, rttMs } of samples) {
    sent += 1;
    timeline.record(sentAtMs, rttMs === null ? null : rttMs * 1000);
    if (rttMs === null) continue;
    rtt.record(rttMs * 1000);
    if (rttMs > waitedMs) waited += 1;
  }
  return {
    sent,
    received: rtt.count,
    waited,
    rtt,
    timeline: timeline.figures(),
  };
}
