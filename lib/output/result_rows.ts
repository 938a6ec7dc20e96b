/**
 * A measurement as rows for other programs: CSV, and NDJSON events.
 *
 * @module
 */

import type { Result } from "../measure/result.ts";
import type { Sample } from "../measure/sample.ts";

/** The header of the CSV form. */
export const CSV_HEADER =
  "sequence,warmup,intended_ms,sent_ms,send_call_us,rtt_us";

/**
 * Writes a sample as a CSV row (RFC 4180). A lost probe has an empty `rtt_us`.
 *
 * @param sample The sample.
 * @param startMs When the session started, by the samples' clock.
 * @returns The row, without a newline.
 *
 * @example Usage
 * ```ts
 * import { csvRow } from "./result_rows.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const row = csvRow({
 *   sequence: 1,
 *   warmup: false,
 *   intendedAtMs: 1000,
 *   sentAtMs: 1000.1,
 *   sendCallMs: 0.012,
 *   rttMs: 0.0345,
 * }, 1000);
 * assertEquals(row, "1,false,0,0.1,12,34.5");
 * ```
 */
export function csvRow(sample: Sample, startMs: number): string {
  const { sequence, warmup, rtt_us, ...times } = figures(sample, startMs);
  const { intended_ms, sent_ms, send_call_us } = times;
  return [sequence, warmup, intended_ms, sent_ms, send_call_us, rtt_us ?? ""]
    .join(",");
}

/** A sample's figures; times from the start of the session. */
export interface SampleFigures {
  /** Its number in the session, from 1. */
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
}

/** What the events of the NDJSON form carry. */
export interface Events {
  /** The session starts: where to, with which options. */
  start: { target: string; options: object };
  /** A probe was answered or lost. */
  sample: SampleFigures;
  /** The session ended; the same object as `--json`. */
  end: Result;
  /** Something ended it early. */
  error: { message: string };
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
    send_call_us: toNanosecond(sample.sendCallMs * 1000, 1e3),
    rtt_us: sample.rttMs === null
      ? null
      : toNanosecond(sample.rttMs * 1000, 1e3),
  };
}

function toNanosecond(value: number, perUnit: number): number {
  return Math.round(value * perUnit) / perUnit;
}
