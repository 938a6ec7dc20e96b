/**
 * HTML as text, in which only what this project wrote is markup: templates and
 * tables of figures.
 *
 * @module
 */

import { escape } from "npm:deno-std@^1.4.0/html/mod.js";
import { escapeControls } from "../result/escape.ts";
import { formatValue } from "../result/quantities.ts";
import type { Head, Table } from "../result/section.ts";

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

/**
 * A table in a frame that scrolls where the table is too wide. The label names
 * the frame for screen readers.
 *
 * @internal
 */
export function tableHtml(
  { columns, rows }: Table,
  label: string,
): Html {
  const heads = columns.map(({ name }) => markup`<th scope="col">${name}</th>`);
  const cell = (value: number | string | null, row: Head, column?: Head) =>
    typeof value === "string"
      ? markup`<td class="words">${value}</td>`
      : markup`<td>${
        formatValue(value, row.unit ?? column?.unit ?? "count")
      }</td>`;
  const lines = rows.map((row) => {
    const cells = row.values.map((value, at) => cell(value, row, columns[at]));
    return markup`<tr><th scope="row">${row.name}</th>${cells}</tr>
`;
  });
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
<table>
<thead><tr><td></td>${heads}</tr></thead>
<tbody>${lines}</tbody></table></div>
`;
}
