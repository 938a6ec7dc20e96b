/**
 * HTML as text, in which only what this project wrote is markup.
 *
 * @module
 */

import { escape } from "npm:deno-std@^1.4.0/html/mod.js";
import { escapeControls } from "../result/escape.ts";

/** Text that is HTML already. */
export class Html {
  /** The text. */
  readonly text: string;

  /** Takes HTML that contains no untrusted text. */
  constructor(text: string) {
    this.text = text;
  }
}

/** The maximum length of a text, in characters. */
const MAX_CHARACTERS = 600;

/**
 * Untrusted text as one line that is not HTML: control and bidi characters are
 * escaped, and what is too long is cut off.
 *
 * @internal
 */
export function sanitized(text: string, max: number = MAX_CHARACTERS): string {
  const line = text.slice(0, 2 * max).replace(/\s+/g, " ");
  const safe = escapeControls(line).toWellFormed();
  return safe.length <= max ? safe : `${safe.slice(0, max - 1)}…`;
}

/**
 * Makes HTML of a template. Strings put into it are sanitized and escaped, for
 * text and for quoted attributes alike.
 *
 * @param parts The markup of the template.
 * @param values What is put between the parts: text, HTML, or a list of them.
 * @returns The HTML.
 *
 * @example Usage
 * ```ts
 * import { markup } from "./html.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const items = ["1 < 2", "\x1b[2J"].map((text) => markup`<li>${text}</li>`);
 * assertEquals(
 *   markup`<ul>${items}</ul>`.text,
 *   "<ul><li>1 &lt; 2</li><li>\\x1b[2J</li></ul>",
 * );
 * ```
 */
export function markup(
  parts: TemplateStringsArray,
  ...values: (string | Html | (string | Html)[])[]
): Html {
  const pieces = parts.map((part, index) =>
    part + [values[index] ?? ""].flat().map(escaped).join("")
  );
  return new Html(pieces.join(""));
}

function escaped(value: string | Html): string {
  return value instanceof Html ? value.text : escape(sanitized(value));
}
