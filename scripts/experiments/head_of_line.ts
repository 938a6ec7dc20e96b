#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Experiment: head-of-line blocking. The same two messages are lost over UDP and
 * over TCP. A lost datagram does not delay the others. A lost segment is sent again
 * after a while, and the messages behind it wait.
 *
 * The loss is emulated: the UDP server does not answer these datagrams, and the
 * TCP server waits before it answers these messages.
 *
 * Protocol:   messages of 100 bytes, echoed by servers in this process
 * Socket:     stream and datagram
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task experiment-head-of-line
 *     A lost datagram and a late segment, on loopback
 *     ...
 *
 * @module
 */

import {
  type Experiment,
  experimentProgram,
} from "../../lib/cli/run_experiments.ts";
import { readUint16, writeUint16 } from "../../lib/framing/big_endian.ts";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { Timeline } from "../../lib/stats/timeline.ts";
import { Pacer, periodic } from "../../lib/timing/pacer.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";

const COUNT = 120;
const INTERVAL_MS = 5;
const SIZE_BYTES = 100;
const DROPPED = new Set([40, 90]);
/** The minimum retransmission timeout of Linux; RFC 6298 asks for a second. */
const RETRANSMIT_MS = 200;
/** A message that takes longer has waited. */
const WAITED_OVER_MS = 20;
/** The deadline of each wait. */
const TIMEOUT_MS = 2000;
const hostname = "127.0.0.1";

/** The experiment. */
export const headOfLine: Experiment<"head_of_line"> = {
  name: "head_of_line",
  program: "experiment-head-of-line",
  summary: "Shows what a lost message does to the others, over UDP and TCP.",
  options: [],
  measure: async (_, { signal }) => ({
    dropped: DROPPED.size,
    retransmit_ms: RETRANSMIT_MS,
    waited_over_ms: WAITED_OVER_MS,
    udp: await overUdp(signal),
    tcp: await overTcp(signal),
  }),
};

async function overUdp(signal: AbortSignal) {
  using server = new DatagramSocket(openSocket());
  using client = new DatagramSocket(openSocket());
  const serve = async () => {
    for (let received = 0; received < COUNT; received++) {
      const datagram = await server.receive(TIMEOUT_MS, signal);
      if (datagram === null) break;
      const { bytes, from } = datagram;
      if (!DROPPED.has(readUint16(bytes, 0))) await server.send(bytes, from);
    }
  };
  const [figures] = await Promise.all([
    measure({
      count: COUNT - DROPPED.size,
      send: (message) => client.send(message, server.local),
      receive: async () =>
        (await client.receive(TIMEOUT_MS, signal))?.bytes ?? null,
    }, signal),
    serve(),
  ]);
  return figures;
}

async function overTcp(signal: AbortSignal) {
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr;
  const [accepted, connected] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname, port }),
  ]);
  const limits = { readMs: TIMEOUT_MS, writeMs: TIMEOUT_MS };
  using server = new StreamConnection(accepted, limits);
  using client = new StreamConnection(connected, limits);
  server.stopOn(signal);
  client.stopOn(signal);
  const serve = async () => {
    for (let received = 0; received < COUNT; received++) {
      const message = await server.readExactly(SIZE_BYTES);
      if (message === null) break;
      if (DROPPED.has(readUint16(message, 0))) {
        await sleepUntil(performance.now() + RETRANSMIT_MS, signal);
      }
      await server.writeAll(message); // in order: those behind it wait as well
    }
  };
  const [figures] = await Promise.all([
    measure({
      count: COUNT,
      send: (message) => client.writeAll(message),
      receive: () => client.readExactly(SIZE_BYTES),
    }, signal),
    serve(),
  ]);
  return figures;
}

function openSocket(): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

/** Sends messages on a schedule, without waiting for earlier replies. */
async function measure(client: {
  /** How many messages come back. */
  count: number;
  send(message: Uint8Array): Promise<void>;
  receive(): Promise<Uint8Array | null>;
}, signal: AbortSignal) {
  const sentAtMs: number[] = [];
  const rttUs: (number | null)[] = [];
  const send = async () => {
    const message = new Uint8Array(SIZE_BYTES);
    const pacer = new Pacer(periodic(INTERVAL_MS));
    for (let sequence = 0; sequence < COUNT; sequence++) {
      await pacer.next(signal);
      if (signal.aborted) break;
      writeUint16(message, 0, sequence);
      rttUs.push(null);
      sentAtMs.push(performance.now());
      await client.send(message);
    }
  };
  const receive = async () => {
    for (let received = 0; received < client.count; received++) {
      const message = await client.receive();
      if (message === null) break;
      const sequence = readUint16(message, 0);
      rttUs[sequence] = (performance.now() - sentAtMs[sequence]!) * 1000;
    }
  };
  await Promise.all([send(), receive()]);

  const [rtt, timeline] = [new Histogram(), new Timeline()];
  rttUs.forEach((us, sequence) => {
    timeline.record(sentAtMs[sequence]!, us);
    if (us !== null) rtt.record(us);
  });
  return {
    sent: rttUs.length,
    received: rtt.count,
    waited: rttUs.filter((us) => us !== null && us > WAITED_OVER_MS * 1000)
      .length,
    rtt_us: rtt.distribution(),
    timeline: timeline.figures(),
  };
}

/** Runs the experiment; returns the exit code. */
export const main = experimentProgram(headOfLine);

if (import.meta.main) Deno.exit(await main(Deno.args));
