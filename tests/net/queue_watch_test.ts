import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { QueueWatch } from "../../lib/net/queue_watch.ts";
import { receiveDatagram } from "../../lib/net/datagram_socket.ts";
import { openDatagrams, turn } from "../fixtures.ts";
import { test } from "../testing.ts";

/** Waits as for a datagram that is still to come. */
function waited(watch: QueueWatch): Promise<void> {
  return watch.receive(turn());
}

/** Reads datagrams that are queued. */
async function queued(watch: QueueWatch, count: number): Promise<void> {
  for (let read = 0; read < count; read++) {
    await watch.receive(Promise.resolve());
  }
}

test("QueueWatch.compare() suspects the queue after many reads in a row", async () => {
  for (
    const [reads, sizeBytes, expected] of [
      [70, 44, 5],
      [40, 44, 0],
      [40, 1400, 5],
      [1, 65_000, 5],
    ] as const
  ) {
    const watch = new QueueWatch();
    for (let read = 0; read < 10; read++) await waited(watch);
    await queued(watch, reads);
    assertEquals(watch.compare(105, 100, sizeBytes), 106);
    assertEquals(watch.maybeDropped, expected, `${reads} of ${sizeBytes}`);
  }
});

test("QueueWatch.compare() suspects nothing where reads wait", async () => {
  const watch = new QueueWatch();
  for (let read = 0; read < 300; read++) {
    await waited(watch);
    await queued(watch, read % 3);
    watch.compare(2 * read + 1, 2 * read, 44); // each other one is lost
  }
  assertEquals(watch.maybeDropped, 0);
});

test("QueueWatch.compare() counts no copies and no late ones, and wraps", async () => {
  const watch = new QueueWatch();
  await queued(watch, 100);
  let expected = watch.compare(2 ** 32 - 1, 2 ** 32 - 2, 44);
  assertEquals(watch.maybeDropped, 1);
  expected = watch.compare(2 ** 32 - 2, expected, 44);
  expected = watch.compare(0, expected, 44);
  expected = watch.compare(0, expected, 44);
  assertEquals(watch.maybeDropped, 1);
  watch.compare(3, expected, 44);
  assertEquals(watch.maybeDropped, 3);
});

test("QueueWatch.lateMs is the time to wake up, or since the queue was empty", async () => {
  const watch = new QueueWatch();
  await waited(watch);
  assertEquals(watch.lateMs, 0);
  await watch.measureWakeUp();
  await waited(watch);
  const wakeUpMs = watch.lateMs;
  assert(wakeUpMs > 0);
  const fromMs = performance.now();
  while (performance.now() < fromMs + 5);
  await queued(watch, 2);
  assert(watch.lateMs >= wakeUpMs + 5);
  await waited(watch);
  assertAlmostEquals(watch.lateMs, wakeUpMs, 1e-6);
});

test("QueueWatch finds what a socket drops that is not read", async () => {
  const [one, other] = [openDatagrams(), openDatagrams()];
  const watch = new QueueWatch();
  const packet = new Uint8Array(44);
  const buffer = new Uint8Array(100);
  const count = 1000;
  for (let number = 0; number < count; number++) {
    packet[0] = number >> 8;
    packet[1] = number & 0xff;
    await one.send(packet, other.addr);
  }
  let expected = 0;
  let received = 0;
  const read = async () => {
    const [bytes] = await receiveDatagram(other, buffer, watch);
    received += 1;
    expected = watch.compare(bytes[0]! << 8 | bytes[1]!, expected, 44);
  };
  while (received < 200) await read();
  // What is sent after a drop shows it.
  packet.set([count >> 8, count & 0xff]);
  await one.send(packet, other.addr);
  while (expected <= count) await read();
  assert(received < count);
  assertEquals(watch.maybeDropped, count + 1 - received);
  one.close();
  other.close();
});
