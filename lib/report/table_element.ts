/**
 * Tables as elements.
 *
 * @module
 */

import type { Table, Unit } from "../result/section.ts";
import { figureText } from "./figure_text.ts";
import { type Element, element } from "./html.ts";

/**
 * Makes a table, in a frame that scrolls by itself where it is too wide.
 *
 * @param table The table.
 * @param labelId The id of what names it.
 * @param caption What else is to be said of it; may be empty.
 * @returns The frame.
 */
export function tableElement(
  table: Table,
  labelId: string,
  caption: string = "",
): Element {
  const heads = table.columns.map(({ name }) =>
    element("th", { scope: "col" }, name)
  );
  const rows = table.rows.map(({ name, unit, values }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      ...values.map((value, index) =>
        element(
          "td",
          typeof value === "string" ? { class: "words" } : {},
          cellText(value, unit ?? table.columns[index]?.unit),
        )
      ),
    )
  );
  return element(
    "div",
    {
      class: "scroll",
      role: "region",
      tabindex: "0",
      "aria-labelledby": labelId,
    },
    element(
      "table",
      {},
      ...(caption === "" ? [] : [element("caption", {}, caption)]),
      element("thead", {}, element("tr", {}, element("td"), ...heads)),
      element("tbody", {}, ...rows),
    ),
  );
}

function cellText(
  value: number | string | null,
  unit: Unit | undefined,
): string {
  return typeof value === "string" ? value : figureText(value, unit ?? "count");
}
