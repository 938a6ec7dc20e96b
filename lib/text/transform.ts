/**
 * What the uppercase servers do to a text.
 *
 * | name | answer |
 * |---|---|
 * | `upper` | the text in upper case, by Unicode's rules (`ß` becomes `SS`) |
 * | `echo` | the text |
 * | `reverse` | the text backwards, by the characters a reader sees |
 * | `count=s` | how often that letter occurs in it |
 *
 * Bytes that are not UTF-8 pass through unchanged.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { LF, lineContent } from "../framing/line_ending.ts";
import { characterLength } from "../framing/utf8.ts";

/** A transform of texts. */
export interface Transform {
  /** Gives the answer to a text without its line ending; it may be the text. */
  apply(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
  /** Whether the pieces of a text may be transformed one by one. */
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
 * @throws {SyntaxError} If there is none of that name.
 *
 * @example Usage
 * ```ts
 * import { parseTransform } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const upper = parseTransform("upper");
 * const answer = upper.apply(new TextEncoder().encode("straße"));
 * assertEquals(new TextDecoder().decode(answer), "STRASSE");
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
  const needle = encoder.encode(letter);
  return {
    apply: (text) => encoder.encode(String(occurrences(text, needle))),
    piecewise: false,
  };
}

/**
 * Applies a transform to a message and keeps the message's line ending.
 *
 * @param transform The transform.
 * @param message A text, with LF, CR LF or nothing after it.
 * @returns The answer, ended as the message was.
 *
 * @example Usage
 * ```ts
 * import { parseTransform, transformMessage } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const message = new TextEncoder().encode("abc\r\n");
 * const answer = transformMessage(parseTransform("reverse"), message);
 * assertEquals(new TextDecoder().decode(answer), "cba\r\n");
 * ```
 */
export function transformMessage(
  transform: Transform,
  message: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const text = lineContent(message);
  const answer = transform.apply(text);
  if (answer === text) return message;
  return concat([answer, message.subarray(text.length)]);
}

/**
 * Applies a transform to each of several lines.
 *
 * @param transform The transform.
 * @param lines Any number of lines; the last need not be ended.
 * @returns The answers, one after the other.
 *
 * @example Usage
 * ```ts
 * import { parseTransform, transformLines } from "./transform.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = new TextEncoder().encode("abc\ndef\n");
 * const answers = transformLines(parseTransform("reverse"), lines);
 * assertEquals(new TextDecoder().decode(answers), "cba\nfed\n");
 * ```
 */
export function transformLines(
  transform: Transform,
  lines: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (transform.piecewise) return transform.apply(lines);
  const answers = [];
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf(LF, at) + 1 || lines.length;
    answers.push(transformMessage(transform, lines.subarray(at, end)));
    at = end;
  }
  return concat(answers);
}

function upper(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const whole = decode(text);
  if (whole !== null) return encoder.encode(whole.toUpperCase());
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0; at < text.length;) {
    const from = at;
    let length;
    while (at < text.length && (length = characterLength(text, at)) > 0) {
      at += length;
    }
    const valid = decode(text.subarray(from, at))!;
    parts.push(encoder.encode(valid.toUpperCase()));
    const invalidFrom = at;
    while (at < text.length && characterLength(text, at) <= 0) at += 1;
    parts.push(text.subarray(invalidFrom, at));
  }
  return concat(parts);
}

function reverse(text: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (text.length < 2) return text;
  const whole = decode(text);
  if (whole === null) return text;
  const characters = segmenter.segment(whole);
  const backwards = Array.from(characters, ({ segment }) => segment).reverse();
  return encoder.encode(backwards.join(""));
}

/** Counts where `needle` stands; the places of a letter cannot overlap. */
function occurrences(text: Uint8Array, needle: Uint8Array): number {
  let count = 0;
  for (let at = 0; (at = text.indexOf(needle[0]!, at)) >= 0; at++) {
    if (needle.every((byte, index) => text[at + index] === byte)) count += 1;
  }
  return count;
}

function decode(text: Uint8Array): string | null {
  try {
    return strictDecoder.decode(text);
  } catch {
    return null;
  }
}
