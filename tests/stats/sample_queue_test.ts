import { assertEquals, assertRejects } from "@std/assert";
import { newSample, type Sample } from "../../lib/stats/sample.ts";
import { SampleQueue } from "../../lib/stats/sample.ts";
import { turn } from "../fixtures.ts";

const LIMIT = { timeout: 8000, permissions: "none" } as const;

function sample(sequence: number): Sample {
  return newSample(sequence, false, 0);
}

/** Reads to the end; the numbers go to a list as they come. */
async function read(queue: SampleQueue, numbers: number[]): Promise<void> {
  for await (const { sequence } of queue) numbers.push(sequence);
}

Deno.test(
  "SampleQueue gives what was added before it was read, in order",
  LIMIT,
  async () => {
    const queue = new SampleQueue();
    for (let count = 0; count < 1000; count++) queue.push(sample(count));
    queue.end();
    const numbers: number[] = [];
    await read(queue, numbers);
    assertEquals(numbers, Array.from({ length: 1000 }, (_, index) => index));
  },
);

Deno.test("SampleQueue ends empty", LIMIT, async () => {
  const queue = new SampleQueue();
  queue.end();
  const numbers: number[] = [];
  await read(queue, numbers);
  assertEquals(numbers, []);
});

Deno.test("SampleQueue gives the very samples", LIMIT, async () => {
  const queue = new SampleQueue();
  const one = sample(1);
  queue.push(one);
  queue.end();
  for await (const read of queue) assertEquals(read === one, true);
});

Deno.test(
  "SampleQueue lets its reader wait, for each sample and for the end",
  LIMIT,
  async () => {
    const queue = new SampleQueue();
    const numbers: number[] = [];
    let ended = false;
    const reading = read(queue, numbers).then(() => ended = true);
    await turn();
    assertEquals([numbers, ended], [[], false]);
    queue.push(sample(1));
    await turn();
    assertEquals([numbers, ended], [[1], false]);
    queue.push(sample(2));
    queue.push(sample(3));
    await turn();
    assertEquals([numbers, ended], [[1, 2, 3], false]);
    queue.end();
    await reading;
    assertEquals(numbers, [1, 2, 3]);
  },
);

Deno.test(
  "SampleQueue gives what is added while its reader is at work",
  LIMIT,
  async () => {
    const queue = new SampleQueue();
    queue.push(sample(0));
    const numbers: number[] = [];
    for await (const { sequence } of queue) {
      numbers.push(sequence);
      if (sequence < 4) queue.push(sample(sequence + 1));
      else queue.end();
      if (sequence % 2 === 0) await turn();
    }
    assertEquals(numbers, [0, 1, 2, 3, 4]);
  },
);

Deno.test("SampleQueue fails after what was added before", LIMIT, async () => {
  const queue = new SampleQueue();
  queue.push(sample(1));
  queue.push(sample(2));
  queue.fail(new Deno.errors.ConnectionReset("gone"));
  queue.fail(new Error("a later one"));
  const numbers: number[] = [];
  await assertRejects(
    () => read(queue, numbers),
    Deno.errors.ConnectionReset,
    "gone",
  );
  assertEquals(numbers, [1, 2]);
});

Deno.test("SampleQueue fails a reader that waits", LIMIT, async () => {
  const queue = new SampleQueue();
  const reading = assertRejects(() => read(queue, []), Error, "gone");
  await turn();
  queue.fail(new Error("gone"));
  await reading;
});

Deno.test("SampleQueue fails with whatever was thrown", LIMIT, async () => {
  const queue = new SampleQueue();
  queue.fail(undefined);
  let caught: unknown = "nothing";
  await read(queue, []).catch((error) => caught = error);
  assertEquals(caught, undefined);
});

Deno.test("SampleQueue can be left in the middle", LIMIT, async () => {
  const queue = new SampleQueue();
  queue.push(sample(1));
  queue.push(sample(2));
  for await (const { sequence } of queue) {
    assertEquals(sequence, 1);
    break;
  }
  queue.push(sample(3)); // nobody is there any more
  queue.end();
});
