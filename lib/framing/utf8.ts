/**
 * Where the characters of UTF-8 lie in a run of bytes that may be cut anywhere,
 * or be something else altogether.
 *
 * | first byte | length | second byte |
 * |---|---|---|
 * | 00..7F | 1 | |
 * | C2..DF | 2 | 80..BF |
 * | E0 | 3 | A0..BF |
 * | E1..EC, EE, EF | 3 | 80..BF |
 * | ED | 3 | 80..9F |
 * | F0 | 4 | 90..BF |
 * | F1..F3 | 4 | 80..BF |
 * | F4 | 4 | 80..8F |
 *
 * Third and fourth bytes are 80..BF (RFC 3629, section 4).
 *
 * @module
 */

/**
 * Looks at the character that starts at an offset.
 *
 * @param bytes Any bytes.
 * @param at The offset of the first byte.
 * @returns The character's length in bytes; 0 if no character can start there;
 * -1 if the bytes end inside what may become one.
 *
 * @example Usage
 * ```ts
 * import { characterLength } from "./utf8.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const e = new TextEncoder().encode("é");
 * assertEquals(characterLength(e, 0), 2);
 * assertEquals(characterLength(e, 1), 0);
 * assertEquals(characterLength(e.subarray(0, 1), 0), -1);
 * ```
 */
export function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  for (let next = at + 1; next < at + length; next++) {
    if (next >= bytes.length) return -1;
    const byte = bytes[next]!;
    if (byte < low || byte > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

/**
 * How many bytes at the end are the start of a character that is not complete.
 *
 * @param bytes Any bytes.
 * @returns From 0 to 3.
 *
 * @example Usage
 * ```ts
 * import { incompleteTailLength } from "./utf8.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const euro = new TextEncoder().encode("5 €");
 * assertEquals(incompleteTailLength(euro), 0);
 * assertEquals(incompleteTailLength(euro.subarray(0, 4)), 2);
 * ```
 */
export function incompleteTailLength(bytes: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    if (characterLength(bytes, bytes.length - length) === -1) return length;
  }
  return 0;
}
