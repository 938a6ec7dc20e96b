/**
 * The signature of authenticated STAMP packets: HMAC-SHA-256, cut to its first
 * 16 bytes (RFC 8762, section 4.4, and RFC 4868).
 *
 * @module
 */

import {
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";

/** How long a signature is, in bytes. */
export const SIGNATURE_BYTES = 16;

/**
 * A key that both ends know.
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
   * Takes a key.
   *
   * @param secret Its bytes, of any number but none.
   */
  constructor(secret: Uint8Array) {
    this.#key = createSecretKey(secret);
  }

  /**
   * Signs the bytes before an offset, and writes the signature there.
   *
   * @param packet The packet.
   * @param at Where the signature belongs.
   */
  sign(packet: Uint8Array, at: number): void {
    packet.set(this.#signatureOf(packet, at), at);
  }

  /**
   * Whether a signature is that of the bytes before it; how long this takes does
   * not tell how much of it is right.
   *
   * @param packet The packet.
   * @param at Where the signature is.
   */
  hasSigned(packet: Uint8Array, at: number): boolean {
    return timingSafeEqual(
      packet.subarray(at, at + SIGNATURE_BYTES),
      this.#signatureOf(packet, at),
    );
  }

  #signatureOf(packet: Uint8Array, length: number): Uint8Array {
    return createHmac("sha256", this.#key)
      .update(packet.subarray(0, length))
      .digest()
      .subarray(0, SIGNATURE_BYTES);
  }
}
