/**
 * The common part of the measurements of a floor. The floor is what the
 * instrument itself measures on loopback, with a server in the same process: a
 * path cannot be measured to be shorter.
 *
 * @module
 */

import { type Distribution, Histogram } from "./histogram.ts";
import type { Sample } from "./sample.ts";

/** The maximum duration of a calibration, in milliseconds. */
export const CALIBRATION_MS = 1000;
/** Enough probes for the compiler to have optimized the hot path. */
export const CALIBRATION_WARMUP = 200;
const MAX_PROBES = 1000;
const MAX_INTERVAL_MS = 50;

/**
 * How many probes to send, and how often: as often as in the measurement, since
 * a processor that slept wakes slowly.
 *
 * @param intervalMs The interval of the measurement.
 * @returns An interval of 50 ms at most, and as many probes as take a second.
 */
export function calibrationPlan(
  intervalMs: number,
): { intervalMs: number; count: number } {
  const used = Math.min(intervalMs, MAX_INTERVAL_MS);
  const count = used === 0 ? MAX_PROBES : CALIBRATION_MS / used;
  return { intervalMs: used, count: Math.ceil(Math.min(MAX_PROBES, count)) };
}

/**
 * The distribution of the round-trip times of samples.
 *
 * @param samples The samples; those of the warm-up are left out.
 * @returns The figures in microseconds, or `null` if none was answered.
 */
export async function rttDistribution(
  samples: AsyncIterable<Sample>,
): Promise<Distribution | null> {
  const histogram = new Histogram();
  for await (const { warmup, rttMs } of samples) {
    if (!warmup && rttMs !== null) histogram.record(rttMs * 1000);
  }
  return histogram.distribution();
}
