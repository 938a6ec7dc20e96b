/**
 * The report: one HTML page that loads nothing and runs no script. It draws the
 * sections of results; which figures a result has is decided in `lib/result`.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { chartOption } from "./chart.ts";
import type { LegendEntry } from "./chart_lines.ts";
import type { Chart, Section, SectionRole } from "../result/section.ts";
import { resultSections } from "../result/sections.ts";
import { chartTable } from "./chart_table.ts";
import { renderSvg } from "./echarts.ts";
import { Html, markup, tableHtml } from "./html.ts";
import { STYLE } from "./page_style.ts";
import type { ReadResult } from "./event_replay.ts";

/** Nothing is loaded, and no script runs. */
const POLICY = new Html(
  "default-src 'none'; style-src 'unsafe-inline'",
);
/** The order of sections on the page. */
const ROLES: SectionRole[] = ["headline", "figures", "quality", "notes"];
/** For a screen, and for a phone; the page shows one of them. */
const VIEWPORTS = [
  { name: "wide", width: 720, height: 280 },
  { name: "narrow", width: 340, height: 240 },
];
const TIMELINE_KEY = new Html(
  `<p class="key">Line: mean of each slot; area: its minimum to its maximum; bars above: the share lost.</p>`,
);

/** A result that was read, and the name of its file. */
export interface NamedFile extends ReadResult {
  /** A name that no other file of the page has. */
  name: string;
}

/**
 * Makes a page of results. The same results give the same page.
 *
 * @param files The results and their names, at least one.
 * @returns HTML.
 *
 * @example Usage
 * ```ts
 * import { reportPage } from "./page.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const page = reportPage([{
 *   name: "nothing.json",
 *   result: {
 *     format: 2,
 *     tool: "roundtrip",
 *     version: "0.1.0",
 *     runtime: { deno: "2.9.6", os: "linux", arch: "x86_64" },
 *     mode: "compare",
 *     target: "<b>",
 *     started: "2026-01-01T00:00:00.000Z",
 *     options: { given: {}, used: {} },
 *     ended: "complete",
 *     experiments: [],
 *     notes: [],
 *   },
 *   remarks: [],
 * }]);
 * assertStringIncludes(page, "to &lt;b&gt;, 2026-01-01 00:00:00 UTC</title>");
 * ```
 */
export function reportPage(files: NamedFile[]): string {
  return sectionsPage(
    headingOf(files),
    topDown(resultSections(files), files.length === 1),
    markup`<div class="files">${filesTable(files)}</div>
${remarksOf(files)}`,
  );
}

/**
 * Makes a page of sections that are no result's.
 *
 * @param heading The title.
 * @param sections The sections, from the top.
 * @param head What stands below the title.
 * @returns HTML.
 */
export function sectionsPage(
  heading: string,
  sections: Section[],
  head: Html | [] = [],
): string {
  const page = markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Roundtrip: ${heading}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>${heading}</h1>
${head}</header>
<main>
${sections.map((section, index) => sectionHtml(section, `part-${index + 1}`))}
</main>
<footer>
<p>p50 is the median: half of the round trips took at most this time; p99: 99 % of them. 1000 us are 1 ms. A dash is a figure that is unknown.</p>
<p>Made by roundtrip ${config.version}.</p>
</footer>
</body>
</html>
`;
  return page.text;
}

/**
 * Reverses measurements: a terminal shows the headline last, and of a single
 * result its most important line last.
 */
function topDown(sections: Section[], isSingle: boolean): Section[] {
  const rank = ({ role = "figures" }: Section) => ROLES.indexOf(role);
  const end = sections.findLastIndex(({ role }) => role === "headline") + 1;
  return [...sections.slice(0, end).reverse(), ...sections.slice(end)]
    .toSorted((one, other) => rank(one) - rank(other))
    .map((section) =>
      isSingle && section.role === "headline"
        ? { ...section, sentences: section.sentences?.toReversed() ?? [] }
        : section
    );
}

/** What was measured, to where and when. */
function headingOf(files: NamedFile[]): string {
  const unique = (
    textOf: (result: NamedFile["result"]) => string,
  ) => [...new Set(files.map(({ result }) => textOf(result)))];
  const kinds = unique(describeKind);
  const what = kinds.length <= 2
    ? kinds.join(" and ").replace(/^./, (first) => first.toUpperCase())
    : `${files.length} results`;
  const targets = unique(({ target }) => target).join(" and ");
  const times = unique(({ started }) => timeText(started)).sort();
  const last = times.length > 1 ? ` to ${times.at(-1)}` : "";
  return `${what} to ${targets}, ${times[0]}${last}`;
}

function describeKind(result: NamedFile["result"]): string {
  switch (result.mode) {
    case "sweep":
      return "sweep over sizes and delays";
    case "compare":
      return "comparison of TCP and UDP";
    case "throughput":
      return `throughput (iperf3 over ${result.transport.toUpperCase()})`;
    case "under-load":
      return `latency under load (iperf3 over ${result.transport.toUpperCase()})`;
    case "connect":
      return "set-up of TCP connections (SYN to SYN-ACK)";
    default:
      return `${result.mode === "rtt" ? "round-trip time" : "throughput"} (${
        result.protocol === "stamp" ? "STAMP over UDP" : "measure over TCP"
      })`;
  }
}

function filesTable(files: NamedFile[]): Html {
  return tableHtml({
    columns: ["what", "to", "started", "options", "made by"]
      .map((name) => ({ name })),
    rows: files.map(({ name, result }) => ({
      name,
      values: [
        describeKind(result),
        result.target,
        timeText(result.started),
        optionsText(result),
        `roundtrip ${result.version}, Deno ${result.runtime.deno}, ` +
        `${result.runtime.os} ${result.runtime.arch}`,
      ],
    })),
  }, "Results on this page");
}

/** The options as they took effect, except those that are off. */
function optionsText({ options }: NamedFile["result"]): string {
  return Object.entries(options.used)
    .filter(([, value]) =>
      ["number", "string", "boolean"].includes(typeof value) && value !== false
    )
    .map(([key, value]) => value === true ? key : `${key} ${value}`)
    .join(", ");
}

/** As `2026-01-01 00:00:00 UTC`, if it is a time in the form of ISO 8601. */
function timeText(started: string): string {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\.\d{3}Z$/.exec(started);
  return found ? `${found[1]} ${found[2]} UTC` : started;
}

function remarksOf(files: NamedFile[]): Html | [] {
  const remarks = files.flatMap(({ name, remarks }) =>
    remarks.map((remark) => markup`<p>${`${name}: ${remark}`}</p>`)
  );
  return remarks.length === 0
    ? []
    : markup`<div class="remarks">${remarks}</div>
`;
}

function sectionHtml(
  { title, table, charts = [], sentences = [] }: Section,
  id: string,
): Html {
  const says = sentences.map((sentence) => markup`<li>${sentence}</li>`);
  const figures = charts.map((chart, index) =>
    figureHtml(chart, `${id}-${index + 1}`)
  );
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${says.length === 0 ? [] : markup`<ul class="says">${says}</ul>`}
<div class="body">
${table?.rows.length ? tableHtml(table, title) : []}
${
    figures.length === 0
      ? []
      : markup`<div class="charts">${figures}</div>`
  }</div>
</section>
`;
}

function figureHtml(chart: Chart, id: string): Html {
  const drawings = VIEWPORTS.map(({ name, ...size }) => {
    const { option, viewport, legend } = chartOption(chart, size);
    const svg = renderSvg(option, viewport)
      .replace("<svg", `<svg role="img" aria-labelledby="${id}"`);
    return {
      legend,
      html: markup`<div class="${name}">${new Html(svg)}</div>`,
    };
  });
  const legend = drawings[0]!.legend.map(legendHtml);
  return markup`<figure>
<figcaption id="${id}">${chart.title}</figcaption>
${chart.kind === "timeline" ? TIMELINE_KEY : []}
${legend.length === 0 ? [] : markup`<ul class="legend">${legend}</ul>`}
${drawings.map(({ html }) => html)}<details>
<summary>The numbers</summary>
${tableHtml(chartTable(chart), chart.title)}</details>
</figure>
`;
}

function legendHtml({ name, colour, dashes }: LegendEntry): Html {
  const line = dashes === undefined
    ? markup`stroke-width="9"`
    : markup`stroke-width="2" stroke-dasharray="${dashes}"`;
  return markup`<li><svg width="28" height="10"><path d="M0 5H28" stroke="${colour}" ${line}></path></svg> ${name}</li>`;
}

/**
 * Names files by the last part of their paths, or by the whole path where the
 * last parts are equal.
 *
 * @param paths The paths; `-` is standard input.
 * @returns A different name for each.
 *
 * @example Usage
 * ```ts
 * import { fileNames } from "./page.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fileNames(["lan/a.json", "wan/a.json", "b.json", "b.json"]), [
 *   "lan/a.json",
 *   "wan/a.json",
 *   "b.json",
 *   "b.json (2)",
 * ]);
 * ```
 */
export function fileNames(paths: string[]): string[] {
  const lastPart = (path: string) => path.split(/[/\\]/).at(-1)!;
  const taken = new Set<string>();
  return paths.map((path) => {
    const isUnique = paths.every((other) =>
      other === path || lastPart(other) !== lastPart(path)
    );
    const base = path === "-"
      ? "standard input"
      : isUnique
      ? lastPart(path)
      : path;
    let name = base;
    for (let count = 2; taken.has(name); count++) name = `${base} (${count})`;
    taken.add(name);
    return name;
  });
}
