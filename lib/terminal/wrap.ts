/**
 * Breaks text into lines.
 *
 * @module
 */

import { textWidth } from "./style.ts";

/**
 * Breaks a paragraph at its spaces, and longer words anywhere, into lines of at
 * most a number of columns, which is at least 2.
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
