import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  incompleteTailBytes,
  parseTransform,
  transformMessage,
} from "../../lib/text/transform.ts";
import { bytes, latin1, text } from "../fixtures.ts";
import { pureTest as test } from "../testing.ts";

const { apply: upper } = parseTransform("upper");

const TEXTS: [transform: string, message: string, reply: string][] = [
  ["upper", "", ""],
  ["upper", "hello, world 123", "HELLO, WORLD 123"],
  ["upper", "straße ﬁn ǆ ŉ", "STRASSE FIN Ǆ ʼN"],
  ["upper", "ελληνικός привет", "ΕΛΛΗΝΙΚΌΣ ПРИВЕТ"],
  ["upper", "i", "I"], // in any locale
  ["upper", "日本 😀", "日本 😀"],
  ["upper", "\ufeffa\0b\t", "\ufeffA\0B\t"],
  ["upper", "a\r\nb\r\n", "A\r\nB\r\n"],
  ["reverse", "", ""],
  ["reverse", "abc\n", "cba\n"],
  ["reverse", "an\u0303b", "bn\u0303a"], // a letter and its combining tilde
  ["reverse", "a👨‍👩‍👧b", "b👨‍👩‍👧a"],
  ["reverse", "x🇩🇪🇫🇷", "🇫🇷🇩🇪x"],
  ["reverse", "\r\n", "\r\n"],
  ["reverse", "ab\r", "\rba"],
  ["count=s", "", "0"],
  ["count=s", "mississippi\r\n", "4\r\n"],
  ["count=s", "MISSISSIPPI", "0"],
  ["count=é", "été ete", "2"],
  ["count=😀", "😀😀 😁", "2"],
  ["count= ", " a b ", "3"],
  ["count==", "a=b", "1"],
  ["count=.", "a.b", "1"],
  ["count=\r", "a\r\r\n", "1\r\n"],
  ["count=\n", "ab\n", "0\n"],
];
test("transformMessage() transforms the text and keeps the line ending", () => {
  for (const [name, message, reply] of TEXTS) {
    const transform = parseTransform(name);
    const transformed = transformMessage(transform, bytes(message));
    assertEquals(transformed, bytes(reply), `${name} of ${message}`);
  }
});

const BINARIES: [transform: string, message: string, reply: string][] = [
  ["upper", "\xff", "\xff"],
  ["upper", "a\xffb", "A\xffB"],
  ["upper", "\xc3a", "\xc3A"], // a character that is not continued
  ["upper", "a\xc3", "A\xc3"],
  ["upper", "\xc3\x9f\xff", "SS\xff"], // ß, then an invalid byte
  ["upper", "\xed\xa0\x80a", "\xed\xa0\x80A"], // a surrogate
  ["upper", "\xf0\x9f\x98a", "\xf0\x9f\x98A"],
  ["reverse", "a\xffb", "a\xffb"],
  ["echo", "a\xff\0", "a\xff\0"],
  ["count=é", "\xff\xc3\xa9\xc3\xc3\xa9\xc3", "2"],
];
test("transformMessage() keeps bytes that are not UTF-8", () => {
  for (const [name, message, reply] of BINARIES) {
    const transform = parseTransform(name);
    assertEquals(transformMessage(transform, latin1(message)), latin1(reply));
  }
});

test("transformMessage() copies nothing where nothing changes", () => {
  const message = bytes("abc\r\n");
  const reply = transformMessage(parseTransform("echo"), message);
  assertStrictEquals(reply, message);
});

test("upper agrees with the platform on which bytes are characters", () => {
  // Bytes at the edges of RFC 3629's ranges, so that many inputs are nearly
  // valid, and the bytes of some lower-case letters of 1 to 4 bytes.
  // deno-fmt-ignore
  const edges = [0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2,
                   0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf3, 0xf4,
                   0xf5, ...bytes("éẁａ\u{10428}")];
  const random = seededRandom(3);
  for (let round = 0; round < 4000; round++) {
    const given = Uint8Array.from(
      { length: 1 + Math.floor(random() * 6) },
      () => edges[Math.floor(random() * edges.length)]!,
    );
    assertEquals(`${upper(given)}`, `${upperByCharacter(given)}`, `${given}`);
  }
});

/** Converts the longest character at each place, if there is one. */
function upperByCharacter(given: Uint8Array): Uint8Array {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reply: number[] = [];
  for (let at = 0; at < given.length;) {
    let length = 1;
    let converted: Iterable<number> = given.subarray(at, at + 1);
    for (let size = 1; size <= 4 && at + size <= given.length; size++) {
      try {
        const character = decoder.decode(given.subarray(at, at + size));
        converted = bytes(character.toUpperCase());
        length = size;
        break;
      } catch { // not a character
      }
    }
    reply.push(...converted);
    at += length;
  }
  return Uint8Array.from(reply);
}

test("upper and echo can be applied piece by piece, the others not", () => {
  const names = ["upper", "echo", "reverse", "count=s"];
  const piecewise = names.map((name) => parseTransform(name).piecewise);
  assertEquals(piecewise, [true, true, false, false]);

  const characters = [..."straße ﬁn ελληνικός ŉ 😀"];
  const whole = text(upper(bytes(characters.join(""))));
  for (let cut = 0; cut <= characters.length; cut++) {
    const head = upper(bytes(characters.slice(0, cut).join("")));
    const tail = upper(bytes(characters.slice(cut).join("")));
    assertEquals(`${text(head)}${text(tail)}`, whole);
  }
});

test("parseTransform() rejects other names, and lists the valid ones", () => {
  // deno-fmt-ignore
  const names = ["", "Upper", "lower", "count", "count=", "count=ss", "upper ",
                   "xcount=s", "constructor"];
  for (const name of names) {
    assertThrows(
      () => parseTransform(name),
      SyntaxError,
      `upper, echo, reverse or count=LETTER (as in count=s), not "${name}"`,
    );
  }
});

test("incompleteTailBytes() counts the bytes of an incomplete character", () => {
  for (
    const character of ["é", "€", "😀", "\u0800", "\ud7ff", "\u{10ffff}"]
  ) {
    const encoded = bytes(`a${character}`);
    for (let count = 0; count < encoded.length - 1; count++) {
      const tail = encoded.subarray(0, 1 + count);
      assertEquals(incompleteTailBytes(tail), count, character);
    }
    assertEquals(incompleteTailBytes(encoded), 0, character);
  }
  // deno-fmt-ignore
  const invalid = ["", "a", "\x80", "\x80\x80\x80", "\xff", "\xc1", "\xe0\x80",
                     "\xed\xa0", "\xf4\x90", "\xf5\x80\x80", "\xc2a"];
  for (const given of invalid) {
    assertEquals(incompleteTailBytes(latin1(given)), 0, given);
  }
});
