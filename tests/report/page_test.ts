import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  fileNames,
  type NamedFile,
  reportPage,
} from "../../lib/report/page.ts";
import type { Chart } from "../../lib/result/section.ts";
import { chartOption } from "../../lib/report/chart.ts";
import { renderSvg } from "../../lib/report/echarts.ts";
import { readResult } from "../../lib/report/read_result.ts";
import { COMPARE, NOTHING, RTT, STAMP, SWEEP, TPUT } from "./results.ts";
import { pureTest } from "../pure.ts";

const RESULTS = { RTT, TPUT, STAMP, NOTHING, SWEEP, COMPARE };
type Name = keyof typeof RESULTS;
const NAMES = Object.keys(RESULTS) as Name[];

/** The elements of a page, and no others. */
const ELEMENTS = new Set(
  ("html head meta title style body header main footer section div h1 h2 p ul li " +
    "table caption thead tbody tr th td figure figcaption details summary svg g " +
    "path rect circle polygon text").split(" "),
);
/** Their attributes, and no others. */
const ATTRIBUTE =
  /^(id|class|lang|charset|name|content|http-equiv|scope|role|tabindex|style|aria-[a-z]+|xmlns(:xlink)?|version|viewBox|width|height|d|points|transform|fill(-opacity)?|stroke(-[a-z]+)?|opacity|[xy][12]?|c[xy]|d[xy]|r|text-anchor|dominant-baseline)$/;
const STYLE = /^font-size:\d+px;font-family:system-ui, sans-serif;$/;

function files(...names: Name[]): NamedFile[] {
  return names.map((name) => ({ name, result: RESULTS[name], remarks: [] }));
}

/** The page's tags and texts, if it is made of known elements and nothing else. */
function parsed(page: string): { tags: string[]; texts: string[] } {
  const tags: string[] = [];
  const texts: string[] = [];
  const open: string[] = [];
  const body = page.replace(/^<!DOCTYPE html>\n/, "")
    .replace(/<style>[^<]*<\/style>/, "");
  const token = /<(\/?)([a-zA-Z0-9]+)((?: [a-zA-Z:-]+="[^"<>]*")*)>|([^<>]+)/y;
  while (token.lastIndex < body.length) {
    const at = token.lastIndex;
    const found = token.exec(body);
    assert(found, `not of a page: ${body.slice(at, at + 80)}`);
    const [tag, slash, name, attributes, text] = found;
    if (text !== undefined) {
      if (text.trim() !== "") texts.push(text);
      continue;
    }
    assert(ELEMENTS.has(name!), tag);
    if (slash) assertEquals(open.pop(), name);
    else if (name !== "meta") open.push(name!);
    tags.push(tag);
    for (const [, key, value] of attributes!.matchAll(/ ([^=]+)="([^"]*)"/g)) {
      assert(ATTRIBUTE.test(key!), tag);
      assert(key === "aria-label" || !/javascript:|url\(/i.test(value!), tag);
      assert(key !== "style" || STYLE.test(value!), tag);
    }
  }
  assertEquals(open, []);
  return { tags, texts };
}

/** How often a page has a piece of markup. */
function count(page: string, markup: RegExp): number {
  return page.match(new RegExp(markup, "g"))?.length ?? 0;
}

for (const name of NAMES) {
  pureTest(
    `reportPage() draws each chart of ${name} twice and lists its numbers`,
    () => {
      const page = reportPage(files(name));
      parsed(page);
      assertEquals(page.match(/undefined|NaN|Infinity|\[object/), null);
      const figures = page.split("<figure>").slice(1);
      assert(figures.length > 0);
      for (const figure of figures) {
        assertEquals(count(figure, /<svg role="img"/), 2);
        assert(count(figure, /<(path|rect|polygon) /) > 2);
        assert(count(figure, /<tbody>/) > 0);
        const id = /<figcaption id="([^"]+)"/.exec(figure)![1]!;
        assertEquals(count(figure, new RegExp(`aria-labelledby="${id}"`)), 2);
        assertEquals(count(page, new RegExp(` id="${id}"`)), 1);
      }
    },
  );
}

pureTest(
  "reportPage() gives the same page of the same results, with unique ids",
  () => {
    const page = reportPage(files(...NAMES));
    assertEquals(reportPage(files(...NAMES)), page);
    assertLess(page.length, 250_000);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assertEquals(new Set(ids).size, ids.length);
  },
);

pureTest(
  "reportPage() loads nothing, runs nothing, and names target and date",
  () => {
    const page = reportPage(files("RTT"));
    assertStringIncludes(page, "default-src 'none'; style-src 'unsafe-inline'");
    assertStringIncludes(page, '<html lang="en">');
    assertStringIncludes(
      page,
      "<title>Roundtrip: Round-trip time (measure over TCP) to 192.0.2.1:10000, 2026-01-01 00:00:00 UTC</title>",
    );
    assertEquals(
      page.replaceAll("http://www.w3.org/", "")
        .match(/<script|<link|<img|@import|url\(|https?:/),
      null,
    );
  },
);

pureTest(
  "reportPage() puts measurements side by side, and says how they differ",
  () => {
    const page = reportPage(files("RTT", "TPUT"));
    assertStringIncludes(page, "The median RTT of TPUT is 30.0 us");
    assertStringIncludes(
      page,
      '<th scope="col">RTT</th><th scope="col">TPUT</th>',
    );
    assertStringIncludes(
      reportPage(files("TPUT", "STAMP")),
      "They differ in protocol",
    );
  },
);

pureTest("reportPage() shows remarks on a file and failed points", () => {
  const [file] = files("SWEEP");
  const remarks = ["The file ends early."];
  const page = reportPage([{ ...file!, remarks }]);
  assertStringIncludes(page, "<p>SWEEP: The file ends early.</p>");
  const { texts } = parsed(page);
  assert(texts.filter((text) => text === "failed").length > 2);
  const bars = CHARTS.flatMap(drawn).filter((text) => text === "failed");
  assertEquals(bars.length, 2);
});

/** Text that is markup, or moves what stands beside it, and how it is shown. */
const HOSTILE: [text: string, shown?: string][] = [
  ["<script>alert(1)</script>"],
  ['"><img src=x onerror=alert(1)>'],
  ["'><svg onload=alert(1)>"],
  ["</title><script>alert(1)</script>"],
  ["</style><script>alert(1)</script>"],
  ["</text></svg><iframe>"],
  ["]]><b>"],
  ["--><b>"],
  ["javascript:alert(1)"],
  ['" class="x" onload="'],
  ["{a|b} {value} %s $& $1"],
  ["&lt;b&gt;&amp;#60;b&#62;"],
  ["a\0b\x1b[2J", "a\\x00b\\x1b[2J"],
  ["\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"],
  ["\ud800 lone", "\ufffd lone"],
  ["__proto__"],
  ["one\ntwo", "one two"],
];

/** Words with a meaning in the format, and in charts. */
const FIXED = new RegExp(
  `^(${
    [
      "rtt|tput|sweep|compare|roundtrip|measure|stamp|size|delay",
      "complete|interrupted|failed",
      ...COMPARE.experiments.map(({ name }) => name),
      "us|ms|s|bits_per_second|bytes|count|percent|linear|log|percentile",
      "curve|histogram|timeline|bars",
    ].join("|")
  })$`,
);

/** The same value with another text in place of each that is free. */
function withText<T>(value: T, text: string): T {
  if (typeof value === "string") return (FIXED.test(value) ? value : text) as T;
  if (Array.isArray(value)) {
    return value.map((each) => withText(each, text)) as T;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withText(each, text)]),
  ) as T;
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll(
      "&amp;",
      "&",
    );
}

for (const [text, shown = text] of HOSTILE) {
  pureTest(
    `reportPage() shows ${JSON.stringify(text)} as text, anywhere`,
    async () => {
      const hostile: NamedFile[] = [];
      for (const result of [RTT, STAMP, SWEEP, COMPARE]) {
        const json = JSON.stringify(withText(result, text));
        const read = await readResult([new TextEncoder().encode(json)]);
        hostile.push({ name: text, ...read, remarks: [text] });
      }
      const page = reportPage(hostile);
      const { texts } = parsed(page);
      for (const chart of CHARTS) texts.push(...drawn(withText(chart, text)));
      assertEquals(texts.join("").match(/(?!\n)[\p{Cc}\u202e\u2066]/u), null);
      const all = texts.map(unescaped);
      assert(all.includes(shown), "as a cell of a table");
      assert(
        all.filter((each) => each.startsWith(shown.slice(0, 8))).length > 20,
      );
    },
  );
}

pureTest("reportPage() truncates endless text", () => {
  const endless = "x".repeat(1_000_000);
  const page = reportPage([{
    ...files("COMPARE")[0]!,
    result: withText(COMPARE, endless),
    remarks: [endless],
  }]);
  assertLess(page.length, 300_000);
});

pureTest(
  "reportPage() draws the largest, the smallest and equal figures",
  () => {
    for (const us of [0, 1e-9, 1, 1e15]) {
      const same = (values: unknown[]) => values.map(() => us);
      const { histogram, timeline } = RTT.series;
      const series = {
        histogram: { ...histogram!, edges_us: same(histogram!.edges_us) },
        percentiles: { percent: [0, 100, 100, 1e15], us: [us, us, us, us] },
        timeline: {
          ...timeline,
          min_us: same(timeline.min_us),
          mean_us: same(timeline.mean_us),
          max_us: same(timeline.max_us),
        },
      };
      const page = reportPage([{
        name: "RTT",
        result: { ...RTT, series },
        remarks: [],
      }]);
      assertEquals(page.match(/undefined|NaN|Infinity/), null, `${us}`);
    }
  },
);

/** A chart of each kind. */
const CHARTS: Chart[] = [
  {
    kind: "curve",
    title: "Percentiles",
    x: { label: "percentile", unit: "percent", scale: "percentile" },
    y: { label: "RTT", unit: "us", scale: "log" },
    series: ["one", "two"].map((name) => ({
      name,
      points: [{ x: 0, y: 9 }, { x: 50, y: null }, { x: 100, y: 5000 }],
    })),
  },
  {
    kind: "histogram",
    title: "RTT",
    edges_us: [20, 40, 60, 1500],
    series: ["one", "two"].map((name) => ({ name, count: [3, 40, 1] })),
  },
  {
    kind: "timeline",
    title: "RTT over time",
    series: ["one", "two"].map((name) => ({
      name,
      timeline: RTT.series.timeline,
    })),
  },
  {
    kind: "bars",
    title: "Time",
    value: { label: "time", unit: "us" },
    names: ["TCP", "UDP"],
    series: ["one", "two"].map((name) => ({ name, values: [3, null] })),
  },
];

/** The texts of a drawing in the order in which the library draws them. */
function drawn(chart: Chart): string[] {
  const size = { width: 720, height: 280 };
  const { option, viewport } = chartOption(chart, size);
  return parsed(renderSvg(option, viewport)).texts;
}

function curveOf(
  scale: "log" | "percentile",
  unit: "us" | "bytes" | "percent",
  places: number[],
): Chart {
  return {
    kind: "curve",
    title: "",
    x: { label: "place", unit, scale },
    y: { label: "count", unit: "count" },
    series: [{ name: "one", points: places.map((x) => ({ x, y: 1 })) }],
  };
}

/** The kind of axis, its values, and its marks. */
const AXES: [string, Chart, string[]][] = [
  [
    "logarithmic durations",
    curveOf("log", "us", [130, 4000]),
    ["200 us", "500 us", "1 ms", "2 ms", "place (log scale)"],
  ],
  [
    "logarithmic durations of many decades",
    curveOf("log", "us", [3, 5e6]),
    ["10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s"],
  ],
  [
    "equal logarithmic durations",
    curveOf("log", "us", [100, 100]),
    ["60 us", "100 us", "200 us"],
  ],
  [
    "logarithmic sizes",
    curveOf("log", "bytes", [512, 32_768]),
    ["512 bytes", "1 KiB", "2 KiB", "16 KiB", "32 KiB"],
  ],
  [
    "percentiles",
    curveOf("percentile", "percent", [0, 50, 90, 99.95, 100]),
    ["0", "50 %", "90 %", "99 %", "99.9 %", "place"],
  ],
];

for (const [kind, chart, marks] of AXES) {
  pureTest(`chartOption() marks an axis of ${kind}`, () => {
    const texts = drawn(chart);
    for (const mark of marks) {
      assert(texts.includes(mark), `${mark}: ${texts}`);
    }
  });
}

pureTest(
  "chartOption() draws a band where a curve has one, and failures above",
  () => {
    const point = (x: number) => ({ x, y: 5, low: 1, high: 9 });
    const chart: Chart = {
      ...curveOf("log", "us", []) as Chart & { kind: "curve" },
      series: [{
        name: "one",
        points: [point(1), point(2), { x: 3, y: null }, point(4), point(5)],
      }],
    };
    const { option, viewport, legend } = chartOption(chart, {
      width: 400,
      height: 200,
    });
    const svg = renderSvg(option, viewport);
    assertMatch(svg, /<svg [^>]*viewBox="0 0 400 2\d\d"/);
    assertEquals(count(svg, /fill-opacity="0\.2"/), 2, svg);
    assertEquals(count(svg, /fill="var\(--loss\)"/), 1, svg);
    assertEquals(legend, [{ name: "failed", colour: "var(--loss)" }]);
  },
);

pureTest("fileNames() tells equal names apart", () => {
  assertEquals(fileNames(["-", "a.json", "x/a.json", "a.json"]), [
    "standard input",
    "a.json",
    "x/a.json",
    "a.json (2)",
  ]);
});
