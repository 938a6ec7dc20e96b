import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { FramingError, LineDecoder } from "../../lib/framing/line_decoder.ts";
import { LF } from "../../lib/framing/line_ending.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { bytes, text } from "../fixtures.ts";
import { pureTest as test } from "../testing.ts";

type Take = "takeLine" | "takeLines" | "takeLineOrPiece";

/** Everything that a stream gives which arrives in these segments. */
function takeAll(
  take: Take,
  segments: Iterable<Uint8Array>,
  limitBytes = 64,
): string[] {
  const decoder = new LineDecoder(limitBytes);
  const taken = [];
  for (const segment of segments) {
    decoder.push(segment);
    for (let part; (part = decoder[take]()) !== null;) taken.push(text(part)!);
  }
  return taken;
}

/** A decoder that has received a text. */
function received(content: string, limitBytes = 64): LineDecoder {
  const decoder = new LineDecoder(limitBytes);
  decoder.push(bytes(content));
  return decoder;
}

function bytewise(content: string): Uint8Array[] {
  return Array.from(bytes(content), (byte) => Uint8Array.of(byte));
}

const STREAM = "hello\n\nwörld\r\n\r\n\0 \nrest";
const LINES = ["hello\n", "\n", "wörld\r\n", "\r\n", "\0 \n"];

test("LineDecoder finds the same lines wherever a stream is segmented", () => {
  const stream = bytes(STREAM);
  for (let one = 0; one <= stream.length; one++) {
    for (let two = one; two <= stream.length; two++) {
      const segments = [
        stream.subarray(0, one),
        stream.subarray(one, two),
        stream.subarray(two),
      ];
      const where = `cut at ${one} and ${two}`;
      assertEquals(takeAll("takeLine", segments), LINES, where);
      const blocks = takeAll("takeLines", segments);
      assertEquals(blocks.join(""), LINES.join(""), where);
      assert(blocks.every((block) => block.endsWith("\n")), where);
    }
  }
  assertEquals(takeAll("takeLines", [stream]), [LINES.join("")]);
  const long = STREAM.repeat(200); // longer than the first buffer
  const lines = takeAll("takeLine", bytewise(long), 16).join("");
  assertEquals(lines, long.slice(0, -"rest".length));
});

test("LineDecoder.takeLine() agrees with a split at each LF, on random text", () => {
  const random = seededRandom(2);
  const letters = ["a", "b", "\r", "\n", "\0", " ", "é"];
  for (let round = 0; round < 10_000; round++) {
    const stream = Array.from(
      { length: Math.floor(random() * 40) },
      () => letters[Math.floor(random() * letters.length)],
    ).join("");
    const encoded = bytes(stream);
    const cut = Math.floor(random() * encoded.length);
    const segments = [encoded.subarray(0, cut), encoded.subarray(cut)];
    const expected = [...stream.match(/[^\n]*\n/g) ?? []];
    const lines = takeAll("takeLine", segments, 100);
    assertEquals(lines, expected, JSON.stringify(stream));
  }
});

test("LineDecoder keeps an incomplete line", () => {
  const decoder = received("hel");
  assertEquals(decoder.takeLine(), null);
  assertEquals(decoder.takeLines(), null);
  assertEquals([decoder.pendingBytes, decoder.firstByte], [3, 0x68]);
  decoder.push(bytes("lo\nw"));
  assertEquals(text(decoder.takeLine()), "hello\n");
  assertEquals(decoder.takeLine(), null);
  assertEquals(text(decoder.takeSome()), "w");
  assertEquals([decoder.pendingBytes, decoder.firstByte], [0, -1]);
  assertEquals(decoder.takeSome(), null);
});

test("LineDecoder.takeLine() accepts a line of the limit, and none above it", () => {
  assertEquals(takeAll("takeLine", [bytes("1234567\n1234567\n")], 8), [
    "1234567\n",
    "1234567\n",
  ]);
  // As soon as it cannot end within the limit, with or without its LF.
  for (
    const [content, lengthBytes, problem] of [
      ["12345678", null, "more than 8 bytes"],
      ["12345678\n", 9, "9 bytes, limit 8"],
    ] as const
  ) {
    const decoder = received(content, 8);
    const error = assertThrows(() => decoder.takeLine(), FramingError);
    assertEquals([error.lengthBytes, error.limitBytes], [lengthBytes, 8]);
    assertEquals(error.message, `Line too long: ${problem}`);
  }
});

test("LineDecoder.takeLineOrPiece() splits a line above the limit", () => {
  const stream = "ab\n0123456789\nabc\nabcd\nx";
  const pieces = ["ab\n", "0123", "4567", "89\n", "abc\n", "abcd", "\n"];
  for (const segments of [bytewise(stream), [bytes(stream)]]) {
    assertEquals(takeAll("takeLineOrPiece", segments, 4), pieces);
  }
});

test("LineDecoder.takeExactly() takes a count of any bytes, up to the limit", () => {
  const decoder = received("a\nb", 8);
  assertEquals(decoder.takeExactly(4), null);
  assertEquals(decoder.takeExactly(8), null);
  assertEquals(text(decoder.takeExactly(0)), "");
  decoder.push(bytes("\nrest\n"));
  assertEquals(text(decoder.takeExactly(4)), "a\nb\n");
  assertEquals(text(decoder.takeLine()), "rest\n");
  const error = assertThrows(() => decoder.takeExactly(9), FramingError);
  assertEquals(error.message, "Message too long: 9 bytes, limit 8");
});

test("LineDecoder.limitBytes can be changed between lines", () => {
  const decoder = received("abc\nlonger\nabc\nlonger\n", 4);
  assertEquals(text(decoder.takeLine()), "abc\n");
  decoder.limitBytes = 7;
  assertEquals(text(decoder.takeLine()), "longer\n");
  decoder.limitBytes = 4;
  assertEquals(text(decoder.takeLine()), "abc\n");
  assertThrows(() => decoder.takeLine(), FramingError);
  for (const limit of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new LineDecoder(limit), RangeError, `${limit}`);
    assertThrows(() => decoder.limitBytes = limit, RangeError, `${limit}`);
  }
  assertEquals(decoder.limitBytes, 4);
});

test("LineDecoder.space() starts small, and stops growing at 16 KiB or the limit", () => {
  assertEquals(new LineDecoder(16).space().length, 512);
  for (const [limit, maxBytes] of [[16, 16_384], [100_000, 100_000]]) {
    const decoder = new LineDecoder(limit!);
    let heldBytes = 0;
    assertThrows(
      () => {
        for (;;) {
          const { length } = decoder.space();
          assert(length > 0);
          decoder.commit(length);
          heldBytes = decoder.pendingBytes;
        }
      },
      FramingError,
      "Message too long",
    );
    assertEquals(heldBytes, maxBytes);
  }
  const reused = new LineDecoder(100_000);
  for (let times = 0; times < 5; times++) {
    reused.push(new Uint8Array(100_000).fill(0x61).fill(LF, -1));
    assertEquals(reused.takeLine()?.length, 100_000);
    assertLessOrEqual(reused.space().length, 100_000);
  }
});

test("LineDecoder.space() keeps the pending bytes when the limit is lowered", () => {
  for (const pending of [1, 511, 16_383]) {
    const decoder = new LineDecoder(100_000);
    decoder.push(new Uint8Array(100_000).fill(1));
    decoder.takeExactly(100_000 - pending);
    decoder.limitBytes = 10;
    assert(decoder.space().length > 0);
    assertEquals(decoder.takeSome(), new Uint8Array(pending).fill(1));
  }
});

test("LineDecoder returns every byte of a random stream, in order", () => {
  const random = seededRandom(1);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let round = 0; round < 300; round++) {
    const stream = Uint8Array.from(
      { length: below(5000) },
      () => random() < 0.05 ? LF : below(256),
    );
    const decoder = new LineDecoder(1 + below(300));
    const taken: number[] = [];
    for (let at = 0; at < stream.length;) {
      const space = decoder.space();
      const segment = stream.subarray(at, at + 1 + below(space.length));
      space.set(segment);
      decoder.commit(segment.length);
      at += segment.length;
      for (let piece; (piece = decoder.takeLineOrPiece()) !== null;) {
        const lf = piece.indexOf(LF);
        // A piece ends in an LF, or is as long as the limit.
        const end = lf < 0 ? decoder.limitBytes : lf + 1;
        assertEquals(piece.length, end);
        taken.push(...piece);
      }
    }
    taken.push(...decoder.takeSome() ?? []);
    assertEquals(Uint8Array.from(taken), stream, `round ${round}`);
  }
});
