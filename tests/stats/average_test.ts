import { assertEquals } from "@std/assert";
import { mean, median, sum } from "../../lib/stats/average.ts";
import { pureTest as test } from "../testing.ts";

test("sum() and mean() add numbers; no number has no mean", () => {
  assertEquals([sum([]), sum([7]), sum([1, -2, 4])], [0, 7, 3]);
  assertEquals([mean([]), mean([7]), mean([1, -2, 4])], [null, 7, 1]);
});

test("median() is the middle, in whatever order", () => {
  assertEquals(median([]), null);
  assertEquals(median([7]), 7);
  assertEquals(median([2, 1]), 1.5);
  assertEquals(median([30, 4, 100]), 30);
  assertEquals(median([-1, 9, 3, 5]), 4);
});
