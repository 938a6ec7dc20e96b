import { assert } from "@std/assert";
import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
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

/** How many bytes are in lines, up to the first line that is too long. */
function bytesInLines(input: Bytes, limit: number): number {
  for (let at = 0;;) {
    const end = input.indexOf(10, at) + 1;
    if (end === 0 || end - at > limit) return at;
    at = end;
  }
}

export const FRAMING_TARGETS: Target[] = [{
  /** The lines that a decoder gives of a stream cut anywhere. */
  name: "lines",
  corpus: ["hello\nworld\n", "a\r\n\r\n\n", "x".repeat(600) + "\nend"],
  run(input, random) {
    const limit = LIMITS[Math.floor(random() * LIMITS.length)]!;
    const decoder = new LineDecoder(limit);
    const expected = bytesInLines(input, limit);
    const isTooLong = input.indexOf(10, expected) + 1 > expected + limit ||
      input.length - expected >= limit;
    let taken = 0;
    try {
      for (const segment of segmentsOf(input, random)) {
        decoder.push(segment);
        for (let line; (line = decoder.takeLine()) !== null;) {
          assert(line.indexOf(10) === line.length - 1);
          assert(equals(line, input.subarray(taken, taken += line.length)));
        }
        assert(decoder.space().length <= EAGER_BYTES);
      }
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      assert(isTooLong && taken === expected);
      return error.lengthBytes === null ? "endless" : "too long";
    }
    assert(!isTooLong && taken === expected);
  },
}, {
  /** Whatever is taken, all bytes come once, in order. */
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
    assert(equals(concat(taken), input));
    return `limit ${limit}`;
  },
}];
