/**
 * Whether a reflector numbers its replies by itself.
 *
 * @module
 */

import { DatagramSocket } from "../net/datagram_socket.ts";
import {
  type RequestOptions,
  StampReplyReader,
  StampRequest,
} from "./request.ts";
import { WallClock } from "../timing/wall_clock.ts";

/** How often it is asked, and how long each answer is waited for. */
const TRIES = 5;
const WAIT_MS = 500;
/** Questions are numbered from here, far from where a reflector starts. */
const FIRST_SEQUENCE = 1000;

/**
 * Asks a reflector, from a port of its own and so in another session, with a
 * first number that is not 0: one that counts answers with a number from 0, one
 * that does not copies ours.
 *
 * @param open Opens a socket.
 * @param target The reflector, by its address.
 * @param options What requests are like.
 * @param signal Ends the asking.
 * @returns Whether it counts; `null` if no answer came.
 */
export async function detectStatefulReflector(
  open: () => Deno.DatagramConn,
  target: { hostname: string; port: number },
  options: RequestOptions,
  signal: AbortSignal,
): Promise<boolean | null> {
  using socket = new DatagramSocket(open());
  const request = new StampRequest(options);
  const reader = new StampReplyReader(request);
  const wall = new WallClock();
  for (let tries = 0; tries < TRIES && !signal.aborted; tries++) {
    wall.read(performance.now());
    request.prepare(FIRST_SEQUENCE + tries, wall);
    await socket.send(request.bytes, target).catch(() => {}); // as if lost
    const reply = await socket.receiveFrom(target, WAIT_MS, signal);
    if (reply !== null && reader.take(reply)) {
      return reader.reflectorSequence !== reader.senderSequence;
    }
  }
  return null;
}
