/**
 * Puts bytes together.
 *
 * @module
 */

/**
 * Copies runs of bytes into one.
 *
 * @param parts The runs, in their order.
 * @returns New bytes that hold them all.
 *
 * @example Usage
 * ```ts
 * import { concat } from "./concat.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const whole = concat([Uint8Array.of(1), Uint8Array.of(2, 3)]);
 * assertEquals(whole, Uint8Array.of(1, 2, 3));
 * ```
 */
export function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
