import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
} from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { ProcessorTime } from "../../lib/timing/processor_time.ts";
import { nextTurn, sleepUntil } from "../../lib/timing/sleep.ts";

/** Counts who listens to a signal, to show that nobody is left. */
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

Deno.test({
  name: "sleepUntil() wakes nobody before the time has come",
  permissions: "none",
  async fn() {
    // 1 ms is spun through, 4 ms starts on a coarse timer.
    for (const leftMs of [0.05, 1, 4]) {
      const dueMs = performance.now() + leftMs;
      await sleepUntil(dueMs);
      assertGreaterOrEqual(performance.now(), dueMs);
    }
  },
});

Deno.test({
  name: "sleepUntil() does not wait for a moment that has passed",
  permissions: "none",
  async fn() {
    const order: string[] = [];
    setTimeout(() => order.push("timer"), 0);
    for (const dueMs of [performance.now(), 0, -1, -Infinity]) {
      await sleepUntil(dueMs);
    }
    order.push("awake");
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(order[0], "awake");
  },
});

Deno.test({
  name: "sleepUntil() wakes each of many sleepers, none before its time",
  permissions: "none",
  async fn() {
    const random = seededRandom(4);
    const startMs = performance.now();
    const dues = Array.from({ length: 200 }, () => startMs + 20 * random());
    const wokenMs = await Promise.all(dues.map(async (dueMs) => {
      await sleepUntil(dueMs);
      return performance.now();
    }));
    dues.forEach((dueMs, index) =>
      assertGreaterOrEqual(wokenMs[index]!, dueMs)
    );
  },
});

Deno.test({
  name: "sleepUntil() lets timers and other work have their turns",
  permissions: "none",
  async fn() {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await sleepUntil(performance.now() + 50);
    clearInterval(timer);
    assert(turns > 0);
  },
});

Deno.test({
  name: "sleepUntil() wakes at once when aborted, coarse or spinning",
  permissions: "none",
  async fn() {
    // An hour starts on a coarse timer, 1.9 ms in the spin. Either would need
    // a turn of the event loop to come to its own end.
    for (const leftMs of [3_600_000, 1.9]) {
      const controller = new AbortController();
      let awake = false;
      const sleep = sleepUntil(performance.now() + leftMs, controller.signal)
        .then(() => awake = true);
      controller.abort();
      await Promise.resolve();
      await Promise.resolve();
      assert(awake);
      await sleep;
    }
  },
});

Deno.test({
  name: "sleepUntil() does not fall asleep if the signal is aborted already",
  permissions: "none",
  async fn() {
    await sleepUntil(performance.now() + 3_600_000, AbortSignal.abort());
  },
});

Deno.test({
  name: "sleepUntil() leaves no listener on the signal behind",
  permissions: "none",
  async fn() {
    const signal = new CountingSignal();
    const asSignal = signal as unknown as AbortSignal;
    for (const leftMs of [-1, 0.1, 3]) {
      await sleepUntil(performance.now() + leftMs, asSignal);
      assertEquals(signal.listeners, 0);
    }
    const aborted = sleepUntil(performance.now() + 3_600_000, asSignal);
    assertEquals(signal.listeners, 1);
    signal.dispatchEvent(new Event("abort"));
    await aborted;
    assertEquals(signal.listeners, 0);
  },
});

Deno.test({
  name: "sleepUntil() aborts one sleeper and leaves the others asleep",
  permissions: "none",
  async fn() {
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
  },
});

Deno.test({
  name:
    "sleepUntil() relaxed is not early, leaves no core busy, and is aborted",
  permissions: "none",
  async fn() {
    /** What of a processor some short sleeps take. */
    const percentOf = async (relaxed: boolean) => {
      const busy = new ProcessorTime();
      for (let sleeps = 0; sleeps < 100; sleeps++) {
        const dueMs = performance.now() + 1.9;
        await sleepUntil(dueMs, undefined, { relaxed });
        assertGreaterOrEqual(performance.now(), dueMs);
      }
      return busy.percent()!;
    };
    assertLess(await percentOf(true), await percentOf(false) / 2);

    for (const leftMs of [0.05, 5, 20.5]) {
      const dueMs = performance.now() + leftMs;
      await sleepUntil(dueMs, undefined, { relaxed: true });
      assertGreaterOrEqual(performance.now(), dueMs);
    }

    const signal = new CountingSignal();
    const asSignal = signal as unknown as AbortSignal;
    const dueMs = performance.now() + 3_600_000;
    const sleep = sleepUntil(dueMs, asSignal, { relaxed: true });
    assertEquals(signal.listeners, 1);
    signal.dispatchEvent(new Event("abort"));
    await sleep;
    assertEquals(signal.listeners, 0);
  },
});

Deno.test({
  name: "nextTurn() lets what is pending have its turn",
  permissions: "none",
  async fn() {
    const order: string[] = [];
    const turn = nextTurn().then(() => order.push("turn"));
    for (let task = 0; task < 10; task++) await Promise.resolve();
    order.push("tasks");
    await turn;
    assertEquals(order, ["tasks", "turn"]);

    let isOver = false;
    setTimeout(() => isOver = true, 1);
    const untilMs = performance.now() + 10_000;
    while (!isOver && performance.now() < untilMs) await nextTurn();
    assert(isOver);
  },
});
