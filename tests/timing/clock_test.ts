import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { measureResolutionUs, systemClock } from "../../lib/timing/clock.ts";

/** A clock that shows these moments, then the last one for ever. */
function clockOf(...momentsMs: number[]) {
  return {
    now: () => momentsMs.length > 1 ? momentsMs.shift()! : momentsMs[0]!,
  };
}

Deno.test({
  name: "measureResolutionUs() gives the smallest step, not the mean one",
  permissions: "none",
  fn() {
    assertEquals(measureResolutionUs(clockOf(0, 5, 5, 5, 5.25, 9)), 250);
  },
});

Deno.test({
  name: "measureResolutionUs() is unknown for a clock that stands still",
  permissions: "none",
  fn() {
    let looks = 0;
    assertEquals(measureResolutionUs({ now: () => (looks++, 7) }), null);
    assertEquals(looks, 100_001);
  },
});

Deno.test({
  name: "measureResolutionUs() looks at a thousand steps and no further",
  permissions: "none",
  fn() {
    let ms = 0;
    let looks = 0;
    const clock = { now: () => (looks++, ms += looks < 1000 ? 1 : 0.5) };
    assertEquals(measureResolutionUs(clock), 500);
    assertEquals(looks, 1001);
  },
});

Deno.test({
  name: "measureResolutionUs() shows no digits below a nanosecond",
  permissions: "none",
  fn() {
    assertEquals(measureResolutionUs(clockOf(0, 0.0001234567)), 0.123);
  },
});

Deno.test({
  name: "systemClock.now() never goes back, and goes on",
  permissions: "none",
  fn() {
    const first = systemClock.now();
    let last = first;
    for (let looks = 0; looks < 10_000 || last === first; looks++) {
      const now = systemClock.now();
      assertGreaterOrEqual(now, last);
      last = now;
    }
    assert(last > first);
  },
});
