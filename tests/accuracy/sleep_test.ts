import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
} from "@std/assert";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";
import { nextTurn, sleepUntil } from "../../lib/timing/sleep.ts";
import { pureTest as test, timedTest } from "../testing.ts";

/** Counts the listeners of a signal. */
class CountingSignal extends EventTarget {
  listeners = 0;
  aborted = false;
  override addEventListener(type: string, listener: EventListener): void {
    this.listeners += 1;
    super.addEventListener(type, listener);
  }
  override removeEventListener(type: string, listener: EventListener): void {
    this.listeners -= 1;
    super.removeEventListener(type, listener);
  }
}

for (const relaxed of [false, true]) {
  const how = relaxed ? "relaxed" : "precisely";

  test(`sleepUntil() never wakes early: ${how}`, async () => {
    // 1 ms is spun through, 4 ms starts on a coarse timer.
    const leftMs = [
      0.05,
      1,
      4,
      10.5,
      ...Array(100).fill(0)
        .map((_, index) => 2 + index / 10),
    ];
    await Promise.all(leftMs.map(async (leftMs) => {
      const dueMs = performance.now() + leftMs;
      await sleepUntil(dueMs, undefined, { relaxed });
      assertGreaterOrEqual(performance.now(), dueMs);
    }));
  });

  test(`sleepUntil() wakes at once when aborted: ${how}`, async () => {
    // An hour starts on a coarse timer, 1.9 ms in the spin. Either would need a
    // turn of the event loop to end by itself.
    for (const leftMs of [3_600_000, 1.9]) {
      const controller = new AbortController();
      const { signal } = controller;
      let awake = false;
      const dueMs = performance.now() + leftMs;
      const sleep = sleepUntil(dueMs, signal, { relaxed })
        .then(() => awake = true);
      controller.abort();
      await Promise.resolve();
      await Promise.resolve();
      assert(awake);
      await sleep;
    }
  });

  test(`sleepUntil() leaves no listener on the signal: ${how}`, async () => {
    const signal = new CountingSignal();
    const asSignal = signal as unknown as AbortSignal;
    const sleep = (leftMs: number) =>
      sleepUntil(performance.now() + leftMs, asSignal, { relaxed });
    for (const leftMs of [-1, 0.1, 3]) {
      await sleep(leftMs);
      assertEquals(signal.listeners, 0);
    }
    const aborted = sleep(3_600_000);
    assertEquals(signal.listeners, 1);
    signal.dispatchEvent(new Event("abort"));
    await aborted;
    assertEquals(signal.listeners, 0);
  });
}

test("sleepUntil() does not wait for a past moment, nor on an aborted signal", async () => {
  const order: string[] = [];
  setTimeout(() => order.push("timer"), 0);
  for (const dueMs of [performance.now(), 0, -1, -Infinity]) {
    await sleepUntil(dueMs);
  }
  await sleepUntil(performance.now() + 3_600_000, AbortSignal.abort());
  order.push("awake");
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(order, ["awake", "timer"]);
});

test("sleepUntil() lets timers run", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  await sleepUntil(performance.now() + 50);
  clearInterval(timer);
  assert(turns > 0);
});

test("sleepUntil() aborts one sleeper and leaves the others asleep", async () => {
  const controller = new AbortController();
  const dueMs = performance.now() + 10;
  const order: string[] = [];
  const stays = sleepUntil(dueMs).then(() => order.push("stays"));
  const goes = sleepUntil(dueMs, controller.signal)
    .then(() => order.push("goes"));
  controller.abort();
  await Promise.all([stays, goes]);
  assertEquals(order, ["goes", "stays"]);
  assertGreaterOrEqual(performance.now(), dueMs);
});

timedTest("sleepUntil() relaxed leaves the processor idle", async () => {
  const percentOf = async (relaxed: boolean) => {
    const busy = new ProcessorTime();
    for (let sleeps = 0; sleeps < 100; sleeps++) {
      await sleepUntil(performance.now() + 1.9, undefined, { relaxed });
    }
    return busy.percent()!;
  };
  assertLess(await percentOf(true), await percentOf(false) / 2);
});

timedTest("sleepUntil() blocks only while the process is idle", async () => {
  const sleep = async (isIdle: () => boolean) => {
    let timers = 0;
    const timer = setInterval(() => timers++, 0);
    const busy = new ProcessorTime();
    for (let sleeps = 0; sleeps < 100; sleeps++) {
      const dueMs = performance.now() + 1.9;
      await sleepUntil(dueMs, undefined, { isIdle });
      assertGreaterOrEqual(performance.now(), dueMs);
    }
    clearInterval(timer);
    return { percent: busy.percent()!, timers };
  };
  const [idle, reads] = [await sleep(() => true), await sleep(() => false)];
  assertLess(idle.percent, reads.percent / 2);
  assert(reads.timers > 0);
});

test("nextTurn() yields to timers, not only to promises", async () => {
  const order: string[] = [];
  const turn = nextTurn().then(() => order.push("turn"));
  for (let task = 0; task < 10; task++) await Promise.resolve();
  order.push("promises");
  await turn;
  assertEquals(order, ["promises", "turn"]);

  let fired = false;
  setTimeout(() => fired = true, 1);
  while (!fired) await nextTurn(); // the test's timeout ends this
  assert(fired);
});
