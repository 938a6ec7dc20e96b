import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { newSample, SampleQueue } from "../../lib/stats/sample.ts";
import { turn } from "../fixtures.ts";
import { pureTest as test } from "../testing.ts";

function push(queue: SampleQueue, ...sequences: number[]): void {
  for (const sequence of sequences) queue.push(newSample(sequence, false, 0));
}

/** Reads to the end; the sequence numbers go into a list as they arrive. */
async function read(queue: SampleQueue, numbers: number[]): Promise<void> {
  for await (const { sequence } of queue) numbers.push(sequence);
}

test("SampleQueue yields the samples that were added before, in order", async () => {
  for (const count of [0, 1, 1000]) {
    const queue = new SampleQueue();
    const expected = Array.from({ length: count }, (_, index) => index);
    push(queue, ...expected);
    queue.end();
    const numbers: number[] = [];
    await read(queue, numbers);
    assertEquals(numbers, expected);
  }
});

test("SampleQueue makes no copies", async () => {
  const queue = new SampleQueue();
  const sample = newSample(1, false, 0);
  queue.push(sample);
  queue.end();
  for await (const read of queue) assertStrictEquals(read, sample);
});

test("SampleQueue makes its reader wait for samples and for the end", async () => {
  const queue = new SampleQueue();
  const numbers: number[] = [];
  let ended = false;
  const reading = read(queue, numbers).then(() => ended = true);
  for (const sequences of [[], [1], [2, 3]]) {
    push(queue, ...sequences);
    await turn();
    assertEquals(numbers.slice(numbers.length - sequences.length), sequences);
    assertEquals(ended, false);
  }
  queue.end();
  await reading;
  assertEquals(numbers, [1, 2, 3]);
});

test("SampleQueue yields samples that are added during a read", async () => {
  const queue = new SampleQueue();
  push(queue, 0);
  const numbers: number[] = [];
  for await (const { sequence } of queue) {
    numbers.push(sequence);
    if (sequence < 4) push(queue, sequence + 1);
    else queue.end();
    if (sequence % 2 === 0) await turn();
  }
  assertEquals(numbers, [0, 1, 2, 3, 4]);
});

test("SampleQueue throws its first failure after the samples before it", async () => {
  const queue = new SampleQueue();
  push(queue, 1, 2);
  queue.fail(new Deno.errors.ConnectionReset("gone"));
  queue.fail(new Error("a later one"));
  const numbers: number[] = [];
  const reading = read(queue, numbers);
  await assertRejects(() => reading, Deno.errors.ConnectionReset, "gone");
  assertEquals(numbers, [1, 2]);
});

test("SampleQueue throws in a waiting reader, also undefined", async () => {
  for (const failure of [undefined, new Error("gone")]) {
    const queue = new SampleQueue();
    let caught: unknown = "nothing";
    const reading = read(queue, []).catch((error) => caught = error);
    await turn();
    queue.fail(failure);
    await reading;
    assertStrictEquals(caught, failure);
  }
});

test("SampleQueue may be left early", async () => {
  const queue = new SampleQueue();
  push(queue, 1, 2);
  for await (const { sequence } of queue) {
    assertEquals(sequence, 1);
    break;
  }
  push(queue, 3);
  queue.end();
});
