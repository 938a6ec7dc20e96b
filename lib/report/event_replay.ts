/**
 * Rebuilds a result from the events of an NDJSON file.
 *
 * The last event is the result. If a file ends before it, because the run was
 * killed or the file cut off, the result is computed from the events in it.
 *
 * @module
 */

import { ResultBuilder } from "../result/builder.ts";
import {
  COMPARE_START,
  type CompareMetadata,
  type CompareResult,
  EXPERIMENT,
} from "../result/compare_schema.ts";
import { checked } from "../result/figure_schema.ts";
import { formatCount } from "../result/quantities.ts";
import {
  checkedResult,
  MEASUREMENT_START,
  type MeasurementMetadata,
  POINT,
  type Result,
  SAMPLE,
  type SampleFigures,
  SWEEP_START,
  type SweepMetadata,
  type SweepResult,
} from "../result/schema.ts";
import {
  THROUGHPUT_INTERVAL,
  THROUGHPUT_START,
  type ThroughputDirection,
  type ThroughputMetadata,
} from "../result/throughput_schema.ts";
import { ResultError } from "../result/result_error.ts";
import { addPoint } from "../result/sweep.ts";

/** A result, and what a reader should know about its file. */
export interface ReadResult {
  /** The result. */
  result: Result;
  /** Sentences. */
  remarks: string[];
}

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
    const { event, data } = eventOf(first);
    if (event !== "start") {
      throw new ResultError(
        "it has events of another program, or not from their start",
      );
    }
    this.#rebuild = rebuildOf(data);
  }

  /**
   * Takes the next event. An event with an unknown name is ignored.
   *
   * @param next The event, of unknown shape.
   * @throws {SyntaxError} If it does not have the shape that its name requires.
   */
  take(next: unknown): void {
    const { event, data } = eventOf(next);
    if (event === "start") {
      throw new SyntaxError(
        "a second run starts; keep each run in a file of its own",
      );
    }
    if (event === "end") this.#end = checkedResult(data);
    else if (event === "error") this.#error = messageOf(data);
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
    if (this.#end !== null) return readResultOf(this.#end);
    const count = formatCount(this.#count, this.#rebuild.event);
    const early =
      `The file ends early: its figures are computed from the ${count} in it.`;
    const result = this.#rebuild.result();
    if (this.#error === null) return { result, remarks: [early] };
    const failed = { ended: "failed" as const, error: this.#error };
    const { remarks } = readResultOf({ ...result, ...failed });
    return { result: { ...result, ...failed }, remarks: [...remarks, early] };
  }
}

/**
 * Tells how the run of a result ended, unless it was complete.
 *
 * @param result The result.
 * @returns The result, and what a reader should know about it.
 */
export function readResultOf(result: Result): ReadResult {
  const { ended, error } = result;
  const remarks = ended === "failed"
    ? [`The run failed: ${error ?? "it gives no reason"}.`]
    : ended === "interrupted"
    ? ["The run was interrupted: its figures cover the time until then."]
    : [];
  return { result, remarks };
}

function eventOf(value: unknown): { event: string; data: unknown } {
  const { event, data } = Object(value) as Record<string, unknown>;
  if (typeof event !== "string") throw new SyntaxError("it is not an event");
  return { event, data };
}

function messageOf(data: unknown): string {
  const { message } = Object(data) as Record<string, unknown>;
  return typeof message === "string" ? message : "it gives no reason";
}

function rebuildOf(start: unknown): Rebuild {
  const { mode } = Object(start) as Record<string, unknown>;
  switch (mode) {
    case "sweep":
      return sweepOf(checked(SWEEP_START, start, "its start"));
    case "compare":
      return comparisonOf(checked(COMPARE_START, start, "its start"));
    case "throughput":
      return throughputOf(checked(THROUGHPUT_START, start, "its start"));
    default:
      return measurementOf(checked(MEASUREMENT_START, start, "its start"));
  }
}

function sweepOf(metadata: SweepMetadata): Rebuild {
  const result: SweepResult = {
    ...metadata,
    ended: "interrupted",
    curves: [],
    notes: [],
  };
  return {
    event: "point",
    take(data) {
      const { quantity, against, ...point } = checked(POINT, data, "its point");
      addPoint(result.curves, { quantity, against }, point);
    },
    result: () => checkedResult(result),
  };
}

function comparisonOf(metadata: CompareMetadata): Rebuild {
  const result: CompareResult = {
    ...metadata,
    ended: "interrupted",
    experiments: [],
    notes: [],
  };
  return {
    event: "experiment",
    take(data) {
      result.experiments.push(checked(EXPERIMENT, data, "its experiment"));
    },
    result: () => checkedResult(result),
  };
}

/** What the client's side counted: the intervals know nothing of the server's. */
function throughputOf(metadata: ThroughputMetadata): Rebuild {
  const directions: ThroughputDirection[] = [];
  return {
    event: "interval",
    take(data) {
      const { direction, ...interval } = checked(
        THROUGHPUT_INTERVAL,
        data,
        "its interval",
      );
      let found = directions.find((one) => one.direction === direction);
      if (found === undefined) {
        found = {
          direction,
          sender: null,
          receiver: null,
          retransmits: null,
          jain_index: null,
          rate_of_100_ms: null,
          streams: [],
          intervals: [],
        };
        directions.push(found);
      }
      found.intervals.push(interval);
    },
    result: () =>
      checkedResult({
        ...metadata,
        ended: "interrupted",
        directions: directions.map((direction) => ({
          ...direction,
          [direction.direction === "forward" ? "sender" : "receiver"]:
            intervalSum(direction),
        })),
        summary: {
          goodput_bits_per_second: null,
          sent_bits_per_second: null,
          p10_bits_per_second: null,
          p90_bits_per_second: null,
          jain_index: null,
        },
        processor_percent: { client: null, server: null, limit: null },
        notes: [],
      }),
  };
}

function intervalSum({ intervals }: ThroughputDirection) {
  const counted = intervals.filter(({ omitted }) => !omitted);
  const bytes = counted.reduce((sum, { bytes }) => sum + bytes, 0);
  const seconds = Math.max(0, counted.at(-1)?.end_s ?? 0);
  const rate = seconds > 0 ? bytes * 8 / seconds : null;
  return { bytes, seconds, bits_per_second: rate };
}

function measurementOf(metadata: MeasurementMetadata): Rebuild {
  const { protocol, mode, target, options } = metadata;
  const number = (key: string) => {
    const value = options.used[key];
    return typeof value === "number" && value >= 0 && value < 1e15 ? value : 0;
  };
  const builder = new ResultBuilder({
    protocol,
    mode,
    target,
    sizeBytes: number("size_bytes"),
    intervalMs: number("interval_ms"),
    ...(protocol === "stamp" && { replies: NOTHING_REPORTED }),
    clocksTrusted: options.used["trust_clocks"] === true,
    options,
  });
  return {
    event: "sample",
    take(data) {
      builder.add(sampleOf(checked(SAMPLE, data, "its sample")));
    },
    result() {
      const { probes, quality, ...figures } = builder.result();
      const { sent, received, lost, warmup } = probes;
      return {
        ...figures,
        ...metadata,
        ended: "interrupted",
        probes: { sent, received, lost, warmup },
        // The clock and the processor are those of this machine.
        quality: {
          ...quality,
          clock_resolution_us: null,
          processor_percent: null,
        },
      };
    },
  };
}

/** What only the last event contains. */
const NOTHING_REPORTED = {
  counts: {
    late: 0,
    duplicate: 0,
    reordered: 0,
    lostForward: 0,
    lostBackward: 0,
  },
  queue: null,
  faults: { corrupt: 0, short: 0, long: 0, twampLight: 0, implausible: 0 },
  directionsKnown: null,
  countedAnew: false,
  outstanding: 0,
  strays: { count: 0, from: "" },
  failedSends: 0,
  failure: null,
};

function sampleOf(figures: SampleFigures) {
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
