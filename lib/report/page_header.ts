/**
 * The head of a page: which results are on it, and what is to be known of them.
 *
 * @module
 */

import type { NamedFile } from "./chapters.ts";
import { type Element, element } from "./html.ts";
import { tableElement } from "./table_element.ts";

/**
 * Makes the head of a page.
 *
 * @param files The results and their names.
 * @param id An id that nothing else on the page has.
 * @returns The head.
 */
export function pageHeader(files: NamedFile[], id: string): Element {
  const remarks = files.flatMap(({ name, remarks }) =>
    remarks.map((remark) => element("p", {}, `${name}: ${remark}`))
  );
  const table = tableElement({
    columns: ["what", "to", "started", "options", "made by"]
      .map((name) => ({ name })),
    rows: files.map(({ name, result }) => ({
      name,
      values: [
        whatOf(result),
        result.target,
        timeText(result.started),
        optionsOf(result),
        `roundtrip ${result.version}, Deno ${result.runtime.deno}, ` +
        `${result.runtime.os} ${result.runtime.arch}`,
      ],
    })),
  }, id);
  return element(
    "header",
    {},
    element("h1", { id }, "Roundtrip report"),
    element(
      "p",
      { class: "lead" },
      files.length === 1
        ? "One result of roundtrip."
        : `${files.length} results of roundtrip, those of a kind side by side.`,
    ),
    element("div", { class: "files" }, table),
    ...(remarks.length === 0
      ? []
      : [element("div", { class: "remarks" }, ...remarks)]),
  );
}

function whatOf(result: NamedFile["result"]): string {
  switch (result.mode) {
    case "sweep":
      return "sweep over sizes and delays";
    case "compare":
      return "comparison of TCP and UDP";
    default:
      return `${result.mode === "rtt" ? "round-trip time" : "throughput"}, ${
        result.protocol === "stamp" ? "STAMP over UDP" : "measure over TCP"
      }`;
  }
}

/** The options as they took effect, but for those that say nothing. */
function optionsOf({ options }: NamedFile["result"]): string {
  return Object.entries(options.used)
    .filter(([, value]) =>
      ["number", "string", "boolean"].includes(typeof value)
    )
    .filter(([, value]) => value !== false)
    .map(([key, value]) => value === true ? key : `${key} ${value}`)
    .join(", ");
}

/** As `2026-01-01 00:00:00 UTC`, if it is written as the clients do. */
function timeText(started: string): string {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z$/.exec(started);
  return found ? `${found[1]} ${found[2]} UTC` : started;
}
