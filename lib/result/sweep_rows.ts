/**
 * A sweep as CSV.
 *
 * @module
 */

import type { SweepPoint, SweepStep } from "./sweep.ts";

/** The columns of the CSV form, and what of a point is in each. */
const COLUMNS: [
  string,
  (point: SweepPoint, curve: Curve) => string | number | null | undefined,
][] = [
  ["quantity", (_, curve) => curve.quantity],
  ["against", (_, curve) => curve.against],
  ["size_bytes", (point) => point.size_bytes],
  ["delay_ms", (point) => point.delay_ms],
  ["sent", (point) => point.probes.sent],
  ["received", (point) => point.probes.received],
  ["rtt_min_us", (point) => point.rtt_us?.min],
  ["rtt_p50_us", (point) => point.rtt_us?.p50],
  ["rtt_p90_us", (point) => point.rtt_us?.p90],
  ["rtt_p99_us", (point) => point.rtt_us?.p99],
  ["rtt_max_us", (point) => point.rtt_us?.max],
  ["rtt_mean_us", (point) => point.rtt_us?.mean],
  ["rtt_stddev_us", (point) => point.rtt_us?.stddev],
  [
    "per_probe_mean_bits_per_second",
    (point) => point.throughput?.per_probe_mean_bits_per_second,
  ],
  [
    "aggregate_bits_per_second",
    (point) => point.throughput?.aggregate_bits_per_second,
  ],
  ["error", (point) => point.error],
];

/** On which curve a point lies. */
export type Curve = Pick<SweepStep, "quantity" | "against">;

/**
 * The header of a sweep's CSV form.
 *
 * @returns The names of the columns.
 */
export function sweepCsvHeader(): string {
  return COLUMNS.map(([name]) => name).join(",");
}

/**
 * Writes a point as a CSV row (RFC 4180). What is unknown is empty.
 *
 * @param curve What is measured, against what.
 * @param point The point.
 * @returns The row, without a newline.
 */
export function sweepCsvRow(curve: Curve, point: SweepPoint): string {
  return COLUMNS.map(([, of]) => field(of(point, curve) ?? "")).join(",");
}

/** Quoted where it holds what would end it. */
function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
