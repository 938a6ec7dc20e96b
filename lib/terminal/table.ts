/**
 * Tables of figures as text.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type { Head, Table } from "../result/section.ts";
import { isDrawable } from "../result/axis.ts";
import { align, clampWidth, type Style, textWidth, truncate } from "./style.ts";

const INDENT = "  ";
const GAP = "  ";

/**
 * Formats a table; no lines if there are no rows or no columns. Columns that do
 * not fit follow below, with the names of the rows again.
 *
 * @internal
 */
export function formatTable({ columns, rows }: Table, style: Style): string[] {
  if (rows.length === 0 || columns.length === 0) return [];
  const width = clampWidth(style);
  const maxName = Math.floor(width / 2) - INDENT.length;
  const names = align(
    ["", ...rows.map(({ name }) => truncate(name, maxName, style))],
    "left",
  ).map((name) => INDENT + name);
  const free = width - textWidth(names[0]!);
  const cells = columns.map((column, index) =>
    align(
      [
        column.name,
        ...rows.map((row) => cellText(row.values[index], row, column)),
      ].map((text) => truncate(text, free - GAP.length, style)),
      "right",
    )
  );
  return bands(cells, free).flatMap((band, index) => [
    ...(index === 0 ? [] : [""]),
    ...names.map((name, row) =>
      [name, ...band.map((column) => column[row])].join(GAP).trimEnd()
    ),
  ]);
}

function cellText(
  value: number | string | null | undefined,
  row: Head,
  column: Head,
): string {
  if (typeof value === "string") return value;
  const unit = row.unit ?? column.unit ?? "count";
  return formatValue(isDrawable(value) ? value : null, unit);
}

/** Divides columns into bands of at least one that fit a width. */
function bands(columns: string[][], width: number): string[][][] {
  const bands: string[][][] = [[]];
  let free = width;
  for (const column of columns) {
    const needed = GAP.length + textWidth(column[0]!);
    if (needed > free && bands.at(-1)!.length > 0) {
      bands.push([]);
      free = width;
    }
    bands.at(-1)!.push(column);
    free -= needed;
  }
  return bands;
}
