/**
 * The figures of measurements as rows, a column for each measurement.
 *
 * @module
 */

import type { OneWayFigures } from "../stats/one_way.ts";
import type { Result } from "../result/result.ts";
import { DISTRIBUTION_FIGURES, type NamedResult } from "../result/charts.ts";
import { sharePercent } from "../result/quantities.ts";
import type { Table, Unit } from "../result/section.ts";
import type { Distribution } from "../stats/histogram.ts";

/** A row: its name, its unit, and its figure; `undefined` does not apply. */
export type Figure = [
  name: string,
  unit: Unit,
  figureOf: (result: Result) => number | null | undefined,
];

/** What became of the probes, and the round-trip times. */
export const RTT_FIGURES: Figure[] = [
  ["sent", "count", ({ probes }) => probes.sent],
  ["received", "count", ({ probes }) => probes.received],
  ["lost", "count", ({ probes }) => probes.lost],
  [
    "lost, of those sent",
    "percent",
    ({ probes: { lost, sent } }) =>
      sent === 0 ? null : sharePercent(Math.min(lost, sent), sent),
  ],
  ["lost on the way there", "count", ({ probes }) => probes.lost_forward],
  ["lost on the way back", "count", ({ probes }) => probes.lost_backward],
  ["late", "count", ({ probes }) => probes.late],
  ["duplicate", "count", ({ probes }) => probes.duplicate],
  ["reordered", "count", ({ probes }) => probes.reordered],
  ["corrupt", "count", ({ probes }) => probes.corrupt],
  ["warm-up, left out", "count", ({ probes }) => probes.warmup],
  ...parts("RTT", ({ rtt_us }) => rtt_us),
  ["jitter, RFC 3550", "us", ({ jitter_us }) => jitter_us?.rfc3550 ?? null],
  ["IPDV p50", "us", ({ jitter_us }) => jitter_us?.ipdv_p50 ?? null],
  ["IPDV p99", "us", ({ jitter_us }) => jitter_us?.ipdv_p99 ?? null],
  ...parts("from intended", (result) => result.rtt_from_intended_us),
  ...parts("with reflector", (result) => result.rtt_with_reflector_us),
];

/** The two figures called throughput. */
export const THROUGHPUT_FIGURES: Figure[] = [
  [
    "per-probe mean",
    "bits_per_second",
    ({ throughput }) => throughput?.per_probe_mean_bits_per_second,
  ],
  [
    "aggregate",
    "bits_per_second",
    ({ throughput }) => throughput?.aggregate_bits_per_second,
  ],
];

/** Each way by itself. */
export const ONE_WAY_FIGURES: Figure[] = [
  ["clock offset", "us", ({ one_way }) => one_way?.clock_offset_us],
  ["its bound, +-", "us", ({ one_way }) => one_way?.clock_bound_us],
  ...way("there", ({ one_way }) => one_way?.forward),
  ...way("back", ({ one_way }) => one_way?.backward),
];

/** How it was measured, and how well. */
export const QUALITY_FIGURES: Figure[] = [
  [
    "probes a second, asked",
    "count",
    ({ probes_per_second: { asked } }) => asked ?? undefined,
  ],
  [
    "probes a second, achieved",
    "count",
    (result) => result.probes_per_second.achieved ?? undefined,
  ],
  ["clock step", "us", ({ quality }) => quality.clock_resolution_us],
  ["send call p50", "us", ({ quality }) => quality.send_call_us?.p50],
  ["send call p99", "us", ({ quality }) => quality.send_call_us?.p99],
  ["sent late p50", "us", ({ quality }) => quality.send_lateness_us?.p50],
  ["sent late p99", "us", ({ quality }) => quality.send_lateness_us?.p99],
  ["sent late max", "us", ({ quality }) => quality.send_lateness_us?.max],
  [
    "processor, of one",
    "percent",
    ({ quality }) => quality.processor_percent ?? undefined,
  ],
  [
    "floor on loopback, p50",
    "us",
    ({ quality }) => quality.floor_us ?? undefined,
  ],
];

/**
 * Puts figures of several measurements side by side.
 *
 * @param figures The rows; one that applies to no measurement is left out.
 * @param results The columns.
 * @returns The table.
 */
export function figuresTable(figures: Figure[], results: NamedResult[]): Table {
  return {
    columns: results.map(({ name }) => ({ name })),
    rows: figures.flatMap(([name, unit, figureOf]) => {
      const values = results.map(({ result }) => figureOf(result));
      if (values.every((value) => value === undefined)) return [];
      return [{
        name,
        unit,
        values: values.map((value) => value ?? null),
      }];
    }),
  };
}

function parts(
  of: string,
  distributionOf: (result: Result) => Distribution | null | undefined,
): Figure[] {
  return DISTRIBUTION_FIGURES.map((
    [key, part],
  ) => [`${of} ${part}`, "us", (result) => {
    const distribution = distributionOf(result);
    return distribution === null ? null : distribution?.[key];
  }]);
}

function way(
  name: string,
  wayOf: (result: Result) => OneWayFigures | undefined,
): Figure[] {
  return [
    [`${name} p50`, "us", (result) => wayOf(result)?.delay_us?.p50],
    [`${name} p99`, "us", (result) => wayOf(result)?.delay_us?.p99],
    [`${name} max`, "us", (result) => wayOf(result)?.delay_us?.max],
    [
      `${name} jitter, RFC 3550`,
      "us",
      (result) => wayOf(result)?.jitter_us?.rfc3550,
    ],
  ];
}
