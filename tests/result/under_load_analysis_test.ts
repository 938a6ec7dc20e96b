import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  analyse,
  lastingPeak,
  recoveryTime,
} from "../../lib/result/under_load_analysis.ts";
import type { LoadPhase } from "../../lib/result/under_load_schema.ts";
import { phase, phases } from "./under_load_records.ts";

const of = (name: string, figures: LoadPhase[]) =>
  figures.find((one) => one.name === name)!;

Deno.test({
  name: "analyse() gives each load its increase over idle, by direction",
  permissions: "none",
  fn() {
    const { phases: figures, summary } = analyse(phases(), false);
    const expected = {
      download: { increase: 20, down: 20, up: 0, grade: "A" },
      upload: { increase: 200, down: 0, up: 200, grade: "D" },
      both: { increase: 220, down: 20, up: 200, grade: "D" },
    };
    for (
      const [name, { increase, down, up, grade }] of Object.entries(expected)
    ) {
      const load = of(name, figures).load!;
      assertAlmostEquals(load.increase_us!.p50, increase * 1000, 300, name);
      assertAlmostEquals(load.increase_us!.p95, increase * 1000, 300, name);
      assertAlmostEquals(load.one_way_us.down!, down * 1000, 20, name);
      assertAlmostEquals(load.one_way_us.up!, up * 1000, 20, name);
      assertEquals(load.grade, grade, name);
      assertEquals(load.confidence, "high", name);
    }
    assertEquals(of("idle", figures).load, undefined);
    assertEquals(summary.grade, "C"); // of 110 ms, the mean of 20 and 200
    assertAlmostEquals(summary.increase_us!, 220_000, 300);
    assertAlmostEquals(summary.increase_up_us!, 200_000, 300);
  },
});

Deno.test({
  name:
    "analyse() covers a load from 2 s after its start to 0.5 s before its end",
  permissions: "none",
  fn() {
    const records = phases();
    records[1] = phase("download", 5000, 10_000, {
      down: (ms) => ms < 2000 ? 500 : ms >= 9500 ? 900 : 20,
      mbits: { down: 20 },
    });
    const { window_ms, rtt_us, load } = of(
      "download",
      analyse(records, false).phases,
    );
    assertEquals(window_ms, { from: 7000, to: 14_500 });
    assertEquals([rtt_us!.count, rtt_us!.max], [750, 30_000]);
    assertEquals(load!.peak_us, 30_000);
    assertEquals(load!.ramp_peak_us, 510_000);
    const short = phase("download", 5000, 1000, { mbits: { down: 1 } });
    assertEquals(
      of("download", analyse([records[0]!, short], false).phases).window_ms,
      { from: 5400, to: 5900 },
    );
  },
});

Deno.test({
  name: "analyse() gives the goodput of the directions that were filled",
  permissions: "none",
  fn() {
    const { phases: figures } = analyse(phases(), false);
    assertEquals(of("download", figures).goodput, {
      down: { mean: 20e6, p10: 20e6, p90: 20e6 },
      up: null,
    });
    assertEquals(of("idle", figures).goodput, { down: null, up: null });
    // A pause makes a bin longer, and its rate counts for as long.
    const records = phases();
    records[1]!.rates = {
      at_ms: [7100, 7400, 7500],
      down: [10e6, 20e6, 30e6],
      up: [0, 0, 0],
    };
    assertEquals(
      of("download", analyse(records, false).phases).goodput.down!.mean,
      (2100 * 10e6 + 300 * 20e6 + 100 * 30e6) / 2500,
    );
    assertEquals(
      of("upload", analyse(phases(), true).phases).goodput.up,
      { mean: 5e6, p10: null, p90: null }, // datagrams sent may be lost
    );
  },
});

Deno.test({
  name: "analyse() computes the queue from increase and goodput",
  permissions: "none",
  fn() {
    const { phases: figures } = analyse(phases(), false);
    const { down, up } = of("both", figures).load!.queue_bytes;
    assertAlmostEquals(down!, 0.020 * 20e6 / 8, 100);
    assertAlmostEquals(up!, 0.200 * 5e6 / 8, 100);
  },
});

Deno.test({
  name: "analyse() knows no direction of probes without clocks",
  permissions: "none",
  fn() {
    const records = phases();
    for (const { probes } of records) {
      delete probes.up_us;
      delete probes.down_us;
    }
    const { phases: figures } = analyse(records, false);
    const { load } = of("upload", figures);
    assertEquals(load!.one_way_us, { down: null, up: null });
    assertAlmostEquals(load!.queue_bytes.up!, 0.2 * 5e6 / 8, 200);
    assertEquals(of("both", figures).load!.queue_bytes, {
      down: null,
      up: null,
    });
  },
});

Deno.test({
  name: "analyse() tells loss from delay",
  permissions: "none",
  fn() {
    const lossy = phase("download", 5000, 10_000, {
      lost: (probe) => probe % 10 === 0,
      mbits: { down: 20 },
    });
    const { summary } = analyse([phase("idle", 0, 5000), lossy], false);
    assertEquals([summary.grade, summary.lost_percent], ["A+", 10]);
    assertEquals(summary.outcome, { call: 0, gaming: 0, video: 38, web: 0 });
  },
});

Deno.test({
  name: "analyse() knows nothing where nothing was answered",
  permissions: "none",
  fn() {
    const silent = { lost: () => true, mbits: { down: 1 } };
    const { phases: [idle, load], summary } = analyse([
      phase("idle", 0, 5000),
      phase("download", 5000, 10_000, silent),
    ], false);
    assertEquals([idle!.rtt_us!.count, load!.rtt_us], [500, null]);
    assertEquals(load!.load!.increase_us, null);
    assertEquals([summary.increase_us, summary.grade], [null, null]);
    assertEquals(analyse([], false).summary.rpm, null);
  },
});

Deno.test({
  name: "lastingPeak() is the highest mean of 400 ms, not a spike",
  permissions: "none",
  fn() {
    const at_ms = Array.from({ length: 100 }, (_, at) => at * 10);
    const spike = at_ms.map((ms) => ms === 500 ? 41_000 : 1000);
    assertEquals(lastingPeak({ at_ms, rtt_us: spike }, 0, 1000), 2000);
    const stretch = at_ms.map((ms) => ms >= 300 && ms < 700 ? 9000 : 1000);
    assertEquals(lastingPeak({ at_ms, rtt_us: stretch }, 0, 1000), 9000);
    assertEquals(lastingPeak({ at_ms, rtt_us: spike }, 0, 300), null);
    const lost = at_ms.map((ms) => ms % 20 === 0 ? null : 1000);
    assertEquals(lastingPeak({ at_ms, rtt_us: lost }, 0, 1000), 1000);
  },
});

Deno.test({
  name: "recoveryTime() is when half a second is near idle",
  permissions: "none",
  fn() {
    const [, , rest, , drained] = phases();
    assertEquals(recoveryTime(rest, 10_000), 400);
    // 200 ms less a millisecond in 5: 5 ms are left after 975 ms.
    assertEquals(recoveryTime(drained, 10_000), 980);
    const never = phase("rest", 0, 3000, { up: () => 50 });
    assertEquals(recoveryTime(never, 10_000), null);
    const relapse = phase("rest", 0, 3000, {
      up: (ms) => ms < 200 || ms >= 1000 ? 0 : 50,
    });
    assert(recoveryTime(relapse, 10_000)! > 900);
    assertEquals(recoveryTime(undefined, 10_000), null);
  },
});
