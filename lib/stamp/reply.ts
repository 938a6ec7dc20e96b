/**
 * The reflector's side of STAMP: from a request to its reply.
 *
 * @module
 */

import {
  readUint16,
  readUint32,
  writeUint16,
  writeUint32,
} from "../framing/big_endian.ts";
import { AUTHENTICATED, type PacketLayout } from "./packet.ts";
import { flagExtensions } from "./tlv.ts";
import type { StampKey } from "./key.ts";
import {
  errorEstimate,
  formatAt,
  readTimestamp,
  type TimeOfDay,
  TIMESTAMP_BYTES,
  writeTimestamp,
} from "./timestamp.ts";

/** Stands for the TTL that cannot be read. */
const UNKNOWN_TTL = 255;
/** What a reflector adds to a request to make its reply. */
export interface ReplyFields {
  /** The reply's sequence number. */
  sequence: number;
  /** When the request came, T2. */
  received: TimeOfDay;
  /** When the reply leaves, T3. */
  sent: TimeOfDay;
  /** How wrong these may be, in microseconds; `null` if nobody knows. */
  errorUs: number | null;
}

/** A reply's fields until they are in place. */
const head = new Uint8Array(AUTHENTICATED.bytes);

/**
 * Turns a request into its reply, in place and of the same length. Its
 * timestamps have the format of the request's.
 *
 * @param packet The request: of 14 bytes at least, and if its kind is signed of
 * the layout's length.
 * @param layout The kind of packet.
 * @param fields What is added.
 * @param key Signs the reply, if its kind is signed.
 */
export function reflect(
  packet: Uint8Array,
  layout: PacketLayout,
  fields: ReplyFields,
  key?: StampKey,
): void {
  const format = formatAt(packet, layout.errorEstimate);
  head.fill(0);
  writeUint32(head, 0, fields.sequence);
  writeTimestamp(head, layout.timestamp, fields.sent, format);
  writeUint16(
    head,
    layout.errorEstimate,
    errorEstimate(fields.errorUs, format, REPLY_MULTIPLIER),
  );
  writeUint16(head, layout.ssid, ssidOf(packet, layout));
  writeTimestamp(head, layout.receiveTimestamp, fields.received, format);
  writeUint32(head, layout.senderSequence, readUint32(packet, 0));
  copy(packet, layout.timestamp, head, layout.senderTimestamp, TIMESTAMP_BYTES);
  copy(packet, layout.errorEstimate, head, layout.senderErrorEstimate, 2);
  head[layout.senderTtl] = UNKNOWN_TTL;
  copy(head, 0, packet, 0, Math.min(layout.bytes, packet.length));
  if (layout.signature !== null) key!.sign(packet, layout.signature);
  flagExtensions(packet, layout.bytes);
}

/**
 * The session identifier of a request; 0 for none, as in the padding of a
 * request that is too short to be STAMP's.
 *
 * @param packet The request.
 * @param layout The kind of packet.
 * @returns From 0 to 65 535.
 */
export function ssidOf(packet: Uint8Array, layout: PacketLayout): number {
  return packet.length < layout.bytes ? 0 : readUint16(packet, layout.ssid);
}

/** A reply tells when its request came: within a day of now, it must be one. */
const DAY_MS = 86_400_000;
/**
 * The multiplier of each reply's error estimate. A reply to TWAMP-Light's
 * shortest requests tells nothing else by which it could be known.
 */
const REPLY_MULTIPLIER = 251;

/**
 * Whether a packet is a reply, where a request is expected. Two reflectors that
 * answered each other's replies would never end (CVE-2024-2169).
 *
 * @param packet The packet.
 * @param layout The kind of packet.
 * @param nowSeconds The time of day, in seconds since 1970.
 * @returns Whether its receive timestamp, zero in a request, is of these days; or,
 * if it is too short to have one, whether its error estimate is one of ours.
 */
export function isReply(
  packet: Uint8Array,
  layout: PacketLayout,
  nowSeconds: number,
): boolean {
  const at = layout.receiveTimestamp;
  if (packet.length < at + TIMESTAMP_BYTES) {
    return packet[layout.errorEstimate + 1] === REPLY_MULTIPLIER;
  }
  if (readUint32(packet, at) === 0) return false;
  return Math.abs(readTimestamp(packet, at, "ntp", nowSeconds)) < DAY_MS ||
    Math.abs(readTimestamp(packet, at, "ptp", nowSeconds)) < DAY_MS;
}

function copy(
  from: Uint8Array,
  fromAt: number,
  to: Uint8Array,
  toAt: number,
  count: number,
): void {
  for (let index = 0; index < count; index++) {
    to[toAt + index] = from[fromAt + index]!;
  }
}
