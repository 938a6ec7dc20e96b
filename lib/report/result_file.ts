/**
 * Reads a result from the file that a client wrote with `--json` or `--ndjson`.
 *
 * @module
 */

import { EventReplay, type ReadResult } from "./event_replay.ts";
import { checkedResult } from "../result/schema.ts";
import { textLines } from "./text_lines.ts";

/** The most characters of one JSON object. */
const MOST_CHARACTERS = 32 * 2 ** 20;
const ADVICE = "measure with --json or --ndjson";

/**
 * Reads a result. Samples are added up as they are read, and not kept.
 *
 * @param chunks The file's bytes, however they are cut.
 * @returns The result; of NDJSON that ends early, what is there.
 * @throws {SyntaxError} If it is no result; half a sentence that says what is
 * wrong and what to do.
 * @throws {RangeError} If it is longer than can be held.
 *
 * @example Usage
 * ```ts
 * import { readResult } from "./result_file.ts";
 * import { assertRejects } from "@std/assert";
 *
 * const csv = new TextEncoder().encode("sequence,warmup,rtt_us\n1,false,9\n");
 * await assertRejects(
 *   () => readResult([csv]),
 *   SyntaxError,
 *   "it is not JSON, but looks like CSV; measure with --json or --ndjson",
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
  for await (const { text, ended } of textLines(chunks)) {
    number += 1;
    if (replay !== null) {
      takeLine(replay, text, ended, number);
      continue;
    }
    if (length === 0 && text.trim() === "") continue;
    if (length === 0) {
      refuseOtherText(text);
      const first = parsed(text);
      if (isEvent(first)) {
        replay = new EventReplay(first);
        continue;
      }
    }
    whole.push(text);
    length += text.length;
    if (length > MOST_CHARACTERS) {
      throw new RangeError("it is too long to be one result");
    }
  }
  if (replay !== null) return replay.result();
  return { result: oneResult(whole.join("\n")), remarks: [] };
}

function takeLine(
  replay: EventReplay,
  text: string,
  ended: boolean,
  number: number,
): void {
  if (text.trim() === "") return;
  const event = parsed(text);
  // The last line of a file that was cut off; it was never a whole event.
  if (event === undefined && !ended) return;
  try {
    if (event === undefined) throw new SyntaxError("it is not JSON");
    replay.take(event);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(
      `line ${number} is not as it was written: ${error.message}`,
    );
  }
}

function oneResult(text: string): ReadResult["result"] {
  if (text === "") throw new SyntaxError(`it is empty; ${ADVICE}`);
  const value = parsed(text);
  if (value === undefined) {
    throw new SyntaxError(
      "it begins as JSON, but is cut off or damaged; measure again, with --ndjson for a file that can be read in part",
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

function isEvent(value: unknown): boolean {
  return typeof value === "object" && value !== null && "event" in value;
}

/** What other files begin with. */
const OTHERS: [RegExp, string][] = [
  [/^\s*</, "HTML"],
  [/^(rtt|tput) to /, "the table for people"],
  [/^\s*Value\s+Percentile/, "a file of --hdr"],
  [/^[^{]+,/, "CSV"],
];

function refuseOtherText(line: string): void {
  if (/^\s*[{[]/.test(line)) return;
  const other = OTHERS.find(([start]) => start.test(line))?.[1];
  const looks = other ? `, but looks like ${other}` : "";
  throw new SyntaxError(`it is not JSON${looks}; ${ADVICE}`);
}
