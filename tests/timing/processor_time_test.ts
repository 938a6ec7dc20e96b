import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";
import { pureTest as test } from "../testing.ts";

function work(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

test("ProcessorTime.percent() relates the work since its creation to the time", () => {
  const clock = { nowMs: 1000, now: () => clock.nowMs };
  const early = new ProcessorTime(clock);
  work(30);
  assertEquals(early.percent(), null); // no time has passed
  const late = new ProcessorTime(clock);
  clock.nowMs = 1100;
  const inTenthSecond = early.percent()!;
  // Other programs may have the processor for most of the 30 ms.
  assertGreater(inTenthSecond, 0.5);
  assertGreater(inTenthSecond, late.percent()!);
  clock.nowMs = 101_000; // the same work in a thousand times the time
  const inHundredSeconds = early.percent()!;
  assertGreater(inHundredSeconds, 0);
  assertLess(inHundredSeconds, inTenthSecond / 200);
  work(30);
  assertGreater(early.percent()!, inHundredSeconds);
});

test("ProcessorTime.percent() is within the processors there are", () => {
  const time = new ProcessorTime();
  work(30);
  const percent = time.percent()!;
  assertGreater(percent, 0);
  assertLess(percent, 100 * (navigator.hardwareConcurrency + 1));
});
