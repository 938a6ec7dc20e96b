import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  commonSlotMs,
  mergeSlots,
  Timeline,
  type TimelineFigures,
} from "../../lib/stats/timeline.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

function sum(counts: number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The least and the greatest of all slots. */
function limits({ min_us, max_us }: TimelineFigures): [number, number] {
  return [
    Math.min(...min_us.filter((us) => us !== null)),
    Math.max(...max_us.filter((us) => us !== null)),
  ];
}

test("Timeline.figures() is empty before the first probe", () => {
  const { slot_ms, ...figures } = new Timeline().figures();
  assert(slot_ms > 0);
  for (const slots of Object.values(figures)) assertEquals(slots, []);
});

test("Timeline.figures() of one probe is one slot, whenever it was sent", () => {
  for (const atMs of [0, 1e9]) {
    const timeline = new Timeline();
    timeline.record(atMs, 41);
    const { slot_ms: _, ...figures } = timeline.figures();
    assertEquals(figures, {
      sent: [1],
      lost: [0],
      min_us: [41],
      mean_us: [41],
      max_us: [41],
    });
  }
});

test("Timeline.figures() agrees with what was added up by hand", () => {
  const timeline = new Timeline();
  // Slots of 0.001 ms; of four probes over five slots each two become one.
  timeline.record(100, 10);
  timeline.record(100.0015, 30);
  timeline.record(100.0025, null);
  timeline.record(100.0045, 50);
  assertEquals(timeline.figures(), {
    slot_ms: 0.002,
    sent: [2, 1, 1],
    lost: [0, 1, 0],
    min_us: [10, null, 50],
    mean_us: [20, null, 50],
    max_us: [30, null, 50],
  });
});

test("Timeline.figures() has every probe once, however long the run", () => {
  const random = seededRandom(3);
  for (const stepMs of [1e-6, 0.01, 1, 1000, 3.6e6]) {
    for (const count of [1, 2, 3, 159, 160, 161, 2000]) {
      const timeline = new Timeline();
      const known: number[] = [];
      let total = 0;
      for (let probe = 0; probe < count; probe++) {
        const us = probe > 0 && random() < 0.1 ? null : 1000 * random();
        timeline.record(5000 + probe * stepMs, us);
        if (us === null) continue;
        known.push(us);
        total += us;
      }
      const figures = timeline.figures();
      const { sent, lost, mean_us, min_us, max_us } = figures;
      assertEquals(sum(sent), count);
      assertEquals(sum(lost), count - known.length);
      assertEquals(limits(figures), [
        Math.min(...known),
        Math.max(...known),
      ]);
      const received = sent.map((sent, slot) => sent - lost[slot]!);
      const weighted = sum(
        mean_us.map((us, slot) => (us ?? 0) * received[slot]!),
      );
      assertAlmostEquals(weighted, total, 1e-6 * total);
      for (const slots of [lost, mean_us, min_us, max_us]) {
        assertEquals(slots.length, sent.length);
      }
      received.forEach((received, slot) => {
        const figures = [min_us[slot], mean_us[slot], max_us[slot]];
        assertEquals(figures.includes(null), received === 0);
      });
    }
  }
});

test("Timeline.figures() of a long run has at least 80 slots, at most 160", () => {
  for (const stepMs of [0.5, 7, 900, 86_400_000]) {
    const timeline = new Timeline();
    for (let probe = 0; probe < 1000; probe++) {
      timeline.record(probe * stepMs, 41);
    }
    const { slot_ms, sent } = timeline.figures();
    assert(sent.length >= 80 && sent.length <= 160, `${sent.length}`);
    assert(slot_ms * sent.length > 999 * stepMs);
    assert(slot_ms * (sent.length - 1) <= 999 * stepMs);
  }
});

test("Timeline.figures() of few probes has no more slots than these", () => {
  for (let count = 1; count <= 170; count++) {
    const timeline = new Timeline();
    for (let probe = 0; probe < count; probe++) timeline.record(probe, 41);
    const { sent } = timeline.figures();
    assert(sent.length <= count);
    assert(sent.length >= Math.min(count, 160) / 2, `${count}`);
    assertEquals(sum(sent), count);
  }
});

test("Timeline.record() takes a probe that was sent before the last one", () => {
  const inOrder = new Timeline();
  const outOfOrder = new Timeline();
  const probes = Array.from({ length: 1000 }, (_, index) => index);
  for (const atMs of probes) {
    inOrder.record(atMs, atMs % 7 === 3 ? null : 41 + atMs);
  }
  const late = (atMs: number) => atMs % 7 === 3;
  // The lost ones are known to be so only at the end.
  for (const atMs of probes.filter((at) => !late(at))) {
    outOfOrder.record(atMs, 41 + atMs);
  }
  for (const atMs of probes.filter(late)) outOfOrder.record(atMs, null);
  assertEquals(outOfOrder.figures(), inOrder.figures());
});

test("Timeline.record() counts one from before the start at the start", () => {
  const timeline = new Timeline();
  timeline.record(1000, 41);
  timeline.record(500, null);
  assertEquals(timeline.figures().sent, [2]);
  assertEquals(timeline.figures().lost, [1]);
});

test("Timeline.figures() may be asked for while probes are recorded", () => {
  const watched = new Timeline();
  const plain = new Timeline();
  for (let probe = 0; probe < 500; probe++) {
    watched.record(probe ** 1.5, probe);
    plain.record(probe ** 1.5, probe);
    watched.figures();
  }
  assertEquals(watched.figures(), plain.figures());
});

test("mergeSlots() keeps counts, limits and the mean at any slot length", () => {
  const random = seededRandom(5);
  const timeline = new Timeline();
  for (let probe = 0; probe < 500; probe++) {
    timeline.record(probe, random() < 0.1 ? null : 100 * random());
  }
  const figures = timeline.figures();
  const mean = ({ sent, lost, mean_us }: TimelineFigures) =>
    sum(mean_us.map((us, slot) => (us ?? 0) * (sent[slot]! - lost[slot]!)));
  for (const factor of [1, 2, 3, 7, 500]) {
    const merged = mergeSlots(figures, figures.slot_ms * factor);
    assertEquals(merged.sent.length, Math.ceil(figures.sent.length / factor));
    assertEquals(sum(merged.sent), 500);
    assertEquals(sum(merged.lost), sum(figures.lost));
    assertEquals(limits(merged), limits(figures));
    assertAlmostEquals(mean(merged), mean(figures), 1e-6);
  }
});

test("commonSlotMs() is a multiple of the longest slot", () => {
  const sent = (slots: number) => Array<number>(slots).fill(1);
  const timelines = [
    { slot_ms: 10, sent: sent(100) },
    { slot_ms: 40, sent: sent(20) },
  ];
  assertEquals(commonSlotMs(timelines, 1000), 40);
  assertEquals(commonSlotMs(timelines, 25), 40);
  assertEquals(commonSlotMs(timelines, 24), 80);
  assertEquals(commonSlotMs(timelines, 0), 1000);
});
