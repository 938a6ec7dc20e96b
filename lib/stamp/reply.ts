/**
 * The reflector's packets: turns a request into its reply. No IO.
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
import { areAuthentic, reflectExtensions } from "./tlv.ts";
import type { StampKey } from "./key.ts";
import {
  errorEstimate,
  formatAt,
  readTimestamp,
  type TimeOfDay,
  TIMESTAMP_BYTES,
  writeTimestamp,
} from "./timestamp.ts";

/** Replaces the TTL, which cannot be read. */
const UNKNOWN_TTL = 255;
/** The maximum difference of a reply's T2 from now. */
const DAY_MS = 86_400_000;

/** What a reflector adds to a request. */
export interface ReplyFields {
  /** The reply's sequence number. */
  sequence: number;
  /** When the request arrived, T2. */
  received: TimeOfDay;
  /** When the reply is sent, T3. */
  sent: TimeOfDay;
  /** The maximum error of these, in microseconds; `null` if unknown. */
  errorUs: number | null;
  /**
   * How many requests of the session were received, this one included; `null` if
   * unknown.
   */
  requests: number | null;
}

/** The first bytes of the reply, until they replace those of the request. */
const head = new Uint8Array(AUTHENTICATED.bytes);

/**
 * Turns a request into its reply, in place and of the same length. Its
 * timestamps have the format of the request's.
 *
 * @param packet The request: at least 36 bytes, and with a signature the layout's
 * length.
 * @param layout The layout.
 * @param fields What is added.
 * @param key Signs the reply, if the layout has a signature.
 */
export function reflect(
  packet: Uint8Array,
  layout: PacketLayout,
  fields: ReplyFields,
  key?: StampKey,
): void {
  const authentic = !key || areAuthentic(packet, layout.bytes, key);
  const format = formatAt(packet, layout.errorEstimate);
  head.fill(0);
  writeUint32(head, 0, fields.sequence);
  writeTimestamp(head, layout.timestamp, fields.sent, format);
  writeUint16(
    head,
    layout.errorEstimate,
    errorEstimate(fields.errorUs, format),
  );
  if (packet.length >= layout.bytes) {
    copy(packet, layout.ssid, head, layout.ssid, 2);
  }
  writeTimestamp(head, layout.receiveTimestamp, fields.received, format);
  writeUint32(head, layout.senderSequence, readUint32(packet, 0));
  copy(packet, layout.timestamp, head, layout.senderTimestamp, TIMESTAMP_BYTES);
  copy(packet, layout.errorEstimate, head, layout.senderErrorEstimate, 2);
  head[layout.senderTtl] = UNKNOWN_TTL;
  copy(head, 0, packet, 0, Math.min(layout.bytes, packet.length));
  if (layout.signature !== null) key!.sign(packet, layout.signature);
  const { requests } = fields;
  reflectExtensions(packet, layout.bytes, { requests, key, authentic });
}

/**
 * The identifier by which requests belong to a session; 0 for none, as in a
 * TWAMP-Light request, which is too short for one, or has padding where STAMP has
 * zeros.
 *
 * @param packet The request.
 * @param layout The layout.
 * @returns From 0 to 65 535.
 */
export function ssidOf(packet: Uint8Array, layout: PacketLayout): number {
  if (packet.length < layout.bytes) return 0;
  for (let at = layout.receiveTimestamp; at < layout.senderTtl; at += 4) {
    if (layout.signature === null && readUint32(packet, at) !== 0) return 0;
  }
  return readUint16(packet, layout.ssid);
}

/**
 * Whether a packet is a reply. Two reflectors that answered each other's replies
 * would never stop (CVE-2024-2169).
 *
 * @param packet The packet.
 * @param layout The layout.
 * @param nowSeconds The time of day, in seconds since 1970.
 * @returns Whether T2, zero in a request, is set and within a day of now.
 */
export function isReply(
  packet: Uint8Array,
  layout: PacketLayout,
  nowSeconds: number,
): boolean {
  const at = layout.receiveTimestamp;
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
