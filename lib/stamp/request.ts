/**
 * The sender's packets: writes requests, and reads their replies. No IO.
 *
 * @module
 */

import {
  readUint16,
  readUint32,
  writeUint16,
  writeUint32,
} from "../framing/big_endian.ts";
import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
import {
  AUTHENTICATED,
  isRequestSize,
  MIN_REPLY_BYTES,
  type PacketLayout,
  UNAUTHENTICATED,
} from "./packet.ts";
import {
  areAuthentic,
  EXTRA_PADDING,
  HMAC,
  HMAC_TLV_BYTES,
  TLV_HEAD_BYTES,
  writeTlvHead,
} from "./tlv.ts";
import type { StampKey } from "./key.ts";
import {
  errorEstimate,
  errorEstimateUs,
  formatAt,
  readTimestamp,
  type TimeOfDay,
  TIMESTAMP_BYTES,
  type TimestampFormat,
  writeTimestamp,
} from "./timestamp.ts";

/** The common part of all requests of a session. */
export interface RequestOptions {
  /** The length of each, in bytes; see `isRequestSize`. */
  sizeBytes: number;
  /** The session identifier; 0 for none. */
  ssid: number;
  /** The format of the timestamps. */
  format: TimestampFormat;
  /**
   * The maximum error of these, in microseconds; `null` if unknown. A session
   * adds the error with which it read the time of day.
   */
  errorUs: number | null;
  /** Signs them. */
  key?: StampKey | undefined;
}

/**
 * The requests of a session, all in the same buffer.
 *
 * @example Usage
 * ```ts
 * import { StampRequest } from "./request.ts";
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
  /** Its layout. */
  readonly layout: PacketLayout;
  /** The common part of all requests. */
  readonly options: RequestOptions;
  /** The offset of the HMAC TLV that protects the padding; `null` for none. */
  readonly hmacTlv: number | null = null;

  /**
   * Writes the common part of all requests; padding is random.
   *
   * @param options The common part.
   * @throws {RangeError} If a request cannot have that length.
   */
  constructor(options: RequestOptions) {
    const { sizeBytes, ssid, format, errorUs, key } = options;
    const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
    if (!isRequestSize(sizeBytes, layout)) {
      throw new RangeError(
        `Request must have ${layout.bytes} bytes, or at least 4 more: ${sizeBytes}`,
      );
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
      let end = sizeBytes;
      if (key && end >= layout.bytes + TLV_HEAD_BYTES + HMAC_TLV_BYTES) {
        end -= HMAC_TLV_BYTES;
        this.hmacTlv = end;
        writeTlvHead(this.bytes, end, HMAC, sizeBytes);
      }
      crypto.getRandomValues(this.bytes.subarray(layout.bytes, end));
      writeTlvHead(this.bytes, layout.bytes, EXTRA_PADDING, end);
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
    const { key } = options;
    if (!key) return;
    key.sign(bytes, layout.signature!);
    if (this.hmacTlv === null) return;
    key.sign(bytes, this.hmacTlv + TLV_HEAD_BYTES, layout.bytes);
  }
}

/** Reads the replies to the requests of a session. */
export class StampReplyReader {
  #request: StampRequest;
  #reply: Uint8Array = new Uint8Array(0);
  #timestamp = new Uint8Array(TIMESTAMP_BYTES);

  /**
   * Starts without a reply.
   *
   * @param request The requests.
   */
  constructor(request: StampRequest) {
    this.#request = request;
  }

  /**
   * Takes a reply, if it can be one to this session: the signatures, and the SSID
   * or 0. A TWAMP-Light reflector may return any padding.
   *
   * @param reply The datagram; it must not change until the next one is taken.
   * @returns Whether it matches.
   */
  take(reply: Uint8Array): boolean {
    this.#reply = reply;
    const { layout, options: { key, ssid } } = this.#request;
    if (reply.length < (key ? layout.bytes : MIN_REPLY_BYTES)) return false;
    if (key && !key.hasSigned(reply, layout.signature!)) return false;
    const returned = readUint16(reply, layout.ssid);
    return (returned === ssid || returned === 0) &&
      (!key || this.#isProtected(reply, key));
  }

  /** The reflector's sequence number. */
  get reflectorSequence(): number {
    return readUint32(this.#reply, 0);
  }

  /** The sequence number of the request. */
  get senderSequence(): number {
    return readUint32(this.#reply, this.#request.layout.senderSequence);
  }

  /** How much longer than the request the reply is, in bytes. */
  get growthBytes(): number {
    return this.#reply.length - this.#request.bytes.length;
  }

  /**
   * Whether the reply is none of STAMP with session identifiers (RFC 8972): too
   * short for STAMP, or without the identifier.
   */
  get isTwampLight(): boolean {
    const { layout, options } = this.#request;
    return this.#reply.length < layout.bytes ||
      readUint16(this.#reply, layout.ssid) !== options.ssid;
  }

  /**
   * Whether the reply's copy of the request's timestamp is right.
   *
   * @param time When the request was sent, as it was prepared.
   */
  echoes(time: TimeOfDay): boolean {
    const { layout, options } = this.#request;
    writeTimestamp(this.#timestamp, 0, time, options.format);
    return this.#echoesWord(layout, 0) && this.#echoesWord(layout, 4);
  }

  /**
   * When the request reached the reflector, T2, by its clock.
   *
   * @param fromSeconds A time in seconds since 1970.
   * @returns Milliseconds since that time.
   */
  receivedMs(fromSeconds: number): number {
    const { layout } = this.#request;
    return this.#timestampAt(layout.receiveTimestamp, fromSeconds);
  }

  /**
   * When the reply left the reflector, T3, by its clock.
   *
   * @param fromSeconds A time in seconds since 1970.
   * @returns Milliseconds since that time.
   */
  sentMs(fromSeconds: number): number {
    return this.#timestampAt(this.#request.layout.timestamp, fromSeconds);
  }

  /** The errors of both packets' timestamps, as they state them, added up. */
  get errorUs(): number {
    const { layout } = this.#request;
    return errorEstimateUs(readUint16(this.#reply, layout.errorEstimate)) +
      errorEstimateUs(readUint16(this.#reply, layout.senderErrorEstimate));
  }

  /** Whether the TLVs are signed, missing, or returned without being read. */
  #isProtected(reply: Uint8Array, key: StampKey): boolean {
    const { bytes, layout, hmacTlv } = this.#request;
    const from = layout.bytes;
    return reply.length === from ||
      areAuthentic(reply, from, key, hmacTlv !== null) ||
      equals(reply.subarray(from), bytes.subarray(from));
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
