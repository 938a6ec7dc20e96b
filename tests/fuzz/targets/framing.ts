import { assert, assertEquals } from "@std/assert";
import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import {
  FramingError,
  LineDecoder,
} from "../../../lib/framing/line_decoder.ts";
import type { Bytes } from "../mutator.ts";
import type { Target } from "../parser_fuzz.ts";
import { segmentsOf } from "../scripted_conn.ts";

const LIMITS = [1, 2, 7, 64, 512, 4096];
/** The buffer of a decoder with a low limit. */
const EAGER_BYTES = 16_384;

/** Lines by the definition: at each LF, up to the first one that is too long. */
function linesOf(
  input: Bytes,
  limit: number,
): { lines: Bytes[]; fails: boolean } {
  const lines: Bytes[] = [];
  for (let at = 0; at < input.length;) {
    const end = input.indexOf(10, at) + 1;
    if ((end || input.length + 1) - at > limit) return { lines, fails: true };
    if (end === 0) break;
    lines.push(input.slice(at, end));
    at = end;
  }
  return { lines, fails: false };
}

/** The lines that a decoder gives of a stream cut anywhere. */
const lines: Target = {
  name: "lines",
  corpus: ["hello\nworld\n", "a\r\n\r\n\n", "x".repeat(600) + "\nend"],
  run(input, random) {
    const limit = LIMITS[Math.floor(random() * LIMITS.length)]!;
    const expected = linesOf(input, limit);
    const decoder = new LineDecoder(limit);
    const taken: Bytes[] = [];
    let outcome = "valid";
    try {
      for (const segment of segmentsOf(input, random)) {
        decoder.push(segment);
        for (let line; (line = decoder.takeLine()) !== null;) {
          taken.push(line.slice());
        }
        assert(decoder.space().length <= EAGER_BYTES);
      }
    } catch (error) {
      assert(error instanceof FramingError, `${error}`);
      outcome = error.lengthBytes === null ? "endless" : "too long";
    }
    assertEquals(taken, expected.lines);
    assertEquals(outcome !== "valid", expected.fails);
    return outcome;
  },
};

/** Whatever is taken, all bytes come once, in order. */
const pieces: Target = {
  name: "pieces",
  corpus: ["hello\nworld\n", "x".repeat(2000), "\n\n\n"],
  run(input, random) {
    const limit = LIMITS[Math.floor(random() * LIMITS.length)]!;
    const decoder = new LineDecoder(limit);
    const taken: Bytes[] = [];
    const takes = [
      () => decoder.takeLineOrPiece(),
      () => decoder.takeLines(),
      () => decoder.takeExactly(1 + Math.floor(random() * limit)),
      () => random() < 0.1 ? decoder.takeSome() : null,
    ];
    for (const segment of segmentsOf(input, random)) {
      decoder.push(segment);
      for (let calls = Math.floor(random() * 8); calls > 0; calls--) {
        const part = takes[Math.floor(random() * takes.length)]!();
        if (part !== null) taken.push(part.slice());
      }
      for (let part; (part = decoder.takeLineOrPiece()) !== null;) {
        assert(part.length <= limit, "A piece is longer than the limit");
        taken.push(part.slice());
      }
      assert(decoder.pendingBytes < limit);
    }
    taken.push(decoder.takeSome()?.slice() ?? new Uint8Array(0));
    assertEquals(concat(taken), new Uint8Array(input));
    return `limit ${limit}`;
  },
};

export const FRAMING_TARGETS: Target[] = [lines, pieces];
