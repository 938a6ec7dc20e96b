/**
 * A table of figures as text.
 *
 * @module
 */

import { isDrawn } from "./axis.ts";
import {
  align,
  columnsOf,
  fit,
  type PlotStyle,
  plotWidth,
} from "./plot_style.ts";
import { formatValue } from "../result/quantities.ts";
import type { Head, Table } from "../result/section.ts";

const INDENT = "  ";
const GAP = "  ";

/**
 * Writes a table. If it is too wide, its columns are shared out among several,
 * each with the names of the rows.
 *
 * @param table The table; texts may be anybody's.
 * @param style How wide it may be, and with which characters.
 * @returns Lines; none if there are no rows.
 *
 * @example Usage
 * ```ts
 * import { formatTable } from "./table_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = formatTable({
 *   columns: [{ name: "tcp" }, { name: "udp" }],
 *   rows: [
 *     { name: "median", unit: "us", values: [41, 33.5] },
 *     { name: "lost", unit: "count", values: [0, "unknown"] },
 *   ],
 * }, { width: 80, ascii: true, color: false });
 * assertEquals(lines, [
 *   "              tcp      udp",
 *   "  median  41.0 us  33.5 us",
 *   "  lost          0  unknown",
 * ]);
 * ```
 */
export function formatTable(
  { columns, rows }: Table,
  style: PlotStyle,
): string[] {
  if (rows.length === 0) return [];
  const width = plotWidth(style);
  const most = Math.floor(width / 2) - INDENT.length;
  const names = align(
    ["", ...rows.map(({ name }) => fit(name, most, style))],
    "left",
  ).map((name) => INDENT + name);
  const room = width - columnsOf(names[0]!);
  const cells = columns.map((column, index) =>
    align(
      [
        column.name,
        ...rows.map((row) => cellText(row.values[index], row, column)),
      ].map((text) => fit(text, room - GAP.length, style)),
      "right",
    )
  );
  return sharedOut(cells, room).flatMap((part, index) => [
    ...(index === 0 ? [] : [""]),
    ...names.map((name, row) =>
      [name, ...part.map((column) => column[row])].join(GAP).trimEnd()
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
  return formatValue(isDrawn(value) ? value : null, unit);
}

/** As many columns a part as there is room for, and at least one part. */
function sharedOut(columns: string[][], room: number): string[][][] {
  const parts: string[][][] = [[]];
  let free = room;
  for (const column of columns) {
    const needed = GAP.length + columnsOf(column[0]!);
    if (needed > free) {
      parts.push([]);
      free = room;
    }
    parts.at(-1)!.push(column);
    free -= needed;
  }
  return parts;
}
