/**
 * Makes a peer's text safe to show.
 *
 * @module
 */

/** Control characters, and those that change the direction of writing. */
const CONTROL =
  /(?!\r?\n|\t)[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Writes control characters as escapes, so that what a peer sends can neither
 * move the cursor, nor recolour the screen, nor turn the line around. Tab, LF and
 * CR LF stay.
 *
 * @param text Any text.
 * @returns The text with `\x1b` and the like spelt out.
 *
 * @example Usage
 * ```ts
 * import { escapeControls } from "./escape.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeControls("\x1b[2Jhello"), "\\x1b[2Jhello");
 * ```
 */
export function escapeControls(text: string): string {
  return text.replace(CONTROL, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
