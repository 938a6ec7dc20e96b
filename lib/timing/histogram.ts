/**
 * A distribution of durations in fixed memory.
 *
 * Percentiles come from an HdrHistogram (Gil Tene) of three significant digits,
 * kept in nanoseconds: each is at most 0.1 % too high, and never outside of
 * what was recorded. Count, least, greatest, mean and standard deviation are
 * exact, the last two by Welford's method (Technometrics 4.3, 1962).
 *
 * @module
 */

import { build, type Histogram as HdrHistogram } from "hdr-histogram-js";

/** The longest duration whose percentile is told apart: one day. */
const HIGHEST_NS = 86_400e9;

/** The figures of a distribution, in microseconds. All of it, or nothing. */
export interface Distribution {
  /** How many were recorded. */
  count: number;
  /** The least. */
  min: number;
  /** The arithmetic mean. */
  mean: number;
  /** The standard deviation of the sample (n - 1); `null` for one sample. */
  stddev: number | null;
  /** Half of all are at most this. */
  p50: number;
  /** 90 % of all are at most this. */
  p90: number;
  /** 99 % of all are at most this. */
  p99: number;
  /** 99.9 % of all are at most this. */
  p999: number;
  /** The greatest. */
  max: number;
}

/**
 * Records durations and tells how they are distributed.
 *
 * @example Usage
 * ```ts
 * import { Histogram } from "./histogram.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const histogram = new Histogram();
 * for (const us of [10, 20, 30]) histogram.record(us);
 * const { count, mean, stddev } = histogram.distribution()!;
 * assertEquals({ count, mean, stddev }, { count: 3, mean: 20, stddev: 10 });
 * ```
 */
export class Histogram {
  #hdr: HdrHistogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
  });
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  #squares = 0;

  /** How many were recorded. */
  get count(): number {
    return this.#count;
  }

  /**
   * Records one duration; allocates nothing.
   *
   * @param us The duration in microseconds, not negative.
   * @throws {RangeError} If it is negative or not finite.
   */
  record(us: number): void {
    if (!(us >= 0 && us < Infinity)) {
      throw new RangeError(`Cannot record a duration that is not one: ${us}`);
    }
    this.#hdr.recordValue(Math.min(Math.round(us * 1000), HIGHEST_NS));
    this.#count += 1;
    const step = us - this.#mean;
    this.#mean += step / this.#count;
    this.#squares += step * (us - this.#mean);
    if (us < this.#min) this.#min = us;
    if (us > this.#max) this.#max = us;
  }

  /**
   * A percentile by the nearest-rank method.
   *
   * @param percent From 0 to 100.
   * @returns The least recorded duration that so many percent do not exceed,
   * in microseconds; `null` if nothing was recorded.
   */
  percentile(percent: number): number | null {
    if (this.#count === 0) return null;
    const us = this.#hdr.getValueAtPercentile(percent) / 1000;
    return Math.min(Math.max(us, this.#min), this.#max);
  }

  /**
   * All figures at once.
   *
   * @returns The figures, or `null` if nothing was recorded.
   */
  distribution(): Distribution | null {
    if (this.#count === 0) return null;
    const at = (percent: number) => this.percentile(percent)!;
    return {
      count: this.#count,
      min: this.#min,
      mean: this.#mean,
      stddev: this.#count < 2
        ? null
        : Math.sqrt(this.#squares / (this.#count - 1)),
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: this.#max,
    };
  }
}
