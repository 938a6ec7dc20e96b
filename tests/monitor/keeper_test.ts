import { assert, assertEquals } from "@std/assert";
import { Keeper } from "../../lib/monitor/keeper.ts";
import { Store } from "../../lib/monitor/store.ts";
import type { ProbeRecord, SeriesInfo } from "../../lib/monitor/target.ts";
import { ScratchFolder } from "../scratch.ts";

const T = 1_800_000_000;
const ID = "a~stamp~4";
const INFO: SeriesInfo = {
  ...{ id: ID, series: 0, name: "a", group: "", labels: {} },
  ...{ host: "a.example", address: "192.0.2.1", family: 4 },
  ...{ way: { probe: "stamp", port: 862 }, intervalMs: 1000, timeoutMs: 2000 },
};

function answered(at: number, rttUs: number): ProbeRecord {
  return { series: 0, at, completes: true, rttUs, counts: { sent: 1 } };
}

function lost(at: number): ProbeRecord {
  return { ...answered(at, 0), rttUs: null, counts: { sent: 1, lost: 1 } };
}

function unknown(at: number): ProbeRecord {
  return { ...answered(at, 0), rttUs: null, counts: { unknown: 1 } };
}

function seconds(
  from: number,
  count: number,
  make: (at: number) => ProbeRecord,
) {
  return Array.from({ length: count }, (_, second) => make(from + second));
}

class TestKeeper extends Keeper {
  time: { now: number };

  constructor(path: string, now: number) {
    const time = { now };
    super({
      ...{ store: new Store(path), name: "here", version: "0" },
      now: () => time.now,
    });
    this.time = time;
    this.setSeries([INFO]);
  }
}

Deno.test("Keeper.series() merges slots into columns, and tells all counts", () => {
  using keeper = new TestKeeper(":memory:", T + 3600);
  keeper.take(seconds(T, 600, (at) => answered(at, 1000)));
  keeper.take(seconds(T + 600, 60, lost));
  keeper.take(seconds(T + 660, 60, unknown));
  keeper.take(seconds(T + 720, 600, (at) => answered(at, 3000)));
  for (const columns of [1, 7, 60, 600, 2000]) {
    const span = { from: T, to: T + 1320 };
    const { total, counts, t, step, rtt } = keeper.series(ID, span, columns)!;
    const { sent, lost, unknown } = total;
    assertEquals([sent, lost, unknown], [1260, 60, 60]);
    assertEquals(counts.sent.reduce((sum, count) => sum + count, 0), 1260);
    assertEquals(
      t.length <= columns + 1 && t[1] === undefined || t[1]! - t[0]! === step,
      true,
    );
    assertEquals([total.rtt!.min_us, total.rtt!.max_us], [1000, 3000]);
    assert(
      Math.abs(total.rtt!.p50_us - 1000) < 12 ||
        Math.abs(total.rtt!.p50_us - 3000) < 34,
    );
    assertEquals(
      rtt.quantiles_us.map((row) => row.length),
      Array(9).fill(t.length),
    );
  }
});

Deno.test("Keeper.series() takes the slots that are still kept of an old span", () => {
  using keeper = new TestKeeper(":memory:", T + 100);
  keeper.take(seconds(T, 60, (at) => answered(at, 1000)));
  const slotAfter = (days: number) => {
    keeper.time.now = T + days * 86_400;
    const span = { from: T, to: T + 60 };
    const { slot, total } = keeper.series(ID, span, 600)!;
    assertEquals(total.sent, 60);
    return slot;
  };
  assertEquals([0.1, 3, 20, 300, 3000].map(slotAfter), [
    10,
    60,
    600,
    3600,
    86_400,
  ]);
});

Deno.test("Keeper tells an outage from its first lost probe to the next answer", () => {
  using keeper = new TestKeeper(":memory:", T + 100);
  const told: [start: number, end: number | null][] = [];
  keeper.subscribe((event, data) => {
    if (event !== "outage") return;
    const { start, end } = data as { start: number; end: number | null };
    told.push([start - T, end && end - T]);
  });
  keeper.take([
    answered(T, 1000),
    lost(T + 1),
    lost(T + 2),
    answered(T + 3, 1),
  ]);
  assertEquals(told, []); // two are none
  keeper.take(seconds(T + 4, 5, lost));
  keeper.take([unknown(T + 9), lost(T + 10), answered(T + 11, 1000)]);
  assertEquals(told, [[4, null], [4, 11]]);
  const direction: ProbeRecord = {
    ...lost(T + 5),
    ...{ completes: false, counts: { lost_forward: 1 } },
  };
  keeper.take([direction, direction]);
  const { outages } = keeper.outages({ from: T, to: T + 100 });
  assertEquals(outages, [{
    ...{ target: ID, start: T + 4, end: T + 11, lost: 6 },
    ...{ lost_forward: 2, lost_backward: 0, end_unknown: false },
  }]);
  assertEquals(keeper.outages({ from: T + 50, to: T + 100 }).outages, []);
});

Deno.test("Keeper ends an outage of an earlier run at its last lost probe", () => {
  using scratch = new ScratchFolder();
  const path = `${scratch.path}/monitor.db`;
  {
    using keeper = new TestKeeper(path, T + 100);
    keeper.take(seconds(T, 20, lost));
  }
  using keeper = new TestKeeper(path, T + 5000);
  const { outages: [outage] } = keeper.outages({ from: T, to: T + 5000 });
  assertEquals([outage!.end, outage!.end_unknown], [T + 19, true]);
  const { targets: [target] } = keeper.list();
  assertEquals(target!.state, "unknown"); // of now
  assertEquals(target!.strip.lost.reduce((sum, count) => sum + count, 0), 20);
});

Deno.test("Keeper shows a target as unknown, not down, while nothing can be sent", () => {
  using keeper = new TestKeeper(":memory:", T + 100);
  const state = () => {
    keeper.time.now += 2;
    return keeper.list().targets[0]!.state;
  };
  assertEquals(state(), "unknown");
  keeper.take(seconds(T, 5, (at) => answered(at, 1000)));
  assertEquals(state(), "up");
  keeper.take(seconds(T + 5, 5, unknown));
  assertEquals(state(), "unknown");
  keeper.take(seconds(T + 10, 3, lost));
  assertEquals(state(), "down");
});
