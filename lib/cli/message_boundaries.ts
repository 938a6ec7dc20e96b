/**
 * Whether messages stay apart: a stream is bytes without seams, a datagram
 * arrives whole or not at all.
 *
 * @module
 */

import { DatagramSocket } from "../net/datagram_socket.ts";

/** What was sent in how many calls, and what each call that received gave. */
export interface Boundaries {
  /** The bytes of each call that sent. */
  sent: number[];
  /** The bytes of each call that received. */
  received: number[];
}

/** How long the next datagram is waited for, in milliseconds. */
const WAIT_MS = 500;
/** Longer than all messages together. */
const BUFFER_BYTES = 65_536;

/**
 * Writes messages to a stream, and then reads what is there.
 *
 * @param listener Where to connect to; it is closed at the end.
 * @param connect Connects to it.
 * @param messages What to write, each in a call of its own.
 * @returns What each call wrote and read.
 */
export async function streamBoundaries(
  listener: Deno.TcpListener,
  connect: (target: Deno.NetAddr) => Promise<Deno.TcpConn>,
  messages: readonly Uint8Array[],
): Promise<Boundaries> {
  using _ = listener;
  const [reader, writer] = await Promise.all([
    listener.accept(),
    connect(listener.addr),
  ]);
  using _reader = reader;
  const sent = [];
  try {
    writer.setNoDelay(true);
    for (const message of messages) sent.push(await writer.write(message));
  } finally {
    writer.close();
  }
  const received = [];
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let count; (count = await reader.read(buffer)) !== null;) {
    received.push(count);
  }
  return { sent, received };
}

/**
 * Sends messages as datagrams, and then receives what is there.
 *
 * @param open Opens a socket on loopback.
 * @param messages What to send, each in a call of its own.
 * @returns What each call sent and received; what was lost is not among it.
 */
export async function datagramBoundaries(
  open: () => Deno.DatagramConn,
  messages: readonly Uint8Array[],
): Promise<Boundaries> {
  using receiver = new DatagramSocket(open());
  using sender = new DatagramSocket(open());
  const sent = [];
  for (const message of messages) {
    await sender.send(message, receiver.local);
    sent.push(message.length);
  }
  const received = [];
  while (received.length < messages.length) {
    const datagram = await receiver.receive(WAIT_MS);
    if (datagram === null) break;
    received.push(datagram.bytes.length);
  }
  return { sent, received };
}
