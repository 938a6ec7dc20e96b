import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Result } from "../../lib/result/result.ts";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { newSample } from "../../lib/stats/sample.ts";
import {
  histogramOf,
  percentilesOf,
  resultCharts,
  throughputOf,
  timelineOf,
} from "../../lib/result/charts.ts";

const SIZE_BYTES = 1000;

/** What comes of round-trip times in milliseconds, sent 1 ms apart. */
function resultOf(
  mode: "rtt" | "tput",
  rttsMs: (number | null)[],
): Result {
  const builder = new ResultBuilder({
    protocol: "measure",
    mode,
    target: "127.0.0.1:10000",
    sizeBytes: SIZE_BYTES,
    intervalMs: 0,
    options: { given: {}, used: { size_bytes: SIZE_BYTES } },
  });
  rttsMs.forEach((rttMs, index) =>
    builder.add({ ...newSample(index + 1, false, index), rttMs })
  );
  return builder.result();
}

const RTTS = [1, 2, 4, null, 3];

Deno.test({
  name: "resultCharts() holds every reply and every loss",
  permissions: "none",
  fn() {
    const [histogram, timeline, ...more] = resultCharts(resultOf("rtt", RTTS));
    assertEquals(more, []);
    assert(histogram?.kind === "histogram" && timeline?.kind === "timeline");
    const sum = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
    assertEquals(sum(histogram.series[0]!.count), 4);
    assertEquals(sum(timeline.series[0]!.timeline.sent), 5);
    assertEquals(sum(timeline.series[0]!.timeline.lost), 1);
  },
});

Deno.test({
  name: "resultCharts() of no reply has no histogram, and of no probe nothing",
  permissions: "none",
  fn() {
    const lost = resultOf("rtt", [null]);
    assertEquals(histogramOf(lost), []);
    assertEquals(resultCharts(lost).map(({ kind }) => kind), ["timeline"]);
    assertEquals(resultCharts(resultOf("rtt", [])), []);
    assertEquals(timelineOf([]), []);
  },
});

Deno.test({
  name: "percentilesOf() has a curve for each measurement with a reply",
  permissions: "none",
  fn() {
    const charts = percentilesOf([
      { name: "one", result: resultOf("rtt", RTTS) },
      { name: "none", result: resultOf("rtt", [null]) },
      { name: "other", result: resultOf("tput", [5]) },
    ]);
    const [chart] = charts;
    assert(chart?.kind === "curve" && charts.length === 1);
    assertEquals(chart.series.map(({ name }) => name), ["one", "other"]);
    const { points } = chart.series[0]!;
    assertEquals(points[0], { x: 0, y: 1000 });
    assertEquals(points.at(-1), { x: 100, y: 4000 });
    assertEquals(percentilesOf([]), []);
    assertMatch(chart.title, /Percentiles/);
  },
});

Deno.test({
  name: "throughputOf() is payload over the mean round trip of each slot",
  permissions: "none",
  fn() {
    const result = resultOf("tput", RTTS);
    const charts = throughputOf([
      { name: "tput", result },
      { name: "rtt", result: resultOf("rtt", RTTS) },
    ]);
    const [chart] = charts;
    assert(chart?.kind === "curve" && charts.length === 1);
    assertEquals(chart.series.map(({ name }) => name), ["tput"]);
    const { timeline } = result.series;
    const expected = timeline.mean_us.filter((us) => us !== null)
      .map((us) => SIZE_BYTES * 8e6 / us);
    assertEquals(chart.series[0]!.points.map(({ y }) => y), expected);
    assertEquals(
      throughputOf([{ name: "", result: resultOf("rtt", [1]) }]),
      [],
    );
  },
});
