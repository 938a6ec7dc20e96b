import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { reportPage } from "../../lib/report/page.ts";
import { checkedResult } from "../../lib/result/schema.ts";
import type { PanelChart } from "../../lib/result/section.ts";
import { parseThreshold } from "../../lib/result/thresholds.ts";
import { underLoadResult } from "../../lib/result/under_load_builder.ts";
import {
  underLoadSections,
  verdict,
} from "../../lib/result/under_load_sections.ts";
import { underLoadCsvRows } from "../../lib/result/formats.ts";
import { formatSections } from "../../lib/terminal/section.ts";
import { assertSectionSnapshot } from "../terminal/section_snapshots.ts";
import { METADATA, phase, phases, result } from "./under_load_records.ts";

Deno.test({
  name:
    "underLoadSections() of one run is a table and two sentences, with panels",
  async fn(t) {
    const sections = underLoadSections([{ name: "one", result: result() }]);
    await assertSectionSnapshot(t, sections.at(-1)!);
    const style = { width: 80, ascii: true, color: false };
    const lines = formatSections(sections, style, false).split("\n");
    assert(lines.length <= 12, lines.join("\n"));
    assert(lines.every((line) => line.length <= 80));
  },
});

Deno.test({
  name:
    "underLoadSections() draws no line across a stall, and losses by direction",
  permissions: "none",
  fn() {
    const records = phases();
    records[3] = phase("upload", 18_000, 10_000, {
      up: () => 200,
      lost: (probe) => probe >= 300 && probe < 400,
      mbits: { up: 5 },
    });
    const [, headline] = underLoadSections([{
      name: "one",
      result: result(records),
    }]);
    const { panels, shades } = headline!.charts![0] as PanelChart;
    assertEquals(shades.map(({ name }) => name), [
      "download",
      "upload",
      "both",
    ]);
    assertEquals(panels.map(({ y }) => y.label), [
      "goodput",
      "RTT",
      "lost probes",
    ]);
    const median = panels[1]!.series[1]!.points;
    const stall = median.filter(({ x }) => x > 21.3 && x < 21.7);
    assert(stall.length > 2 && stall.every(({ y }) => y === null));
    assertEquals(
      panels[2]!.series.map(({ name, points }) => [name, points.length]),
      [
        ["up", 10],
      ],
    );
  },
});

Deno.test({
  name: "underLoadSections() puts runs side by side, latency against goodput",
  permissions: "none",
  fn() {
    const mended = phases().map((record) =>
      record.name === "upload"
        ? phase("upload", 18_000, 10_000, { up: () => 4, mbits: { up: 4.5 } })
        : record
    );
    const results = [
      { name: "before", result: result() },
      { name: "after", result: result(mended) },
    ];
    const [, headline] = underLoadSections(results);
    const [tradeOff] = headline!.charts!;
    assert(tradeOff?.kind === "curve");
    assertEquals(
      tradeOff.series.find(({ name }) => name === "after, upload")!.points
        .map(({ x, y }) => [x, Math.round(y! / 1000)]),
      [[4.5e6, 14]],
    );
    assertEquals(headline!.table!.rows.at(-1)!.values, [3, 1]); // C and A
    const page = reportPage(results.map((one) => ({ ...one, remarks: [] })));
    assertEquals(page.split('stroke-opacity="0.5"').length - 1, 4);
    assertEquals(page.split(">download</text>").length - 1, 4);
  },
});

Deno.test({
  name: "verdict() names the problem and what mends it",
  permissions: "none",
  fn() {
    const idle = phase("idle", 0, 5000);
    const load = (added: Parameters<typeof phase>[3]) =>
      result([
        idle,
        phase("upload", 5000, 10_000, { mbits: { up: 5 }, ...added }),
      ]);
    assertMatch(
      verdict(result()),
      /^Grade C: the upload queue adds 200 ms \(D\); queue management \(SQM, as CAKE or fq_codel\) at about 4.50 Mbit\/s there mends it\.$/,
    );
    assertMatch(
      verdict(load({ up: () => 3 })),
      /^Grade A\+: the load adds at most 3.\d+ ms /,
    );
    assertMatch(
      verdict(load({ lost: (probe) => probe % 10 === 0 })),
      /^Grade A\+: upload loses 10 % of the probes without delay: a policer/,
    );
    // The acknowledgements of a download wait in the queue of the upload.
    const acks = phase("download", 5000, 10_000, {
      up: () => 90,
      mbits: { down: 20 },
    });
    assertMatch(
      verdict(result([idle, acks])),
      /the upload queue adds 90\.\d ms \(C\); queue/,
    );
    const busy = underLoadResult(METADATA, phases(), {
      load_lag_us: null,
      probe_lag_us: null,
      maybe_dropped_here: 0,
      processor_percent: { client: 97, server: 20 },
    });
    assertEquals(busy.instrument.limit, "client");
    assertMatch(verdict(busy), /^The client's processor was the limit: /);
    assertMatch(busy.notes.join(), /was the limit, and perhaps not the path/);
    const lag = { p50: 1, p99: 200_000, max: 200_000 };
    const limits = [
      [44, 20, lag],
      [44, 20, null],
      [14, 20, lag],
      [14, 98, null],
    ] as const;
    assertEquals(
      limits.map(([client, server, load_lag_us]) =>
        underLoadResult(METADATA, phases(), {
          load_lag_us,
          probe_lag_us: null,
          maybe_dropped_here: 0,
          processor_percent: { client, server },
        }).instrument.limit
      ),
      ["client", null, null, "server"],
    );
    const slow = (asked: number) =>
      underLoadResult({
        ...METADATA,
        transport: "udp",
        options: { given: {}, used: { udp_bits_per_second: asked } },
      }, phases()).instrument.limit;
    assertEquals([slow(5e6), slow(6e6)], [null, "client"]);
    assertEquals(
      verdict(result([idle])),
      "No load phase was measured to its end.",
    );
  },
});

Deno.test({
  name: "verdict() tells the near link from the provider",
  permissions: "none",
  fn() {
    const near = (us: number) => ({ at_ms: [20_000], rtt_us: [us] });
    const series = phases().map((record) => ({
      ...record,
      also: [
        record.name === "upload"
          ? near(150_000)
          : { at_ms: [record.start_ms + 2500], rtt_us: [1000] },
      ],
    }));
    series[3]!.also[0]!.at_ms = [24_000];
    const also = underLoadResult(
      { ...METADATA, also: ["192.0.2.9:80"] },
      series,
    );
    assertMatch(
      verdict(also),
      /, most of it on the way to 192.0.2.9:80 already;/,
    );
  },
});

Deno.test({
  name: "parseThreshold() knows the figures of a run under load",
  permissions: "none",
  fn() {
    const { load } = result();
    const cases: Record<string, boolean> = {
      "increase>50ms": true,
      "increase.up>250ms": false,
      "increase.down>10ms": true,
      "rpm<400": true,
      "rpm<30": false,
      "grade>B": true,
      "grade>C": false,
    };
    for (const [rule, crossed] of Object.entries(cases)) {
      assertEquals(parseThreshold(rule).judge({ load }).crossed, crossed, rule);
    }
  },
});

Deno.test({
  name: "underLoadCsvRows() has a row for each tenth of a second",
  permissions: "none",
  fn() {
    const rows = underLoadCsvRows(
      phase("upload", 1000, 300, {
        up: () => 5,
        lost: (probe) => probe < 15,
        mbits: { up: 5 },
      }),
    );
    assertEquals(rows.map(({ row }) => row), [
      "upload,1000,0,5000000,10,10,,",
      "upload,1100,0,5000000,10,5,15000,15000",
      "upload,1200,0,5000000,10,0,15000,15000",
    ]);
  },
});

Deno.test({
  name: "checkedResult() rejects phases that would cause an endless chart",
  permissions: "none",
  fn() {
    const forged = result();
    forged.series[0]!.end_ms = 1e15;
    assertThrows(
      () => checkedResult(forged),
      SyntaxError,
      "series.0 has a start",
    );
    const short = result();
    short.series.length = 1;
    const [, headline] = underLoadSections([{ name: "one", result: short }]);
    assertEquals(headline!.charts!.length, 2);
  },
});
