/**
 * A measurement once more, from the events of its `--ndjson` file.
 *
 * The last event is the result. Of a file that ends before it, killed or cut
 * off, the result is made from the events that are there.
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
import { addPoint } from "../result/sweep.ts";

/** A result, and what is to be known of the file it comes from. */
export interface ReadResult {
  /** The result. */
  result: Result;
  /** Sentences. */
  remarks: string[];
}

/** Makes a result from the events of one kind of run. */
interface Remake {
  /** Takes an event. */
  take(event: string, data: unknown): void;
  /** What the events so far add up to, and what they are called. */
  made(): { result: ReadResult["result"]; of: string };
}

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
  #remake: Remake;
  #end: ReadResult["result"] | null = null;
  #errors: string[] = [];

  /**
   * Starts with the first event.
   *
   * @param first The event, of unknown shape.
   * @throws {SyntaxError} If no measurement starts with it.
   */
  constructor(first: unknown) {
    const { event, data } = eventOf(first);
    if (event !== "start") {
      throw new SyntaxError(
        "it has events of another program, or not from their start; measure with --json or --ndjson",
      );
    }
    this.#remake = remakeOf(data);
  }

  /**
   * Takes the next event. One of an unknown name says nothing here.
   *
   * @param next The event, of unknown shape.
   * @throws {SyntaxError} If it is not as an event of that name is.
   */
  take(next: unknown): void {
    const { event, data } = eventOf(next);
    if (event === "start") {
      throw new SyntaxError(
        "a second measurement starts; keep each in a file of its own",
      );
    }
    if (event === "end") this.#end = checkedResult(data);
    else if (event === "error") this.#errors.push(messageOf(data));
    else if (this.#end === null) this.#remake.take(event, data);
  }

  /**
   * What the events add up to.
   *
   * @returns The result, and what is to be known of it.
   */
  result(): ReadResult {
    const failures = this.#errors.map((message) =>
      `The run failed: ${message}.`
    );
    if (this.#end !== null) return { result: this.#end, remarks: failures };
    const { result, of } = this.#remake.made();
    const early =
      `The file ends early: its figures are computed from the ${of} in it.`;
    return { result, remarks: [...failures, early] };
  }
}

function eventOf(value: unknown): { event: string; data: unknown } {
  const { event, data } = Object(value) as Record<string, unknown>;
  if (typeof event !== "string") throw new SyntaxError("it is no event");
  return { event, data };
}

function messageOf(data: unknown): string {
  const { message } = Object(data) as Record<string, unknown>;
  return typeof message === "string" ? message : "it does not say why";
}

function remakeOf(label: unknown): Remake {
  const { mode } = Object(label) as Record<string, unknown>;
  switch (mode) {
    case "sweep":
      return remadeSweep(checked(SWEEP_START, label, "its start"));
    case "compare":
      return remadeComparison(checked(COMPARE_START, label, "its start"));
    default:
      return remadeMeasurement(checked(MEASUREMENT_START, label, "its start"));
  }
}

function remadeSweep(label: SweepMetadata): Remake {
  const result: SweepResult = {
    ...label,
    ended: "interrupted",
    curves: [],
    notes: [],
  };
  let count = 0;
  return {
    take(event, data) {
      if (event !== "point") return;
      const point = checked(POINT, data, "its point");
      const { quantity, against, ...figures } = point;
      addPoint(result.curves, { quantity, against }, figures);
      count += 1;
    },
    made: () => ({
      result: checkedResult(result), // there may be too many
      of: formatCount(count, "point"),
    }),
  };
}

function remadeComparison(label: CompareMetadata): Remake {
  const result: CompareResult = {
    ...label,
    ended: "interrupted",
    experiments: [],
    notes: [],
  };
  return {
    take(event, data) {
      if (event !== "experiment") return;
      result.experiments.push(checked(EXPERIMENT, data, "its experiment"));
    },
    made: () => ({
      result: checkedResult(result), // there may be too many
      of: formatCount(result.experiments.length, "experiment"),
    }),
  };
}

function remadeMeasurement(label: MeasurementMetadata): Remake {
  const { protocol, mode, target, options } = label;
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
    options,
  });
  let count = 0;
  return {
    take(event, data) {
      if (event !== "sample") return;
      builder.add(sampleOf(checked(SAMPLE, data, "its sample")));
      count += 1;
    },
    made() {
      const { probes, quality, ...figures } = builder.result();
      const { sent, received, lost, warmup } = probes;
      return {
        result: {
          ...figures,
          ...label,
          ended: "interrupted",
          probes: { sent, received, lost, warmup },
          // Of the machine that measured, not of this one.
          quality: {
            ...quality,
            clock_resolution_us: null,
            processor_percent: null,
          },
        },
        of: formatCount(count, "sample"),
      };
    },
  };
}

/** What only the end event would say. */
const NOTHING_REPORTED = {
  counts: {
    late: 0,
    duplicate: 0,
    reordered: 0,
    lostForward: 0,
    lostBackward: 0,
  },
  faults: { corrupt: 0, short: 0, implausible: 0 },
  directionsKnown: null,
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
    sendCallMs: figures.send_call_us / 1000,
    rttMs: figures.rtt_us === null ? null : figures.rtt_us / 1000,
    ...(reflector_us !== undefined && { reflectorMs: reflector_us / 1000 }),
    ...(forward_us !== undefined && { forwardMs: forward_us / 1000 }),
    ...(backward_us !== undefined && { backwardMs: backward_us / 1000 }),
  };
}
