import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import { stripAnsiCode } from "npm:deno-std@^1.4.0/fmt/colors.js";
import type { Chart, Section, Unit } from "../../lib/result/section.ts";
import { formatChart, formatSections } from "../../lib/terminal/section.ts";
import { type Style, textWidth } from "../../lib/terminal/style.ts";
import * as charts from "./charts.ts";
import { AS_TEXT } from "./section_snapshots.ts";
import { pureTest } from "../pure.ts";

const STYLES: Style[] = [-1, 40, 41, 59, 80, 200, Infinity].flatMap((width) =>
  [false, true].map((ascii) => ({ width, ascii, color: false }))
);
const PLAIN = { width: 80, ascii: false, color: false };
const EMPTY: Section = {
  title: "t",
  table: { columns: [], rows: [] },
  charts: [],
  sentences: [],
};

/** Asserts what holds for any text: width, safe characters, known values. */
function assertSafe(text: string, style: Style): void {
  const width = Math.min(Math.max(style.width, 40), 200);
  for (const line of text.split("\n")) {
    assert(textWidth(line) <= width, `${style.width}: ${line}`);
    assertEquals(line, line.trimEnd());
    assert(!/NaN|undefined|Infinity|null/.test(line), line);
    assert(!/\p{Cc}/u.test(line), line);
    if (style.ascii) assertMatch(line, /^[\x20-\x7e]*$/);
  }
}

const unit = fc.constantFrom<Unit>(
  "us",
  "ms",
  "s",
  "bits_per_second",
  "bytes",
  "count",
  "percent",
);
const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom(
    "here",
    "Zürich",
    "\x1b[31mred\x1b[0m",
    "two\r\nlines\u2028\tand more",
    "\u202eright to left",
    "東京".repeat(60),
    "😀".repeat(300),
    "   ",
  ),
);
const number = fc.oneof(
  fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  fc.double(),
  fc.constantFrom(0, -0, 1e-12, 1e15, 1.7e308, -3, -1e300, Infinity, NaN),
);
const figure = fc.option(number);
const count = fc.nat(1e12);
const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) =>
  fc.array(arbitrary, { maxLength });
const series = <T>(shape: Record<keyof T, fc.Arbitrary<T[keyof T]>>) =>
  some(fc.record({ name, ...shape }), 4);
const axis = fc.record({
  label: name,
  unit,
  scale: fc.constantFrom("linear", "log", "percentile"),
});
const timeline = fc.tuple(
  some(fc.tuple(figure, fc.nat(3)), 300),
  fc.oneof(number, fc.constant(100)),
).map(([slots, slotMs]) => ({
  ...charts.timelineOf(slots.map(([us]) => us), [], slotMs),
  lost: slots.map(([, lost]) => lost),
}));
const chart = fc.oneof(
  fc.record({
    kind: fc.constant("curve"),
    title: name,
    x: axis,
    y: axis,
    series: series({ points: some(fc.record({ x: number, y: figure }), 60) }),
  }),
  fc.record({
    kind: fc.constant("histogram"),
    title: name,
    edges_us: some(fc.double({ min: 1e-3, max: 1e7, noNaN: true }), 12)
      .map((edges) => edges.sort((a, b) => a - b)),
    series: series({ count: some(count, 12) }),
  }),
  fc.record({
    kind: fc.constant("timeline"),
    title: name,
    series: series({ timeline }),
  }),
  fc.record({
    kind: fc.constant("bars"),
    title: name,
    value: axis,
    names: some(name, 5),
    series: series({ values: some(figure, 5) }),
  }),
) as fc.Arbitrary<Chart>;
const columns = some(fc.record({ name, unit }), 10);
const section = fc.record({
  title: name,
  role: fc.constantFrom("headline", "figures"),
  table: fc.record({
    columns,
    rows: some(
      fc.record({ name, unit, values: some(fc.oneof(name, figure), 10) }),
      5,
    ),
  }),
  charts: some(chart, 2),
  sentences: some(name, 3),
}) as fc.Arbitrary<Section>;

pureTest("formatSections() keeps to the width and to safe characters", () => {
  fc.assert(
    fc.property(some(section, 3), (sections) => {
      for (const style of STYLES) {
        assertSafe(formatSections(sections, style), style);
      }
    }),
    { numRuns: 150 },
  );
});

pureTest("formatChart() uses colors only in addition to characters", () => {
  fc.assert(fc.property(chart, fc.constantFrom(...STYLES), (chart, style) => {
    const plain = formatChart(chart, style);
    const colored = formatChart(chart, { ...style, color: true });
    assertEquals(colored.map((line) => stripAnsiCode(line)), plain);
  }));
  const colored = formatChart(charts.TWO_TIMELINES, {
    ...PLAIN,
    color: true,
  });
  const text = colored.join("\n").replaceAll("\x1b", "ESC");
  assertMatch(text, /lost +ESC\[31m[▁-█]+ESC\[39m/);
  assertMatch(text, /ESC\[36m[▁-█]+ESC\[39m/);
});

const CHARTS: [name: string, chart: Chart, ascii: boolean][] = [
  ["histograms", charts.TWO_HISTOGRAMS, false],
  ["a timeline", charts.TIMELINE, false],
  ["timelines", charts.TWO_TIMELINES, true],
  ["a timeline on a log scale", charts.WIDE_TIMELINE, false],
  ["percentiles", charts.PERCENTILES, false],
  ["a curve with a failed point", charts.SWEEP, true],
  ["curves", charts.TWO_SWEEPS, false],
  ["bars", charts.TWO_BARS, true],
];

for (const [name, chart, ascii] of CHARTS) {
  pureTest(`formatChart() draws ${name} in at most 12 rows`, async (t) => {
    const [wide, narrow] = [80, 40].map((width) =>
      formatChart(chart, { width, ascii, color: false })
    );
    // Besides the drawing there are a title and a line of explanation.
    assert(wide!.length <= 12 + 2, `${wide!.length}`);
    await t.assertSnapshot([...wide!, ...narrow!].join("\n"), AS_TEXT);
  });
}

pureTest("formatChart() says what is missing", () => {
  const axis = { label: "RTT", unit: "us" } as const;
  const lost = charts.timelineOf([null, null], [0, 1]);
  const cases: [Chart, RegExp][] = [
    [
      { kind: "bars", title: "t", value: axis, names: [], series: [] },
      /^no v/,
    ],
    [
      { kind: "histogram", title: "t", edges_us: [], series: [] },
      /^no values/,
    ],
    [
      { kind: "curve", title: "t", x: axis, y: axis, series: [] },
      /^no points/,
    ],
    [{ kind: "timeline", title: "t", series: [] }, /^no probes/],
    [
      {
        kind: "timeline",
        title: "t",
        series: [{ name: "", timeline: lost }],
      },
      /^no reply and share lost \(up to 50 %\) per 100 ms; time \(ms\)\n.*2 lost\nlost +█+\n/,
    ],
  ];
  for (const [chart, expected] of cases) {
    assertMatch(formatChart(chart, PLAIN).slice(1).join("\n"), expected);
  }
});

pureTest(
  "formatChart() draws an axis without a tick between its limits",
  () => {
    const bytes = { label: "size", unit: "bytes" } as const;
    const points = [{ x: 41.5, y: 1.2 }, { x: 41.6, y: 1.3 }];
    const drawn = formatChart({
      kind: "curve",
      title: "t",
      x: bytes,
      y: bytes,
      series: [{ name: "", points }],
    }, { ...PLAIN, width: 40 });
    assertEquals(drawn.length, 13);
    assertEquals(drawn[10], ` └${"─".repeat(38)}`);
  },
);

pureTest("formatSections() shows tables, charts and sentences", async (t) => {
  const names = ["TCP", "TCP, Nagle on", "UDP", "Unix stream"];
  const section: Section = {
    title: "RTT of each transport",
    table: {
      columns: names.map((name) => ({ name })),
      rows: [
        { name: "median", unit: "us", values: [41.2, 40_300, 33.9, null] },
        { name: "lost", unit: "percent", values: [0, 0, 0.25, "failed"] },
      ],
    },
    charts: [charts.BARS, { ...charts.HISTOGRAM, detail: true }],
    sentences: ["The median of UDP is lower. ".repeat(4)],
  };
  const headline = { ...EMPTY, role: "headline", sentences: ["p50 41 us"] };
  const text = [80, 40].map((width) =>
    formatSections([headline as Section, section], { ...PLAIN, width })
  );
  await t.assertSnapshot(text.join("\n\n"), AS_TEXT);
});

pureTest("formatSections() omits what is empty, and charts on request", () => {
  const rows = [{ name: "lost", values: [] }];
  const table = { columns: [], rows };
  assertEquals(formatSections([{ ...EMPTY, table }], PLAIN), "t");
  assertEquals(formatSections([], PLAIN), "");
  const drawn = { ...EMPTY, charts: [charts.BARS] };
  assertEquals(formatSections([drawn], PLAIN, false), "t");
  assertMatch(formatSections([drawn], PLAIN), /^t\n\n.*\nTCP {2}█/);
});

pureTest("formatSections() breaks a word that is longer than a line", () => {
  const word = "ä".repeat(100);
  const section = { ...EMPTY, sentences: [`so ${word} it is`] };
  const text = formatSections([section], { ...PLAIN, width: 40 });
  assertEquals(text.match(/ä/g)!.length, 100);
  for (const line of text.split("\n")) assert(line.length <= 40);
});
