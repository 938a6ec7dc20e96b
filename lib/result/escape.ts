/**
 * Escapes characters of untrusted text that a terminal acts on or that are
 * invisible.
 *
 * @module
 */

/**
 * Control (C0, C1) and format characters, line separators, and everything that
 * Unicode calls default ignorable: bidi controls, zero-width and tag characters.
 * Variation selectors are part of visible characters and stay.
 */
const UNSAFE = /(?!\r?\n|[\t\ufe00-\ufe0f])[\p{Cc}\p{Cf}\p{DI}\p{Zl}\p{Zp}]/gu;

/**
 * Writes control and invisible characters as escapes, so that text from a peer
 * can neither move the cursor nor change colors nor reorder a line. Tab, LF and
 * CR LF stay.
 *
 * @param text The untrusted text.
 * @returns The text with escapes such as `\x1b`, `\u202e` and `\u{e0041}`.
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
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0)!.toString(16);
    if (code.length > 4) return `\\u{${code}}`;
    return code.length > 2
      ? `\\u${code.padStart(4, "0")}`
      : `\\x${code.padStart(2, "0")}`;
  });
}

/**
 * Writes a value as JSON that is safe to show: characters that a terminal acts on
 * or that are invisible are written as JSON escapes, which parse to the same
 * text.
 *
 * @param value The value.
 * @param indent The spaces of each level; default all in one line.
 * @returns The JSON.
 *
 * @example Usage
 * ```ts
 * import { safeJson } from "./escape.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(safeJson("\u202egnp.\x9b"), '"\\u202egnp.\\u009b"');
 * ```
 */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    UNSAFE,
    (character) =>
      character.split("")
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join(""),
  );
}
