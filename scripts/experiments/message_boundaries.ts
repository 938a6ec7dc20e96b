#!/usr/bin/env -S deno run --unstable-net --allow-net=127.0.0.1
/**
 * Experiment: message boundaries. Three messages are sent, and then read. TCP is
 * a stream of bytes and joins them; a datagram arrives whole or not at all.
 *
 * Protocol:   none
 * Socket:     stream and datagram
 * Permission: --allow-net=127.0.0.1; --unstable-net outside of this folder
 *
 *     $ deno task experiment-message-boundaries
 *     Message boundaries, on loopback
 *     ...
 *
 * @module
 */

import {
  type Experiment,
  experimentProgram,
} from "../../lib/cli/run_experiments.ts";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";

const MESSAGES = ["one", "three", "two"]
  .map((text) => new TextEncoder().encode(text));
/** The deadline of each wait. */
const TIMEOUT_MS = 500;
const hostname = "127.0.0.1";

/** The experiment. */
export const messageBoundaries: Experiment<"boundaries"> = {
  name: "boundaries",
  program: "experiment-message-boundaries",
  summary: "Shows that UDP keeps messages apart, and TCP does not.",
  options: [],
  measure: async () => ({ tcp: await overTcp(), udp: await overUdp() }),
};

async function overTcp() {
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr;
  const [reader, writer] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname, port }),
  ]);
  using _ = reader;
  writer.setNoDelay(true); // each write becomes a segment
  const sent = [];
  for (const message of MESSAGES) sent.push(await writer.write(message));
  writer.close();

  const received = [];
  const buffer = new Uint8Array(1024);
  for (let count; (count = await reader.read(buffer)) !== null;) {
    received.push(count);
  }
  return { sent_bytes: sent, received_bytes: received };
}

async function overUdp() {
  const open = () =>
    new DatagramSocket(
      Deno.listenDatagram({ transport: "udp", hostname, port: 0 }),
    );
  using receiver = open();
  using sender = open();
  for (const message of MESSAGES) await sender.send(message, receiver.local);

  const received = [];
  while (received.length < MESSAGES.length) {
    const datagram = await receiver.receive(TIMEOUT_MS);
    if (datagram === null) break; // it was lost
    received.push(datagram.bytes.length);
  }
  return {
    sent_bytes: MESSAGES.map(({ length }) => length),
    received_bytes: received,
  };
}

/** Runs the experiment; returns the exit code. */
export const main = experimentProgram(messageBoundaries);

if (import.meta.main) Deno.exit(await main(Deno.args));
