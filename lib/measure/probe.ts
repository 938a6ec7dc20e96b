/**
 * The probes of the measure protocol, built and checked. No IO.
 *
 * ```text
 *   m SP SEQ SP PAYLOAD LF        "m 12 abcdefghij\n", where SIZE is 10
 * ```
 *
 * @module
 */

import { CR, LF, lineContent } from "../framing/line_ending.ts";
import { LETTERS } from "./messages.ts";

const SPACE = 0x20;
const DIGIT_0 = 0x30;
/** Room for `m`, two spaces and seven digits. */
const HEADER_BYTES = 10;

/**
 * The length of the longest probe message, with CR LF.
 *
 * @param sizeBytes The payload's length.
 * @returns The length in bytes.
 */
export function maxProbeBytes(sizeBytes: number): number {
  return "m 1000000 ".length + sizeBytes + "\r\n".length;
}

/** The echo of a probe message, or why the message is refused. */
export type CheckedProbe =
  | { echo: Uint8Array<ArrayBuffer>; refusal: null }
  | { echo: null; refusal: string };

/**
 * Checks a probe message. A CR before the LF is part of the payload if the payload
 * has its length only with the CR; otherwise the CR is stripped.
 *
 * @param line The message with its LF; a CR is stripped in place.
 * @param sequence The expected sequence number.
 * @param sizeBytes The payload's length.
 * @returns The echo, a view of the line, or the reason of the refusal.
 *
 * @example Usage
 * ```ts
 * import { checkProbe } from "./probe.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const probe = new TextEncoder().encode("m 7 a b\n");
 * assertEquals(checkProbe(probe, 7, 3), { echo: probe, refusal: null });
 * assertEquals(checkProbe(probe, 8, 3), {
 *   echo: null,
 *   refusal: "Expected sequence number 8",
 * });
 * ```
 */
export function checkProbe(
  line: Uint8Array<ArrayBuffer>,
  sequence: number,
  sizeBytes: number,
): CheckedProbe {
  if (line[0] !== LETTERS.probe || line[1] !== SPACE) {
    return refused("Expected m and one space");
  }
  const payloadAt = afterNumber(line, 2, sequence);
  if (payloadAt < 0) return refused(`Expected sequence number ${sequence}`);
  if (line[payloadAt] !== SPACE) {
    return refused("Expected one space after the sequence number");
  }
  const end = payloadAt + 1 + sizeBytes;
  if (line[end] === LF) return { echo: line, refusal: null };
  if (line[end] === CR && line[end + 1] === LF) {
    line[end] = LF;
    return { echo: line.subarray(0, end + 1), refusal: null };
  }
  const length = lineContent(line).length - payloadAt - 1;
  return refused(`Expected a payload of ${sizeBytes} bytes: ${length}`);
}

function refused(refusal: string): CheckedProbe {
  return { echo: null, refusal };
}

/** The offset after the decimal digits of a number, or -1 without them. */
function afterNumber(line: Uint8Array, at: number, value: number): number {
  let unit = 1;
  while (unit * 10 <= value) unit *= 10;
  for (; unit >= 1; unit = Math.floor(unit / 10)) {
    if (line[at++] !== DIGIT_0 + Math.floor(value / unit) % 10) return -1;
  }
  return at;
}

/**
 * Builds probe messages of one size around one payload, without copying it.
 *
 * @example Usage
 * ```ts
 * import { ProbeBuilder } from "./probe.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const builder = new ProbeBuilder(3);
 * const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 * assertEquals(text(builder.message(1)), "m 1 abc\n");
 * assertEquals(text(builder.message(10)), "m 10 abc\n");
 * ```
 */
export class ProbeBuilder {
  #buffer: Uint8Array<ArrayBuffer>;

  /**
   * Builds the payload: the alphabet, repeated.
   *
   * @param sizeBytes The payload's length.
   * @param ending What follows the payload.
   */
  constructor(sizeBytes: number, ending: Uint8Array = Uint8Array.of(LF)) {
    this.#buffer = new Uint8Array(HEADER_BYTES + sizeBytes + ending.length);
    for (let index = 0; index < sizeBytes; index++) {
      this.#buffer[HEADER_BYTES + index] = 0x61 + index % 26;
    }
    this.#buffer.set(ending, HEADER_BYTES + sizeBytes);
  }

  /**
   * The payload and its ending, without the header.
   *
   * @returns A view of the builder's buffer.
   */
  payload(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(HEADER_BYTES);
  }

  /**
   * The probe with a sequence number.
   *
   * @param sequence From 0 to 9 999 999.
   * @returns The message, a view that is valid until the next call.
   */
  message(sequence: number): Uint8Array<ArrayBuffer> {
    let at = HEADER_BYTES;
    this.#buffer[--at] = SPACE;
    let rest = sequence;
    do {
      this.#buffer[--at] = DIGIT_0 + rest % 10;
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    this.#buffer[--at] = SPACE;
    this.#buffer[--at] = LETTERS.probe;
    return this.#buffer.subarray(at);
  }
}
