import { assert, assertEquals } from "@std/assert";
import { labelsOf } from "../../lib/terminal/axis_labels.ts";
import { plotAxis } from "../../lib/terminal/axis.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const US = { label: "RTT", unit: "us" } as const;

function texts(values: number[], axis: Parameters<typeof plotAxis>[0]) {
  return plotAxis(axis, values, { most: 5 }).ticks.map(({ text }) => text);
}

Deno.test({
  name: "plotAxis() starts at 0 unless the values are far from it",
  permissions: "none",
  fn() {
    assertEquals(texts([120, 1400], US), ["0", "0.5", "1", "1.5"]);
    assertEquals(
      texts([50_100, 50_400], US),
      ["50.1", "50.2", "50.3", "50.4"],
    );
  },
});

Deno.test({
  name: "plotAxis() has a decade or several between marks of a log scale",
  permissions: "none",
  fn() {
    const log = { ...US, scale: "log" } as const;
    assertEquals(texts([10, 1e6], log), ["0.01", "1", "100"]);
    assertEquals(texts([10, 120], log), ["10", "20", "50", "100"]);
    assertEquals(plotAxis(log, [10, 1000], { most: 5 }).at(100), 0.5);
  },
});

Deno.test({
  name:
    "plotAxis() doubles the distance to 100 with each percentile scale step",
  permissions: "none",
  fn() {
    const axis = plotAxis(
      { label: "percentile", unit: "percent", scale: "percentile" },
      [0, 50, 75, 100],
      { most: 5 },
    );
    assertEquals([0, 50, 75, 100].map((x) => Math.round(3 * axis.at(x))), [
      0,
      1,
      2,
      3,
    ]);
    assertEquals(axis.label, "percentile (%, stretched towards 100)");
  },
});

Deno.test({
  name: "plotAxis() has a length and marks that differ, whatever the values",
  permissions: "none",
  fn() {
    const random = seededRandom(21);
    const cases = [
      [],
      [0],
      [-0],
      [41],
      [41, 41],
      [-5],
      [-5, 5],
      [1e-12],
      [
        5e-324,
      ],
      [1e299, -1e299],
      [Infinity],
      [NaN],
      [0, 1e15],
    ];
    for (let round = 0; round < 2000; round++) {
      const from = 10 ** (12 * random() - 4);
      cases.push([from, from * (1 + 10 ** (8 * random() - 6))]);
    }
    for (const values of cases) {
      for (const scale of ["linear", "log"] as const) {
        for (const tight of [false, true]) {
          const axis = plotAxis({ ...US, scale }, values, { most: 5, tight });
          const said = `${scale} ${values}: ${JSON.stringify(axis)}`;
          assert(axis.ticks.length >= 1 && axis.ticks.length <= 7, said);
          axis.ticks.slice(1).forEach(({ at, text }, index) => {
            assert(at > axis.ticks[index]!.at, said);
            assert(text !== axis.ticks[index]!.text, said);
          });
          for (const { at, text } of axis.ticks) {
            assert(at >= 0 && at <= 1 && text.length <= 13, said);
          }
        }
      }
    }
  },
});

Deno.test({
  name: "labelsOf() writes neighbours differently, in the middle one's unit",
  permissions: "none",
  fn() {
    assertEquals(labelsOf([50.001, 50.002, 50.003], "ms"), {
      unit: "ms",
      texts: ["50.001", "50.002", "50.003"],
    });
    assertEquals(labelsOf([40, 45, 50, 50_104], "us"), {
      unit: "us",
      texts: ["40", "45", "50", "50104"],
    });
    assertEquals(labelsOf([], "count"), { unit: "", texts: [] });
  },
});
