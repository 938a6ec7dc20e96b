/**
 * Reads a result from the file that a client wrote with `--json` or `--ndjson`.
 *
 * @module
 */

import { concat } from "npm:deno-std@^1.4.0/bytes/concat.js";
import { ResultError } from "../result/result_error.ts";
import { checkedResult, type Result } from "../result/schema.ts";
import { EventReplay, type ReadResult, withRemarks } from "./event_replay.ts";

/** The maximum length of a file in bytes; a million samples take half of it. */
const MAX_BYTES = 256 * 2 ** 20;
/** The maximum length of a line, and of a JSON object, in characters. */
const MAX_CHARACTERS = 16 * 2 ** 20;

/**
 * Reads a result. Samples are added up as they are read, and not kept.
 *
 * @param chunks The bytes of the file, cut anywhere. They may be UTF-8, or UTF-16
 * with a byte order mark, as some shells of Windows write it.
 * @returns The result; of NDJSON that ends early, the result of what is there.
 * @throws {SyntaxError} If it is not a result; the message is half a sentence
 * that says what is wrong and what to do.
 * @throws {RangeError} If it is too long.
 *
 * @example Usage
 * ```ts
 * import { readResult } from "./read_result.ts";
 * import { assertRejects } from "@std/assert";
 *
 * const csv = new TextEncoder().encode("sequence,warmup,rtt_us\n1,false,9\n");
 * await assertRejects(
 *   () => readResult([csv]),
 *   SyntaxError,
 *   "it is not JSON, but looks like CSV",
 * );
 * ```
 */
export async function readResult(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<ReadResult> {
  const whole: string[] = [];
  let length = 0;
  let replay: EventReplay | null = null;
  let number = 0;
  for await (const { lines, ended } of splitLines(chunks)) {
    for (const line of lines) {
      number += 1;
      if (replay !== null) {
        takeLine(replay, line, ended, number);
        continue;
      }
      if (length === 0) {
        if (line.trim() === "") continue;
        refuseOtherText(line);
        const first = parsed(line);
        if (typeof first === "object" && first !== null && "event" in first) {
          replay = new EventReplay(first);
          continue;
        }
      }
      whole.push(line);
      length += line.length + 1; // an empty line takes memory too
      if (length > MAX_CHARACTERS) {
        throw new RangeError("it is too long to be one result");
      }
    }
  }
  if (replay !== null) return replay.result();
  return withRemarks(oneResult(whole.join("\n")));
}

function takeLine(
  replay: EventReplay,
  line: string,
  ended: boolean,
  number: number,
): void {
  if (line === "" || line.trim() === "") return;
  const event = parsed(line);
  // The last line of a file that was cut off.
  if (event === undefined && !ended) return;
  try {
    if (event === undefined) throw new SyntaxError("it is not JSON");
    replay.take(event);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(`line ${number} is damaged: ${error.message}`);
  }
}

function oneResult(text: string): Result {
  if (text === "") throw new ResultError("it is empty");
  const value = parsed(text);
  if (value === undefined) {
    throw new ResultError(
      "it begins as JSON, but is cut off or damaged",
      "record",
    );
  }
  return checkedResult(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How other files begin. */
const OTHERS: [RegExp, string][] = [
  [/^\s*</, "HTML"],
  [/^(rtt|tput) to /, "the table for people"],
  [/^\s*Value\s+Percentile/, "percentiles for HdrHistogram's tools"],
  [/^[^{]+,/, "CSV"],
];

function refuseOtherText(line: string): void {
  if (/^\s*[{[]/.test(line)) return;
  const other = OTHERS.find(([start]) => start.test(line))?.[1];
  const looks = other ? `, but looks like ${other}` : "";
  throw new ResultError(`it is not JSON${looks}`);
}

/**
 * Splits a text into lines: those that end in each chunk, then one that does not
 * end. An incomplete character at the end of the text is left out.
 */
async function* splitLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<{ lines: string[]; ended: boolean }> {
  let decoder: TextDecoder | null = null;
  let bytes = 0;
  let rest = "";
  let held: Uint8Array = new Uint8Array(0);
  for await (const part of chunks) {
    bytes += part.length;
    if (bytes > MAX_BYTES) {
      throw new ResultError(
        `it is longer than ${MAX_BYTES / 2 ** 20} MiB`,
        "summarize",
      );
    }
    const chunk = held.length === 0 ? part : concat([held, part]);
    held = new Uint8Array(0);
    if (decoder === null && chunk.length < 2) {
      held = chunk; // half of a byte order mark
      continue;
    }
    const isUtf16 = chunk[0] === 0xff && chunk[1] === 0xfe;
    decoder ??= new TextDecoder(isUtf16 ? "utf-16le" : "utf-8", {
      fatal: true,
    });
    const lines = (rest + decoded(decoder, chunk)).split("\n");
    rest = lines.pop()!;
    if (rest.length > MAX_CHARACTERS) {
      throw new RangeError("it has a line that is too long for a result");
    }
    yield { lines, ended: true };
  }
  if (rest !== "") yield { lines: [rest], ended: false };
}

function decoded(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    const text = decoder.decode(chunk, { stream: true });
    if (!text.includes("\0")) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new ResultError("it is not text");
}
