/**
 * What a client sends: its operands, or the lines of standard input.
 *
 * @module
 */

import { LineDecoder } from "../framing/line_decoder.ts";
import { LF } from "../framing/line_ending.ts";
import { isDisconnect } from "../net/errors.ts";

/** The longest sentence read from standard input, in bytes. */
const MAX_SENTENCE_BYTES = 2 ** 30;

/**
 * Returns the sentences to send.
 *
 * @param operands The operands, which are one sentence; without any, each line of
 * standard input is a sentence, read when it is asked for.
 * @param signal Ends the reading.
 * @returns Each sentence with an LF, a view that is valid until the next one.
 *
 * @example Usage
 * ```ts
 * import { sentences } from "./sentences.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const stop = new AbortController();
 * for await (const sentence of sentences(["hello", "world"], stop.signal)) {
 *   assertEquals(new TextDecoder().decode(sentence), "hello world\n");
 * }
 * ```
 */
export async function* sentences(
  operands: string[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  if (operands.length > 0) {
    for (const line of operands.join(" ").split("\n")) {
      yield new TextEncoder().encode(`${line}\n`);
    }
    return;
  }
  const decoder = new LineDecoder(MAX_SENTENCE_BYTES);
  // A read of standard input has no deadline; closing it ends the read.
  const stop = () => Deno.stdin.close();
  signal.addEventListener("abort", stop);
  try {
    while (!signal.aborted) {
      const line = decoder.takeLine();
      if (line !== null) {
        yield line;
        continue;
      }
      const count = await Deno.stdin.read(decoder.space());
      if (count === null) break;
      decoder.commit(count);
    }
    if (decoder.pendingBytes > 0) {
      decoder.push(Uint8Array.of(LF));
      yield decoder.takeLine()!;
    }
  } catch (error) {
    if (!signal.aborted || !isDisconnect(error)) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
