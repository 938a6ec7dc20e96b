import { assert, assertEquals } from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import { plotAxis, tickLabels } from "../../lib/result/axis.ts";
import type { Axis } from "../../lib/result/section.ts";
import { pureTest } from "../pure.ts";

const US = { label: "RTT", unit: "us" } as const;
const LOG = { ...US, scale: "log" } as const;

const TICKS: [name: string, axis: Axis, values: number[], texts: string[]][] = [
  ["starts at 0", US, [120, 1500], ["0", "0.5", "1", "1.5"]],
  [
    "does not start at 0 far from it",
    US,
    [50_100, 50_400],
    ["50.1", "50.2", "50.3", "50.4"],
  ],
  ["has whole decades on a log scale", LOG, [10, 1e6], ["0.01", "1", "100"]],
  ["has 1-2-5 on a short log scale", LOG, [10, 120], ["10", "20", "50", "100"]],
  ["has 0 among its ticks", US, [-5, 5], ["-4", "-2", "0", "2", "4"]],
  [
    "counts in whole numbers",
    { label: "probes", unit: "count" },
    [0, 2],
    ["0", "1", "2"],
  ],
];

for (const [behaviour, axis, values, texts] of TICKS) {
  pureTest(`plotAxis() ${behaviour}`, () => {
    const { ticks } = plotAxis(axis, values, 5);
    assertEquals(ticks.map(({ text }) => text), texts);
  });
}

pureTest("plotAxis() names unit and scale, and places values on it", () => {
  const log = plotAxis(LOG, [10, 1000], 5);
  assertEquals([log.label, log.at(100)], ["RTT (us, log scale)", 0.5]);
  const percentile = plotAxis(
    { label: "percentile", unit: "percent", scale: "percentile" },
    [0, 50, 75, 100],
    5,
  );
  const thirds = [0, 50, 75, 100].map((x) => Math.round(3 * percentile.at(x)));
  assertEquals(thirds, [0, 1, 2, 3]);
  assertEquals(percentile.label, "percentile (%, log towards 100)");
});

pureTest(
  "plotAxis() has rising ticks with different texts for any values",
  () => {
    const value = fc.oneof(
      fc.double(),
      fc.double({ min: 1e-4, max: 1e9, noNaN: true }),
      fc.constantFrom(0, -0, 41, 1e-12, 5e-324, 1e299, -1e299, Infinity, NaN),
    );
    const near = fc.tuple(
      fc.double({ min: 1e-4, max: 1e8, noNaN: true }),
      fc.double({ min: 1e-6, max: 100, noNaN: true }),
    ).map(([from, ratio]) => [from, from * (1 + ratio)]);
    fc.assert(
      fc.property(
        fc.oneof(fc.array(value, { maxLength: 5 }), near),
        fc.constantFrom("linear", "log", "percentile"),
        (values, scale) => {
          const axis = { ...US, scale } as Axis;
          const { ticks } = plotAxis(axis, values, 5);
          assert(ticks.length >= 1);
          if (scale !== "percentile") assert(ticks.length <= 5);
          ticks.forEach(({ at, text }, index) => {
            assert(at >= 0 && at <= 1 && text.length <= 22, text);
            const next = ticks[index + 1];
            if (next) assert(next.at > at && next.text !== text, text);
          });
        },
      ),
      { numRuns: 2000 },
    );
  },
);

pureTest(
  "tickLabels() formats neighbours differently, in the unit of the median",
  () => {
    assertEquals(tickLabels([50.001, 50.002, 50.003], "ms"), {
      unit: "ms",
      texts: ["50.001", "50.002", "50.003"],
    });
    assertEquals(tickLabels([40, 45, 50, 50_104], "us"), {
      unit: "us",
      texts: ["40", "45", "50", "50104"],
    });
    assertEquals(tickLabels([], "count"), { unit: "", texts: [] });
  },
);
