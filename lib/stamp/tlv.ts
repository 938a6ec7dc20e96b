/**
 * The TLVs that may follow a STAMP packet (RFC 8972, section 4).
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 1 | flags: 0x80 U, not understood; 0x40 M, malformed; 0x20 I, not authentic |
 * | 1 | 1 | type |
 * | 2 | 2 | length of the value, in bytes |
 * | 4 | length | value |
 *
 * A sender sets U alone; a reflector that understands the type clears it.
 *
 * | type | length | name | what this reflector does |
 * |---|---|---|---|
 * | 1 | any | Extra Padding | returns it |
 * | 3 | 4 | Timestamp Information | writes 0, 2, 0, 2: the clock's source is unknown, the timestamps are taken in software |
 * | 4 | 4 | Class of Service | sets RP to 1, since it cannot set the DSCP of the reply, and leaves U, since it cannot read that of the request |
 * | 5 | 12 | Direct Measurement | writes how many requests of the session it received and answered, this one included; leaves U if it is stateless |
 * | 8 | 16 | HMAC | with a key checks it, and signs the reply's; only padding may follow |
 *
 * The HMAC covers the sequence number of the packet and the TLVs before. With a
 * key, TLVs other than padding need one. If it is wrong or missing, all TLVs are
 * returned as they came, with I.
 *
 * @module
 */

import { readUint16, writeUint16, writeUint32 } from "../framing/big_endian.ts";
import { SIGNATURE_BYTES, type StampKey } from "./key.ts";

/** The length of a TLV's head, in bytes. */
export const TLV_HEAD_BYTES = 4;
/** The length of an HMAC TLV, in bytes. */
export const HMAC_TLV_BYTES: number = TLV_HEAD_BYTES + SIGNATURE_BYTES;
/** Set in the reply if a TLV was not understood. */
export const UNRECOGNIZED = 0x80;
/** Set in the reply if the length of a TLV is wrong. */
export const MALFORMED = 0x40;
/** Set in the reply if the HMAC of the TLVs is wrong or missing. */
export const NOT_AUTHENTIC = 0x20;
/** The type of padding. */
export const EXTRA_PADDING = 1;
/** The type of the HMAC. */
export const HMAC = 8;
const TIMESTAMP_INFORMATION = 3;
const CLASS_OF_SERVICE = 4;
const DIRECT_MEASUREMENT = 5;
/** The lengths of the types that have one. */
const LENGTHS = new Map([
  [TIMESTAMP_INFORMATION, 4],
  [CLASS_OF_SERVICE, 4],
  [DIRECT_MEASUREMENT, 12],
  [HMAC, SIGNATURE_BYTES],
]);
/** Timestamps of a program, taken by the system's clock. */
const SOFTWARE_LOCAL = 2;

/** What a reflector knows of the TLVs of a request. */
export interface ExtensionFacts {
  /** How many requests of the session were received; `null` if unknown. */
  requests: number | null;
  /** Signs the reply's HMAC TLV. */
  key?: StampKey | undefined;
  /** Whether the request's TLVs are authentic; see {@linkcode areAuthentic}. */
  authentic: boolean;
}

/**
 * Writes the head of a TLV.
 *
 * @param packet The packet; the value is not changed.
 * @param at The offset of the TLV.
 * @param type Its type.
 * @param end The offset of its end.
 */
export function writeTlvHead(
  packet: Uint8Array,
  at: number,
  type: number,
  end: number,
): void {
  packet[at] = UNRECOGNIZED;
  packet[at + 1] = type;
  writeUint16(packet, at + 2, end - at - TLV_HEAD_BYTES);
}

/**
 * Whether TLVs are protected by the right HMAC, or need none: padding alone.
 *
 * @param packet The packet.
 * @param from The offset of the first TLV, if there is one.
 * @param key The key.
 * @param needed Whether padding needs an HMAC, too.
 * @returns Whether they are.
 */
export function areAuthentic(
  packet: Uint8Array,
  from: number,
  key: StampKey,
  needed: boolean = false,
): boolean {
  let signed = false;
  for (let at = from; at < packet.length; at = endOf(packet, at)) {
    if (packet[at + 1] === EXTRA_PADDING) continue;
    if (signed) return false;
    if (packet[at + 1] !== HMAC) needed = true;
    else if (endOf(packet, at) > packet.length) return false;
    else if (readUint16(packet, at + 2) !== SIGNATURE_BYTES) return false;
    else if (!key.hasSigned(packet, at + TLV_HEAD_BYTES, from)) return false;
    else signed = true;
  }
  return signed || !needed;
}

/**
 * Answers each TLV of a packet as a reflector, in place.
 *
 * @param packet The packet, whose head is that of the reply.
 * @param from The offset of the first TLV, if there is one.
 * @param facts What the reflector knows.
 *
 * @example Usage
 * ```ts
 * import { reflectExtensions } from "./tlv.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const known = Uint8Array.of(0x80, 1, 0, 1, 0xff);
 * const unknown = Uint8Array.of(0x80, 99, 0, 0);
 * const tooLong = Uint8Array.of(0x80, 1, 0, 9, 0xff);
 * const packet = Uint8Array.of(...known, ...unknown, ...tooLong);
 * reflectExtensions(packet, 0, { requests: null, authentic: true });
 * assertEquals([packet[0], packet[5], packet[9]], [0, 0x80, 0x40]);
 * ```
 */
export function reflectExtensions(
  packet: Uint8Array,
  from: number,
  facts: ExtensionFacts,
): void {
  for (let at = from; at < packet.length;) {
    const end = endOf(packet, at);
    const type = packet[at + 1];
    const length = type === undefined ? undefined : LENGTHS.get(type);
    const isMalformed = end > packet.length ||
      length !== undefined && length !== end - at - TLV_HEAD_BYTES;
    packet[at] = (isMalformed ? MALFORMED : 0) |
      (facts.authentic ? 0 : NOT_AUTHENTIC);
    const understood = packet[at] === 0
      ? answer(packet, at, from, facts)
      : type === EXTRA_PADDING || length !== undefined;
    if (!understood) packet[at]! |= UNRECOGNIZED;
    at = end;
  }
}

/** Answers one complete TLV; returns whether it was understood. */
function answer(
  packet: Uint8Array,
  at: number,
  from: number,
  { requests, key }: ExtensionFacts,
): boolean {
  const value = at + TLV_HEAD_BYTES;
  switch (packet[at + 1]) {
    case EXTRA_PADDING:
      return true;
    case TIMESTAMP_INFORMATION:
      packet[value] = packet[value + 2] = 0;
      packet[value + 1] = packet[value + 3] = SOFTWARE_LOCAL;
      return true;
    case CLASS_OF_SERVICE: // DSCP1 (6 bits), DSCP2 (6), ECN (2), RP (2), 16 more
      packet[value + 1]! &= 0xfc;
      packet[value + 1]! |= 1;
      return false;
    case DIRECT_MEASUREMENT:
      if (requests === null) return false;
      writeUint32(packet, value + 4, requests);
      writeUint32(packet, value + 8, requests);
      return true;
    case HMAC:
      key?.sign(packet, value, from);
      return key !== undefined;
    default:
      return false;
  }
}

/** The offset behind a TLV; infinite if its head is not whole. */
function endOf(packet: Uint8Array, at: number): number {
  const value = at + TLV_HEAD_BYTES;
  return value <= packet.length ? value + readUint16(packet, at + 2) : Infinity;
}
