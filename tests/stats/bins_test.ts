import { assert, assertEquals } from "@std/assert";
import { binEdges } from "../../lib/stats/bins.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

function assertBins(from: number, to: number, most: number): void {
  const edges = binEdges(from, to, most);
  const said = `binEdges(${from}, ${to}, ${most}) is ${edges}`;
  assert(edges.every(Number.isFinite), said);
  assert(edges.length >= 2, said);
  assert(edges.length - 1 <= most, said);
  assert(edges[0]! <= from && to < edges.at(-1)!, said);
  edges.slice(1).forEach((edge, bin) => assert(edge > edges[bin]!, said));
}

Deno.test({
  name: "binEdges() has multiples of a round step where values are close",
  permissions: "none",
  fn() {
    assertEquals(binEdges(41, 58, 4), [40, 45, 50, 55, 60]);
    assertEquals(binEdges(0, 9.9, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assertEquals(binEdges(0.1, 0.3, 3), [0.1, 0.2, 0.3, 0.4]);
  },
});

Deno.test({
  name: "binEdges() grows with the values where they differ by much",
  permissions: "none",
  fn() {
    assertEquals(
      binEdges(10, 1900, 8),
      [10, 20, 50, 100, 200, 500, 1000, 2000],
    );
    assertEquals(binEdges(2, 900, 3), [1, 10, 100, 1000]);
  },
});

Deno.test({
  name: "binEdges() rises, encloses the values, and is not too long",
  permissions: "none",
  fn() {
    const random = seededRandom(11);
    for (let round = 0; round < 20_000; round++) {
      const most = 2 + Math.floor(19 * random());
      const from = random() < 0.1 ? 0 : 10 ** (13 * random() - 3);
      const ratio = 10 ** (9 * random() ** 3);
      assertBins(from, from * ratio, most);
      assertBins(0, from, most);
    }
  },
});

Deno.test({
  name: "binEdges() encloses values that are limits themselves",
  permissions: "none",
  fn() {
    const round = [0.001, 0.01, 0.1, 0.3, 1, 1.2, 2, 2.5, 5, 10, 15, 99, 100];
    for (let most = 2; most <= 20; most++) {
      for (const from of [0, ...round]) {
        for (const to of [...round, 1000, 1e6, 1e12]) {
          if (to >= from) assertBins(from, to, most);
        }
      }
    }
  },
});

Deno.test({
  name: "binEdges() of equal values is a bin around them",
  permissions: "none",
  fn() {
    for (const value of [0, 1e-6, 0.001, 1, 41.25, 1000, 3e11]) {
      for (const most of [2, 3, 20]) assertBins(value, value, most);
    }
  },
});
