/**
 * The error of a message that does not fit its frame.
 *
 * @module
 */

/**
 * Thrown when a peer's message is longer than the receiver accepts.
 *
 * @example Usage
 * ```ts
 * import { FramingError } from "./framing_error.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new FramingError("Line too long", 70_000, 65_536);
 * assertEquals(error.message, "Line too long: 70000 bytes, limit 65536");
 * ```
 */
export class FramingError extends Error {
  /** Tells it from other errors, also in a log. */
  override readonly name = "FramingError";
  /** How many bytes the message had when it was refused. */
  readonly lengthBytes: number;
  /** How many bytes the receiver accepts. */
  readonly limitBytes: number;

  /**
   * Says what is wrong, how long it is and how long it may be.
   *
   * @param what What is wrong with the message.
   * @param lengthBytes The message's length so far, in bytes.
   * @param limitBytes The longest message accepted, in bytes.
   */
  constructor(what: string, lengthBytes: number, limitBytes: number) {
    super(`${what}: ${lengthBytes} bytes, limit ${limitBytes}`);
    this.lengthBytes = lengthBytes;
    this.limitBytes = limitBytes;
  }
}
