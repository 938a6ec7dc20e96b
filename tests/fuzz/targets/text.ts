import { assert, assertEquals } from "@std/assert";
import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
import { FramingError } from "../../../lib/framing/line_decoder.ts";
import { formatTime, parseTime } from "../../../lib/text/time.ts";
import {
  incompleteTailBytes,
  parseTransform,
  transformMessage,
} from "../../../lib/text/transform.ts";
import { uppercaseStreams } from "../../../lib/text/uppercase.ts";
import type { Bytes } from "../mutator.ts";
import type { Target } from "../parser_fuzz.ts";
import { ENDS, ScriptedConn, segmentsOf } from "../scripted_conn.ts";

const NOW = new Date("2026-11-24T12:00:00Z");

export const TEXT_TARGETS: Target[] = [{
  /** A time that was read can be written, and is then read the same. */
  name: "time",
  corpus: [
    "Thu Jan  1 00:00:00 1970\r\n",
    "2026-11-24T12:00:00.250Z\r\n",
    Uint8Array.of(0x83, 0xaa, 0x7e, 0x80),
  ],
  words: ["Feb 29", "Mon", "Dec", "T", "Z", "23:59:60", "9999", "\r\n"],
  run(input) {
    const received = parseTime(input, NOW);
    if (received === null) return "no time";
    const { fromMs, resolutionMs } = received;
    const isText = input.length !== 4;
    const format = !isText ? "rfc868" : resolutionMs === 1 ? "iso" : "ctime";
    const written = formatTime(new Date(fromMs), format);
    assertEquals(parseTime(written, NOW)?.fromMs, fromMs);
    return format;
  },
}, {
  /** Upper case is the same in pieces; bytes that are no text stay. */
  name: "uppercase",
  corpus: ["straße, ΣΑΣ, ŉ ﬃ\n", "\u{10428}\u{1f600}e\u0301\r\n", "plain"],
  run(input, random) {
    const upper = parseTransform("upper");
    const whole = transformMessage(upper, input.slice());
    const parts: Bytes[] = [];
    let pending: Bytes = new Uint8Array(0);
    for (const segment of segmentsOf(input, random)) {
      pending = concat([pending, segment]) as Bytes;
      const end = pending.length - incompleteTailBytes(pending);
      parts.push(upper.apply(pending.slice(0, end)));
      pending = pending.slice(end);
    }
    assert(equals(concat([...parts, upper.apply(pending)]), whole));
    assert(equals(upper.apply(whole.slice()), whole));
    const reversed = transformMessage(parseTransform("reverse"), input);
    assertEquals(reversed.length, input.length);
    return whole.length === input.length ? "as long" : "longer or shorter";
  },
}, {
  /** The replies on a stream do not depend on its segments. */
  name: "uppercase-server",
  corpus: ["hello\nworld\r\nstraße", "\n\n", "é".repeat(200)],
  refusals: [FramingError, ...ENDS],
  async run(input, random) {
    const name = ["upper", "reverse", "count=s"][Math.floor(random() * 3)]!;
    const replies = [];
    for (let round = 0; round < 2; round++) {
      const script = new ScriptedConn(input, random);
      using connection = script.stream({ messageBytes: 256 });
      await uppercaseStreams(parseTransform(name), 1000)(connection);
      replies.push(script.written);
    }
    assertEquals(replies[0], replies[1]);
    return name;
  },
}, {
  name: "transform",
  corpus: ["upper", "echo", "reverse", "count=s", "count=\u{1f600}"],
  words: ["count=", "upper", "reverse"],
  refusals: [SyntaxError],
  run(input, _random, text) {
    assert(parseTransform(text).apply(input).length <= 2 * input.length + 20);
  },
}];
