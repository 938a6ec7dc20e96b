/**
 * Results for other programs: JSON, and a row of CSV (RFC 4180) for each sample,
 * point, interval or bin, to which the report adds time, target and run. An
 * unknown figure is `null`; in CSV it is empty.
 *
 * @module
 */

import { stringify } from "npm:deno-std@^1.4.0/csv/stringify.js";
import type { Sample } from "../stats/sample.ts";
import { safeJson } from "./escape.ts";
import { type Figure, FIGURES, findFigure } from "./figures.ts";
import type {
  MeasurementResult,
  SampleFigures,
  SweepCurve,
  SweepPoint,
} from "./schema.ts";
import type { ThroughputInterval } from "./throughput_schema.ts";
import type { PhaseRecord } from "./under_load_schema.ts";
import { loadBins } from "./under_load_series.ts";

/** The columns of a sample that every protocol has. */
const SAMPLE_COLUMNS: (keyof SampleFigures)[] = [
  "sequence",
  "warmup",
  "intended_ms",
  "sent_ms",
  "send_call_us",
  "rtt_us",
];

const CSV_COLUMNS = {
  measure: SAMPLE_COLUMNS,
  tcp: SAMPLE_COLUMNS.filter((column) => column !== "send_call_us"),
  stamp: [...SAMPLE_COLUMNS, "reflector_us", "forward_us", "backward_us"],
} satisfies Record<MeasurementResult["protocol"], (keyof SampleFigures)[]>;

/**
 * Writes a result as JSON: indented, with each list of numbers on one line.
 *
 * @param result The result.
 * @returns Lines, without a newline at the end.
 */
export function formatJson(result: object): string {
  // No string contains a raw line break: JSON escapes it.
  return safeJson(result, 2).replace(
    /\[\n[^[\]{}"]*\]/g,
    (list) => list.replace(/\n\s*/g, "").replaceAll(",", ", "),
  );
}

/**
 * The header of the CSV form of a measurement.
 *
 * @param protocol The protocol spoken.
 * @returns The names of the columns.
 */
export function csvHeader(protocol: MeasurementResult["protocol"]): string {
  return CSV_COLUMNS[protocol].join(",");
}

/**
 * Writes a sample as a CSV row. The values are numbers and booleans, which need
 * no quotes.
 *
 * @param sample The sample.
 * @param startMs When the session started, by the samples' clock.
 * @param protocol The protocol spoken.
 * @returns The row, without a newline.
 *
 * @example Usage
 * ```ts
 * import { csvRow } from "./formats.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const sample = {
 *   sequence: 1,
 *   warmup: false,
 *   intendedAtMs: 1000,
 *   sentAtMs: 1000.1,
 *   sendCallMs: 0.012,
 *   rttMs: 0.0345,
 * };
 * assertEquals(csvRow(sample, 1000, "measure"), "1,false,0,0.1,12,34.5");
 * ```
 */
export function csvRow(
  sample: Sample,
  startMs: number,
  protocol: MeasurementResult["protocol"],
): string {
  const row = sampleFigures(sample, startMs);
  return CSV_COLUMNS[protocol].map((column) => row[column] ?? "").join(",");
}

/**
 * The figures of a sample, moments counted from the start of the session.
 *
 * @param sample The sample.
 * @param startMs When the session started, by the samples' clock.
 * @returns The figures, as the `sample` event carries them.
 */
export function sampleFigures(sample: Sample, startMs: number): SampleFigures {
  const { reflectorMs, forwardMs, backwardMs } = sample;
  return {
    sequence: sample.sequence,
    warmup: sample.warmup,
    intended_ms: toNanosecond(sample.intendedAtMs - startMs, 1e6),
    sent_ms: toNanosecond(sample.sentAtMs - startMs, 1e6),
    ...(sample.sendCallMs > 0 && {
      send_call_us: microseconds(sample.sendCallMs),
    }),
    rtt_us: sample.rttMs === null ? null : microseconds(sample.rttMs),
    ...(reflectorMs !== undefined && {
      reflector_us: microseconds(reflectorMs),
    }),
    ...(forwardMs !== undefined && { forward_us: microseconds(forwardMs) }),
    ...(backwardMs !== undefined && { backward_us: microseconds(backwardMs) }),
  };
}

function microseconds(ms: number): number {
  return toNanosecond(ms * 1000, 1e3);
}

function toNanosecond(value: number, perUnit: number): number {
  return Math.round(value * perUnit) / perUnit;
}

/** The figures of a point in CSV. */
const POINT_FIGURES: Figure[] = [
  findFigure("sent")!,
  findFigure("received")!,
  ...FIGURES.filter(({ series }) =>
    series === "RTT" || series === "throughput"
  ),
];

/** Returns the header of the CSV form of a sweep. */
export function sweepCsvHeader(): string {
  return [
    "quantity",
    "against",
    "size_bytes",
    "delay_ms",
    ...POINT_FIGURES.map(({ key, unit }) =>
      key.replace("99.9", "999").replace(".", "_") +
      (unit === "count" ? "" : `_${unit}`)
    ),
    "error",
  ].join(",");
}

/**
 * Writes a point of a sweep as a CSV row.
 *
 * @param place The curve of the point.
 * @param point The point.
 * @returns The row, without a newline.
 */
export function sweepCsvRow(
  place: Pick<SweepCurve, "quantity" | "against">,
  point: SweepPoint,
): string {
  return csvFields([
    place.quantity,
    place.against,
    point.size_bytes,
    point.delay_ms,
    ...POINT_FIGURES.map((figure) => figure.read(point) ?? ""),
    point.error ?? "",
  ]);
}

const INTERVAL_COLUMNS = [
  ...["direction", "start_s", "end_s", "omitted", "bytes"],
  ...["bits_per_second", "datagrams", "lost", "jitter_us"],
] as (keyof ThroughputInterval)[];

/** The header of the CSV form of a throughput test. */
export const THROUGHPUT_CSV_HEADER: string = INTERVAL_COLUMNS.join(",");

/** Writes an interval of a throughput test as a CSV row, without a newline. */
export function throughputCsvRow(interval: ThroughputInterval): string {
  return INTERVAL_COLUMNS.map((column) => interval[column] ?? "").join(",");
}

/** The header of the CSV form of a run under load. */
export const UNDER_LOAD_CSV_HEADER: string =
  "phase,at_ms,down_bits_per_second,up_bits_per_second,sent,lost,rtt_p50_us," +
  "rtt_max_us";

/**
 * Writes the bins of a phase as CSV rows.
 *
 * @param record The phase.
 * @returns Each row, without a newline, and when its bin started.
 */
export function underLoadCsvRows(
  record: PhaseRecord,
): { row: string; at_ms: number }[] {
  return loadBins(record).map((bin) => ({
    row: csvFields([
      record.name,
      ...Object.values(bin).map((value) =>
        value === null ? "" : Math.round(value * 10) / 10
      ),
    ]),
    at_ms: bin.at_ms,
  }));
}

/** @internal Writes fields of CSV, quoted where they need it. */
export function csvFields(fields: (string | number)[]): string {
  const text: string = stringify([fields], { headers: false });
  return text.trimEnd();
}
