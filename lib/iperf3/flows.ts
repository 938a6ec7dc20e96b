/**
 * Sends and receives the data of a flow, over TCP and over UDP.
 *
 * All TCP flows of a test share one send buffer, whose content never changes, and
 * one receive buffer, whose content is never used. Each UDP flow has its own,
 * because of the headers. A block allocates nothing.
 *
 * @module
 */

import { isDisconnect } from "../net/errors.ts";
import { receiveDatagram } from "../net/datagram_socket.ts";
import { writeHeader } from "./datagrams.ts";
import { MAX_BLOCK_BYTES, type TestParameters } from "./parameters.ts";
import { type Flow, Pace, type Transfer } from "./transfer.ts";

/** `crypto.getRandomValues` fills at most so much. */
const RANDOM_BYTES = 65_536;

/**
 * Makes the buffer that is sent: random bytes, repeated.
 *
 * @param parameters The length of a block.
 * @returns The block.
 */
export function newBlock(
  { blockBytes }: TestParameters,
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockBytes);
  const random = Math.min(blockBytes, RANDOM_BYTES);
  crypto.getRandomValues(block.subarray(0, random));
  for (let at = random; at < blockBytes; at += random) {
    block.copyWithin(at, 0, Math.min(random, blockBytes - at));
  }
  return block;
}

/**
 * Makes the buffer that is read into.
 *
 * @param parameters The length of a block. Where blocks are counted, a read is a
 * block.
 * @returns The buffer.
 */
export function newReadBuffer(
  { blockBytes, blocks }: TestParameters,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(blocks > 0 ? blockBytes : MAX_BLOCK_BYTES);
}

/**
 * Sends on a TCP connection until the transfer stops.
 *
 * @param conn The connection.
 * @param flow Counts what was sent.
 * @param transfer The transfer.
 * @param block What to send.
 */
export async function sendStream(
  conn: Deno.Conn,
  flow: Flow,
  transfer: Transfer,
  block: Uint8Array,
): Promise<void> {
  const pace = transfer.parameters.bitsPerSec > 0 ? new Pace(transfer) : null;
  try {
    while (transfer.isRunning) {
      if (pace === null && !transfer.isLimited) {
        const count = await conn.write(block);
        if (transfer.isCounting) flow.bytes += count;
        continue;
      }
      await pace?.next();
      const wanted = transfer.isRunning ? transfer.reserve(block.length) : 0;
      if (wanted === 0) return;
      for (let done = 0; done < wanted && transfer.isRunning;) {
        const count = await conn.write(block.subarray(done, wanted));
        done += count;
        if (!transfer.isCounting) return;
        flow.bytes += count;
        transfer.addSent(count);
      }
    }
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  }
}

/**
 * Receives on a TCP connection until the peer ends it or it is closed.
 *
 * @param conn The connection.
 * @param flow Counts what was received.
 * @param transfer The transfer.
 * @param buffer Where to read into.
 */
export async function receiveStream(
  conn: Deno.Conn,
  flow: Flow,
  transfer: Transfer,
  buffer: Uint8Array,
): Promise<void> {
  try {
    for (let count; (count = await conn.read(buffer)) !== null;) {
      if (!transfer.isCounting) continue; // so that a blocked sender goes on
      flow.bytes += count;
      flow.lastMs = performance.now();
      transfer.addReceived(count);
    }
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  }
}

/**
 * Sends datagrams to a peer until the transfer stops.
 *
 * @param socket The socket.
 * @param peer The peer's address.
 * @param flow Counts what was sent.
 * @param transfer The transfer.
 * @param block What to send behind the header; it is copied once.
 */
export async function sendDatagrams(
  socket: Deno.DatagramConn,
  peer: Deno.NetAddr,
  flow: Flow,
  transfer: Transfer,
  block: Uint8Array,
): Promise<void> {
  const { bitsPerSec, counters64 } = transfer.parameters;
  const datagram = block.slice();
  const pace = bitsPerSec > 0 ? new Pace(transfer) : null;
  try {
    for (let number = 1; transfer.isRunning; number++) {
      await pace?.next();
      if (!transfer.isRunning || transfer.reserve(datagram.length) === 0) {
        return;
      }
      writeHeader(datagram, performance.now(), number, counters64);
      await socket.send(datagram, peer);
      if (!transfer.isCounting) return;
      flow.datagrams += 1;
      flow.bytes += datagram.length;
      transfer.addSent(datagram.length);
    }
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  }
}

/**
 * Counts a datagram.
 *
 * @param datagram The datagram.
 * @param flow The flow that it belongs to.
 * @param transfer The transfer.
 */
export function addDatagram(
  datagram: Uint8Array,
  flow: Flow,
  transfer: Transfer,
): void {
  if (!transfer.isCounting || flow.counts === null) return;
  const nowMs = performance.now();
  flow.counts.add(datagram, nowMs);
  flow.bytes += datagram.length;
  flow.lastMs = nowMs;
  transfer.addReceived(datagram.length);
}

/**
 * Receives the datagrams of one flow, on a socket of its own, until it is closed.
 *
 * @param socket The socket.
 * @param peer The peer's address; others are ignored.
 * @param flow Counts what was received.
 * @param transfer The transfer.
 */
export async function receiveDatagrams(
  socket: Deno.DatagramConn,
  peer: Deno.NetAddr,
  flow: Flow,
  transfer: Transfer,
): Promise<void> {
  const buffer = new Uint8Array(transfer.parameters.blockBytes);
  try {
    for (;;) {
      const [datagram, from] = await receiveDatagram(socket, buffer);
      if (from.port !== peer.port || from.hostname !== peer.hostname) continue;
      addDatagram(datagram, flow, transfer);
    }
  } catch (error) {
    if (!isDisconnect(error)) throw error;
  }
}
