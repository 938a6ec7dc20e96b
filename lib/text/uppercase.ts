/**
 * Uppercase: each message is answered by its text in upper case, or by what
 * another {@linkcode Transform} makes of it.
 *
 * A message is a line on a stream and a datagram on UDP. The textbook's stream
 * client sends no newline and waits, so bytes that nothing follows for a while
 * are a message too; its answer then ends as it does, without a newline. A
 * stream may carry any number of messages, until the client ends it.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { LF } from "../framing/line_ending.ts";
import { incompleteTailLength } from "../framing/utf8.ts";
import type { DatagramHandler } from "../net/serve_datagrams.ts";
import type { StreamHandler } from "../net/serve_streams.ts";
import {
  type Transform,
  transformLines,
  transformMessage,
} from "./transform.ts";

/**
 * Answers the messages of a stream.
 *
 * A line that is longer than the connection's limit is answered piece by piece
 * where the transform allows it, so it comes back whole and costs no more
 * memory than the limit; otherwise it ends the connection.
 *
 * @param transform What to answer.
 * @param flushAfterMs How long bytes without a newline may stay pending before
 * they are answered, in milliseconds.
 * @returns A handler for `serveStreams`.
 */
export function uppercaseStreams(
  transform: Transform,
  flushAfterMs: number,
): StreamHandler {
  const { piecewise } = transform;
  return async (connection) => {
    const options = { batch: true, pieces: piecewise };
    let held = new Uint8Array(0);
    let lines;
    while (
      (lines = await connection.readMessage(flushAfterMs, options)) !== null
    ) {
      if (held.length > 0) {
        lines = concat([held, lines]);
        held = new Uint8Array(0);
      }
      if (piecewise && lines.at(-1) !== LF) {
        // The rest of a character cut in two is still to come.
        const whole = lines.length - incompleteTailLength(lines);
        held = lines.slice(whole);
        lines = lines.subarray(0, whole);
      }
      await connection.writeAll(transformLines(transform, lines));
    }
    await connection.writeAll(held);
  };
}

/**
 * Answers datagrams. An answer that would be longer than its question is the
 * question as it came: a server that enlarges what forged senders send it is a
 * weapon.
 *
 * @param transform What to answer.
 * @returns A handler for `serveDatagrams`.
 */
export function uppercaseDatagrams(transform: Transform): DatagramHandler {
  return (datagram) => {
    const answer = transformMessage(transform, datagram);
    return answer.length <= datagram.length ? answer : datagram;
  };
}
