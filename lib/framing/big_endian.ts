/**
 * Unsigned integers in network byte order.
 *
 * Like `DataView`, but works on any byte array without another object.
 *
 * @module
 */

/**
 * Reads an unsigned 16-bit integer.
 *
 * @param bytes The bytes to read from.
 * @param at The offset of the first byte.
 * @returns A number from 0 to 65 535.
 */
export function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

/**
 * Reads an unsigned 32-bit integer.
 *
 * @param bytes The bytes to read from.
 * @param at The offset of the first byte.
 * @returns A number from 0 to 2 ** 32 - 1.
 */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 |
    bytes[at + 3]!) >>> 0;
}

/**
 * Writes an unsigned 16-bit integer.
 *
 * @param bytes The bytes to write to.
 * @param at The offset of the first byte.
 * @param value An integer; only its lowest 16 bits are used.
 */
export function writeUint16(
  bytes: Uint8Array,
  at: number,
  value: number,
): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/**
 * Writes an unsigned 32-bit integer.
 *
 * @param bytes The bytes to write to.
 * @param at The offset of the first byte.
 * @param value An integer; only its lowest 32 bits are used.
 *
 * @example Usage
 * ```ts
 * import { readUint32, writeUint32 } from "./big_endian.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new Uint8Array(4);
 * writeUint32(bytes, 0, 0xdeadbeef);
 * assertEquals([...bytes], [0xde, 0xad, 0xbe, 0xef]);
 * assertEquals(readUint32(bytes, 0), 0xdeadbeef);
 * ```
 */
export function writeUint32(
  bytes: Uint8Array,
  at: number,
  value: number,
): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
