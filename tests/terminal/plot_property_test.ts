import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatChart } from "../../lib/terminal/plot.ts";
import { columnsOf, type PlotStyle } from "../../lib/terminal/plot_style.ts";
import { sparkline } from "../../lib/terminal/plot_timeline.ts";
import { formatSection } from "../../lib/terminal/section_text.ts";
import type { Chart, Section, Unit } from "../../lib/result/section.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { timelineOf } from "./plot_charts.ts";

const WIDTHS = [-1, 0, 39, 40, 41, 59, 60, 80, 200, 1000, Infinity];
const UNITS: Unit[] = [
  "us",
  "ms",
  "s",
  "bits_per_second",
  "bytes",
  "count",
  "percent",
];
const NAMES = [
  "",
  "here",
  "Zürich",
  "\x1b[31mred\x1b[0m",
  "two\r\nlines\u2028\tand more",
  "\u202eright to left",
  "😀".repeat(300),
  "a name that goes on and on ".repeat(20),
  "\ud800",
  "   ",
];
const VALUES = [
  null,
  0,
  -0,
  1,
  41.25,
  1e-12,
  5e-324,
  1e15,
  1.7e308,
  -3,
  -1e300,
  Infinity,
  NaN,
  1 / 3,
  123456789.123456,
];

/** What must hold of whatever is drawn. */
function assertSafe(text: string, style: PlotStyle): void {
  const width = Math.min(Math.max(style.width, 40), 200);
  if (!style.color) assert(!text.includes("\x1b"), text);
  // deno-lint-ignore no-control-regex
  const plain = text.replace(/\x1b\[\d+m/g, "");
  for (const line of plain.split("\n")) {
    assert(columnsOf(line) <= width, `${style.width}: ${line}`);
    assertEquals(line, line.trimEnd());
    assert(!/NaN|undefined|Infinity|null/.test(line), line);
    assert(!/\p{Cc}/u.test(line), line);
    if (style.ascii) assertMatch(line, /^[\x20-\x7e]*$/);
  }
}

function assertDrawn(chart: Chart): void {
  for (const width of WIDTHS) {
    for (const ascii of [false, true]) {
      for (const color of [false, true]) {
        const style = { width, ascii, color };
        assertSafe(formatChart(chart, style).join("\n"), style);
      }
    }
  }
}

/** Charts of every kind, of values and names that one may not expect. */
function randomCharts(random: () => number): Chart[] {
  const one = <T>(values: T[]) => values[Math.floor(random() * values.length)]!;
  const some = <T>(most: number, make: () => T) =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, make);
  const odd = random() < 0.5;
  const value = () => odd ? one(VALUES) : 10 ** (9 * random() - 3);
  const name = () => one(NAMES);
  const axis = () => ({
    label: name(),
    unit: one(UNITS),
    scale: one(["linear", "log", "percentile"] as const),
  });
  const us = some(random() < 0.1 ? 1000 : 100, value);
  const edges = some(12, () => 10 ** (9 * random() - 3)).sort((a, b) => a - b);
  return [
    {
      kind: "curve",
      title: name(),
      x: axis(),
      y: axis(),
      series: some(10, () => ({
        name: name(),
        points: some(50, () => ({ x: value() ?? 7, y: value() })),
      })),
    },
    {
      kind: "histogram",
      title: name(),
      edges_us: edges,
      series: some(3, () => ({
        name: name(),
        count: edges.slice(1).map(() => Math.floor(10 ** (12 * random()) - 1)),
      })),
    },
    {
      kind: "timeline",
      title: name(),
      series: some(3, () => ({
        name: name(),
        timeline: timelineOf(
          us,
          some(9, () => one([...us.keys()])),
          value() ?? 1,
        ),
      })),
    },
    {
      kind: "bars",
      title: name(),
      value: axis(),
      names: some(5, name),
      series: some(3, () => ({ name: name(), values: some(5, value) })),
    },
  ];
}

Deno.test({
  name:
    "formatChart() keeps to the width and to what is safe, whatever it draws",
  permissions: "none",
  fn() {
    const random = seededRandom(7);
    for (let round = 0; round < 150; round++) {
      for (const chart of randomCharts(random)) assertDrawn(chart);
    }
  },
});

Deno.test({
  name: "formatSection() keeps to the width and to what is safe",
  permissions: "none",
  fn() {
    const random = seededRandom(8);
    const one = <T>(values: T[]) =>
      values[Math.floor(random() * values.length)]!;
    for (let round = 0; round < 150; round++) {
      const columns = Array.from({ length: round % 12 }, () => ({
        name: one(NAMES),
        unit: one(UNITS),
      }));
      const section: Section = {
        title: one(NAMES),
        table: {
          columns,
          rows: Array.from({ length: round % 5 }, () => ({
            name: one(NAMES),
            values: columns.map(() => one([...NAMES, ...VALUES])),
          })),
        },
        charts: randomCharts(random).slice(0, round % 5),
        sentences: [one(NAMES), one(NAMES)],
      };
      for (const width of WIDTHS) {
        const style = { width, ascii: round % 2 === 0, color: false };
        assertSafe(formatSection(section, style), style);
      }
    }
  },
});

Deno.test({
  name: "formatChart() draws what is empty, single, equal or all lost",
  permissions: "none",
  fn() {
    const x = { label: "size", unit: "bytes" } as const;
    for (const scale of ["linear", "log", "percentile"] as const) {
      const y = { label: "RTT", unit: "us", scale } as const;
      for (
        const ys of [[], [null], [null, null], [0], [0, 0], [41], [41, 41]]
      ) {
        for (const step of [0, 1, 1e9]) {
          const points = ys.map((y, index) => ({ x: index * step, y }));
          const series = [{ name: "here", points }];
          assertDrawn({
            kind: "curve",
            title: "t",
            x: { ...x, scale },
            y,
            series,
          });
        }
      }
    }
    for (const us of [[], [null], [0], [0, 0], [41], [41, 41], [0, 1e9]]) {
      for (const lost of [[], us.map((_, index) => index)]) {
        const timeline = timelineOf(us, lost);
        const series = [{ name: "here", timeline }];
        assertDrawn({ kind: "timeline", title: "t", series });
      }
    }
    for (const edges_us of [[], [1], [0, 0.001], [0, 1, 1e12]]) {
      for (const count of [[], [0, 0], [5, 0], [1e15, 1]]) {
        const series = [{ name: "here", count }];
        assertDrawn({ kind: "histogram", title: "t", edges_us, series });
      }
    }
  },
});

Deno.test({
  name: "sparkline() keeps to its columns",
  permissions: "none",
  fn() {
    const us = Array.from({ length: 1000 }, (_, slot) => slot % 77);
    for (const columns of [1, 2, 7, 40, 999, 1000, 2000]) {
      for (const ascii of [false, true]) {
        const style = { width: 80, ascii, color: false };
        const line = sparkline(timelineOf(us, [500]), style, columns);
        assert(columnsOf(line) <= columns);
        assertEquals(line.split("x").length, 2);
      }
    }
    const none = timelineOf([], []);
    assertEquals(
      sparkline(none, { width: 80, ascii: true, color: true }, 9),
      "",
    );
  },
});
