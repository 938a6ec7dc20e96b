import { assertEquals } from "@std/assert";
import {
  csvLine,
  EXPORT_COLUMNS,
  exportRows,
} from "../../lib/monitor/export.ts";
import { Slot } from "../../lib/monitor/slot.ts";
import { Store } from "../../lib/monitor/store.ts";

const T = 1_800_000_000;

Deno.test("exportRows() gives the shortest slots that are kept of a span", () => {
  using store = new Store(":memory:");
  for (const at of [0, 10, 600]) {
    const slot = new Slot();
    slot.sent = 10;
    slot.lost = 9;
    slot.rtt.record(1500);
    store.add([{ series: "a", t: T + at, slot }]);
  }
  const span = { from: T, to: T + 3600 };
  const rows = (now: number) => [...exportRows(store, "a", span, now)];
  assertEquals(rows(T + 3600).map(({ seconds, sent }) => [seconds, sent]), [
    [10, 10],
    [10, 10],
    [10, 10],
  ]);
  const [row, ...others] = rows(T + 30 * 86_400);
  assertEquals([others.length, row!.seconds, row!.sent], [1, 600, 20]);
  assertEquals(row!.time, new Date(T * 1000).toISOString());
  assertEquals([row!.rtt_min_us, row!.forward_p50_us], [1500, null]);
  const cells = csvLine(row!).split(",");
  assertEquals(csvLine(null).split(","), EXPORT_COLUMNS);
  assertEquals(cells.length, EXPORT_COLUMNS.length);
  assertEquals(cells[EXPORT_COLUMNS.indexOf("lost")], "18");
});
