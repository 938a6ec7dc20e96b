import { assertEquals } from "@std/assert";
import { Watchdog } from "../../lib/net/watchdog.ts";

const LIMIT = { timeout: 5000 };

/** Watches one wait of 20 ms that is never stopped, and waits for its end. */
async function longerWait(): Promise<void> {
  const expired = Promise.withResolvers<void>();
  using watchdog = new Watchdog(20, expired.resolve);
  watchdog.start();
  await expired.promise;
}

Deno.test(
  "Watchdog calls back once when a wait lasts too long",
  LIMIT,
  async () => {
    let calls = 0;
    using watchdog = new Watchdog(5, () => calls++);
    watchdog.start();
    await longerWait();
    assertEquals(calls, 1);
  },
);

Deno.test("Watchdog.stop() ends the wait in time", LIMIT, async () => {
  let calls = 0;
  using watchdog = new Watchdog(5, () => calls++);
  watchdog.start();
  watchdog.stop();
  await longerWait();
  assertEquals(calls, 0);
});

Deno.test("Watchdog measures each wait from its own start", LIMIT, async () => {
  // The clock as it is read: first wait, second wait, first look, second look.
  const readings = [0, 6, 10, 16];
  const seen: number[] = [];
  const clock = {
    now: () => {
      seen.push(readings.shift()!);
      return seen.at(-1)!;
    },
  };
  const expired = Promise.withResolvers<void>();
  using watchdog = new Watchdog(10, expired.resolve, clock);
  watchdog.start();
  watchdog.stop();
  watchdog.start();
  await expired.promise;
  assertEquals(seen, [0, 6, 10, 16]);
});

Deno.test("Watchdog watches again after a quiet time", LIMIT, async () => {
  const expired = Promise.withResolvers<void>();
  using watchdog = new Watchdog(5, expired.resolve);
  watchdog.start();
  watchdog.stop();
  await longerWait(); // its timer has fired and found nothing to watch
  watchdog.start();
  await expired.promise;
});

Deno.test("Watchdog leaves no timer once disposed of", LIMIT, () => {
  const fail = () => {
    throw new Error("called back after its end");
  };
  const unused = new Watchdog(60_000, fail);
  unused[Symbol.dispose]();
  const used = new Watchdog(60_000, fail);
  used.start();
  used[Symbol.dispose](); // the sanitizer finds a timer that is left
});

Deno.test("Watchdog sets no timer for a wait after its end", LIMIT, () => {
  const watchdog = new Watchdog(60_000, () => {});
  watchdog[Symbol.dispose]();
  watchdog.start(); // the sanitizer finds the timer if there is one
  watchdog.stop();
});
