/**
 * Uppercase: replies to each message with its text in upper case, or with the
 * result of another {@linkcode Transform}.
 *
 * A message is a line on a stream and a datagram on UDP. The textbook's stream
 * client sends no LF and waits, so bytes without an LF are taken as a message
 * after a pause; the reply then has no LF either. A stream may carry any number of
 * messages.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { LF } from "../framing/line_ending.ts";
import type { DatagramHandler } from "../net/serve_datagrams.ts";
import type { StreamHandler } from "../net/serve_streams.ts";
import {
  incompleteTailBytes,
  type Transform,
  transformLines,
  transformMessage,
} from "./transform.ts";

/**
 * Replies to the messages of a stream.
 *
 * A line above the connection's limit is transformed in pieces if the transform
 * allows it, so memory stays bounded; otherwise it ends the connection.
 *
 * @param transform How to compute a reply.
 * @param flushAfterMs How long bytes without an LF stay pending before they are
 * taken as a message, in milliseconds. Such a message does not renew the
 * connection's deadline; a whole line does.
 * @returns A handler for `serveStreams`.
 */
export function uppercaseStreams(
  transform: Transform,
  flushAfterMs: number,
): StreamHandler {
  const { piecewise } = transform;
  return async (connection) => {
    // The lines that have arrived get their replies in one write.
    const options = { batch: true, pieces: piecewise, lineDeadline: true };
    let held = new Uint8Array(0);
    let lines: Uint8Array<ArrayBuffer> | null;
    while (
      (lines = await connection.readMessage(flushAfterMs, options)) !== null
    ) {
      if (held.length > 0) {
        lines = concat([held, lines]) as typeof lines;
        held = new Uint8Array(0);
      }
      if (piecewise && lines.at(-1) !== LF) {
        // Keep back a split character until its other bytes arrive.
        const end = lines.length - incompleteTailBytes(lines);
        held = lines.slice(end);
        lines = lines.subarray(0, end);
      }
      await connection.writeAll(transformLines(transform, lines));
    }
    await connection.writeAll(held);
  };
}

/**
 * Replies to datagrams. Where the reply would be longer than the request, the
 * request itself is the reply: a server must not amplify traffic from forged
 * addresses.
 *
 * @param transform How to compute a reply.
 * @returns A handler for `serveDatagrams`.
 */
export function uppercaseDatagrams(transform: Transform): DatagramHandler {
  return (datagram) => {
    const reply = transformMessage(transform, datagram);
    return reply.length <= datagram.length ? reply : datagram;
  };
}
