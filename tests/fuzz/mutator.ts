/**
 * Makes inputs from a corpus: the same seed gives the same inputs.
 *
 * Beside single bytes it changes what parsers look at: words of the protocol,
 * decimal numbers, length fields, UTF-8, and long repetitions.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";

/** Bytes on their way to a parser. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** What an input is made from. */
export interface Material {
  /** Inputs to begin with. */
  corpus: Bytes[];
  /** Words that replace parts of them. */
  words: Bytes[];
  /** The longest input, in bytes. */
  maxBytes: number;
}

/** Numbers at the limits of what parsers accept. */
const NUMBERS = [
  ...["0", "1", "-1", "00", "1.5", ".5", "1e9", "1e400", "NaN", "0x10", "+1"],
  ...["255", "256", "32767", "65535", "65536", "65507", "1000000", "1000001"],
  ...["1048576", "1048577", "2147483647", "2147483648", "4294967295"],
  ...["4294967296", "9007199254740991", "9007199254740993"],
  ...["18446744073709551615", "9".repeat(400), `0.${"0".repeat(30)}1`],
];
/** Damaged, rare and invisible characters. */
const CHARACTERS = [
  ..."\0|\n|\r|\r\n|\t|\x1b[2J|\x7f|\u0085|\u2028|\u202e|\ufeff|\u00df|\u0130"
    .split("|").map(encode),
  ..."\u0301".repeat(40).split("|").map(encode),
  ...["\u{1f1e9}\u{1f1ea}", "\u{e0041}", "\ufb03", "\u200d", "{}[]\"'\\"]
    .map(encode),
  ...[[0x80], [0xc3], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80]]
    .map((bytes) => Uint8Array.from(bytes)),
  ...[[0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80], [0xff, 0xfe], [0xff]]
    .map((bytes) => Uint8Array.from(bytes)),
];
const LENGTHS = [0, 1, 4, 16, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff];
const LENGTHS_32 = [0x80000000, 0xfffffff0, 0xffffffff];
const MAX_CHANGES = 6;

function encode(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** Makes the next input. */
export function mutated(
  { corpus, words, maxBytes }: Material,
  random: () => number,
): Bytes {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[]) => from[below(from.length)]!;
  let bytes = corpus.length === 0 ? new Uint8Array(0) : pick(corpus).slice();
  /** A range of a few bytes, or sometimes of any length. */
  const range = (): [from: number, to: number] => {
    const from = below(bytes.length + 1);
    const length = random() < 0.7 ? below(9) : below(bytes.length + 1);
    return [from, Math.min(bytes.length, from + length)];
  };
  const replace = (from: number, to: number, ...parts: Uint8Array[]) => {
    bytes = concat([bytes.subarray(0, from), ...parts, bytes.subarray(to)]);
  };
  const insert = (part: Uint8Array) => {
    const at = below(bytes.length + 1);
    replace(at, random() < 0.5 ? at : Math.min(bytes.length, at + 4), part);
  };
  /** Replaces one of the matches of a pattern. */
  const replaceMatch = (pattern: RegExp, by: Uint8Array) => {
    const text = new TextDecoder("latin1").decode(bytes);
    const found = [...text.matchAll(pattern)];
    if (found.length === 0) return insert(by);
    const { index, 0: match } = pick(found);
    replace(index, index + match.length, by);
  };
  const changes: (() => void)[] = [
    () => bytes[below(bytes.length)]! ^= 1 << below(8),
    () => bytes[below(bytes.length)] = below(256),
    () => bytes[below(bytes.length)] = pick([0, 9, 10, 13, 32, 127, 128, 255]),
    () => replace(...range()),
    () =>
      insert(crop(Uint8Array.from({ length: below(12) }, () => below(256)))),
    () => insert(pick(CHARACTERS)),
    () => replaceMatch(/-?\d+(?:\.\d+)?/g, encode(pick(NUMBERS))),
    () => replaceMatch(/-?\d+/g, encode(String(below(200)))),
    () => words.length > 0 && insert(pick(words)),
    () => words.length > 0 && replaceMatch(/[A-Za-z][\w-]*/g, pick(words)),
    () => {
      const [from, to] = range();
      insert(bytes.slice(from, to));
    },
    () => {
      const [from, to] = range();
      const times = random() < 0.1 ? below(400) : 2;
      replace(to, to, ...Array(times).fill(bytes.slice(from, to)));
    },
    () => {
      const other = corpus.length === 0 ? bytes : pick(corpus);
      replace(
        below(bytes.length + 1),
        bytes.length,
        other.slice(below(other.length)),
      );
    },
    () => bytes = bytes.slice(0, below(bytes.length + 1)),
    () => {
      const width = pick([1, 2, 4]);
      if (bytes.length < width) return;
      const value = pick([...LENGTHS, ...LENGTHS_32, bytes.length]);
      const at = below(bytes.length - width + 1);
      for (let index = 0; index < width; index++) {
        bytes[at + index] = value >>> 8 * (width - 1 - index);
      }
    },
  ];
  const crop = (part: Uint8Array) => part.subarray(0, maxBytes);
  for (let count = 1 + below(MAX_CHANGES); count > 0; count--) {
    pick(changes)();
    if (bytes.length > maxBytes) bytes = bytes.slice(0, maxBytes);
  }
  return bytes;
}
