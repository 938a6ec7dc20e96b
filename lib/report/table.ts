/**
 * Tables of figures as HTML.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type { Head, Table, Unit } from "../result/section.ts";
import { type Html, markup } from "./html.ts";

/**
 * Formats a figure.
 *
 * @param value The figure, or `null`.
 * @param unit Its unit; a duration or a rate is written in a fitting one.
 * @param digits The maximum number of digits of a number that is not whole.
 * @returns The figure and its unit.
 *
 * @example Usage
 * ```ts
 * import { figureText } from "./table.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(figureText(68.351, "us"), "68.4 us");
 * assertEquals(figureText(65.4351, "percent"), "65.44 %");
 * assertEquals(figureText(123_456, "count"), "123456");
 * ```
 */
export function figureText(
  value: number | null,
  unit: Unit,
  digits: number = 4,
): string {
  // Durations and rates are rounded by their own rule.
  const asItIs = value === null || Number.isInteger(value) || unit === "us" ||
    unit === "bits_per_second";
  return formatValue(asItIs ? value : Number(value.toPrecision(digits)), unit);
}

/**
 * Makes a table in a frame that scrolls where the table is too wide.
 *
 * @param table The table.
 * @param label Names the frame for screen readers.
 * @param caption What stands above the table; default none.
 * @returns The frame.
 */
export function tableHtml(
  { columns, rows }: Table,
  label: string,
  caption: string = "",
): Html {
  const heads = columns.map(({ name }) => markup`<th scope="col">${name}</th>`);
  const cell = (value: number | string | null, row: Head, column?: Head) =>
    typeof value === "string"
      ? markup`<td class="words">${value}</td>`
      : markup`<td>${
        figureText(value, row.unit ?? column?.unit ?? "count")
      }</td>`;
  const lines = rows.map((row) => {
    const cells = row.values.map((value, at) => cell(value, row, columns[at]));
    return markup`<tr><th scope="row">${row.name}</th>${cells}</tr>
`;
  });
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
<table>${caption === "" ? [] : markup`<caption>${caption}</caption>`}
<thead><tr><td></td>${heads}</tr></thead>
<tbody>${lines}</tbody></table></div>
`;
}
