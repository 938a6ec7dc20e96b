/**
 * Tables of figures as HTML.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type { Head, Table } from "../result/section.ts";
import { type Html, markup } from "./html.ts";

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
