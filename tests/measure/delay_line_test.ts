import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { CAPACITY_BYTES, DelayLine } from "../../lib/measure/delay_line.ts";
import {
  bytes,
  connectionPair,
  readText,
  readToEnd,
  text,
  turn,
} from "../fixtures.ts";

const LIMIT = { timeout: 8000 };

Deno.test("DelayLine sends at once what need not wait", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  await line.send(bytes("now"), 0);
  assertEquals(await readText(pair.peer, 3), "now");
  await line.drained();
});

Deno.test("DelayLine holds each reply for its delay", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  const startMs = performance.now();
  await line.send(bytes("late"), 50);
  assertEquals(await readText(pair.peer, 4), "late");
  assertGreaterOrEqual(performance.now() - startMs, 50);
});

Deno.test(
  "DelayLine holds many replies side by side, and keeps their order",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const line = new DelayLine(pair.ours);
    const startMs = performance.now();
    let expected = "";
    for (let number = 0; number < 100; number++) {
      await line.send(bytes(`${number} `), 100);
      expected += `${number} `;
    }
    assertEquals(await readText(pair.peer, expected.length), expected);
    assert(performance.now() - startMs < 3000); // one by one: 10 s
  },
);

Deno.test(
  "DelayLine lets nothing overtake, neither a shorter delay nor none",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const line = new DelayLine(pair.ours);
    await line.send(bytes("first "), 60);
    await line.send(bytes("second "), 1);
    await line.send(bytes("third"), 0);
    assertEquals(await readText(pair.peer, 18), "first second third");
  },
);

Deno.test("DelayLine copies what it holds", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  const buffer = bytes("kept");
  await line.send(buffer, 5);
  buffer.fill(0);
  assertEquals(await readText(pair.peer, 4), "kept");
});

Deno.test("DelayLine.drained() waits until all have left", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  await line.drained();
  await line.send(bytes("one "), 20);
  await line.send(bytes("two"), 20);
  await line.drained();
  await pair.ours.closeWrite();
  assertEquals(text(await readToEnd(pair.peer)), "one two");
});

Deno.test("DelayLine.send() waits while too much is held", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  const startMs = performance.now();
  const part = new Uint8Array(25_000); // two of them, not three
  await line.send(part, 100);
  await line.send(part, 100);
  let taken = false;
  const third = line.send(part, 100).then(() => taken = true);
  await turn();
  assertEquals(taken, false);
  await readText(pair.peer, 25_000);
  await third; // because the first has left
  assertGreaterOrEqual(performance.now() - startMs, 100);
  await readText(pair.peer, 50_000);
  await line.drained();
});

Deno.test(
  "DelayLine.send() counts what each reply costs beside its bytes",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const line = new DelayLine(pair.ours);
    let taken = 0;
    const sending = (async () => {
      for (; taken < 5000; taken++) await line.send(bytes("x"), 100);
    })();
    await turn();
    const before = taken;
    await turn();
    assertEquals(taken, before); // it has stopped taking
    assert(taken < 5000, "5000 replies of one byte are held");
    assertEquals((await readText(pair.peer, 5000)).length, 5000);
    await sending;
  },
);

Deno.test(
  "DelayLine drops what it holds when the connection is closed",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const line = new DelayLine(pair.ours);
    await line.send(bytes("never"), 60_000);
    pair.ours.close();
    await line.drained(); // at once, not when the reply would be due
  },
);

Deno.test(
  "DelayLine.send() ends its wait when the connection is closed",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const line = new DelayLine(pair.ours);
    await line.send(new Uint8Array(CAPACITY_BYTES), 60_000);
    const waiting = line.send(bytes("further"), 60_000).catch(() => {});
    pair.ours.close();
    await waiting;
  },
);

Deno.test(
  "DelayLine.send() takes no more once a client is gone",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const line = new DelayLine(pair.ours);
    const part = new Uint8Array(200_000);
    await line.send(part, 20);
    pair.ours.close();
    const startMs = performance.now();
    // Were they held again, each would wait for the one before it to be due.
    for (let count = 0; count < 50; count++) {
      await line.send(part, 1000).catch(() => {});
    }
    assert(performance.now() - startMs < 2000);
  },
);

Deno.test("DelayLine holds one reply however long it is", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  await line.send(new Uint8Array(1_000_000), 5);
  assertEquals((await readText(pair.peer, 1_000_000)).length, 1_000_000);
  await line.drained();
});

Deno.test("DelayLine tells the connection what it owes", LIMIT, async () => {
  using pair = await connectionPair();
  const line = new DelayLine(pair.ours);
  await line.send(bytes("owed"), 50);
  const reading = pair.ours.readLine();
  pair.ours.stop();
  assertEquals(await reading, null); // once it was sent
  assertEquals(text(await readToEnd(pair.peer)), "owed");
});

Deno.test(
  "DelayLine ends the reader's wait when the client is gone",
  LIMIT,
  async () => {
    using pair = await connectionPair({ writeMs: 50 });
    const line = new DelayLine(pair.ours);
    const reading = pair.ours.readLine().then(() => null, (error) => error);
    // More than the system buffers, and nobody reads it.
    await line.send(new Uint8Array(64_000_000), 1);
    assert(await reading instanceof Error);
    await line.drained();
  },
);
