import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { parseTransform, transformMessage } from "../../lib/text/transform.ts";
import { characterLength } from "../../lib/framing/utf8.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What a transform makes of a text. */
function apply(name: string, message: string): string {
  return text(parseTransform(name).apply(bytes(message)));
}

Deno.test({
  name: "upper follows Unicode's rules",
  permissions: "none",
  fn() {
    const cases = {
      "": "",
      "hello, world 123": "HELLO, WORLD 123",
      "straße": "STRASSE",
      "ﬁn": "FIN",
      "ǆ": "Ǆ",
      "ελληνικός": "ΕΛΛΗΝΙΚΌΣ",
      "привет": "ПРИВЕТ",
      "i": "I", // whatever the machine's language is
      "ŉ": "ʼN",
      "日本 😀": "日本 😀",
      "\ufeffa\0b\t": "\ufeffA\0B\t",
      "a\r\nb": "A\r\nB",
    };
    for (const [message, answer] of Object.entries(cases)) {
      const upper = parseTransform("upper").apply(bytes(message));
      assertEquals(upper, bytes(answer), message);
    }
  },
});

Deno.test({
  name: "upper leaves bytes that are not UTF-8 where they are",
  permissions: "none",
  fn() {
    const cases: [number[], number[]][] = [
      [[0xff], [0xff]],
      [[0x61, 0xff, 0x62], [0x41, 0xff, 0x42]],
      [[0xc3, 0x61], [0xc3, 0x41]], // a character begun and not continued
      [[0x61, 0xc3], [0x41, 0xc3]],
      [[0xc3, 0x9f, 0xff], [0x53, 0x53, 0xff]], // ß, and then rubbish
      [[0xed, 0xa0, 0x80, 0x61], [0xed, 0xa0, 0x80, 0x41]],
      [[0xf0, 0x9f, 0x98, 0x61], [0xf0, 0x9f, 0x98, 0x41]],
    ];
    const { apply } = parseTransform("upper");
    for (const [given, expected] of cases) {
      assertEquals(apply(Uint8Array.from(given)), Uint8Array.from(expected));
    }
  },
});

Deno.test({
  name: "upper changes nothing but characters, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(12);
    const { apply } = parseTransform("upper");
    const parts = [[0x61], [0xc3, 0xa9], [0xe2, 0x82, 0xac], [0xff], [0xc3], [
      0xe2,
      0x82,
    ], [0x80]];
    for (let round = 0; round < 20_000; round++) {
      const given = Uint8Array.from(
        Array.from(
          { length: Math.floor(random() * 6) },
          () => parts[Math.floor(random() * parts.length)]!,
        ).flat(),
      );
      // One character after the other, each in upper case or as it is.
      const expected: number[] = [];
      for (let at = 0; at < given.length;) {
        const length = characterLength(given, at);
        const part = given.subarray(at, at + Math.max(1, length));
        expected.push(...length > 0 ? bytes(text(part).toUpperCase()) : part);
        at += part.length;
      }
      const answer = apply(given);
      if (answer.join() !== expected.join()) throw new Error(given.join());
    }
  },
});

Deno.test({
  name: "upper and echo may be applied piece by piece, the others not",
  permissions: "none",
  fn() {
    const names = ["upper", "echo", "reverse", "count=s"];
    const piecewise = names.map((name) => parseTransform(name).piecewise);
    assertEquals(piecewise, [true, true, false, false]);

    const { apply } = parseTransform("upper");
    const characters = [..."straße ﬁn ελληνικός ŉ 😀"];
    const whole = text(apply(bytes(characters.join(""))));
    for (let cut = 0; cut <= characters.length; cut++) {
      const head = apply(bytes(characters.slice(0, cut).join("")));
      const tail = apply(bytes(characters.slice(cut).join("")));
      assertEquals(text(head) + text(tail), whole);
    }
  },
});

Deno.test({
  name: "echo gives the text itself",
  permissions: "none",
  fn() {
    const message = Uint8Array.of(0x61, 0xff, 0x00);
    assertStrictEquals(parseTransform("echo").apply(message), message);
  },
});

Deno.test({
  name: "reverse turns round what a reader takes for characters",
  permissions: "none",
  fn() {
    const cases = {
      "": "",
      "a": "a",
      "abc": "cba",
      "añb": "bña",
      "an\u0303b": "bn\u0303a", // a letter and its combining tilde
      "a👨‍👩‍👧b": "b👨‍👩‍👧a",
      "x🇩🇪🇫🇷": "🇫🇷🇩🇪x",
    };
    for (const [message, answer] of Object.entries(cases)) {
      assertEquals(apply("reverse", message), answer);
    }
  },
});

Deno.test({
  name: "reverse leaves bytes that are not UTF-8 as they are",
  permissions: "none",
  fn() {
    const message = Uint8Array.of(0x61, 0xff, 0x62);
    assertEquals(parseTransform("reverse").apply(message), message);
  },
});

Deno.test({
  name: "count=LETTER says how often the letter occurs",
  permissions: "none",
  fn() {
    const cases: [string, string, string][] = [
      ["s", "", "0"],
      ["s", "mississippi", "4"],
      ["s", "MISSISSIPPI", "0"],
      ["é", "été", "2"],
      ["é", "ete", "0"],
      ["😀", "😀😀 😁", "2"],
      [" ", " a b ", "3"],
      ["=", "a=b", "1"],
      [".", "a.b", "1"],
      ["\n", "ab", "0"],
    ];
    for (const [letter, message, count] of cases) {
      assertEquals(apply(`count=${letter}`, message), count);
    }
  },
});

Deno.test({
  name: "count=LETTER counts also in bytes that are not UTF-8",
  permissions: "none",
  fn() {
    const { apply } = parseTransform("count=é");
    const message = Uint8Array.of(0xff, 0xc3, 0xa9, 0xc3, 0xc3, 0xa9, 0xc3);
    assertEquals(text(apply(message)), "2");
  },
});

Deno.test({
  name: "parseTransform() refuses other names, and says which there are",
  permissions: "none",
  fn() {
    const names = [
      "",
      "Upper",
      "lower",
      "count",
      "count=",
      "count=ss",
      "upper ",
      "xcount=s",
      "constructor",
    ];
    for (const name of names) {
      assertThrows(
        () => parseTransform(name),
        SyntaxError,
        `upper, echo, reverse or count=LETTER (as in count=s), not "${name}"`,
      );
    }
  },
});

Deno.test({
  name: "transformMessage() keeps the line ending and transforms the rest",
  permissions: "none",
  fn() {
    const cases: [string, string, string][] = [
      ["upper", "straße\r\n", "STRASSE\r\n"],
      ["upper", "a", "A"],
      ["reverse", "abc\n", "cba\n"],
      ["reverse", "\r\n", "\r\n"],
      ["reverse", "ab\r", "\rba"],
      ["count=\r", "a\r\r\n", "1\r\n"],
      ["count=s", "sss\r\n", "3\r\n"],
      ["count=s", "\n", "0\n"],
      ["echo", "", ""],
    ];
    for (const [name, message, answer] of cases) {
      const transformed = transformMessage(
        parseTransform(name),
        bytes(message),
      );
      assertEquals(text(transformed), answer, name);
    }
  },
});

Deno.test({
  name: "transformMessage() copies nothing where nothing changes",
  permissions: "none",
  fn() {
    const message = bytes("abc\r\n");
    const answer = transformMessage(parseTransform("echo"), message);
    assertStrictEquals(answer, message);
  },
});
