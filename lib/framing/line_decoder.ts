/**
 * Splits a byte stream into lines, exact counts of bytes, or whatever has
 * arrived. No IO: the caller reads the socket.
 *
 * ```text
 *        taken        pending            space
 *   +-------------+---------------+----------------+
 *   | (reusable)  | h e l l o \n w|                |
 *   +-------------+---------------+----------------+
 *   0           start     scanned end        capacity
 * ```
 *
 * A line ends in LF (RFC 20). Each byte is scanned for it once, however the
 * stream is segmented. "Need more bytes" is `null`, not an error.
 *
 * The buffer starts small, because most connections are idle, and doubles as
 * bytes arrive; it never grows to a length that a peer only announced.
 *
 * @module
 */

import { indexOfLf, LF } from "./line_ending.ts";

/** The size of a new buffer, in bytes: the memory of an idle connection. */
const INITIAL_BYTES = 512;
/** Up to this size, a buffer grows whatever the limit, to save reads. */
const EAGER_BYTES = 16_384;

/**
 * Thrown when a peer's message exceeds the limit.
 *
 * @example Usage
 * ```ts
 * import { FramingError } from "./line_decoder.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new FramingError("Line too long", 70_000, 65_536);
 * assertEquals(error.message, "Line too long: 70000 bytes, limit 65536");
 * const endless = new FramingError("Line too long", null, 65_536);
 * assertEquals(endless.message, "Line too long: more than 65536 bytes");
 * ```
 */
export class FramingError extends Error {
  /** The name of the class. */
  override readonly name = "FramingError";
  /** The length of the message, in bytes; `null` if its end has not arrived. */
  readonly lengthBytes: number | null;
  /** The longest message accepted, in bytes. */
  readonly limitBytes: number;

  /**
   * Creates the error.
   *
   * @param problem What is wrong with the message.
   * @param lengthBytes The length of the message, in bytes; `null` if its end has
   * not arrived.
   * @param limitBytes The longest message accepted, in bytes.
   */
  constructor(
    problem: string,
    lengthBytes: number | null,
    limitBytes: number,
  ) {
    super(
      lengthBytes === null
        ? `${problem}: more than ${limitBytes} bytes`
        : `${problem}: ${lengthBytes} bytes, limit ${limitBytes}`,
    );
    this.lengthBytes = lengthBytes;
    this.limitBytes = limitBytes;
  }
}

/**
 * An incremental decoder of one byte stream.
 *
 * The `take` methods return views of the decoder's buffer, which are valid until
 * the next {@linkcode LineDecoder.space} or {@linkcode LineDecoder.push}.
 *
 * @example Lines of a segmented stream
 * ```ts
 * import { LineDecoder } from "./line_decoder.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const decoder = new LineDecoder(1024);
 * const text = (bytes: Uint8Array | null) =>
 *   bytes && new TextDecoder().decode(bytes);
 *
 * decoder.push(new TextEncoder().encode("hel"));
 * assertEquals(text(decoder.takeLine()), null);
 * decoder.push(new TextEncoder().encode("lo\nworld\n"));
 * assertEquals(text(decoder.takeLine()), "hello\n");
 * assertEquals(text(decoder.takeLine()), "world\n");
 * assertEquals(text(decoder.takeLine()), null);
 * ```
 */
export class LineDecoder {
  #buffer = new Uint8Array(INITIAL_BYTES);
  #start = 0;
  #scanned = 0;
  #end = 0;
  #limitBytes: number;

  /**
   * Creates an empty decoder.
   *
   * @param limitBytes The longest message accepted, including its LF, in bytes.
   * @throws {RangeError} If the limit is not a positive integer.
   */
  constructor(limitBytes: number) {
    this.#limitBytes = checkLimit(limitBytes);
  }

  /** The longest message accepted, including its LF, in bytes. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Changes the limit, as when both sides agree on longer messages. */
  set limitBytes(limitBytes: number) {
    this.#limitBytes = checkLimit(limitBytes);
  }

  /** The number of bytes that have arrived and were not taken. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** The first pending byte; -1 if there is none. */
  get firstByte(): number {
    return this.#start === this.#end ? -1 : this.#buffer[this.#start]!;
  }

  /**
   * Returns free space to read a socket into, to be followed by
   * {@linkcode LineDecoder.commit}.
   *
   * @returns At least one byte of space.
   * @throws {FramingError} If more is pending than the longest message.
   */
  space(): Uint8Array<ArrayBuffer> {
    if (this.#end === this.#buffer.length) {
      this.#makeRoom();
    } else if (this.#start === this.#end) {
      this.#start = this.#scanned = this.#end = 0;
    }
    return this.#buffer.subarray(this.#end);
  }

  /**
   * Adds the bytes that were read into the start of the last
   * {@linkcode LineDecoder.space}.
   *
   * @param count How many bytes were read.
   */
  commit(count: number): void {
    this.#end += count;
  }

  /**
   * Adds a copy of bytes, for callers that do not read into the buffer.
   *
   * @param bytes Any part of the stream.
   * @throws {FramingError} As {@linkcode LineDecoder.space} does.
   */
  push(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const space = this.space();
      const part = bytes.subarray(done, done + space.length);
      space.set(part);
      this.commit(part.length);
      done += part.length;
    }
  }

  /**
   * Takes one line.
   *
   * @returns The line with its LF, or `null` if its end has not arrived.
   * @throws {FramingError} If the line is longer than the limit.
   */
  takeLine(): Uint8Array<ArrayBuffer> | null {
    const found = this.#scan();
    const length = this.#scanned - this.#start;
    if (length > this.#limitBytes || (!found && length === this.#limitBytes)) {
      const lengthBytes = found ? length : null;
      throw new FramingError("Line too long", lengthBytes, this.#limitBytes);
    }
    return found ? this.#take(length) : null;
  }

  /**
   * Takes all complete lines as one block.
   *
   * @returns The lines with their LFs, or `null` if no line is complete.
   */
  takeLines(): Uint8Array<ArrayBuffer> | null {
    let at = this.#end - 1;
    while (at >= this.#scanned && this.#buffer[at] !== LF) at -= 1;
    const found = at >= this.#scanned;
    this.#scanned = this.#end;
    return found ? this.#take(at + 1 - this.#start) : null;
  }

  /**
   * Takes one line, or a piece of a line above the limit. A piece is as long as
   * the limit; the last piece ends in LF.
   *
   * @returns The line or the piece, or `null` if neither has arrived.
   */
  takeLineOrPiece(): Uint8Array<ArrayBuffer> | null {
    const found = this.#scan();
    const length = this.#scanned - this.#start;
    if (length <= this.#limitBytes) {
      return found || length === this.#limitBytes ? this.#take(length) : null;
    }
    if (found) this.#scanned -= 1; // the next scan finds this LF again
    return this.#take(this.#limitBytes);
  }

  /**
   * Takes an exact number of bytes.
   *
   * @param count How many bytes.
   * @returns The bytes, or `null` if they have not all arrived.
   * @throws {FramingError} If the count is above the limit.
   */
  takeExactly(count: number): Uint8Array<ArrayBuffer> | null {
    if (count > this.#limitBytes) {
      throw new FramingError("Message too long", count, this.#limitBytes);
    }
    return this.pendingBytes < count ? null : this.#take(count);
  }

  /**
   * Takes all pending bytes.
   *
   * @returns At least one byte, or `null` if nothing is pending.
   */
  takeSome(): Uint8Array<ArrayBuffer> | null {
    return this.pendingBytes === 0 ? null : this.#take(this.pendingBytes);
  }

  /** Searches the bytes that were not searched yet for an LF. */
  #scan(): boolean {
    const at = indexOfLf(this.#buffer, this.#scanned, this.#end);
    this.#scanned = at < 0 ? this.#end : at + 1;
    return at >= 0;
  }

  #take(count: number): Uint8Array<ArrayBuffer> {
    const from = this.#start;
    this.#start += count;
    this.#scanned = Math.max(this.#scanned, this.#start);
    return this.#buffer.subarray(from, this.#start);
  }

  /** Moves the pending bytes to the start, in a larger buffer if half full. */
  #makeRoom(): void {
    const pending = this.pendingBytes;
    const max = Math.max(this.#limitBytes, EAGER_BYTES);
    if (pending >= max) {
      throw new FramingError("Message too long", null, this.#limitBytes);
    }
    const capacity = this.#buffer.length;
    const grows = pending * 2 >= capacity || capacity < EAGER_BYTES;
    this.#buffer.copyWithin(0, this.#start, this.#end);
    if (grows && capacity < max) {
      // The old buffer is freed at once; garbage would double the memory.
      const grown = this.#buffer.buffer.transfer(Math.min(capacity * 2, max));
      this.#buffer = new Uint8Array(grown);
    }
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#end = pending;
  }
}

function checkLimit(limitBytes: number): number {
  if (!Number.isInteger(limitBytes) || limitBytes < 1) {
    throw new RangeError(
      `The message limit must be a positive integer: ${limitBytes}`,
    );
  }
  return limitBytes;
}
