/**
 * The TLVs that may follow a STAMP packet (RFC 8972, section 4).
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 1 | flags: 0x80 U, unrecognised; 0x40 M, malformed; 0x20 I, not authentic |
 * | 1 | 1 | type: 1 is Extra Padding |
 * | 2 | 2 | length of the value, in bytes |
 * | 4 | length | value |
 *
 * A sender sets U alone; a reflector that knows the type clears it. This one
 * knows Extra Padding.
 *
 * @module
 */

import { readUint16, writeUint16 } from "../framing/big_endian.ts";

/** The length of a TLV's head, in bytes. */
export const TLV_HEAD_BYTES = 4;
/** Set in the reply if the type of a TLV is unknown. */
export const UNRECOGNIZED = 0x80;
/** Set in the reply if a TLV is longer than the rest of the packet. */
export const MALFORMED = 0x40;
/** The type of padding. */
export const EXTRA_PADDING = 1;

/**
 * Writes the head of an Extra Padding TLV that fills the rest of a packet.
 *
 * @param packet The packet; its padding is not changed.
 * @param at The offset of the TLV.
 */
export function writePaddingHead(packet: Uint8Array, at: number): void {
  packet[at] = UNRECOGNIZED;
  packet[at + 1] = EXTRA_PADDING;
  writeUint16(packet, at + 2, packet.length - at - TLV_HEAD_BYTES);
}

/**
 * Sets the flags of each TLV of a packet as a reflector.
 *
 * @param packet The packet; only its flags are changed, in place.
 * @param at The offset of the first TLV, if there is one.
 *
 * @example Usage
 * ```ts
 * import { flagExtensions } from "./tlv.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const known = Uint8Array.of(0x80, 1, 0, 1, 0xff);
 * const unknown = Uint8Array.of(0x80, 99, 0, 0);
 * const tooLong = Uint8Array.of(0x80, 1, 0, 9, 0xff);
 * const packet = Uint8Array.of(...known, ...unknown, ...tooLong);
 * flagExtensions(packet, 0);
 * assertEquals([packet[0], packet[5], packet[9]], [0, 0x80, 0x40]);
 * ```
 */
export function flagExtensions(packet: Uint8Array, at: number): void {
  while (at < packet.length) {
    const known = at + 1 < packet.length && packet[at + 1] === EXTRA_PADDING;
    const flags = known ? 0 : UNRECOGNIZED;
    const end = at + TLV_HEAD_BYTES <= packet.length
      ? at + TLV_HEAD_BYTES + readUint16(packet, at + 2)
      : Infinity;
    packet[at] = end <= packet.length ? flags : flags | MALFORMED;
    at = end;
  }
}
