/**
 * STAMP, the Simple Two-way Active Measurement Protocol: RFC 8762, with the
 * session identifier (SSID) and the TLVs of RFC 8972.
 *
 * A reply has the length of its request. Unsigned integers in network byte order;
 * bytes that are not listed are zero.
 *
 * | unauthenticated | authenticated | size | request | reply |
 * |---|---|---|---|---|
 * | 0 | 0 | 4 | sequence number, from 0 | the reflector's own, or a copy |
 * | 4 | 16 | 8 | T1, time of sending | T3, time of sending |
 * | 12 | 24 | 2 | error estimate | error estimate |
 * | 14 | 26 | 2 | SSID, 0 if unused | the same |
 * | 16 | 32 | 8 | | T2, arrival of the request |
 * | 24 | 48 | 4 | | the request's sequence number |
 * | 28 | 64 | 8 | | T1 |
 * | 36 | 72 | 2 | | the request's error estimate |
 * | 40 | 80 | 1 | | TTL of the request; 255 here, see below |
 * | | 96 | 16 | signature of the bytes before | the same |
 * | 44 | 112 | | TLVs, if any | the same TLVs |
 *
 * Deno cannot read a TTL. 255, with which a request should be sent, replaces it.
 *
 * A TWAMP-Light sender (RFC 5357, appendix I) sends the first 14 bytes of an
 * unauthenticated request and padding, and reads the first 41 bytes of the reply,
 * or 38, or 36: as far as T1. RFC 8762, section 4.6, asks for a reply of 44 bytes
 * to a shorter request, but a reply longer than its request would serve attacks
 * on others. So requests of 36 to 43 bytes get as many, and shorter ones none: a
 * sender could not read a reply of their size. RFC 5357, section 4.1.2, recommends
 * 27 bytes of padding, which makes 41. If the padding is not zero, bytes 14 and 15
 * are no SSID.
 *
 * @module
 */

import { TLV_HEAD_BYTES } from "./tlv.ts";

/** The assigned port (RFC 8762, section 4.1). */
export const STAMP_PORT = 862;
/** The shortest request, a TWAMP-Light sender's, in bytes. */
export const MIN_REQUEST_BYTES = 36;
/** The shortest reply, a TWAMP-Light reflector's, in bytes. */
export const MIN_REPLY_BYTES = 38;
/** The longest packet: the payload of the longest datagram over IPv4. */
export const MAX_PACKET_BYTES = 65_507;

/** The offsets of a packet's fields. */
export interface PacketLayout {
  /** The length of the packet without TLVs. */
  bytes: number;
  /** When this packet was sent. */
  timestamp: number;
  /** The error estimate of that timestamp. */
  errorEstimate: number;
  /** The session identifier. */
  ssid: number;
  /** When the request arrived. */
  receiveTimestamp: number;
  /** The request's sequence number. */
  senderSequence: number;
  /** The request's timestamp. */
  senderTimestamp: number;
  /** The request's error estimate. */
  senderErrorEstimate: number;
  /** The request's TTL. */
  senderTtl: number;
  /** The signature, if there is one. */
  signature: number | null;
}

/** The layout without a signature. */
export const UNAUTHENTICATED: PacketLayout = {
  bytes: 44,
  timestamp: 4,
  errorEstimate: 12,
  ssid: 14,
  receiveTimestamp: 16,
  senderSequence: 24,
  senderTimestamp: 28,
  senderErrorEstimate: 36,
  senderTtl: 40,
  signature: null,
};

/** The layout with a signature. */
export const AUTHENTICATED: PacketLayout = {
  bytes: 112,
  timestamp: 16,
  errorEstimate: 24,
  ssid: 26,
  receiveTimestamp: 32,
  senderSequence: 48,
  senderTimestamp: 64,
  senderErrorEstimate: 72,
  senderTtl: 80,
  signature: 96,
};

/**
 * Whether a request can have a length: that of the layout, or at least four bytes
 * more for a TLV.
 *
 * @param sizeBytes The length.
 * @param layout The layout.
 * @returns Whether a request can have it.
 */
export function isRequestSize(
  sizeBytes: number,
  layout: PacketLayout,
): boolean {
  return sizeBytes === layout.bytes ||
    sizeBytes >= layout.bytes + TLV_HEAD_BYTES && sizeBytes <= MAX_PACKET_BYTES;
}
