/**
 * Bytes to messages: lines, big-endian numbers, line endings.
 *
 * @module
 */

export * from "./big_endian.ts";
export * from "./line_decoder.ts";
export * from "./line_ending.ts";
