/**
 * What a result file has to hold, checked field by field. The compiler checks
 * that this stays the shape which the programs write.
 *
 * @module
 */

import { v } from "./deps.mts";
import type { Label } from "../result/run_metadata.ts";
import type { OneWayResult } from "../stats/one_way.ts";
import type {
  ProbeCounts,
  Quality,
  Result,
  ResultLabel,
  Series,
  Throughput,
} from "../result/result.ts";
import type { SweepPoint, SweepResult } from "../result/sweep.ts";
import type { Events, SampleFigures } from "../result/rows.ts";
import {
  COUNT,
  DISTRIBUTION,
  FIGURE,
  list,
  POSITIVE,
  rising,
  type Schema,
  TEXT,
  TIMELINE,
} from "./figure_schema.ts";

const OPTIONS = v.record(v.string(), v.unknown());

/**
 * The keys of every result's label.
 *
 * @param mode Which modes it may have.
 * @returns The entries of an object's schema.
 */
export function labelEntries<Mode extends string>(
  mode: Schema<Mode>,
): { [K in keyof Label<Mode>]: Schema<Label<Mode>[K]> } {
  return {
    format: v.literal(1),
    tool: v.literal("roundtrip"),
    version: TEXT,
    runtime: v.object({ deno: TEXT, os: TEXT, arch: TEXT }),
    mode,
    target: TEXT,
    started: TEXT,
    options: v.object({ given: OPTIONS, used: OPTIONS }),
  };
}

const PROBES: Schema<ProbeCounts> = v.object({
  sent: COUNT,
  received: COUNT,
  lost: COUNT,
  warmup: COUNT,
  lost_forward: v.exactOptional(v.nullable(COUNT)),
  lost_backward: v.exactOptional(v.nullable(COUNT)),
  late: v.exactOptional(COUNT),
  duplicate: v.exactOptional(COUNT),
  reordered: v.exactOptional(COUNT),
  corrupt: v.exactOptional(COUNT),
});

const THROUGHPUT: Schema<Throughput> = v.object({
  per_probe_mean_bits_per_second: v.nullable(POSITIVE),
  aggregate_bits_per_second: v.nullable(POSITIVE),
});

const JITTER = v.object({
  rfc3550: FIGURE,
  ipdv_p50: FIGURE,
  ipdv_p99: FIGURE,
});

const WAY = v.object({
  delay_us: v.nullable(DISTRIBUTION),
  jitter_us: v.nullable(JITTER),
});

const ONE_WAY: Schema<OneWayResult> = v.object({
  clock_offset_us: v.nullable(FIGURE),
  clock_bound_us: v.nullable(FIGURE),
  forward: WAY,
  backward: WAY,
});

const QUALITY: Schema<Quality> = v.object({
  clock_resolution_us: v.nullable(FIGURE),
  send_lateness_us: v.exactOptional(
    v.nullable(v.object({ p50: FIGURE, p99: FIGURE, max: FIGURE })),
  ),
  send_call_us: v.nullable(v.object({ p50: FIGURE, p99: FIGURE })),
  processor_percent: v.nullable(FIGURE),
  floor_us: v.nullable(FIGURE),
  notes: list(TEXT, 100),
});

const SERIES: Schema<Series> = v.object({
  histogram: v.nullable(v.pipe(
    v.object({ edges_us: list(POSITIVE, 200), count: list(COUNT, 199) }),
    v.check(
      ({ edges_us, count }) =>
        edges_us.length === count.length + 1 && rising(edges_us),
      "limits that do not fit its bins",
    ),
  )),
  percentiles: v.nullable(v.pipe(
    v.object({ percent: list(POSITIVE), us: list(POSITIVE) }),
    v.check(
      ({ percent, us }) => percent.length === us.length && rising(percent),
      "percentiles that do not fit their values",
    ),
  )),
  timeline: TIMELINE,
});

const MEASURED = v.picklist(["rtt", "tput"]);

const RESULT_LABEL = {
  ...labelEntries(MEASURED),
  protocol: v.picklist(["measure", "stamp"]),
};

/** What the start of a measurement says. */
export const MEASUREMENT_START: Schema<ResultLabel> = v
  .object(RESULT_LABEL);

/** A measurement. */
export const MEASUREMENT: Schema<Result> = v.object({
  ...RESULT_LABEL,
  probes: PROBES,
  probes_per_second: v.object({
    asked: v.nullable(FIGURE),
    achieved: v.nullable(FIGURE),
  }),
  rtt_us: v.nullable(DISTRIBUTION),
  rtt_with_reflector_us: v.exactOptional(v.nullable(DISTRIBUTION)),
  rtt_from_intended_us: v.exactOptional(v.nullable(DISTRIBUTION)),
  jitter_us: v.nullable(JITTER),
  one_way: v.exactOptional(v.nullable(ONE_WAY)),
  throughput: v.exactOptional(THROUGHPUT),
  quality: QUALITY,
  series: SERIES,
});

/** A sample, as its event carries it. */
export const SAMPLE: Schema<SampleFigures> = v.object({
  sequence: COUNT,
  warmup: v.boolean(),
  intended_ms: FIGURE,
  sent_ms: FIGURE,
  send_call_us: POSITIVE,
  rtt_us: v.nullable(POSITIVE),
  reflector_us: v.exactOptional(POSITIVE),
  forward_us: v.exactOptional(FIGURE),
  backward_us: v.exactOptional(FIGURE),
});

const PLACE = {
  quantity: MEASURED,
  against: v.picklist(["size", "delay"]),
};

const SWEEP_POINT = {
  size_bytes: COUNT,
  delay_ms: POSITIVE,
  probes: PROBES,
  rtt_us: v.nullable(DISTRIBUTION),
  throughput: v.exactOptional(THROUGHPUT),
  error: v.nullable(TEXT),
};

const SWEEP_LABEL = labelEntries(v.literal("sweep"));

/** What the start of a sweep says. */
export const SWEEP_START: Schema<Label<"sweep">> = v.object(SWEEP_LABEL);

/** A point of a sweep, as its event carries it. */
export const POINT: Schema<Events["point"]> = v.object({
  ...PLACE,
  ...SWEEP_POINT,
});

/** A sweep. */
export const SWEEP: Schema<SweepResult> = v.object({
  ...SWEEP_LABEL,
  protocol: v.literal("measure"),
  curves: list(
    v.object({
      ...PLACE,
      points: list<SweepPoint>(v.object(SWEEP_POINT), 1000),
    }),
    20,
  ),
  notes: list(TEXT, 100),
});
