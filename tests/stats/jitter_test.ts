import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Jitter } from "../../lib/stats/jitter.ts";
import { pureTest as test } from "../testing.ts";

function jitterOf(delaysUs: (number | null)[]) {
  const jitter = new Jitter();
  delaysUs.forEach((us, sequence) => {
    if (us !== null) jitter.record(sequence, us);
  });
  return jitter.figures();
}

test("Jitter.figures() is nothing before the first two neighbours", () => {
  for (const delays of [[], [100], [null], [100, null], [null, 100, null]]) {
    assertEquals(jitterOf(delays), null, JSON.stringify(delays));
  }
});

test("Jitter.figures() agrees with RFC 3550 added up by hand", () => {
  // D: 16, -32, 8.   J: 16/16 = 1; 1 + 31/16 = 2.9375; 2.9375 + 5.0625/16.
  const figures = jitterOf([100, 116, 84, 92])!;
  assertAlmostEquals(figures.rfc3550, 3.25390625, 1e-12);
  assertAlmostEquals(figures.ipdv_p50, 16, 0.016);
  assertEquals(figures.ipdv_p99, 32);
});

test("Jitter.figures() is 0 for delays that do not vary", () => {
  const none = { rfc3550: 0, ipdv_p50: 0, ipdv_p99: 0 };
  assertEquals(jitterOf([5, 5]), none);
  assertEquals(jitterOf(Array(100).fill(0)), none);
});

test("Jitter.record() takes IPDV between neighbours alone", () => {
  // Across the gap there is a difference of 1000, and none of neighbours.
  const { rfc3550, ipdv_p50, ipdv_p99 } = jitterOf([
    100,
    116,
    null,
    1116,
    1132,
  ])!;
  assertEquals([ipdv_p50, ipdv_p99], [16, 16]);
  // By arrival, as RFC 3550 has it: D is 16, 1000, 16.
  assertEquals(rfc3550, jitterOf([100, 116, 1116, 1132])!.rfc3550);
});

test("Jitter.figures() comes to a steady difference in the long run", () => {
  const delays = Array.from({ length: 1000 }, (_, index) => index % 2 * 40);
  assertAlmostEquals(jitterOf(delays)!.rfc3550, 40, 1e-9);
});
