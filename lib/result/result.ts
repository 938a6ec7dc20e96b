/**
 * The result of a measurement: one shape for every protocol.
 *
 * A part that does not apply is absent; a figure that is unknown is `null`.
 * Durations are in microseconds, rates in bits per second.
 *
 * @module
 */

import type { Distribution, PercentileFigures } from "../stats/histogram.ts";
import type { JitterFigures } from "../stats/jitter.ts";
import type { TimelineFigures } from "../stats/timeline.ts";
import type { ReplyStats } from "../stamp/outstanding_probes.ts";
import type { ArrivalFigures } from "./reply_figures.ts";
import type { Label } from "./run_metadata.ts";
import type { OneWayResult } from "../stats/one_way.ts";

/** What is known of a measurement before it starts. */
export interface Heading {
  /** The protocol spoken. */
  protocol: "measure" | "stamp";
  /** What is measured. */
  mode: "rtt" | "tput";
  /** Where to, as `HOST:PORT`. */
  target: string;
  /** The payload of each probe, in bytes; with STAMP, the whole packet. */
  sizeBytes: number;
  /** The mean time from one probe to the next, in milliseconds; 0 for none. */
  intervalMs: number;
  /** What datagrams have and streams have not; complete at the end. */
  arrivals?: ReplyStats;
  /** The options as they were written, and as they took effect. */
  options: Label["options"];
}

/** Counters that cannot go negative; the warm-up is in none but its own. */
export interface ProbeCounts extends Partial<ArrivalFigures> {
  /** How many were sent. */
  sent: number;
  /** How many were answered in time. */
  received: number;
  /** How many were not. */
  lost: number;
  /** How many were sent before, to warm up. */
  warmup: number;
}

/** The two figures that are both called throughput; `null` before a reply. */
export interface Throughput {
  /** The mean of SIZE / RTT over the probes. */
  per_probe_mean_bits_per_second: number | null;
  /** PROBES * SIZE / the sum of their RTTs. */
  aggregate_bits_per_second: number | null;
}

/** How many probes a second were sent. */
export interface SendRate {
  /** As asked for; `null` without a schedule. */
  asked: number | null;
  /** As it was, from the first to the last; `null` for fewer than two. */
  achieved: number | null;
}

/** How good the measurement itself was. */
export interface Quality {
  /** The least step of the clock. */
  clock_resolution_us: number | null;
  /** How much later than intended probes were sent. */
  send_lateness_us?: { p50: number; p99: number; max: number } | null;
  /** How long the call that sends a probe takes. */
  send_call_us: { p50: number; p99: number } | null;
  /** How much of a processor this process used, in percent of one. */
  processor_percent: number | null;
  /** The median RTT on loopback; not measured is `null`. */
  floor_us: number | null;
  /** What a reader of the figures should know. */
  notes: string[];
}

/** What charts are drawn from. */
export interface Series {
  /** How many round-trip times were in each of some bins. */
  histogram: { edges_us: number[]; count: number[] } | null;
  /** Their percentiles, ever closer together towards the greatest. */
  percentiles: PercentileFigures | null;
  /** What happened over time. */
  timeline: TimelineFigures;
}

/** What a measurement says of itself. */
export interface ResultLabel extends Label<Heading["mode"]> {
  /** The protocol spoken. */
  protocol: Heading["protocol"];
}

/** A measurement's result; the object of `--json`. */
export interface Result extends ResultLabel {
  /** What became of the probes. */
  probes: ProbeCounts;
  /** How fast they were sent. */
  probes_per_second: SendRate;
  /** The round-trip times from when each probe was sent. */
  rtt_us: Distribution | null;
  /** The same with the time that the reflector says it took. */
  rtt_with_reflector_us?: Distribution | null;
  /** `rtt_us` from when each probe was meant to be sent. */
  rtt_from_intended_us?: Distribution | null;
  /** How much successive round-trip times differ. */
  jitter_us: JitterFigures | null;
  /** Each way by itself, where the far end tells the time. */
  one_way?: OneWayResult | null;
  /** Only where throughput was measured. */
  throughput?: Throughput;
  /** How good the measurement itself was. */
  quality: Quality;
  /** What charts are drawn from. */
  series: Series;
}
