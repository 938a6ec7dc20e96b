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

import {
  readUint16,
  readUint32,
  writeUint16,
  writeUint32,
} from "../framing/big_endian.ts";
import { sameBytes } from "../framing/same_bytes.ts";
import {
  flagExtensions,
  TLV_HEAD_BYTES,
  writePaddingHead,
} from "./stamp_extension.ts";
import type { StampKey } from "./stamp_key.ts";
import {
  errorEstimate,
  formatAt,
  readTimestamp,
  type TimeOfDay,
  TIMESTAMP_BYTES,
  type TimestampFormat,
  writeTimestamp,
} from "./stamp_timestamp.ts";

/** The port assigned to it (RFC 8762, section 4.1). */
export const STAMP_PORT = 862;
/** The shortest request, a TWAMP-Light sender's, in bytes. */
export const MIN_REQUEST_BYTES = 14;
/** The longest packet: the most a datagram over IPv4 holds. */
export const MAX_PACKET_BYTES = 65_507;
/** Stands for the TTL that cannot be read. */
const UNKNOWN_TTL = 255;

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

/** What is the same in all requests of a session. */
export interface RequestOptions {
  /** The length of each, in bytes; what {@linkcode isRequestSize} allows. */
  sizeBytes: number;
  /** The session's identifier; 0 for none. */
  ssid: number;
  /** The format of its timestamps. */
  format: TimestampFormat;
  /** How wrong these may be, in microseconds; `null` if nobody knows. */
  errorUs: number | null;
  /** Signs them. */
  key?: StampKey | undefined;
}

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

/**
 * The requests of a session, one after the other in the same buffer.
 *
 * @example Usage
 * ```ts
 * import { StampRequest } from "./stamp.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const request = new StampRequest({
 *   sizeBytes: 44,
 *   ssid: 7,
 *   format: "ptp",
 *   errorUs: 1,
 * });
 * request.prepare(3, { seconds: 1, nanoseconds: 2 });
 * assertEquals([...request.bytes.subarray(0, 12)], [0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2]);
 * ```
 */
export class StampRequest {
  /** The request prepared last. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where its fields are. */
  readonly layout: PacketLayout;
  /** What is the same in all of them. */
  readonly options: RequestOptions;

  /**
   * Prepares what is the same in all requests; padding is random.
   *
   * @param options What that is.
   * @throws {RangeError} If no request has that length.
   */
  constructor(options: RequestOptions) {
    const { sizeBytes, ssid, format, errorUs, key } = options;
    const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
    if (!isRequestSize(sizeBytes, layout)) {
      throw new RangeError(`Cannot make a request of a length: ${sizeBytes}`);
    }
    this.options = options;
    this.layout = layout;
    this.bytes = new Uint8Array(sizeBytes);
    writeUint16(
      this.bytes,
      layout.errorEstimate,
      errorEstimate(errorUs, format),
    );
    writeUint16(this.bytes, layout.ssid, ssid);
    if (sizeBytes > layout.bytes) {
      crypto.getRandomValues(this.bytes.subarray(layout.bytes));
      writePaddingHead(this.bytes, layout.bytes);
    }
  }

  /**
   * Prepares the next request.
   *
   * @param sequence Its sequence number, modulo 2^32.
   * @param time When it is sent.
   */
  prepare(sequence: number, time: TimeOfDay): void {
    const { bytes, layout, options } = this;
    writeUint32(bytes, 0, sequence);
    writeTimestamp(bytes, layout.timestamp, time, options.format);
    if (layout.signature !== null) options.key!.sign(bytes, layout.signature);
  }
}

/** Reads the replies to the requests of a session. */
export class StampReplyReader {
  #request: StampRequest;
  #reply: Uint8Array = new Uint8Array(0);
  #timestamp = new Uint8Array(TIMESTAMP_BYTES);

  /**
   * Nothing is read yet.
   *
   * @param request The requests.
   */
  constructor(request: StampRequest) {
    this.#request = request;
  }

  /**
   * Takes a reply, if all is in it that each reply to this session has: the
   * length (or that of a bare packet, from a reflector that returns no TLVs),
   * the signature, the SSID or 0, the sender's error estimate, the padding.
   *
   * @param reply The datagram, looked at until the next one is taken.
   * @returns Whether it was taken.
   */
  take(reply: Uint8Array): boolean {
    this.#reply = reply;
    const { bytes: request, layout, options } = this.#request;
    if (reply.length !== request.length && reply.length !== layout.bytes) {
      return false;
    }
    if (
      layout.signature !== null &&
      !options.key!.hasSigned(reply, layout.signature)
    ) {
      return false;
    }
    const ssid = readUint16(reply, layout.ssid);
    if (ssid !== options.ssid && ssid !== 0) return false;
    const ours = readUint16(request, layout.errorEstimate);
    if (readUint16(reply, layout.senderErrorEstimate) !== ours) return false;
    // The flags of the TLV, its first byte, are the reflector's to change.
    const from = layout.bytes + 1;
    return reply.length < from ||
      sameBytes(reply.subarray(from), request.subarray(from));
  }

  /** The reflector's sequence number. */
  get reflectorSequence(): number {
    return readUint32(this.#reply, 0);
  }

  /** The sequence number of the request that is answered. */
  get senderSequence(): number {
    return readUint32(this.#reply, this.#request.layout.senderSequence);
  }

  /** Whether the request's TLVs came back with it. */
  get isWhole(): boolean {
    return this.#reply.length === this.#request.bytes.length;
  }

  /**
   * Whether the reply's copy of the request's timestamp is what was sent.
   *
   * @param time When the request was sent, as it was prepared.
   */
  echoes(time: TimeOfDay): boolean {
    const { layout, options } = this.#request;
    writeTimestamp(this.#timestamp, 0, time, options.format);
    return this.#echoesWord(layout, 0) && this.#echoesWord(layout, 4);
  }

  /**
   * When the request came to the reflector, T2, by its clock.
   *
   * @param fromSeconds A moment, in seconds since 1970.
   * @returns Milliseconds since that moment.
   */
  receivedMs(fromSeconds: number): number {
    const { layout } = this.#request;
    return this.#timestampAt(layout.receiveTimestamp, fromSeconds);
  }

  /**
   * When the reply left the reflector, T3, by its clock.
   *
   * @param fromSeconds A moment, in seconds since 1970.
   * @returns Milliseconds since that moment.
   */
  sentMs(fromSeconds: number): number {
    return this.#timestampAt(this.#request.layout.timestamp, fromSeconds);
  }

  #echoesWord(layout: PacketLayout, word: number): boolean {
    return readUint32(this.#reply, layout.senderTimestamp + word) ===
      readUint32(this.#timestamp, word);
  }

  #timestampAt(at: number, fromSeconds: number): number {
    const format = formatAt(this.#reply, this.#request.layout.errorEstimate);
    return readTimestamp(this.#reply, at, format, fromSeconds);
  }
}

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
 * @param packet The request, of at least {@linkcode MIN_REQUEST_BYTES}.
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
