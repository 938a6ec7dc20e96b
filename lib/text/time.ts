/**
 * Time: who connects is told the time; who sends any datagram, even an empty
 * one, is told it too.
 *
 * @module
 */

import type { DatagramHandler } from "../net/serve_datagrams.ts";
import type { StreamHandler } from "../net/serve_streams.ts";
import { formatTime, type TimeFormat } from "./time_format.ts";

/**
 * The most answers a second to one source over UDP, where an answer is longer
 * than its question by design.
 */
export const MAX_TIME_ANSWERS_PER_SEC = 10;

/**
 * Tells the time once, and ends the stream.
 *
 * @param format How to tell it.
 * @returns A handler for `serveStreams`.
 */
export function timeStreams(format: TimeFormat): StreamHandler {
  return (connection) => connection.writeAll(formatTime(new Date(), format));
}

/**
 * Tells the time, whatever was asked (RFC 867, RFC 868).
 *
 * @param format How to tell it.
 * @returns A handler for `serveDatagrams`, to be served with `mayGrow` and
 * {@linkcode MAX_TIME_ANSWERS_PER_SEC}.
 */
export function timeDatagrams(format: TimeFormat): DatagramHandler {
  return () => formatTime(new Date(), format);
}
