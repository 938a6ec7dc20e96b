/**
 * Breaks text into lines.
 *
 * @module
 */

import { textWidth } from "./style.ts";

/**
 * Breaks a paragraph at its spaces, and longer words anywhere.
 *
 * @param text The paragraph.
 * @param width The maximum width of a line in columns, at least 2.
 * @returns The lines, without newlines.
 *
 * @example Usage
 * ```ts
 * import { wrap } from "./wrap.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(wrap("to be or not to be", 8), ["to be or", "not to", "be"]);
 * assertEquals(wrap("a specification", 5), ["a", "speci", "ficat", "ion"]);
 * ```
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    line = "";
    for (const character of word) {
      if (textWidth(line + character) > width) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
  }
  return [...lines, line];
}
