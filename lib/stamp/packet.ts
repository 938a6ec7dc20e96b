/**
 * STAMP, the Simple Two-way Active Measurement Protocol: RFC 8762, with the
 * session identifier (SSID) and the TLVs of RFC 8972.
 *
 * A sender's request and a reflector's reply have the same length. Unsigned
 * integers in network byte order; what is not named is zero.
 *
 * | unauthenticated | signed | size | request | reply |
 * |---|---|---|---|---|
 * | 0 | 0 | 4 | sequence number, from 0 | the reflector's own, or a copy |
 * | 4 | 16 | 8 | T1, when it was sent | T3, when it was sent |
 * | 12 | 24 | 2 | error estimate | error estimate |
 * | 14 | 26 | 2 | SSID, 0 if unused | the same |
 * | 16 | 32 | 8 | | T2, when the request came |
 * | 24 | 48 | 4 | | the request's sequence number |
 * | 28 | 64 | 8 | | T1 |
 * | 36 | 72 | 2 | | the request's error estimate |
 * | 40 | 80 | 1 | | TTL at which the request came; 255 here, see below |
 * | | 96 | 16 | signature of what is before | the same |
 * | 44 | 112 | | TLVs, if any | the same TLVs |
 *
 * A TTL cannot be read with Deno. 255, the value with which a request is to be
 * sent, stands for it.
 *
 * A TWAMP-Light sender (RFC 5357, appendix I) sends the first 14 bytes of an
 * unauthenticated request and any padding, and reads the first 41 bytes of the
 * reply. It gets as much of that as its own length allows.
 *
 * @module
 */

import { TLV_HEAD_BYTES } from "./tlv.ts";

/** The port assigned to it (RFC 8762, section 4.1). */
export const STAMP_PORT = 862;
/** The shortest request, a TWAMP-Light sender's, in bytes. */
export const MIN_REQUEST_BYTES = 14;
/** The longest packet: the most a datagram over IPv4 holds. */
export const MAX_PACKET_BYTES = 65_507;

/** Where the fields of a packet are. */
export interface PacketLayout {
  /** The length of the packet without TLVs. */
  bytes: number;
  /** The sender of this packet tells when it was sent. */
  timestamp: number;
  /** How wrong that may be. */
  errorEstimate: number;
  /** The session. */
  ssid: number;
  /** When the request came. */
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

/** Packets that are not signed. */
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

/** Packets that are signed. */
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
 * Whether a request can have a length: that of a bare packet, or enough more for
 * the head of a TLV.
 *
 * @param sizeBytes The length.
 * @param layout The kind of packet.
 * @returns Whether there is such a request.
 */
export function isRequestSize(
  sizeBytes: number,
  layout: PacketLayout,
): boolean {
  return sizeBytes === layout.bytes ||
    sizeBytes >= layout.bytes + TLV_HEAD_BYTES && sizeBytes <= MAX_PACKET_BYTES;
}
