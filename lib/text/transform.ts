/**
 * The transforms of the uppercase servers.
 *
 * | name | reply |
 * |---|---|
 * | `upper` | the text in upper case, by Unicode's rules (`ß` becomes `SS`) |
 * | `echo` | the text |
 * | `reverse` | the text backwards, by user-perceived characters |
 * | `count=s` | how often that letter occurs |
 *
 * Bytes that are not UTF-8 pass through unchanged.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { LF, lineContent } from "../framing/line_ending.ts";

/** A transform of texts. */
export interface Transform {
  /** Returns the reply to a text without its line ending; may be the text. */
  apply(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  /** Whether the pieces of a text can be transformed one by one. */
  piecewise: boolean;
}

const encoder = new TextEncoder();
const segmenter = new Intl.Segmenter();
const strictDecoder = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});

/**
 * Finds a transform by its name.
 *
 * @param name `upper`, `echo`, `reverse` or `count=` and a letter.
 * @returns The transform.
 * @throws {SyntaxError} If no transform has that name.
 *
 * @example Usage
 * ```ts
 * import { parseTransform } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const upper = parseTransform("upper");
 * const reply = upper.apply(new TextEncoder().encode("straße"));
 * assertEquals(new TextDecoder().decode(reply), "STRASSE");
 * ```
 */
export function parseTransform(name: string): Transform {
  if (name === "upper") return { apply: upper, piecewise: true };
  if (name === "echo") return { apply: (text) => text, piecewise: true };
  if (name === "reverse") return { apply: reverse, piecewise: false };
  const letter = /^count=(.)$/su.exec(name)?.[1];
  if (letter === undefined) {
    throw new SyntaxError(
      `upper, echo, reverse or count=LETTER (as in count=s), not "${name}"`,
    );
  }
  const needle = toBinary(encoder.encode(letter));
  return {
    apply: (text) =>
      encoder.encode(`${toBinary(text).split(needle).length - 1}`),
    piecewise: false,
  };
}

/**
 * Applies a transform to a message and keeps the line ending.
 *
 * @param transform The transform.
 * @param message A text, with LF, CR LF or nothing after it.
 * @returns The reply, with the message's line ending.
 *
 * @example Usage
 * ```ts
 * import { parseTransform, transformMessage } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("abc\r\n");
 * const reply = transformMessage(parseTransform("reverse"), message);
 * assertEquals(new TextDecoder().decode(reply), "cba\r\n");
 * ```
 */
export function transformMessage(
  transform: Transform,
  message: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const text = lineContent(message);
  const reply = transform.apply(text);
  if (reply === text) return message;
  return concat([reply, message.subarray(text.length)]);
}

/**
 * Applies a transform to each of several lines.
 *
 * @param transform The transform.
 * @param lines Any number of lines; the last may lack its LF.
 * @returns The replies in order.
 *
 * @example Usage
 * ```ts
 * import { parseTransform, transformLines } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = new TextEncoder().encode("abc\ndef\n");
 * const replies = transformLines(parseTransform("reverse"), lines);
 * assertEquals(new TextDecoder().decode(replies), "cba\nfed\n");
 * ```
 */
export function transformLines(
  transform: Transform,
  lines: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (transform.piecewise) return transform.apply(lines);
  const replies = [];
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(LF, at) + 1 || lines.length;
    replies.push(transformMessage(transform, lines.subarray(at, end)));
    at = end;
  }
  return concat(replies);
}

/**
 * Counts the bytes at the end that are the start of an incomplete UTF-8
 * character.
 *
 * @param text Any bytes.
 * @returns From 0 to 3.
 *
 * @example Usage
 * ```ts
 * import { incompleteTailBytes } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const euro = new TextEncoder().encode("5 €");
 * assertEquals(incompleteTailBytes(euro), 0);
 * assertEquals(incompleteTailBytes(euro.subarray(0, 4)), 2);
 * ```
 */
export function incompleteTailBytes(text: Uint8Array): number {
  return INCOMPLETE.exec(toBinary(text.subarray(-3)))?.[0].length ?? 0;
}

/** Well-formed UTF-8 (RFC 3629, section 4), each byte as one character. */
const WELL_FORMED =
  /(?:[^\x80-\xff]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+/g;
/** A character that lacks its last bytes, at the end of the text. */
const INCOMPLETE =
  /(?:[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]|\xf0[\x90-\xbf][\x80-\xbf]?|[\xf1-\xf3][\x80-\xbf]{1,2}|\xf4[\x80-\x8f][\x80-\xbf]?)$/;

/** Returns bytes as a string of one character each. */
function toBinary(bytes: Uint8Array): string {
  const { buffer, byteOffset, length } = bytes;
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

function upper(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const whole = decode(text);
  if (whole !== null) return encoder.encode(whole.toUpperCase());
  const binary = toBinary(text).replace(WELL_FORMED, (run) => {
    const characters = Buffer.from(run, "latin1").toString();
    return toBinary(encoder.encode(characters.toUpperCase()));
  });
  return Uint8Array.from(Buffer.from(binary, "latin1"));
}

function reverse(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const whole = decode(text);
  if (whole === null) return text;
  const characters = segmenter.segment(whole);
  const reversed = Array.from(characters, ({ segment }) => segment).reverse();
  return encoder.encode(reversed.join(""));
}

/** Decodes UTF-8; `null` if the text is not valid. */
function decode(text: Uint8Array): string | null {
  try {
    return strictDecoder.decode(text);
  } catch {
    return null;
  }
}
