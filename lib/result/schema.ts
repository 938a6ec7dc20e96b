/**
 * The schema of a result, which is also its type: measurements and sweeps, and
 * the list of all kinds. `docs/result.schema.json` is generated from it.
 *
 * Durations are in microseconds unless the key says otherwise, rates in bits per
 * second.
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
import { COMPARE, EXPERIMENT } from "./compare_schema.ts";
import {
  about,
  BIN_COUNTS,
  checked,
  COUNT,
  DISTRIBUTION,
  FIGURE,
  histogramSchema,
  isRising,
  kind,
  LIMITS,
  list,
  NOTES,
  nullable,
  optional,
  type Output,
  POSITIVE,
  TEXT,
  TIMELINE,
} from "./figure_schema.ts";
import { ResultError } from "./result_error.ts";
import { THROUGHPUT, THROUGHPUT_INTERVAL } from "./throughput_schema.ts";
import { PHASE_RECORD, UNDER_LOAD } from "./under_load_schema.ts";

const PROBES = v.object({
  sent: about("Probes sent", COUNT),
  received: about("Probes answered in time", COUNT),
  lost: about("Probes not answered in time", COUNT),
  warmup: about("Probes sent before these; they are in no other figure", COUNT),
  not_sent: optional("Not sent: this program did not run in time", COUNT),
  lost_forward: optional("Lost on the way there", v.nullable(COUNT)),
  lost_backward: optional("Lost on the way back", v.nullable(COUNT)),
  late: optional("Lost probes whose reply came after the deadline", COUNT),
  duplicate: optional("Replies after the first to the same probe", COUNT),
  reordered: optional("Replies after the reply to a later probe", COUNT),
  corrupt: optional("Replies that do not answer what was sent", COUNT),
});

const RTT_US = nullable("From when each probe was sent", DISTRIBUTION);

const COURSE_THROUGHPUT = v.exactOptional(v.object({
  per_probe_mean_bits_per_second: nullable("The mean of SIZE / RTT", POSITIVE),
  aggregate_bits_per_second: nullable(
    "PROBES * SIZE / the sum of the RTTs",
    POSITIVE,
  ),
}));

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
  delay_us: optional("By the clocks as they are, if trusted", DISTRIBUTION),
  variation_us: nullable(
    "The delay above its minimum, without the drift",
    DISTRIBUTION,
  ),
  jitter_us: v.nullable(JITTER),
});

const ONE_WAY = v.object({
  clocks_trusted: about("Whether delays are by the clocks", v.boolean()),
  clock_error_us: nullable(
    "The mean error of a probe's timestamps, of both sides added up",
    POSITIVE,
  ),
  clock_offset_us: nullable(
    "Half-way through the run, positive if the reflector's clock is ahead; " +
      "null also if it did not drift steadily",
    FIGURE,
  ),
  clock_bound_us: nullable("The true offset differs by at most this", POSITIVE),
  clock_drift_ppm: nullable("Above 0 if the reflector's is faster", FIGURE),
  drift_bound_ppm: nullable("The true drift differs by at most this", POSITIVE),
  forward: WAY,
  backward: WAY,
}) satisfies v.GenericSchema<unknown, OneWayResult>;

const QUALITY = v.object({
  clock_resolution_us: nullable("The step of the clock", FIGURE),
  send_lateness_us: optional(
    "How much later than intended probes were sent",
    v.nullable(v.object({ p50: FIGURE, p99: FIGURE, max: FIGURE })),
  ),
  send_call_us: nullable(
    "The duration of the call that sends a probe",
    v.object({ p50: FIGURE, p99: FIGURE }),
  ),
  processor_percent: nullable("The share of one processor used", FIGURE),
  maybe_dropped_here: optional(
    "Lost probes whose reply this program may have dropped, at most",
    v.nullable(COUNT),
  ),
  floor_us: nullable(
    "The RTT on loopback, if it was measured",
    v.object({ p50: FIGURE, p99: FIGURE }),
  ),
  notes: NOTES,
});

const SERIES = v.object({
  histogram: nullable(
    "Round-trip times",
    histogramSchema({ count: BIN_COUNTS }),
  ),
  percentiles: nullable(
    "Percentiles of the RTT, closer together towards the maximum",
    v.pipe(
      v.object({ percent: list(POSITIVE), us: list(POSITIVE) }),
      v.check(
        ({ percent, us }) => percent.length === us.length && isRising(percent),
        "percentiles that do not fit their values",
      ),
    ) satisfies v.GenericSchema<unknown, PercentileFigures>,
  ),
  timeline: TIMELINE,
  one_way: optional(
    "The variation of each direction",
    v.nullable(
      v.object({
        forward: TIMELINE,
        backward: TIMELINE,
      }) satisfies v.GenericSchema<unknown, OneWayTimelines>,
    ),
  ),
});

/** @internal */
export const MEASUREMENT = kind(v.picklist(["rtt", "tput", "connect"]), {
  protocol: about(
    "tcp is the set-up of a connection: SYN to SYN-ACK, as seen by connect",
    v.picklist(["measure", "stamp", "tcp"]),
  ),
}, {
  probes: PROBES,
  probes_per_second: v.object({
    asked: nullable("By the schedule, if there is one", FIGURE),
    achieved: nullable("From the first probe to the last", FIGURE),
  }),
  rtt_us: RTT_US,
  rtt_with_reflector_us: optional(
    "The RTT with the time that the reflector says it took",
    v.nullable(DISTRIBUTION),
  ),
  rtt_from_intended_us: optional(
    "The RTT from when each probe was intended to be sent",
    v.nullable(DISTRIBUTION),
  ),
  jitter_us: v.nullable(JITTER),
  one_way: v.exactOptional(v.nullable(ONE_WAY)),
  tls: optional(
    "Present if the connection was encrypted",
    v.object({
      handshake_us: nullable(
        "Each TLS handshake, once TCP was connected; in no other figure",
        DISTRIBUTION,
      ),
    }),
  ),
  throughput: COURSE_THROUGHPUT,
  limits: LIMITS,
  quality: QUALITY,
  series: SERIES,
});

const CURVE = {
  quantity: about("What is measured", v.picklist(["rtt", "tput"])),
  against: about("What varies", v.picklist(["size", "delay"])),
};

const SWEEP_POINT = v.object({
  size_bytes: about("The payload of each probe", COUNT),
  delay_ms: about("How long the server held each echo", POSITIVE),
  probes: PROBES,
  rtt_us: RTT_US,
  throughput: COURSE_THROUGHPUT,
  error: nullable("Why the point failed, if it did", TEXT),
});

/** @internal A point, as its event carries it. */
export const POINT = v.object({ ...CURVE, ...SWEEP_POINT.entries });

/** @internal */
export const SWEEP = kind(v.literal("sweep"), {
  protocol: v.literal("measure"),
}, {
  curves: list(v.object({ ...CURVE, points: list(SWEEP_POINT, 1000) }), 20),
  notes: NOTES,
});

/** @internal Moments are counted from the start of the session. */
export const SAMPLE = v.object({
  sequence: COUNT,
  warmup: about("Whether the probe counts in no figure", v.boolean()),
  intended_ms: about("When the probe was intended to be sent", FIGURE),
  sent_ms: about("When the probe was sent", FIGURE),
  send_call_us: optional("The duration of the call that sent it", POSITIVE),
  rtt_us: nullable("null if the probe was lost", POSITIVE),
  reflector_us: optional(
    "How long the reflector took; the RTT is without it",
    POSITIVE,
  ),
  forward_us: optional("The way there by two clocks, with the offset", FIGURE),
  backward_us: optional("The way back, likewise", FIGURE),
});

/** @internal The schemas of each mode of a result. */
export const KINDS = {
  rtt: MEASUREMENT,
  tput: MEASUREMENT,
  connect: MEASUREMENT,
  sweep: SWEEP,
  compare: COMPARE,
  throughput: THROUGHPUT,
  "under-load": UNDER_LOAD,
};

/** @internal Any result. */
export const RESULT = v.union([
  MEASUREMENT.result,
  SWEEP.result,
  COMPARE.result,
  THROUGHPUT.result,
  UNDER_LOAD.result,
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
      MEASUREMENT.start,
      SWEEP.start,
      COMPARE.start,
      THROUGHPUT.start,
      UNDER_LOAD.start,
    ]),
  ),
  event("sample", SAMPLE),
  event("point", POINT),
  event("experiment", EXPERIMENT),
  event("interval", THROUGHPUT_INTERVAL),
  event("phase", PHASE_RECORD),
  event("error", v.object({ message: TEXT })),
  event("end", RESULT),
]);

/** The metadata of a measurement, known at its start. */
export type MeasurementMetadata = Output<typeof MEASUREMENT.start>;
/** The result of a measurement; the object of `--json`. */
export type MeasurementResult = Output<typeof MEASUREMENT.result>;
/** Counters, which are never negative; warm-up probes count in `warmup` alone. */
export type ProbeCounts = MeasurementResult["probes"];
/** A sample as NDJSON and CSV carry it. */
export type SampleFigures = Output<typeof SAMPLE>;
/** The metadata of a sweep, known at its start. */
export type SweepMetadata = Output<typeof SWEEP.start>;
/** The result of a sweep; the object of `--json`. */
export type SweepResult = Output<typeof SWEEP.result>;
/** The points of one experiment of a sweep, in the order measured. */
export type SweepCurve = SweepResult["curves"][number];
/** One measurement of a sweep. */
export type SweepPoint = SweepCurve["points"][number];
/** The result of a run of any kind; `mode` identifies the kind. */
export type Result = Output<typeof RESULT>;
/** An event of the NDJSON form. */
export type ResultEvent = Output<typeof EVENT>;

/** @internal The schemas of a mode; for an unknown one those of a measurement. */
export function kindSchemas(mode: unknown): typeof KINDS[keyof typeof KINDS] {
  return new Map<unknown, typeof KINDS[keyof typeof KINDS]>(
    Object.entries(KINDS),
  ).get(mode) ?? MEASUREMENT;
}

/**
 * Checks that a value is a result.
 *
 * @param value The value, as JSON has it.
 * @returns The result; `mode` identifies its kind.
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
    const found = typeof format === "number" ? format : "unknown";
    throw new SyntaxError(
      `it has format ${found}, and this version reads format 2; use the ` +
        "version that wrote it",
    );
  }
  return checked(
    kindSchemas(mode).result as v.GenericSchema<Result>,
    value,
    "it",
  );
}
