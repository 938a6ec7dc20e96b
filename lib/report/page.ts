/**
 * The page that a report is: one file that needs no other, and runs no script.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import type { Section } from "../result/section.ts";
import { type Chapter, chaptersOf, type NamedFile } from "./chapters.ts";
import { figureElement } from "./figure_element.ts";
import { type Element, element, shown } from "./html.ts";
import { STYLE } from "./page_style.ts";
import { pageHeader } from "./page_header.ts";
import { tableElement } from "./table_element.ts";

/** Nothing is loaded, and nothing is run. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/**
 * Makes a page of results. The same results give the same page.
 *
 * @param files The results and their names, at least one.
 * @returns HTML.
 *
 * @example Usage
 * ```ts
 * import { reportPage } from "./page.ts";
 * import { assert } from "@std/assert";
 *
 * const page = reportPage([{
 *   name: "nothing.json",
 *   result: {
 *     format: 1,
 *     tool: "roundtrip",
 *     version: "0.1.0",
 *     runtime: { deno: "2.9.6", os: "linux", arch: "x86_64" },
 *     mode: "compare",
 *     target: "<b>",
 *     started: "2026-01-01T00:00:00.000Z",
 *     options: { given: {}, used: {} },
 *     sections: [],
 *     notes: [],
 *   },
 *   remarks: [],
 * }]);
 * assert(page.includes("&lt;b&gt;") && !page.includes("<b>"));
 * ```
 */
export function reportPage(files: NamedFile[]): string {
  const names = files.map(({ name }) => name).join(", ");
  const ids = idSource();
  const html = element(
    "html",
    { lang: "en" },
    element(
      "head",
      {},
      element("meta", { charset: "utf-8" }),
      element("meta", {
        name: "viewport",
        content: "width=device-width, initial-scale=1",
      }),
      element("meta", {
        "http-equiv": "Content-Security-Policy",
        content: POLICY,
      }),
      raw("title", entities(shown(`Roundtrip: ${names}`, 120))),
      raw("style", STYLE),
    ),
    element(
      "body",
      {},
      pageHeader(files, ids()),
      element(
        "main",
        {},
        ...chaptersOf(files).map((chapter) => chapterElement(chapter, ids)),
      ),
      element(
        "footer",
        {},
        element(
          "p",
          {},
          "p50 is the median: half of the round trips took at most this; p99: 99 % of them. 1000 us are 1 ms. A dash is a figure that is unknown.",
        ),
        element("p", {}, `Made by roundtrip ${config.version}.`),
      ),
    ),
  );
  return `<!DOCTYPE html>\n${html.outerHTML}\n`;
}

/** Gives ids, each once. */
type Ids = () => string;

function idSource(): Ids {
  let count = 0;
  return () => `part-${++count}`;
}

/** An element whose text a browser takes as it is. */
function raw(name: "title" | "style", text: string): Element {
  const made = element(name);
  made.textContent = text;
  return made;
}

/** A title is not escaped by the DOM used here, and read as escaped. */
function entities(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

function chapterElement({ title, columns, notes }: Chapter, ids: Ids): Element {
  const id = ids();
  return element(
    "section",
    { "aria-labelledby": id },
    element("h2", { id }, title),
    ...notes.map((note) => element("p", {}, note)),
    element(
      "div",
      columns.length > 1 ? { class: "columns" } : {},
      ...columns.map(({ name, sections }) =>
        element(
          "div",
          {},
          ...(name === null ? [] : [element("h3", { class: "name" }, name)]),
          ...sections.map((section) =>
            sectionElement(section, name === null ? "h3" : "h4", ids)
          ),
          ...(sections.length === 0
            ? [element("p", {}, "Nothing of it was completed.")]
            : []),
        )
      ),
    ),
  );
}

function sectionElement(
  { title, table, charts, sentences }: Section,
  heading: "h3" | "h4",
  ids: Ids,
): Element {
  const id = ids();
  return element(
    "section",
    { "aria-labelledby": id },
    element(heading, { id }, title),
    ...(sentences.length === 0 ? [] : [element(
      "ul",
      { class: "says" },
      ...sentences.map((sentence) => element("li", {}, sentence)),
    )]),
    element(
      "div",
      { class: "body" },
      ...(charts.length === 0 ? [] : [element(
        "div",
        { class: "charts" },
        ...charts.map((chart) => figureElement(chart, ids())),
      )]),
      ...(table.rows.length === 0 ? [] : [tableElement(table, id)]),
    ),
  );
}
