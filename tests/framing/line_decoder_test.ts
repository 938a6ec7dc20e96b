import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { FramingError } from "../../lib/framing/line_decoder.ts";
import { LineDecoder } from "../../lib/framing/line_decoder.ts";
import { LF } from "../../lib/framing/line_ending.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array | null) =>
  bytes === null ? null : new TextDecoder().decode(bytes);

/** Every line that is there now, as text. */
function allLines(decoder: LineDecoder): string[] {
  const lines = [];
  for (let line; (line = decoder.takeLine()) !== null;) lines.push(text(line)!);
  return lines;
}

/** The lines of a stream that arrives in these parts. */
function linesOf(parts: Iterable<Uint8Array>, limitBytes: number): string[] {
  const decoder = new LineDecoder(limitBytes);
  const lines = [];
  for (const part of parts) {
    decoder.push(part);
    lines.push(...allLines(decoder));
  }
  return lines;
}

const STREAM = "hello\n\nwörld\r\n\r\n\0 \n";
const LINES = ["hello\n", "\n", "wörld\r\n", "\r\n", "\0 \n"];

Deno.test({
  name: "LineDecoder.takeLine() gives each line with its LF",
  permissions: "none",
  fn() {
    assertEquals(linesOf([bytes(STREAM)], 64), LINES);
  },
});

Deno.test({
  name: "LineDecoder.takeLine() keeps an incomplete line",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(64);
    assertEquals(decoder.takeLine(), null);
    decoder.push(bytes("hel"));
    assertEquals(decoder.takeLine(), null);
    assertEquals(decoder.pendingBytes, 3);
    decoder.push(bytes("lo\nw"));
    assertEquals(text(decoder.takeLine()), "hello\n");
    assertEquals(decoder.takeLine(), null);
    assertEquals(decoder.pendingBytes, 1);
  },
});

Deno.test({
  name: "LineDecoder.takeLine() finds the same lines wherever a stream is cut",
  permissions: "none",
  fn() {
    const stream = bytes(STREAM);
    for (let one = 0; one <= stream.length; one++) {
      for (let two = one; two <= stream.length; two++) {
        const parts = [
          stream.subarray(0, one),
          stream.subarray(one, two),
          stream.subarray(two),
        ];
        assertEquals(linesOf(parts, 64), LINES, `cut at ${one} and ${two}`);
      }
    }
  },
});

Deno.test({
  name: "LineDecoder.takeLine() works on one byte at a time",
  permissions: "none",
  fn() {
    const stream = bytes(STREAM.repeat(200)); // longer than the first buffer
    const parts = Array.from(stream, (byte) => Uint8Array.of(byte));
    const expected = Array.from({ length: 200 }, () => LINES).flat();
    assertEquals(linesOf(parts, 8), expected);
  },
});

Deno.test({
  name: "LineDecoder.takeLine() accepts a line as long as the limit",
  permissions: "none",
  fn() {
    assertEquals(linesOf([bytes("1234567\n1234567\n")], 8), [
      "1234567\n",
      "1234567\n",
    ]);
  },
});

Deno.test({
  name: "LineDecoder.takeLine() refuses a line longer than the limit",
  permissions: "none",
  fn() {
    // As soon as it cannot end within the limit, whether or not its LF came.
    for (const [pushed, lengthBytes] of [["12345678", 8], ["12345678\n", 9]]) {
      const decoder = new LineDecoder(8);
      decoder.push(bytes(pushed as string));
      const error = assertThrows(() => decoder.takeLine(), FramingError);
      assertEquals(error.lengthBytes, lengthBytes);
      assertEquals(error.limitBytes, 8);
      assertEquals(
        error.message,
        `Line too long: ${lengthBytes} bytes, limit 8`,
      );
    }
  },
});

Deno.test({
  name: "LineDecoder.limitBytes can be set anew between lines",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(4);
    decoder.push(bytes("abc\nlonger\nabc\nlonger\n"));
    assertEquals(text(decoder.takeLine()), "abc\n");
    decoder.limitBytes = 7;
    assertEquals(decoder.limitBytes, 7);
    assertEquals(text(decoder.takeLine()), "longer\n");
    decoder.limitBytes = 4;
    assertEquals(text(decoder.takeLine()), "abc\n");
    assertThrows(() => decoder.takeLine(), FramingError);
  },
});

Deno.test({
  name: "LineDecoder.limitBytes refuses what is not a positive integer",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(1);
    for (const limit of [0, -1, 1.5, NaN, Infinity]) {
      assertThrows(() => new LineDecoder(limit), RangeError, String(limit));
      assertThrows(() => decoder.limitBytes = limit, RangeError, String(limit));
    }
    assertEquals(decoder.limitBytes, 1);
  },
});

Deno.test({
  name:
    "LineDecoder.takeLineOrPiece() cuts a long line into limit-sized pieces",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(4);
    const stream = bytes("ab\n0123456789\nabc\nabcd\nx");
    const pieces = [];
    for (const byte of stream) {
      decoder.push(Uint8Array.of(byte));
      for (let piece; (piece = decoder.takeLineOrPiece()) !== null;) {
        pieces.push(text(piece));
      }
    }
    const expected = ["ab\n", "0123", "4567", "89\n", "abc\n", "abcd", "\n"];
    assertEquals(pieces, expected);

    const atOnce = new LineDecoder(4);
    atOnce.push(stream);
    assertEquals(
      expected.map(() => text(atOnce.takeLineOrPiece())),
      expected,
    );
    assertEquals(atOnce.takeLineOrPiece(), null);
    assertEquals(text(atOnce.takeSome()), "x");
  },
});

Deno.test({
  name: "LineDecoder.takeExactly() takes a count, whatever the bytes are",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(8);
    decoder.push(bytes("a\nb"));
    assertEquals(decoder.takeExactly(4), null);
    assertEquals(text(decoder.takeExactly(0)), "");
    decoder.push(bytes("\nrest\n"));
    assertEquals(text(decoder.takeExactly(4)), "a\nb\n");
    assertEquals(text(decoder.takeLine()), "rest\n");
  },
});

Deno.test({
  name: "LineDecoder.takeExactly() refuses a count above the limit at once",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(8);
    assertEquals(decoder.takeExactly(8), null);
    const error = assertThrows(() => decoder.takeExactly(9), FramingError);
    assertEquals(error.message, "Message too long: 9 bytes, limit 8");
  },
});

Deno.test({
  name: "LineDecoder.takeSome() takes all that is pending, or null",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(8);
    assertEquals(decoder.takeSome(), null);
    decoder.push(bytes("ab\ncd"));
    assertEquals(text(decoder.takeLine()), "ab\n");
    assertEquals(text(decoder.takeSome()), "cd");
    assertEquals(decoder.takeSome(), null);
    assertEquals(decoder.pendingBytes, 0);
  },
});

Deno.test({
  name: "LineDecoder.space() starts small and stops growing at 64 KiB",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(16);
    assertEquals(decoder.space().length, 512);
    let heldBytes = 0;
    assertThrows(
      () => {
        for (;;) {
          const space = decoder.space();
          assert(space.length > 0);
          decoder.commit(space.length);
          heldBytes = decoder.pendingBytes;
        }
      },
      FramingError,
      "Message too long",
    );
    assertEquals(heldBytes, 16_384);
  },
});

Deno.test({
  name: "LineDecoder.space() never offers more than the limit has use for",
  permissions: "none",
  fn() {
    const limit = 100_000;
    const decoder = new LineDecoder(limit);
    const line = new Uint8Array(limit).fill(0x61);
    line[limit - 1] = LF;
    for (let times = 0; times < 5; times++) {
      decoder.push(line);
      assertEquals(decoder.takeLine(), line);
      assertLessOrEqual(decoder.space().length, limit);
    }
  },
});

Deno.test({
  name: "LineDecoder.space() keeps what is pending when a limit is lowered",
  permissions: "none",
  fn() {
    for (const pending of [1, 511, 16_383]) {
      const decoder = new LineDecoder(100_000);
      decoder.push(new Uint8Array(100_000).fill(1));
      decoder.takeExactly(100_000 - pending);
      decoder.limitBytes = 10;
      const space = decoder.space();
      assert(space.length > 0);
      assertEquals(decoder.takeSome(), new Uint8Array(pending).fill(1));
    }
  },
});

Deno.test({
  name: "LineDecoder gives back every byte of any stream, in order",
  permissions: "none",
  fn() {
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
        const part = stream.subarray(at, at + 1 + below(space.length));
        space.set(part);
        decoder.commit(part.length);
        at += part.length;
        for (let piece; (piece = decoder.takeLineOrPiece()) !== null;) {
          const lf = piece.indexOf(LF);
          // A piece ends at an LF, or else is as long as the limit.
          assert(
            lf < 0
              ? piece.length === decoder.limitBytes
              : lf === piece.length - 1,
          );
          taken.push(...piece);
        }
      }
      taken.push(...decoder.takeSome() ?? []);
      assertEquals(Uint8Array.from(taken), stream, `round ${round}`);
    }
  },
});

Deno.test({
  name: "LineDecoder.takeLine() agrees with a split at every LF, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(2);
    const letters = ["a", "b", "\r", "\n", "\0", " ", "é"];
    for (let round = 0; round < 10_000; round++) {
      const stream = Array.from(
        { length: Math.floor(random() * 40) },
        () => letters[Math.floor(random() * letters.length)],
      ).join("");
      const encoded = bytes(stream);
      const cut = Math.floor(random() * encoded.length);
      const parts = [encoded.subarray(0, cut), encoded.subarray(cut)];
      const expected = stream.match(/[^\n]*\n/g) ?? [];
      assertEquals(linesOf(parts, 100), [...expected], JSON.stringify(stream));
    }
  },
});

Deno.test({
  name: "LineDecoder.takeLines() takes what is complete, however it is cut",
  permissions: "none",
  fn() {
    const stream = new TextEncoder().encode("one\n\ntwo\nthree");
    for (let cut = 0; cut <= stream.length; cut++) {
      const decoder = new LineDecoder(1024);
      let taken = "";
      for (const part of [stream.subarray(0, cut), stream.subarray(cut)]) {
        decoder.push(part);
        const lines = new TextDecoder().decode(
          decoder.takeLines() ?? undefined,
        );
        assertEquals(lines === "" || lines.endsWith("\n"), true);
        taken += lines;
      }
      assertEquals(taken, "one\n\ntwo\n");
      assertEquals(decoder.takeLines(), null);
      decoder.push(Uint8Array.of(LF));
      assertEquals(
        new TextDecoder().decode(decoder.takeLine() ?? undefined),
        "three\n",
      );
    }
  },
});

Deno.test({
  name: "LineDecoder.firstByte is -1 until something is pending",
  permissions: "none",
  fn() {
    const decoder = new LineDecoder(16);
    assertEquals(decoder.firstByte, -1);
    decoder.push(Uint8Array.of(7, 8, LF));
    assertEquals(decoder.firstByte, 7);
    decoder.takeExactly(1);
    assertEquals(decoder.firstByte, 8);
    decoder.takeLine();
    assertEquals(decoder.firstByte, -1);
  },
});
