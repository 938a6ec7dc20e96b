/**
 * The result: one schema for each kind, which is also its type.
 *
 * A part that does not apply is absent; a figure that is unknown is `null`.
 * Durations are in microseconds unless the key says otherwise, rates in bits per
 * second. `docs/result.schema.json` is generated from this module.
 *
 * Only readers of results load this module and valibot. Writers use
 * `import type`.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import type { PercentileFigures } from "../stats/histogram.ts";
import type { JitterFigures } from "../stats/jitter.ts";
import type { OneWayResult, OneWayTimelines } from "../stats/one_way.ts";
import { COMPARE, COMPARE_START, EXPERIMENT } from "./compare_schema.ts";
import {
  about,
  BIN_COUNTS,
  checked,
  COUNT,
  DISTRIBUTION,
  ENDING,
  FIGURE,
  histogramOf,
  isRising,
  LIMIT,
  list,
  metadataEntries,
  NOTES,
  type Output,
  POSITIVE,
  TEXT,
  TIMELINE,
} from "./figure_schema.ts";
import { ResultError } from "./result_error.ts";
import {
  THROUGHPUT_INTERVAL,
  THROUGHPUT_RESULT,
  THROUGHPUT_START,
} from "./throughput_schema.ts";

const PROBES = v.object({
  sent: about("Probes sent", COUNT),
  received: about("Probes answered in time", COUNT),
  lost: about("Probes not answered in time", COUNT),
  warmup: about("Probes sent before these; they are in no other figure", COUNT),
  not_sent: v.exactOptional(about(
    "Probes that were not sent because this program did not run at their time",
    COUNT,
  )),
  lost_forward: v.exactOptional(about(
    "Lost before they reached the reflector; null if that is unknown",
    v.nullable(COUNT),
  )),
  lost_backward: v.exactOptional(about(
    "Probes whose reply was lost; null if that is unknown",
    v.nullable(COUNT),
  )),
  late: v.exactOptional(
    about("Lost probes whose reply came after the deadline", COUNT),
  ),
  duplicate: v.exactOptional(
    about("Replies after the first to the same probe", COUNT),
  ),
  reordered: v.exactOptional(
    about("Replies that came after the reply to a later probe", COUNT),
  ),
  corrupt: v.exactOptional(
    about("Replies that do not answer what was sent", COUNT),
  ),
});

const RTT_US = about(
  "Round-trip times from when each probe was sent; null without a reply",
  v.nullable(DISTRIBUTION),
);

const THROUGHPUT = v.object({
  per_probe_mean_bits_per_second: about(
    "The mean of SIZE / RTT over the probes",
    v.nullable(POSITIVE),
  ),
  aggregate_bits_per_second: about(
    "PROBES * SIZE / the sum of the RTTs",
    v.nullable(POSITIVE),
  ),
});

const JITTER = v.object({
  rfc3550: about("Smoothed as in RFC 3550, section 6.4.1", FIGURE),
  ipdv_p50: about("The median difference of successive delays", FIGURE),
  ipdv_p99: FIGURE,
}) satisfies v.GenericSchema<unknown, JitterFigures>;

const WAY = v.object({
  min_us: about(
    "The interval that holds the minimum delay",
    v.object({ low: POSITIVE, high: POSITIVE }),
  ),
  delay_us: v.exactOptional(
    about("By the clocks as they are, if those are trusted", DISTRIBUTION),
  ),
  variation_us: about(
    "The delay above its minimum, without the drift; null if that is unknown",
    v.nullable(DISTRIBUTION),
  ),
  jitter_us: v.nullable(JITTER),
});

const ONE_WAY = v.object({
  clocks_trusted: about(
    "Whether delays are by the clocks as they are; else they are unknown",
    v.boolean(),
  ),
  clock_error_us: about(
    "The errors that both packets of a probe state, added up; the maximum",
    v.nullable(POSITIVE),
  ),
  clock_offset_us: about(
    "Half-way through the run, positive if the reflector's clock is ahead; " +
      "null if it did not drift steadily",
    v.nullable(FIGURE),
  ),
  clock_bound_us: about(
    "The true offset differs by at most this",
    v.nullable(POSITIVE),
  ),
  clock_drift_ppm: about(
    "Positive if the reflector's clock is faster",
    v.nullable(FIGURE),
  ),
  drift_bound_ppm: about(
    "The true drift differs by at most this",
    v.nullable(POSITIVE),
  ),
  forward: WAY,
  backward: WAY,
}) satisfies v.GenericSchema<unknown, OneWayResult>;

const QUALITY = v.object({
  clock_resolution_us: about("The step of the clock", v.nullable(FIGURE)),
  send_lateness_us: v.exactOptional(about(
    "How much later than intended probes were sent",
    v.nullable(v.object({ p50: FIGURE, p99: FIGURE, max: FIGURE })),
  )),
  send_call_us: about(
    "The duration of the call that sends a probe",
    v.nullable(v.object({ p50: FIGURE, p99: FIGURE })),
  ),
  processor_percent: about(
    "The share of one processor that this process used",
    v.nullable(FIGURE),
  ),
  maybe_dropped_here: v.exactOptional(about(
    "Lost probes whose reply this program may have dropped, at most; null if " +
      "that is unknown",
    v.nullable(COUNT),
  )),
  floor_us: about(
    "The RTT on loopback; null if it was not measured",
    v.nullable(v.object({ p50: FIGURE, p99: FIGURE })),
  ),
  notes: NOTES,
});

const SERIES = v.object({
  histogram: about(
    "Round-trip times",
    v.nullable(histogramOf({ count: BIN_COUNTS })),
  ),
  percentiles: about(
    "Percentiles of the RTT, closer together towards the maximum",
    v.nullable(
      v.pipe(
        v.object({ percent: list(POSITIVE), us: list(POSITIVE) }),
        v.check(
          ({ percent, us }) =>
            percent.length === us.length && isRising(percent),
          "percentiles that do not fit their values",
        ),
      ) satisfies v.GenericSchema<unknown, PercentileFigures>,
    ),
  ),
  timeline: TIMELINE,
  one_way: v.exactOptional(about(
    "The variation of each direction; null if the drift is unknown",
    v.nullable(
      v.object({
        forward: TIMELINE,
        backward: TIMELINE,
      }) satisfies v.GenericSchema<unknown, OneWayTimelines>,
    ),
  )),
});

const QUANTITY = v.picklist(["rtt", "tput"]);

const MEASUREMENT_METADATA = {
  ...metadataEntries(v.picklist(["rtt", "tput", "connect"])),
  protocol: about(
    "tcp is the set-up of a connection: SYN to SYN-ACK, as seen by connect",
    v.picklist(["measure", "stamp", "tcp"]),
  ),
};

/** @internal What the start event of a measurement carries. */
export const MEASUREMENT_START = v.object(MEASUREMENT_METADATA);

/** @internal */
export const MEASUREMENT = v.object({
  ...MEASUREMENT_METADATA,
  ...ENDING,
  probes: PROBES,
  probes_per_second: v.object({
    asked: about("null without a schedule", v.nullable(FIGURE)),
    achieved: about(
      "From the first probe to the last; null for fewer than two",
      v.nullable(FIGURE),
    ),
  }),
  rtt_us: RTT_US,
  rtt_with_reflector_us: v.exactOptional(about(
    "The RTT with the time that the reflector says it took",
    v.nullable(DISTRIBUTION),
  )),
  rtt_from_intended_us: v.exactOptional(about(
    "The RTT from when each probe was intended to be sent",
    v.nullable(DISTRIBUTION),
  )),
  jitter_us: v.nullable(JITTER),
  one_way: v.exactOptional(v.nullable(ONE_WAY)),
  throughput: v.exactOptional(THROUGHPUT),
  limits: v.exactOptional(
    about("The thresholds, and which were crossed", list(LIMIT, 100)),
  ),
  quality: QUALITY,
  series: SERIES,
});

const CURVE = {
  quantity: about("What is measured", QUANTITY),
  against: about("What varies", v.picklist(["size", "delay"])),
};

const SWEEP_POINT = v.object({
  size_bytes: about("The payload of each probe", COUNT),
  delay_ms: about("How long the server held each echo", POSITIVE),
  probes: PROBES,
  rtt_us: RTT_US,
  throughput: v.exactOptional(THROUGHPUT),
  error: about("Why the point failed; null if it did not", v.nullable(TEXT)),
});

const SWEEP_METADATA = {
  ...metadataEntries(v.literal("sweep")),
  protocol: v.literal("measure"),
};

/** @internal What the start event of a sweep carries. */
export const SWEEP_START = v.object(SWEEP_METADATA);

/** @internal A point, as its event carries it. */
export const POINT = v.object({ ...CURVE, ...SWEEP_POINT.entries });

/** @internal */
export const SWEEP = v.object({
  ...SWEEP_METADATA,
  ...ENDING,
  curves: list(v.object({ ...CURVE, points: list(SWEEP_POINT, 1000) }), 20),
  notes: NOTES,
});

/** @internal Moments are counted from the start of the session. */
export const SAMPLE = v.object({
  sequence: COUNT,
  warmup: about("Whether the probe counts in no figure", v.boolean()),
  intended_ms: about("When the probe was intended to be sent", FIGURE),
  sent_ms: about("When the probe was sent", FIGURE),
  send_call_us: v.exactOptional(
    about("The duration of the call that sent it", POSITIVE),
  ),
  rtt_us: about("null if the probe was lost", v.nullable(POSITIVE)),
  reflector_us: v.exactOptional(
    about("How long the reflector took; the RTT is without it", POSITIVE),
  ),
  forward_us: v.exactOptional(
    about("The way there by two clocks, their offset included", FIGURE),
  ),
  backward_us: v.exactOptional(about("The way back, likewise", FIGURE)),
});

/** @internal Any result. */
export const RESULT = v.union([
  MEASUREMENT,
  SWEEP,
  COMPARE,
  THROUGHPUT_RESULT,
]);

const event = <const N extends string, const S extends v.GenericSchema>(
  name: N,
  data: S,
) => v.object({ event: v.literal(name), data });

/** @internal A line of NDJSON. */
export const EVENT = v.variant("event", [
  event(
    "start",
    v.union([
      MEASUREMENT_START,
      SWEEP_START,
      COMPARE_START,
      THROUGHPUT_START,
    ]),
  ),
  event("sample", SAMPLE),
  event("point", POINT),
  event("experiment", EXPERIMENT),
  event("interval", THROUGHPUT_INTERVAL),
  event("error", v.object({ message: TEXT })),
  event("end", RESULT),
]);

/** What a measurement says of itself before it starts. */
export type MeasurementMetadata = Output<typeof MEASUREMENT_START>;
/** The result of a measurement; the object of `--json`. */
export type MeasurementResult = Output<typeof MEASUREMENT>;
/** Counters that cannot go negative; the warm-up is only in its own. */
export type ProbeCounts = MeasurementResult["probes"];
/** A threshold, compared with what was measured. */
export type LimitFigures = Output<typeof LIMIT>;
/** A sample as NDJSON and CSV carry it. */
export type SampleFigures = Output<typeof SAMPLE>;
/** What a sweep says of itself before it starts. */
export type SweepMetadata = Output<typeof SWEEP_START>;
/** The result of a sweep; the object of `--json`. */
export type SweepResult = Output<typeof SWEEP>;
/** The points of one experiment of a sweep, in the order measured. */
export type SweepCurve = SweepResult["curves"][number];
/** One measurement of a sweep. */
export type SweepPoint = SweepCurve["points"][number];
/** The result of a run of any kind; `mode` tells them apart. */
export type Result = Output<typeof RESULT>;
/** An event of the NDJSON form. */
export type ResultEvent = Output<typeof EVENT>;

/**
 * Checks that a value is a result.
 *
 * @param value The value, as JSON has it.
 * @returns The result; `mode` tells its kind.
 * @throws {SyntaxError} If it is not a result; the message is half a sentence.
 *
 * @example Usage
 * ```ts
 * import { checkedResult } from "./schema.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(
 *   () => checkedResult({ format: 1, tool: "roundtrip" }),
 *   SyntaxError,
 *   "format 1",
 * );
 * ```
 */
export function checkedResult(value: unknown): Result {
  const { tool, format, mode } = Object(value) as Record<string, unknown>;
  if (tool !== "roundtrip") {
    throw new ResultError("it is JSON, but no result of this tool");
  }
  if (format !== 2) {
    throw new SyntaxError(
      `it has format ${
        typeof format === "number" ? format : "unknown"
      }, and this version reads format 2; use the version that wrote it`,
    );
  }
  switch (mode) {
    case "sweep":
      return checked(SWEEP, value, "it");
    case "compare":
      return checked(COMPARE, value, "it");
    case "throughput":
      return checked(THROUGHPUT_RESULT, value, "it");
    default:
      return checked(MEASUREMENT, value, "it");
  }
}
