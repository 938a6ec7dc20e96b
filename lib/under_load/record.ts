/**
 * What is recorded of a run under load: its phases, and in each of them the
 * rates, the probes and their counters. Times are in milliseconds from the start
 * of the run; `up` is from this host to the far one, `down` the way back.
 *
 * @module
 */

import type { Direction } from "../iperf3/parameters.ts";

/** A phase that fills the path. */
export type LoadName = "download" | "upload" | "both";
/** Any phase. */
export type PhaseName = "idle" | "rest" | "cooldown" | LoadName;

/** The loads, and which side sends in each. */
export const LOADS: Record<LoadName, Direction> = {
  download: "reverse",
  upload: "forward",
  both: "both",
};

/** A phase that is to come. */
export interface PlannedPhase {
  /** What it does. */
  name: PhaseName;
  /** How long it takes. */
  durationMs: number;
}

/** How long the phases without load take, in milliseconds. */
const PAUSES = {
  full: { idle: 5000, rest: 3000 },
  quick: { idle: 3000, rest: 1000 },
};

/**
 * Plans the phases: idle, then each load with a rest behind it.
 *
 * @param loads The loads in their order.
 * @param loadMs How long each of them takes.
 * @param pace Whether the pauses are short.
 * @returns The phases; the last rest is the cooldown.
 *
 * @example Usage
 * ```ts
 * import { planPhases } from "./record.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const plan = planPhases(["download", "upload"], 6000, "quick");
 * assertEquals(plan.map(({ name }) => name), [
 *   "idle",
 *   "download",
 *   "rest",
 *   "upload",
 *   "cooldown",
 * ]);
 * assertEquals(plan.reduce((sum, phase) => sum + phase.durationMs, 0), 17_000);
 * ```
 */
export function planPhases(
  loads: LoadName[],
  loadMs: number,
  pace: "full" | "quick",
): PlannedPhase[] {
  const { idle, rest } = PAUSES[pace];
  return [
    { name: "idle", durationMs: idle },
    ...loads.flatMap((name, at): PlannedPhase[] => [
      { name, durationMs: loadMs },
      { name: at < loads.length - 1 ? "rest" : "cooldown", durationMs: rest },
    ]),
  ];
}

/** Probes of one kind; all lists have the same length. */
export interface ProbeSeries {
  /** When each was sent. */
  at_ms: number[];
  /** Its round-trip time; `null` if it was lost. */
  rtt_us: (number | null)[];
  /** The way there by two clocks, less a constant; STAMP only. */
  up_us?: (number | null)[];
  /** The way back, likewise. */
  down_us?: (number | null)[];
}

/** The rates of bins of 100 ms; all lists have the same length. */
export interface RateSeries {
  /** The end of each bin. */
  at_ms: number[];
  /** Received in it, in bit/s. */
  down: number[];
  /** Taken by the sockets of this side in it, in bit/s. */
  up: number[];
}

/** The counters of a phase's probes. */
export interface PhaseCounts {
  /** Probes sent. */
  sent: number;
  /** Probes not answered in time. */
  lost: number;
  /** Lost on the way there; `null` if that is unknown. */
  lost_up: number | null;
  /** Lost on the way back; `null` if that is unknown. */
  lost_down: number | null;
  /** Answered after the deadline. */
  late: number;
  /** Answered after a later probe. */
  reordered: number;
  /** Copies of replies. */
  duplicate: number;
  /** Not sent, because the program did not run at their time. */
  not_sent: number;
}

/** What was recorded in a phase. */
export interface PhaseRecord {
  /** Which phase. */
  name: PhaseName;
  /** How many streams of each direction it came to. */
  streams: number;
  /** When it started; of a load, when data started to flow. */
  start_ms: number;
  /** When it ended. */
  end_ms: number;
  /** What the sockets of this side moved. */
  rates: RateSeries;
  /** What the far side received in the whole phase, in bit/s, if it says so. */
  delivered_bits_per_second: number | null;
  /** The probes that the figures are of. */
  probes: ProbeSeries;
  /** Their counters. */
  counts: PhaseCounts;
  /** Connections that were set up. */
  connects: ProbeSeries;
  /** Probes of the further targets. */
  also: ProbeSeries[];
}

/** The rates of a phase without load. */
export function noRates(): RateSeries {
  return { at_ms: [], down: [], up: [] };
}

/** No probes yet. */
export function noProbes(): ProbeSeries {
  return { at_ms: [], rtt_us: [] };
}
