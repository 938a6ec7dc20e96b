import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";

/** Works for a while. */
function work(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

Deno.test({
  name: "ProcessorTime.percent() is nothing before any time has passed",
  permissions: "none",
  fn() {
    const time = new ProcessorTime({ now: () => 1000 });
    assertEquals(time.percent(), null);
    work(2);
    assertEquals(time.percent(), null);
  },
});

Deno.test({
  name: "ProcessorTime.percent() is the share of the time that has passed",
  permissions: "none",
  fn() {
    // The work is the same; the time in which it was done is not.
    let nowMs = 1000;
    const time = new ProcessorTime({ now: () => nowMs });
    work(30);
    nowMs = 1100;
    const inTenthSecond = time.percent()!;
    nowMs = 101_000;
    const inHundredSeconds = time.percent()!;
    // Another program may have the processor for most of the 30 ms.
    assertGreater(inTenthSecond, 0.5);
    assertGreater(inHundredSeconds, 0);
    assertLess(inHundredSeconds, inTenthSecond / 200);
    assertLess(inHundredSeconds, 10);
  },
});

Deno.test({
  name: "ProcessorTime.percent() grows with work, and counts from its making",
  permissions: "none",
  fn() {
    let nowMs = 0;
    const clock = { now: () => nowMs };
    const early = new ProcessorTime(clock);
    work(30);
    const late = new ProcessorTime(clock);
    nowMs = 1000;
    const before = early.percent()!;
    assertGreater(before, late.percent()!);
    work(30);
    assertGreater(early.percent()!, before);
  },
});

Deno.test({
  name: "ProcessorTime.percent() of the system's clock is a share that can be",
  permissions: "none",
  fn() {
    const time = new ProcessorTime();
    work(30);
    const percent = time.percent()!;
    assertGreater(percent, 0);
    assert(percent < 100 * (navigator.hardwareConcurrency + 1));
  },
});
