/**
 * The charts of measurements.
 *
 * @module
 */

import type { Result } from "./result.ts";
import type { Distribution } from "../stats/histogram.ts";
import type { Chart, CurveChart } from "./section.ts";

/** The figures of a distribution, in the order in which they are shown. */
export const DISTRIBUTION_FIGURES: [keyof Distribution, string][] = [
  ["min", "min"],
  ["p50", "p50"],
  ["p90", "p90"],
  ["p99", "p99"],
  ["p999", "p99.9"],
  ["max", "max"],
  ["mean", "mean"],
  ["stddev", "stddev"],
];

/** A result, and what it is called beside others. */
export interface NamedResult {
  /** As the file's name, or the target. */
  name: string;
  /** The result. */
  result: Result;
}

/**
 * The charts of one measurement for a terminal.
 *
 * @param result The result.
 * @returns Its histogram, and what happened over time.
 */
export function resultCharts(result: Result): Chart[] {
  return [...histogramOf(result), ...timelineOf([{ name: "RTT", result }])];
}

/**
 * How the round-trip times of one measurement are distributed.
 *
 * @param result The result.
 * @returns A histogram, if there was a reply.
 */
export function histogramOf({ series, rtt_us }: Result): Chart[] {
  if (series.histogram === null || rtt_us === null) return [];
  const { edges_us, count } = series.histogram;
  return [{
    kind: "histogram",
    title: "Distribution of the RTT",
    edges_us,
    series: [{ name: "RTT", count }],
  }];
}

/**
 * Round-trip times and losses over time.
 *
 * @param results The measurements.
 * @returns A chart, if a probe was sent.
 */
export function timelineOf(results: NamedResult[]): Chart[] {
  const series = results
    .map(({ name, result }) => ({ name, timeline: result.series.timeline }))
    .filter(({ timeline }) => timeline.sent.length > 0);
  if (series.length === 0) return [];
  return [{ kind: "timeline", title: "RTT over time", series }];
}

/**
 * The percentiles of the round-trip times.
 *
 * @param results The measurements.
 * @returns A chart, if there was a reply.
 */
export function percentilesOf(results: NamedResult[]): Chart[] {
  const series = results.flatMap(({ name, result }) => {
    const { percentiles } = result.series;
    if (percentiles === null) return [];
    const points = percentiles.percent
      .map((x, index) => ({ x, y: percentiles.us[index] ?? null }));
    return [{ name, points }];
  });
  return curve("Percentiles of the RTT", {
    x: { label: "percentile", unit: "percent", scale: "percentile" },
    y: { label: "RTT", unit: "us", scale: "log" },
    series,
  });
}

/**
 * The throughput over time: payload over the mean round-trip time of each slot.
 *
 * @param results The measurements.
 * @returns A chart, if throughput was measured.
 */
export function throughputOf(results: NamedResult[]): Chart[] {
  const series = results.flatMap(({ name, result }) => {
    const { size_bytes } = result.options.used as { size_bytes?: unknown };
    if (result.throughput === undefined || typeof size_bytes !== "number") {
      return [];
    }
    const { slot_ms, mean_us } = result.series.timeline;
    const points = mean_us.map((us, slot) => ({
      x: (slot + 0.5) * slot_ms / 1000,
      y: us === null ? null : size_bytes * 8e6 / us,
    }));
    return [{ name, points: points.filter(({ y }) => y !== null) }];
  });
  return curve("Throughput over time, of each slot", {
    x: { label: "time", unit: "s" },
    y: { label: "throughput", unit: "bits_per_second" },
    series,
  });
}

function curve(
  title: string,
  chart: Pick<CurveChart, "x" | "y" | "series">,
): Chart[] {
  return chart.series.length === 0 ? [] : [{ kind: "curve", title, ...chart }];
}
