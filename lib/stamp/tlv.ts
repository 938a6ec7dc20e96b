/**
 * What may follow a STAMP packet: TLVs (RFC 8972, section 4).
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 1 | flags: 0x80 U, unrecognised; 0x40 M, malformed; 0x20 I, not authentic |
 * | 1 | 1 | type: 1 is Extra Padding |
 * | 2 | 2 | length of the value, in bytes |
 * | 4 | length | value |
 *
 * A sender sets U and no other flag; a reflector that knows the type takes it
 * away. Here that is Extra Padding alone.
 *
 * @module
 */

import { readUint16, writeUint16 } from "../framing/big_endian.ts";

/** How long the head of a TLV is, in bytes. */
export const TLV_HEAD_BYTES = 4;
/** Set in the reply if the type of a TLV is not known. */
export const UNRECOGNIZED = 0x80;
/** Set in the reply if a TLV is longer than what is left of the packet. */
export const MALFORMED = 0x40;
/** The type of padding. */
export const EXTRA_PADDING = 1;

/**
 * Writes the head of an Extra Padding TLV that takes up the rest of a packet.
 *
 * @param packet The packet; its padding stays as it is.
 * @param at Where the TLV starts.
 */
export function writePaddingHead(packet: Uint8Array, at: number): void {
  packet[at] = UNRECOGNIZED;
  packet[at + 1] = EXTRA_PADDING;
  writeUint16(packet, at + 2, packet.length - at - TLV_HEAD_BYTES);
}

/**
 * Sets the flags of each TLV of a packet as a reflector has to.
 *
 * @param packet The packet, changed in place; only flags are.
 * @param at Where the first TLV starts, if there is one.
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
