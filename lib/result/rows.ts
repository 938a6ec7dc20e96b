/**
 * A measurement as rows for other programs: CSV, and NDJSON events.
 *
 * @module
 */

import type { Label } from "./run_metadata.ts";
import type { Result } from "./result.ts";
import type { Sample } from "../stats/sample.ts";
import type { SweepCurve, SweepPoint, SweepResult } from "./sweep.ts";
import type { CompareResult } from "./compare_result.ts";
import type { Section } from "./section.ts";

/** The columns of the CSV form that every protocol has. */
const COLUMNS = [
  "sequence",
  "warmup",
  "intended_ms",
  "sent_ms",
  "send_call_us",
  "rtt_us",
] as const;
/** Those that come from the far end's clock. */
const FAR_COLUMNS = ["reflector_us", "forward_us", "backward_us"] as const;

const CSV_COLUMNS = {
  measure: COLUMNS,
  stamp: [...COLUMNS, ...FAR_COLUMNS],
};

/**
 * The header of the CSV form.
 *
 * @param protocol The protocol spoken.
 * @returns The names of the columns.
 */
export function csvHeader(protocol: Result["protocol"]): string {
  return CSV_COLUMNS[protocol].join(",");
}

/**
 * Writes a sample as a CSV row (RFC 4180). What is unknown is empty, as the
 * `rtt_us` of a lost probe.
 *
 * @param sample The sample.
 * @param startMs When the session started, by the samples' clock.
 * @param protocol The protocol spoken.
 * @returns The row, without a newline.
 *
 * @example Usage
 * ```ts
 * import { csvRow } from "./rows.ts";
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
  protocol: Result["protocol"],
): string {
  const row = figures(sample, startMs);
  return CSV_COLUMNS[protocol].map((column) => row[column] ?? "").join(",");
}

/** A sample's figures; times from the start of the session. */
export interface SampleFigures {
  /** Its number in the session. */
  sequence: number;
  /** Whether it only warmed up. */
  warmup: boolean;
  /** When it was meant to be sent. */
  intended_ms: number;
  /** When it was sent. */
  sent_ms: number;
  /** How long the call that sent it took. */
  send_call_us: number;
  /** Its round-trip time; `null` if it was lost. */
  rtt_us: number | null;
  /** How long the reflector says it took; the RTT is without it. */
  reflector_us?: number;
  /** The way there by two clocks, their offset included. */
  forward_us?: number;
  /** The way back, likewise. */
  backward_us?: number;
}

/** What the events of the NDJSON form carry. */
export interface Events {
  /** The session starts. */
  start: Label;
  /** A probe was answered or lost. */
  sample: SampleFigures;
  /** A point of a sweep was measured. */
  point: Pick<SweepCurve, "quantity" | "against"> & SweepPoint;
  /** An experiment of a comparison was done. */
  section: Section;
  /** The session ended; the same object as `--json`. */
  end: Result | SweepResult | CompareResult;
  /** Something ended it early. */
  error: { message: string };
}

/**
 * Writes a result as JSON for people and programs: indented, but a list of
 * numbers on one line.
 *
 * @param result The result.
 * @returns Lines, without a newline at the end.
 */
export function formatJson(result: object): string {
  // A line break is never inside of a string, where it would be escaped.
  return JSON.stringify(result, null, 2).replace(
    /\[\n[^[\]{}"]*\]/g,
    (list) => list.replace(/\n\s*/g, "").replaceAll(",", ", "),
  );
}

/**
 * Writes one event.
 *
 * @param event Its name.
 * @param data What it carries.
 * @returns One line of JSON, without a newline.
 */
export function ndjsonEvent<E extends keyof Events>(
  event: E,
  data: Events[E],
): string {
  return JSON.stringify({ event, data });
}

/**
 * A sample's figures, times from the start of the session.
 *
 * @param sample The sample.
 * @param startMs When the session started, by the samples' clock.
 * @returns The figures, as the `sample` event carries them.
 */
export function figures(sample: Sample, startMs: number): SampleFigures {
  return {
    sequence: sample.sequence,
    warmup: sample.warmup,
    intended_ms: toNanosecond(sample.intendedAtMs - startMs, 1e6),
    sent_ms: toNanosecond(sample.sentAtMs - startMs, 1e6),
    send_call_us: microseconds(sample.sendCallMs),
    rtt_us: sample.rttMs === null ? null : microseconds(sample.rttMs),
    ...(sample.reflectorMs !== undefined && {
      reflector_us: microseconds(sample.reflectorMs),
    }),
    ...(sample.forwardMs !== undefined && {
      forward_us: microseconds(sample.forwardMs),
    }),
    ...(sample.backwardMs !== undefined && {
      backward_us: microseconds(sample.backwardMs),
    }),
  };
}

function microseconds(ms: number): number {
  return toNanosecond(ms * 1000, 1e3);
}

function toNanosecond(value: number, perUnit: number): number {
  return Math.round(value * perUnit) / perUnit;
}
