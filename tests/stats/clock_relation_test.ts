import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLessOrEqual,
} from "@std/assert";
import fc from "npm:fast-check@^4.3.0";
import {
  clockRelation,
  LowerHull,
  MAX_DRIFT,
} from "../../lib/stats/clock_relation.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

type Points = [x: number, y: number][];

function hullOf(points: Points): LowerHull {
  const hull = new LowerHull();
  for (const [x, y] of points) hull.record(x, y);
  return hull;
}

/** The minimum by its definition. */
function minOf(points: Points, slope: number): number {
  return Math.min(...points.map(([x, y]) => y - slope * x));
}

const HULLS: [string, Points, number[]][] = [
  ["no point", [], []],
  ["one point", [[3, 4]], []],
  ["a point above an edge", [[0, 0], [1, 5], [2, 0]], [0]],
  ["a point below it", [[0, 0], [1, -5], [2, 0]], [-5, 5]],
  ["points on a line", [[0, 0], [1, 1], [2, 2]], [1]],
  ["two points at one time, the lower first", [[0, 1], [0, 2], [1, 1]], [0]],
  ["two points at one time, the lower last", [[0, 2], [0, 1], [1, 1]], [0]],
  ["a low point that comes late", [[0, 0], [2, 0], [3, 3], [1, -6]], [-6, 4.5]],
  ["a low point before all others", [[1, 1], [2, 0], [0, 0]], [0]],
];
for (const [what, points, slopes] of HULLS) {
  test(`LowerHull.slopes() are those of the edges: ${what}`, () => {
    assertEquals(hullOf(points).slopes(), slopes);
  });
}

test("LowerHull.min() is the minimum of all points, in any order", () => {
  const coordinate = fc.integer({ min: -50, max: 50 });
  const points = fc.array(fc.tuple(coordinate, coordinate), { maxLength: 40 });
  fc.assert(
    fc.property(points, fc.integer({ min: -9, max: 9 }), (points, slope) => {
      assertAlmostEquals(
        hullOf(points).min(slope) - minOf(points, slope) || 0,
        0,
        1e-9,
      );
    }),
  );
});

test("LowerHull keeps a bounded number of points, all of them real", () => {
  // All points of a parabola are on its envelope.
  const points = Array.from({ length: 5000 }, (_, x): [number, number] => [
    x,
    x * x,
  ]);
  const hull = hullOf(points);
  assertLessOrEqual(hull.slopes().length, 256);
  for (const slope of [0, 10, 100, 5000]) {
    assert(hull.min(slope) >= minOf(points, slope));
  }
});

test("clockRelation() allows any drift of a single probe", () => {
  // 8 ms there and back; the reply arrives 8 ms after the probe was sent.
  const relation = clockRelation(
    hullOf([[0, 6000]]),
    hullOf([[8000, 2000]]),
    4000,
  )!;
  assertEquals([relation.drift, relation.driftBound], [0, MAX_DRIFT]);
  assertAlmostEquals(relation.offsetUs, 2000, 1e-6);
  assertAlmostEquals(relation.offsetBoundUs, 4004, 1e-6);
});

test("clockRelation() is nothing of a clock that was set", () => {
  const forward = hullOf([[0, 1000], [1e6, -9000]]);
  const backward = hullOf([[0, 1000], [1e6, 11_000]]);
  assertEquals(clockRelation(forward, backward, 0), null);
  assertEquals(clockRelation(forward, backward, 0, 3400), null);
  assert(clockRelation(forward, backward, 0, 3600) !== null);
});

test("clockRelation() finds the drift of a long run to within 1 ppm", () => {
  for (const ppm of [200, 50, 0, -50]) {
    const random = seededRandom(5);
    const forward = new LowerHull();
    const backward = new LowerHull();
    for (let at = 0; at < 6000; at++) {
      const atUs = at * 10_000;
      const offsetUs = 3e9 + ppm / 1e6 * atUs;
      forward.record(atUs, offsetUs + 100 - 500 * Math.log(1 - random()));
      backward.record(atUs, -offsetUs + 9000 - 500 * Math.log(1 - random()));
    }
    const { drift } = clockRelation(forward, backward, 0)!;
    assertAlmostEquals(drift * 1e6, ppm, 1);
  }
});
