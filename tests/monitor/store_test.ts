import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Slot } from "../../lib/monitor/slot.ts";
import { Store, storeFailure, TIERS } from "../../lib/monitor/store.ts";
import { ScratchFolder } from "../scratch.ts";

const T = 1_800_000_000;

function slotOf(sent: number, ...delays: number[]): Slot {
  const slot = new Slot();
  slot.sent = sent;
  for (const us of delays) slot.rtt.record(us);
  return slot;
}

/** The only column of the slots of one length. */
function whole(store: Store, series: string, seconds: number): Slot {
  const from = Math.floor(T / seconds) * seconds;
  const span = { from, to: from + Math.max(seconds, 600) };
  const [[, slot] = []] = [...store.slots(series, seconds, span, 86_400)];
  return slot!;
}

Deno.test("Store.add() adds to the slots of all lengths", () => {
  using store = new Store(":memory:");
  const series = "a~stamp~4";
  store.add([
    { series, t: T, slot: slotOf(10, 100, 200) },
    { series, t: T + 10, slot: slotOf(10, 300) },
  ]);
  store.add([{ series, t: T, slot: slotOf(1) }]); // it comes late
  for (const { slot } of TIERS) {
    const found = whole(store, series, slot);
    assertEquals([slot, found.sent, found.rtt.count], [slot, 21, 3]);
    assertEquals([found.rtt.min, found.rtt.max], [100, 300]);
  }
});

Deno.test("Store.slots() keeps the targets apart, and is empty elsewhere", () => {
  using store = new Store(":memory:");
  const [a, b] = ["a", "b"] as const;
  store.add([{ series: a, t: T, slot: slotOf(10) }]);
  const columns = [...store.slots(a, 10, { from: T - 10, to: T + 20 })];
  assertEquals(columns.map(([t, { sent }]) => [t - T, sent]), [
    [-10, 0],
    [0, 10],
    [10, 0],
  ]);
  assertEquals(whole(store, b, 60).sent, 0);
});

Deno.test("Store keeps everything over a restart, series numbers too", () => {
  using scratch = new ScratchFolder();
  const path = join(scratch.path, "kept.db");
  {
    using store = new Store(path);
    store.add([{ series: "other", t: T, slot: slotOf(1) }]);
    store.add([{ series: "a", t: T, slot: slotOf(10, 5) }], [
      { kind: "outage", series: "a", start: T, end: null, data: { lost: 3 } },
    ]);
  }
  using store = new Store(path);
  assertEquals(store.keys(), ["other", "a"]);
  assertEquals(whole(store, "a", 60).rtt.max, 5);
  assertEquals(store.events("outage"), [
    { kind: "outage", series: "a", start: T, end: null, data: { lost: 3 } },
  ]);
  using reader = new Store(path, { readOnly: true });
  assertEquals(whole(reader, "a", 3600).sent, 10);
});

Deno.test("Store.events() finds those that overlap a span, newest first", () => {
  using store = new Store(":memory:");
  const event = (start: number, end: number | null) => ({
    kind: "outage",
    series: "a",
    start,
    end,
    data: null,
  });
  store.add([], [event(10, 20), event(30, 40), event(50, null)]);
  store.add([], [event(50, 60)]); // it ended
  const starts = (from: number, to: number) =>
    store.events("outage", { from, to }).map(({ start }) => start);
  assertEquals(starts(0, 100), [50, 30, 10]);
  assertEquals(starts(35, 50), [30]);
  assertEquals(starts(60, 100), []);
});

Deno.test("Store.prune() deletes what has expired, slot by slot", () => {
  using store = new Store(":memory:");
  const series = "a";
  store.add([{ series, t: T, slot: slotOf(10) }]);
  const kept = () =>
    TIERS.map(({ slot }) => whole(store, series, slot).sent / 10);
  store.prune(T + 86_400);
  assertEquals(kept(), [1, 1, 1, 1, 1]);
  store.prune(T + 3 * 86_400);
  assertEquals(kept(), [0, 1, 1, 1, 1]);
  store.prune(T + 20 * 365 * 86_400);
  assertEquals(kept(), [0, 0, 0, 0, 1]);
});

Deno.test("Store.add() adds nothing if the disk is full, and works again", () => {
  using scratch = new ScratchFolder();
  const path = join(scratch.path, "full.db");
  using limited = new Store(path, { maxBytes: 100_000 });
  const additions = Array.from({ length: 500 }, (_, at) => ({
    series: `s${at}`,
    t: T,
    slot: slotOf(10, at + 1, 1e6),
  }));
  using other = new DatabaseSync(path);
  const error = assertThrows(() => limited.add(additions));
  assertEquals(storeFailure(error), "the disk is full");
  using store = new Store(path);
  assertEquals(whole(store, "s1", 10).sent, 0);
  store.add(additions);
  assertEquals(whole(store, "s1", 10).sent, 10);
  other.exec("BEGIN IMMEDIATE");
  const locked = assertThrows(() => store.add(additions));
  assertEquals(
    storeFailure(locked),
    "another program has locked the database",
  );
  other.exec("ROLLBACK");
  store.add(additions);
  assertEquals(whole(store, "s1", 10).sent, 20);
});

Deno.test("Store leaves a file of a newer version alone", () => {
  using scratch = new ScratchFolder();
  const path = join(scratch.path, "newer.db");
  new Store(path)[Symbol.dispose]();
  {
    using newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version=99");
  }
  assertThrows(() => new Store(path), RangeError, "a newer version");
});
