/**
 * The signature of authenticated STAMP packets: HMAC-SHA-256, truncated to its
 * first 16 bytes (RFC 8762, section 4.4, and RFC 4868).
 *
 * @module
 */

import {
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";

/** The length of a signature, in bytes. */
export const SIGNATURE_BYTES = 16;

/**
 * A key shared by sender and reflector.
 *
 * @example Usage
 * ```ts
 * import { StampKey } from "./key.ts";
 * import { assert } from "@std/assert";
 *
 * const key = new StampKey(new TextEncoder().encode("a secret"));
 * const packet = new Uint8Array(112);
 * key.sign(packet, 96);
 * assert(key.hasSigned(packet, 96));
 * packet[0] = 1;
 * assert(!key.hasSigned(packet, 96));
 * ```
 */
export class StampKey {
  #key: KeyObject;

  /**
   * Copies a key.
   *
   * @param secret Its bytes, at least one.
   */
  constructor(secret: Uint8Array) {
    this.#key = createSecretKey(secret);
  }

  /**
   * Signs the bytes before an offset, and writes the signature there.
   *
   * @param packet The packet.
   * @param at The offset of the signature.
   * @param tlvs The offset of the first TLV, for an HMAC TLV: it signs the
   * sequence number and the TLVs (RFC 8972, section 4.8).
   */
  sign(packet: Uint8Array, at: number, tlvs?: number): void {
    packet.set(this.#signature(packet, at, tlvs), at);
  }

  /**
   * Whether the signature matches the bytes before it; compared in constant
   * time.
   *
   * @param packet The packet.
   * @param at The offset of the signature.
   * @param tlvs As with {@linkcode sign}.
   */
  hasSigned(packet: Uint8Array, at: number, tlvs?: number): boolean {
    return timingSafeEqual(
      packet.subarray(at, at + SIGNATURE_BYTES),
      this.#signature(packet, at, tlvs),
    );
  }

  #signature(packet: Uint8Array, end: number, tlvs = 4): Uint8Array {
    return createHmac("sha256", this.#key)
      .update(packet.subarray(0, 4))
      .update(packet.subarray(tlvs, end))
      .digest()
      .subarray(0, SIGNATURE_BYTES);
  }
}
