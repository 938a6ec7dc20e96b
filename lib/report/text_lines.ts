/**
 * The lines of a file, as they are read.
 *
 * @module
 */

/** The most bytes of a file; a million samples are half of it. */
const MOST_BYTES = 256 * 2 ** 20;
/** The most characters of a line; the longest is a result. */
const MOST_CHARACTERS = 16 * 2 ** 20;

/**
 * Takes a text apart into lines. It may be UTF-8, or UTF-16 with its mark, as a
 * shell of Windows writes it; an incomplete character at its end is left out.
 *
 * @param chunks The bytes, however they are cut.
 * @returns Each line without its newline, and whether it had one.
 * @throws {SyntaxError} If it is no text.
 * @throws {RangeError} If it is longer than can be held.
 *
 * @example Usage
 * ```ts
 * import { textLines } from "./text_lines.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("one\ntwo");
 * assertEquals(await Array.fromAsync(textLines([bytes])), [
 *   { text: "one", ended: true },
 *   { text: "two", ended: false },
 * ]);
 * ```
 */
export async function* textLines(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<{ text: string; ended: boolean }, void, void> {
  let decoder: TextDecoder | null = null;
  let bytes = 0;
  let rest = "";
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) {
      throw new RangeError(
        `it is longer than ${
          MOST_BYTES / 2 ** 20
        } MB; measure with --json, whose result is short`,
      );
    }
    decoder ??= decoderOf(chunk);
    const lines = (rest + decoded(decoder, chunk)).split("\n");
    rest = lines.pop()!;
    if (rest.length > MOST_CHARACTERS) {
      throw new RangeError("it has a line too long to be one of a result");
    }
    for (const text of lines) yield { text, ended: true };
  }
  if (rest !== "") yield { text: rest, ended: false };
}

function decoderOf(start: Uint8Array): TextDecoder {
  const utf16 = start[0] === 0xff && start[1] === 0xfe;
  return new TextDecoder(utf16 ? "utf-16le" : "utf-8", { fatal: true });
}

function decoded(decoder: TextDecoder, chunk: Uint8Array): string {
  try {
    const text = decoder.decode(chunk, { stream: true });
    if (!text.includes("\0")) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new SyntaxError(
    "it is not text, so it is no result; measure with --json or --ndjson",
  );
}
