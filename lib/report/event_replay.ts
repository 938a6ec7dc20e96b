/**
 * Rebuilds a result from the events of an NDJSON file.
 *
 * The last event is the result. If a file ends before it, because the run was
 * killed or the file cut off, the result is computed from the events in it.
 *
 * @module
 */

import type { GenericSchema } from "npm:valibot@^1.1.0";
import { ResultBuilder } from "../result/builder.ts";
import { EXPERIMENT } from "../result/compare_schema.ts";
import { checked, type Output } from "../result/figure_schema.ts";
import { formatCount } from "../result/quantities.ts";
import {
  checkedResult,
  kindSchemas,
  type MeasurementMetadata,
  POINT,
  type Result,
  type ResultEvent,
  SAMPLE,
  type SampleFigures,
  type SweepCurve,
} from "../result/schema.ts";
import type { Sample } from "../stats/sample.ts";
import { ResultError } from "../result/result_error.ts";
import { addPoint } from "../result/sweep.ts";
import { recordedFigures } from "../result/throughput_builder.ts";
import { THROUGHPUT_INTERVAL } from "../result/throughput_schema.ts";
import { underLoadResult } from "../result/under_load_builder.ts";
import { PHASE_RECORD } from "../result/under_load_schema.ts";

/** A result, and what a reader should know about its file. */
export interface ReadResult {
  /** The result. */
  result: Result;
  /** Sentences. */
  remarks: string[];
}

type Start = Extract<ResultEvent, { event: "start" }>["data"];

/** Builds the result of one kind of run. */
interface Rebuild {
  /** The name of the events that it takes. */
  event: string;
  /** Takes the data of such an event. */
  take(data: unknown): void;
  /** Computes the result. */
  result(): Result;
}

/** The maximum number of events that are kept, unlike samples. */
const MAX_KEPT = 20_000;

/**
 * Takes the events of one file.
 *
 * @example Usage
 * ```ts
 * import { EventReplay } from "./event_replay.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(
 *   () => new EventReplay({ event: "listening", address: "127.0.0.1:5000" }),
 *   SyntaxError,
 *   "another program",
 * );
 * ```
 */
export class EventReplay {
  #rebuild: Rebuild;
  #count = 0;
  #end: Result | null = null;
  #error: string | null = null;

  /**
   * Starts with the first event.
   *
   * @param first The event, of unknown shape.
   * @throws {SyntaxError} If it is not the start of a run.
   */
  constructor(first: unknown) {
    const { event, data } = parseEvent(first);
    if (event !== "start") {
      throw new ResultError(
        "it has events of another program, or not from their start",
      );
    }
    this.#rebuild = startRebuild(
      checked(kindSchemas(Object(data).mode).start, data, "its start") as Start,
    );
  }

  /**
   * Takes the next event. An event with an unknown name is ignored.
   *
   * @param next The event, of unknown shape.
   * @throws {SyntaxError} If it does not have the shape that its name requires.
   */
  take(next: unknown): void {
    const { event, data } = parseEvent(next);
    if (event === "start") {
      throw new SyntaxError(
        "a second run starts; keep each run in a file of its own",
      );
    }
    if (event === "end") this.#end = checkedResult(data);
    else if (event === "error") this.#error = errorText(data);
    else if (event === this.#rebuild.event && this.#end === null) {
      this.#rebuild.take(data);
      this.#count += 1;
      if (event !== "sample" && this.#count > MAX_KEPT) {
        throw new SyntaxError(`it has more than ${MAX_KEPT} ${event}s`);
      }
    }
  }

  /**
   * Computes the result of the events so far.
   *
   * @returns The result, and what a reader should know about it.
   * @throws {SyntaxError} If there are too many events for a result.
   */
  result(): ReadResult {
    if (this.#end !== null) return withRemarks(this.#end);
    const count = formatCount(this.#count, this.#rebuild.event);
    const early =
      `The file ends early: its figures are computed from the ${count} in it.`;
    const result = this.#rebuild.result();
    if (this.#error === null) return { result, remarks: [early] };
    const failed = { ...result, ended: "failed" as const, error: this.#error };
    return {
      result: failed,
      remarks: [...withRemarks(failed).remarks, early],
    };
  }
}

/** @internal A result, and how its run ended unless it was complete. */
export function withRemarks(result: Result): ReadResult {
  const remarks = {
    complete: [],
    failed: [`The run failed: ${result.error ?? "it gives no reason"}.`],
    interrupted: [
      "The run was interrupted: its figures cover the time until then.",
    ],
  };
  return { result, remarks: remarks[result.ended] };
}

function parseEvent(value: unknown): { event: string; data: unknown } {
  const { event, data } = Object(value) as Record<string, unknown>;
  if (typeof event !== "string") throw new SyntaxError("it is not an event");
  return { event, data };
}

function errorText(data: unknown): string {
  const { message } = Object(data) as Record<string, unknown>;
  return typeof message === "string" ? message : "it gives no reason";
}

function startRebuild(start: Start): Rebuild {
  switch (start.mode) {
    case "sweep":
      return rebuild(start, "point", POINT, (points) => {
        const curves: SweepCurve[] = [];
        for (const { quantity, against, ...point } of points) {
          addPoint(curves, { quantity, against }, point);
        }
        return { curves };
      });
    case "compare":
      return rebuild(start, "experiment", EXPERIMENT, (experiments) => (
        { experiments }
      ));
    case "throughput":
      return rebuild(start, "interval", THROUGHPUT_INTERVAL, recordedFigures);
    case "under-load":
      return rebuild(
        start,
        "phase",
        PHASE_RECORD,
        (series) => ({
          ...underLoadResult(start, series),
          ended: "interrupted",
        }),
      );
    default:
      return rebuildMeasurement(start);
  }
}

/** Keeps what the events carry, and computes the figures at the end. */
function rebuild<S extends GenericSchema>(
  start: Start,
  event: string,
  schema: S,
  figures: (kept: Output<S>[]) => object,
): Rebuild {
  const kept: Output<S>[] = [];
  const rest = { ended: "interrupted", notes: [] };
  return {
    event,
    take: (data) => kept.push(checked(schema, data, `its ${event}`)),
    result: () => checkedResult({ ...start, ...rest, ...figures(kept) }),
  };
}

function rebuildMeasurement(metadata: MeasurementMetadata): Rebuild {
  const { options } = metadata;
  const number = (key: string) => {
    const value = options.used[key];
    return typeof value === "number" && value >= 0 && value < 1e15 ? value : 0;
  };
  const builder = new ResultBuilder({
    ...metadata,
    sizeBytes: number("size_bytes"),
    intervalMs: number("interval_ms"),
    clocksTrusted: options.used["trust_clocks"] === true,
  });
  return {
    event: "sample",
    take: (data) => builder.add(toSample(checked(SAMPLE, data, "its sample"))),
    result() {
      const result = builder.result();
      // The clock and the processor are those of this machine.
      const unknown = { clock_resolution_us: null, processor_percent: null };
      return {
        ...result,
        ...metadata,
        ended: "interrupted",
        quality: { ...result.quality, ...unknown },
      };
    },
  };
}

function toSample(figures: SampleFigures): Sample {
  const { reflector_us, forward_us, backward_us } = figures;
  return {
    sequence: figures.sequence,
    warmup: figures.warmup,
    intendedAtMs: figures.intended_ms,
    sentAtMs: figures.sent_ms,
    sendCallMs: (figures.send_call_us ?? 0) / 1000,
    rttMs: figures.rtt_us === null ? null : figures.rtt_us / 1000,
    ...(reflector_us !== undefined && { reflectorMs: reflector_us / 1000 }),
    ...(forward_us !== undefined && { forwardMs: forward_us / 1000 }),
    ...(backward_us !== undefined && { backwardMs: backward_us / 1000 }),
  };
}
