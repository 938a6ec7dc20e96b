import { assert, assertEquals, assertMatch } from "@std/assert";
import { FIGURES } from "../../lib/result/figures.ts";
import { measurementSections } from "../../lib/result/measurement.ts";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import type { Section } from "../../lib/result/section.ts";
import { resultSections } from "../../lib/result/sections.ts";
import { formatSections } from "../../lib/terminal/section.ts";
import {
  NOTHING,
  RTT,
  STAMP,
  SWEEP,
  TPUT,
  UDP_THROUGHPUT,
} from "../report/results.ts";
import { result as underLoad } from "./under_load_records.ts";
import { pureTest } from "../pure.ts";

const STYLE = { width: 80, ascii: true, color: false };

/** A result with all parts, a thousand probes, and no notes. */
function complete(result: MeasurementResult): MeasurementResult {
  const rtt_us = { ...RTT.rtt_us!, count: 1000 };
  const way = {
    min_us: { low: 0, high: 80 },
    variation_us: rtt_us,
    jitter_us: RTT.jitter_us,
  };
  return {
    ...result,
    rtt_us,
    rtt_from_intended_us: rtt_us,
    ...(result.one_way && {
      rtt_with_reflector_us: rtt_us,
      one_way: {
        ...result.one_way,
        forward: way,
        backward: way,
      },
    }),
    probes_per_second: { asked: 1000, achieved: 999.5 },
    quality: {
      ...result.quality,
      send_lateness_us: { p50: 1, p99: 250, max: 40_000 },
      notes: [
        "the schedule was not kept: probes left late, after a late timer or on " +
        "a busy machine; read the figures from the intended time",
        "not signed: STAMP_HMAC_KEY was not read: it needs --allow-env",
      ],
    },
  };
}

function sectionsOf(...results: MeasurementResult[]): Section[] {
  return measurementSections(
    results.map((result, index) => ({ name: `run ${index + 1}`, result })),
  );
}

function section(title: string, ...results: MeasurementResult[]): Section {
  return sectionsOf(...results).find((each) => each.title.startsWith(title))!;
}

for (const [name, result] of Object.entries({ RTT, TPUT, STAMP })) {
  pureTest(
    `measurementSections() of ${name} fits a screen, the headline last`,
    () => {
      const text = formatSections(sectionsOf(complete(result)), STYLE, false);
      const lines = text.split("\n");
      // Two lines come before it, and the prompt comes after it.
      assert(lines.length <= 24 - 3, text);
      for (const line of lines) assert(line.length <= 80, line);
      assertMatch(lines.at(-2)!, /^200 probes sent, 197 received, 3 lost/);
      assertMatch(lines.at(-1)!, /^RTT p50 [\d.]+ us, p99 [\d.]+ ms/);
    },
  );
}

pureTest(
  "measurementSections() puts the times of one result into a matrix",
  () => {
    const { table } = section("Round-trip", complete(STAMP));
    assertEquals(table!.rows.map(({ name }) => name), [
      "RTT",
      "with reflector",
      "from intended",
    ]);
    assertEquals(
      table!.columns.map(({ name }) => name).join(" "),
      "min p50 p90 p99 p99.9 max mean",
    );
  },
);

pureTest(
  "measurementSections() gives no delay of one way unless clocks are trusted",
  () => {
    const result = complete(STAMP);
    const { title, table, charts } = section("One way", result);
    assertEquals(
      title,
      "One way: reflector clock 1.23 ms behind +- 40.0 us, drift 12.5 +- 30 ppm",
    );
    const variation = ["p50", "p99", "max"].map((part) => `variation ${part}`);
    assertEquals(
      table!.columns.map(({ name }) => name),
      ["minimum", ...variation, "jitter"],
    );
    assertEquals(
      table!.rows.map(({ name, values }) => [name, values[0]]),
      [["there", "0 to 80.0 us"], ["back", "0 to 80.0 us"]],
    );
    assertEquals(
      charts!.map((chart) =>
        "series" in chart && chart.series.map(({ name }) => name)
      ),
      [["there", "back"]],
    );

    const way = { ...result.one_way!.forward, delay_us: result.rtt_us! };
    const trusted = section("One way", {
      ...result,
      one_way: {
        ...result.one_way!,
        clocks_trusted: true,
        forward: way,
        backward: way,
      },
    });
    assertEquals(
      [trusted.title, trusted.table!.columns.map(({ name }) => name).join(" ")],
      [
        "One way, by the clocks as they are, +- 0.500 us",
        "min p50 p99 max jitter",
      ],
    );
  },
);

pureTest(
  "measurementSections() leaves out what too few samples cannot carry",
  () => {
    const rows = (count: number) =>
      section("Round-trip", { ...RTT, rtt_us: { ...RTT.rtt_us!, count } })
        .table!.columns.map(({ name }) => name)
        .filter((name) => name.startsWith("p"));
    assertEquals(rows(99), ["p50", "p90"]);
    assertEquals(rows(100), ["p50", "p90", "p99"]);
    assertEquals(rows(1000), ["p50", "p90", "p99", "p99.9"]);
    const few = { ...RTT, rtt_us: { ...RTT.rtt_us!, count: 99 } };
    const headline = sectionsOf(few).at(-1)!;
    assertEquals(headline.sentences!.at(-1), "RTT p50 41.3 us, max 2.00 s");
  },
);

pureTest(
  "measurementSections() names losses, their direction and the warm-up",
  () => {
    const known = {
      ...STAMP,
      probes: { ...STAMP.probes, lost_forward: 1, lost_backward: 0 },
    };
    const { role, sentences } = sectionsOf(known).at(-1)!;
    assertEquals(role, "headline");
    assertEquals(
      sentences![1],
      "of those lost, 1 on the way there, 0 on the way back; 2 late, " +
        "4 duplicate, 5 reordered, 6 corrupt; 5 warm-up probes left out",
    );
    assertEquals(
      sentences![2],
      "200 probes sent, 197 received, 3 lost (1.5 %)",
    );
    assertEquals(sectionsOf(NOTHING).at(-1)!.sentences, [
      "1 probe sent, 0 received, 1 lost (100 %)",
      "no probe was answered",
    ]);
  },
);

pureTest("measurementSections() puts several results side by side", () => {
  const sections = sectionsOf(RTT, STAMP, NOTHING);
  for (const { table, role } of sections) {
    if (role === undefined) continue;
    assertEquals(table!.columns.length, 3);
  }
  const { table } = section("Round-trip", RTT, NOTHING);
  const p50 = table!.rows.find(({ name }) => name === "RTT p50");
  assertEquals(p50?.values, [41.25, null]);
});

pureTest(
  "measurementSections() tells by how much results differ, and in what",
  () => {
    const said = (...results: MeasurementResult[]) =>
      section("Round-trip", ...results).sentences;
    assertEquals(said(RTT, TPUT), [
      "The median RTT of run 2 is 30.0 us, that of run 1 41.3 us, 1.38 to 1. " +
      "One run of each does not tell whether that is more than chance.",
    ]);
    assertMatch(said(TPUT, STAMP)![0]!, /They differ in protocol as well\.$/);
    assertEquals(said(RTT, RTT), ["The median RTT is 41.3 us."]);
    assertEquals(said(RTT, NOTHING), []);
  },
);

pureTest(
  "resultSections() keeps kinds of results apart, and their notes",
  () => {
    const sections = resultSections([
      { name: "sweep", result: SWEEP },
      { name: "rtt", result: RTT },
    ]);
    const titles = sections.map(({ title }) => title);
    assert(
      titles.indexOf("Round-trip time") < titles.indexOf("RTT against size"),
    );
    assertEquals(sections.at(-1), {
      title: "Notes",
      role: "notes",
      sentences: ["note: the points were measured one after the other"],
    });
    assertEquals(resultSections([]), []);
  },
);

pureTest("FIGURES have a key each, and each is read from some result", () => {
  const keys = FIGURES.map(({ key }) => key);
  assertEquals(new Set(keys).size, keys.length);
  const full = { ...complete(STAMP), throughput: TPUT.throughput! };
  const { summary } = UDP_THROUGHPUT;
  const { load } = underLoad();
  full.probes = { ...full.probes, lost_backward: 0, not_sent: 0 };
  full.quality.floor_us = { p50: 1, p99: 2 };
  full.tls = { handshake_us: full.rtt_us! };
  const way = full.one_way!.forward;
  full.one_way!.forward = { ...way, delay_us: full.rtt_us! };
  full.one_way!.backward = full.one_way!.forward;
  for (const { key, read } of FIGURES) {
    assertEquals(typeof read({ ...full, summary, load }), "number", key);
  }
});
