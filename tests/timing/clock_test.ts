import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { measureResolutionUs, systemClock } from "../../lib/timing/clock.ts";
import { pureTest as test } from "../testing.ts";

const RESOLUTIONS: [what: string, nextMs: () => number, us: number | null][] = [
  ["the smallest step, not the mean", steps(0, 5, 5, 5, 5.25, 9), 250],
  ["no digits below a nanosecond", steps(0, 0.0001234567), 0.123],
  ["null for a clock that stands still", steps(7), null],
];
test("measureResolutionUs() returns the smallest of a thousand steps", () => {
  for (const [what, now, us] of RESOLUTIONS) {
    assertEquals(measureResolutionUs({ now }), us, what);
  }
  let [ms, readings] = [0, 0];
  const now = () => (readings++, ms += readings < 1000 ? 1 : 0.5);
  assertEquals(measureResolutionUs({ now }), 500);
  assertEquals(readings, 1001);
});

/** A clock that shows these moments, then the last one for ever. */
function steps(...momentsMs: number[]): () => number {
  return () => momentsMs.length > 1 ? momentsMs.shift()! : momentsMs[0]!;
}

test("systemClock.now() advances, and never goes back", () => {
  const first = systemClock.now();
  let last = first;
  for (let count = 0; count < 10_000 || last === first; count++) {
    const now = systemClock.now();
    assertGreaterOrEqual(now, last);
    last = now;
  }
  assert(last > first);
});
