import { assertAlmostEquals, assertEquals } from "@std/assert";
import { DatagramCounts, writeHeader } from "../../lib/iperf3/datagrams.ts";

/** Counts datagrams of given numbers, all with the same transit time. */
function counted(numbers: number[], counters64 = false): DatagramCounts {
  const counts = new DatagramCounts(counters64);
  const datagram = new Uint8Array(16);
  for (const number of numbers) {
    writeHeader(datagram, 1000, number, counters64);
    counts.add(datagram, 1000);
  }
  return counts;
}

/** [errors, packets], then [missing, reordered, duplicate]. */
function figures(numbers: number[], counters64 = false): number[][] {
  const counts = counted(numbers, counters64);
  return [
    [counts.errors, counts.packets],
    [counts.missing, counts.reordered, counts.duplicate],
  ];
}

Deno.test("writeHeader() writes golden bytes", () => {
  const datagram = new Uint8Array(16);
  writeHeader(datagram, 2019_250.5, 7, false);
  assertEquals(
    [...datagram.subarray(0, 12)],
    [0, 0, 7, 227, 0, 3, 210, 132, 0, 0, 0, 7],
  );
  writeHeader(datagram, 0, 2 ** 32 + 5, true);
  assertEquals([...datagram.subarray(8)], [0, 0, 0, 1, 0, 0, 0, 5]);
});

Deno.test("DatagramCounts keeps iperf3's arithmetic and its own apart", () => {
  assertEquals(figures([]), [[0, 0], [0, 0, 0]]);
  assertEquals(figures([1, 2, 3]), [[0, 3], [0, 0, 0]]);
  assertEquals(figures([1, 2, 5, 4, 6]), [[1, 6], [1, 1, 0]]);
  // A copy makes a loss undone for iperf3.
  assertEquals(figures([1, 3, 3]), [[0, 3], [1, 0, 1]]);
  assertEquals(figures([1, 1, 1]), [[0, 1], [0, 0, 2]]);
  assertEquals(figures([2 ** 32 + 1, 2 ** 32], true)[1], [2 ** 32 - 1, 1, 0]);
});

Deno.test("DatagramCounts never goes negative, however far a number jumps", () => {
  const far = 40_000;
  const counts = counted([far, 1, 1, far, far + 1, 2, far - 1, far - 1]);
  assertEquals(counts.packets, far + 1);
  assertEquals(counts.missing >= 0, true);
  assertEquals(counts.duplicate >= 2, true);
  const every = Array.from({ length: 40_000 }, (_, index) => index + 1);
  assertEquals(figures([...every, ...every.slice(0, 3)])[1], [0, 0, 3]);
});

Deno.test("DatagramCounts ignores a header that is cut, and the number 0", () => {
  const counts = new DatagramCounts(true);
  counts.add(new Uint8Array(12), 0);
  counts.add(new Uint8Array(16), 0);
  assertEquals(counts.packets, 0);
});

Deno.test("DatagramCounts.jitterSec follows RFC 1889", () => {
  const counts = new DatagramCounts(false);
  const datagram = new Uint8Array(12);
  for (const [sentMs, receivedMs] of [[0, 5], [10, 15], [20, 41]]) {
    writeHeader(datagram, sentMs!, sentMs! + 1, false);
    counts.add(datagram, receivedMs!);
  }
  assertAlmostEquals(counts.jitterSec, 0.001, 1e-9);
  counts.resetJitter();
  assertEquals(counts.jitterSec, 0);
});
