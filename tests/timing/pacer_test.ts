import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
} from "@std/assert";
import { Pacer, periodic } from "../../lib/timing/pacer.ts";

Deno.test({
  name: "Pacer.next() gives the first event at once, whenever it is asked for",
  permissions: "none",
  async fn() {
    let nowMs = 5;
    const pacer = new Pacer(periodic(1000), { clock: { now: () => nowMs } });
    nowMs = 70;
    assertEquals(await pacer.next(), 70);
  },
});

Deno.test({
  name: "Pacer.next() keeps to the schedule, however late events are",
  permissions: "none",
  async fn() {
    let nowMs = 100;
    const pacer = new Pacer(periodic(10), { clock: { now: () => nowMs } });
    assertEquals(await pacer.next(), 100);
    nowMs = 145; // a stall: the missed events are due at once, none is skipped
    for (const dueMs of [110, 120, 130, 140]) {
      assertEquals(await pacer.next(), dueMs);
    }
    nowMs = 150;
    assertEquals(await pacer.next(), 150);
  },
});

Deno.test({
  name: "Pacer.next() adds up no error over many events",
  permissions: "none",
  async fn() {
    let nowMs = 0;
    const pacer = new Pacer(periodic(0.1), { clock: { now: () => nowMs } });
    await pacer.next();
    nowMs = 1e6;
    let last = 0;
    for (let count = 0; count < 10_000; count++) last = await pacer.next();
    assertAlmostEquals(last, 1000, 1e-9);
  },
});

Deno.test({
  name: "Pacer.next() has no schedule where the interval is 0",
  permissions: "none",
  async fn() {
    let nowMs = 3;
    const pacer = new Pacer(null, { clock: { now: () => nowMs } });
    assertEquals(await pacer.next(), 3);
    nowMs = 8.5;
    assertEquals(await pacer.next(), 8.5);
  },
});

Deno.test({
  name: "Pacer.next() waits for each event by the system's clock",
  permissions: "none",
  async fn() {
    const pacer = new Pacer(periodic(3));
    const startMs = await pacer.next();
    for (let index = 1; index <= 5; index++) {
      const intendedMs = await pacer.next();
      assertEquals(intendedMs, startMs + index * 3);
      assertGreaterOrEqual(performance.now(), intendedMs);
    }
  },
});

Deno.test({
  name: "Pacer.next() ends its wait when aborted",
  permissions: "none",
  async fn() {
    const controller = new AbortController();
    const pacer = new Pacer(periodic(3_600_000));
    const startMs = await pacer.next();
    const next = pacer.next(controller.signal);
    controller.abort();
    assertEquals(await next, startMs + 3_600_000);
    assert(performance.now() < await next);
  },
});
