import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Pacer, periodic } from "../../lib/timing/pacer.ts";
import { timedTest } from "../testing.ts";

function blockMs(ms: number): void {
  for (const untilMs = performance.now() + ms; performance.now() < untilMs;);
}

timedTest(
  "Pacer.next() of a closed loop skips the events in a pause of this process, not in one of the peer",
  async () => {
    const skipped = { count: 0, longestPauseMs: 0 };
    using pacer = new Pacer(periodic(50), {
      intervalMs: 50,
      closedLoop: true,
      skipped,
    });
    const startMs = (await pacer.next())!;
    await new Promise((resolve) => setTimeout(resolve, 275)); // the peer's
    for (let event = 1; event <= 5; event++) {
      assertEquals(await pacer.next(), startMs + event * 50);
    }
    assertEquals(skipped.count, 0);
    await pacer.next();
    blockMs(275);
    const nextMs = (await pacer.next())!;
    assertGreaterOrEqual(nextMs, startMs + 550);
    assertEquals(skipped.count, Math.round((nextMs - startMs) / 50) - 7);
    assertGreaterOrEqual(skipped.longestPauseMs, 275);
  },
);
