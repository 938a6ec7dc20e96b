import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import { parseHTML } from "../../lib/report/deps.mts";
import { chaptersOf, type NamedFile } from "../../lib/report/chapters.ts";
import { fileNames } from "../../lib/report/file_names.ts";
import { reportPage } from "../../lib/report/page.ts";
import { readResult } from "../../lib/report/result_file.ts";
import { bytesOf } from "./events.ts";
import { COMPARE, NOTHING, RTT, STAMP, SWEEP, TPUT } from "./results.ts";

const RESULTS = { RTT, TPUT, STAMP, NOTHING, SWEEP, COMPARE };
/** What a page consists of, and nothing else. */
const ELEMENTS = new Set(
  ("html head meta title style body header main footer section div h1 h2 h3 h4 " +
    "p ul li table caption thead tbody tr th td figure figcaption details " +
    "summary svg g path line rect circle text tspan").split(" "),
);
/** What elements have, and nothing else. */
const ATTRIBUTE =
  /^(id|class|lang|charset|name|content|http-equiv|scope|role|tabindex|aria-[a-z]+|viewBox|width|height|d|transform|fill(-opacity)?|stroke(-[a-z]+)?|[xy][12]?|c[xy]|dy|r|text-anchor|font-[a-z]+)$/;

interface Node {
  localName: string;
  attributes: { name: string; value: string }[];
  textContent: string;
  querySelectorAll(selector: string): Node[];
}

function parsed(page: string): Node {
  return (parseHTML(page) as unknown as { document: Node }).document;
}

function all(node: Node, selector: string): Node[] {
  return [...node.querySelectorAll(selector)];
}

function files(...names: (keyof typeof RESULTS)[]): NamedFile[] {
  return names.map((name) => ({ name, result: RESULTS[name], remarks: [] }));
}

/** How many charts the sections of some files have. */
function chartsOf(named: NamedFile[]): number {
  return chaptersOf(named).flatMap(({ columns }) => columns)
    .flatMap(({ sections }) => sections)
    .reduce((sum, { charts }) => sum + charts.length, 0);
}

function assertNothingElse(page: string): void {
  for (const { localName, attributes } of all(parsed(page), "*")) {
    assert(ELEMENTS.has(localName), localName);
    for (const { name, value } of attributes) {
      assert(ATTRIBUTE.test(name), `${localName} ${name}`);
      assertEquals(/javascript:|url\(|https?:/i.test(value), false, value);
    }
  }
}

for (const name of Object.keys(RESULTS) as (keyof typeof RESULTS)[]) {
  Deno.test({
    name:
      `reportPage() shows each chart of ${name} as drawings, words, numbers`,
    permissions: "none",
    fn() {
      const page = parsed(reportPage(files(name)));
      const figures = all(page, "figure");
      assertEquals(figures.length, chartsOf(files(name)));
      for (const figure of figures) {
        assertEquals(all(figure, "svg[role=img]").length, 2);
        assertGreater(all(figure, "svg[role=img] path, svg rect").length, 2);
        assertEquals(all(figure, ".unseen")[0]!.textContent.length > 20, true);
        const rows = all(figure, "details tbody tr").length;
        assert(rows > 0 && rows <= 2 * 41, `${rows} rows`);
        for (const svg of all(figure, "svg[role=img]")) {
          for (const key of ["aria-labelledby", "aria-describedby"]) {
            const id = svg.attributes.find(({ name }) => name === key)!.value;
            assertEquals(all(page, `#${id}`).length, 1);
          }
        }
      }
    },
  });

  Deno.test({
    name: `reportPage() has nothing undefined or not a number in ${name}`,
    permissions: "none",
    fn() {
      const page = reportPage(files(name));
      assertEquals(page.match(/undefined|NaN|Infinity|\[object/), null);
      assertNothingElse(page);
    },
  });
}

Deno.test({
  name: "reportPage() gives the same page of the same results",
  permissions: "none",
  fn() {
    const every = Object.keys(RESULTS) as (keyof typeof RESULTS)[];
    const page = reportPage(files(...every));
    assertEquals(reportPage(files(...every)), page);
    assertLess(page.length, 250_000);
    const ids = all(parsed(page), "[id]").map(({ attributes }) =>
      attributes.find(({ name }) => name === "id")!.value
    );
    assertEquals(new Set(ids).size, ids.length);
  },
});

Deno.test({
  name: "reportPage() loads nothing and runs nothing",
  permissions: "none",
  fn() {
    const page = reportPage(files("RTT"));
    assertStringIncludes(page, "default-src 'none'; style-src 'unsafe-inline'");
    assertStringIncludes(page, '<html lang="en">');
    assertEquals(page.match(/<script|<link|<img|@import|url\(|https?:/), null);
  },
});

Deno.test({
  name: "reportPage() puts measurements side by side, and says how they differ",
  permissions: "none",
  fn() {
    const page = parsed(reportPage(files("RTT", "TPUT")));
    const text = all(page, "body")[0]!.textContent;
    assertStringIncludes(
      text,
      "The median RTT of TPUT is 30.0 us, that of RTT 41.3 us, 1.38 to 1. Whether that is more than chance, one run of each does not tell.",
    );
    assertStringIncludes(text, "3 of 200 probes were lost, 1.5 %");
    const tables = all(page, ".body > .scroll thead").map((head) =>
      all(head, "th").map(({ textContent }) => textContent)
    );
    assertEquals(tables[0], ["RTT", "TPUT"]);
    const unlike = all(parsed(reportPage(files("TPUT", "STAMP"))), "body")[0]!;
    assertStringIncludes(unlike.textContent, "They differ in protocol");
    // One by itself has a histogram, several are compared by percentiles.
    assertEquals(text.includes("Distribution of the RTT"), false);
  },
});

Deno.test({
  name: "reportPage() puts two comparisons side by side, each by its name",
  permissions: "none",
  fn() {
    const one = files("COMPARE")[0]!;
    const page = parsed(reportPage([one, { ...one, name: "other" }]));
    assertEquals(all(page, ".columns > div").length, 2);
    const heads = all(page, ".columns h3").map((head) => head.textContent);
    assertEquals(heads, ["COMPARE", "other"]);
  },
});

Deno.test({
  name: "reportPage() says what is to be known of a file",
  permissions: "none",
  fn() {
    const [file] = files("RTT");
    const remarks = ["The file ends early."];
    const page = parsed(reportPage([{ ...file!, remarks }]));
    assertEquals(
      all(page, ".remarks p").map(({ textContent }) => textContent),
      ["RTT: The file ends early."],
    );
  },
});

Deno.test({
  name: "reportPage() shows failed points as failed",
  permissions: "none",
  fn() {
    const bars = all(parsed(reportPage(files("COMPARE"))), "svg text")
      .filter(({ textContent }) => textContent === "failed");
    assertEquals(bars.length, 2 * 2); // of two series, in each width
    const page = parsed(reportPage(files("SWEEP")));
    const failed = all(page, "td").filter(({ textContent }) =>
      textContent === "failed"
    );
    assertGreater(failed.length, 1);
    assertStringIncludes(all(page, "main")[0]!.textContent, "1 failed");
  },
});

const EVIL = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  "</title><script>alert(1)</script>",
  "</style><script>alert(1)</script>",
  "</text></svg><iframe>",
  "]]><b>",
  "--><b>",
  "javascript:alert(1)",
  "&lt;b&gt;&amp;#60;b&#62;",
  "a\0b\x1b[2J",
  "\u202egnp.exe\u2066",
  "\ud800 lone",
  "__proto__",
];

/** The same with another text in the place of each that is free. */
function withText<T>(value: T, text: string): T {
  const fixed = /^(rtt|tput|sweep|compare|roundtrip|measure|stamp)$/;
  const unit =
    /^(us|ms|s|bits_per_second|bytes|count|percent|linear|log|percentile|curve|histogram|timeline|bars|size|delay)$/;
  if (typeof value === "string") {
    return (fixed.test(value) || unit.test(value) ? value : text) as T;
  }
  if (Array.isArray(value)) {
    return value.map((each) => withText(each, text)) as T;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withText(each, text)]),
  ) as T;
}

for (const text of EVIL) {
  Deno.test({
    name: `reportPage() shows ${JSON.stringify(text)} as it is, anywhere`,
    permissions: "none",
    async fn() {
      const evil: NamedFile[] = [];
      for (const result of Object.values(RESULTS)) {
        const json = JSON.stringify(withText(result, text));
        const read = await readResult([bytesOf(json)]);
        evil.push({ name: text, ...read, remarks: [text] });
      }
      const page = reportPage(evil);
      assertNothingElse(page);
      assertEquals(page.match(/(?!\n)[\p{Cc}\u202e\u2066]/u), null);
      const document = parsed(page);
      assertEquals(all(document, "title").length, 1);
      const seen = text.replaceAll("\0", "\\x00").replaceAll("\x1b", "\\x1b")
        .replaceAll("\u202e", "\\u202e").replaceAll("\u2066", "\\u2066")
        .toWellFormed();
      const head = all(document, "tbody th")[0]!;
      assertEquals(head.textContent, seen);
      assertStringIncludes(all(document, "li")[0]!.textContent, seen);
      assertStringIncludes(
        all(document, "svg text").map((node) => node.textContent).join(" "),
        seen.slice(0, 10),
      );
    },
  });
}

Deno.test({
  name: "reportPage() shortens texts that are endless",
  permissions: "none",
  fn() {
    const endless = "x".repeat(1_000_000);
    const [file] = files("COMPARE");
    const page = reportPage([{
      ...file!,
      result: withText(COMPARE, endless),
      remarks: [endless],
    }]);
    assertLess(page.length, 300_000);
  },
});

Deno.test({
  name: "reportPage() draws the greatest, the least and equal figures",
  permissions: "none",
  fn() {
    for (const us of [0, 1e-9, 1, 1e15]) {
      const [file] = files("RTT");
      const same = (values: unknown[]) => values.map(() => us);
      const { series } = RTT;
      const page = reportPage([{
        ...file!,
        result: {
          ...RTT,
          series: {
            histogram: {
              edges_us: same(series.histogram!.edges_us),
              count: series.histogram!.count,
            },
            percentiles: { percent: [0, 100, 100, 1e15], us: [us, us, us, us] },
            timeline: {
              ...series.timeline,
              min_us: same(series.timeline.min_us),
              mean_us: same(series.timeline.mean_us),
              max_us: same(series.timeline.max_us),
            },
          },
        },
      }]);
      assertEquals(page.match(/undefined|NaN|Infinity/), null, `${us}`);
    }
  },
});

Deno.test({
  name: "fileNames() tells equal names apart",
  permissions: "none",
  fn() {
    assertEquals(fileNames(["-", "a.json", "x/a.json", "a.json"]), [
      "standard input",
      "a.json",
      "x/a.json",
      "a.json (2)",
    ]);
  },
});
