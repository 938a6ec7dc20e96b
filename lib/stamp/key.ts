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
   * @param tlvs The offset of the first TLV, if the signature is the value of an
   * HMAC TLV: it is that of the sequence number and the TLVs before (RFC 8972,
   * section 4.8).
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

  #signature(packet: Uint8Array, at: number, tlvs?: number): Uint8Array {
    const hmac = createHmac("sha256", this.#key);
    if (tlvs === undefined) hmac.update(packet.subarray(0, at));
    else {
      hmac.update(packet.subarray(0, 4));
      hmac.update(packet.subarray(tlvs, at - 4)); // before the TLV's head
    }
    return hmac
      .digest()
      .subarray(0, SIGNATURE_BYTES);
  }
}
