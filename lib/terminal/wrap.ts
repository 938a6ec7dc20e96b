/**
 * Breaks text into lines.
 *
 * @module
 */

/**
 * Breaks a paragraph at its spaces.
 *
 * @param text The paragraph.
 * @param width The most columns of a line; a longer word has one of its own.
 * @returns The lines, without newlines.
 *
 * @example Usage
 * ```ts
 * import { wrap } from "./wrap.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(wrap("to be or not to be", 8), ["to be or", "not to", "be"]);
 * ```
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
