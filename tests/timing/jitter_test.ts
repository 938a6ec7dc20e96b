import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Jitter } from "../../lib/timing/jitter.ts";

function jitterOf(delaysUs: (number | null)[]) {
  const jitter = new Jitter();
  for (const us of delaysUs) jitter.record(us);
  return jitter.figures();
}

Deno.test({
  name: "Jitter.figures() is nothing before the first difference",
  permissions: "none",
  fn() {
    for (const delays of [[], [100], [null], [100, null], [null, 100, null]]) {
      assertEquals(jitterOf(delays), null, JSON.stringify(delays));
    }
  },
});

Deno.test({
  name: "Jitter.figures() agrees with RFC 3550 added up by hand",
  permissions: "none",
  fn() {
    // D: 16, -32, 8.   J: 16/16 = 1; 1 + 31/16 = 2.9375; 2.9375 + 5.0625/16.
    const figures = jitterOf([100, 116, 84, 92])!;
    assertAlmostEquals(figures.rfc3550, 3.25390625, 1e-12);
    assertAlmostEquals(figures.ipdv_p50, 16, 0.016);
    assertEquals(figures.ipdv_p99, 32);
  },
});

Deno.test({
  name: "Jitter.figures() is 0 for delays that do not vary",
  permissions: "none",
  fn() {
    const none = { rfc3550: 0, ipdv_p50: 0, ipdv_p99: 0 };
    assertEquals(jitterOf([5, 5]), none);
    assertEquals(jitterOf(Array(100).fill(0)), none);
  },
});

Deno.test({
  name: "Jitter.record() takes no difference across a lost probe",
  permissions: "none",
  fn() {
    // Without the gap there would be a difference of 1000.
    assertEquals(
      jitterOf([100, 116, null, 1116, 1132]),
      jitterOf([100, 116, 132]),
    );
  },
});

Deno.test({
  name: "Jitter.figures() comes to a steady difference in the long run",
  permissions: "none",
  fn() {
    const delays = Array.from({ length: 1000 }, (_, index) => index % 2 * 40);
    assertAlmostEquals(jitterOf(delays)!.rfc3550, 40, 1e-9);
  },
});
