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

import { Int32Histogram } from "hdr-histogram-js";
import { binEdges } from "./bins.ts";

/** The longest duration whose percentile is told apart: one day. */
const HIGHEST_NS = 86_400e9;
const SIGNIFICANT_DIGITS = 3;
/** Of at least so many values the greatest hundredth is a bin by itself. */
const TAIL_FROM_COUNT = 100;
/** How many percentiles of a curve halve the distance to 100. */
const POINTS_A_HALVING = 5;

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

/** Percentiles for a curve; both arrays are equally long. */
export interface PercentileFigures {
  /** Rising, from 0 to 100. */
  percent: number[];
  /** The percentile of each, in microseconds. */
  us: number[];
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
  #hdr = new Int32Histogram(1, HIGHEST_NS, SIGNIFICANT_DIGITS);
  #moments = new Moments();

  /** How many were recorded. */
  get count(): number {
    return this.#moments.count;
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
    this.#hdr.recordValue(nanoseconds(us));
    this.#moments.record(us);
  }

  /**
   * A percentile by the nearest-rank method.
   *
   * @param percent From 0 to 100.
   * @returns The least recorded duration that so many percent do not exceed,
   * in microseconds; `null` if nothing was recorded.
   */
  percentile(percent: number): number | null {
    if (this.count === 0) return null;
    return this.#moments.within(this.#hdr.getValueAtPercentile(percent) / 1000);
  }

  /**
   * All figures at once.
   *
   * @returns The figures, or `null` if nothing was recorded.
   */
  distribution(): Distribution | null {
    if (this.count === 0) return null;
    return figuresOf(this.#moments, (percent) => this.percentile(percent)!, 0);
  }

  /**
   * Limits of bins that show the values well: the body in bins of its own scale,
   * and of 100 values or more the greatest hundredth in one bin behind it.
   *
   * @param most How many bins there may be, at least 3.
   * @param others What the same bins are to show as well.
   * @returns Rising limits, in microseconds; `null` if nothing was recorded.
   */
  binEdges(most: number, ...others: Histogram[]): number[] | null {
    const all = [this, ...others].filter(({ count }) => count > 0);
    if (all.length === 0) return null;
    const max = Math.max(...all.map((one) => one.#moments.max));
    const edges = binEdges(
      Math.min(...all.map((one) => one.#moments.min)),
      Math.max(...all.map((one) => one.#bodyUs())),
      most - 1,
    );
    return max > edges.at(-1)! ? [...edges, max] : edges;
  }

  /** Where the body ends, and the tail begins. */
  #bodyUs(): number {
    if (this.count < TAIL_FROM_COUNT) return this.#moments.max;
    return this.percentile(99)!;
  }

  /**
   * How many values are in each of some bins.
   *
   * @param edgesUs The bins' limits, rising, in microseconds. A value belongs to
   * the bin whose lower limit it reaches, and the last bin has its upper limit
   * too; both to the resolution of a percentile.
   * @returns One count a bin; values outside of all are in none.
   */
  counts(edgesUs: readonly number[]): number[] {
    const counts = edgesUs.slice(1).map(() => 0);
    if (this.count === 0) return counts;
    const last = counts.length - 1;
    let bin = 0;
    let left = this.count;
    const least = this.#hdr.countsArrayIndex(nanoseconds(this.#moments.min));
    for (let index = least; left > 0; index++) {
      const count = this.#hdr.getCountAtIndex(index);
      if (count === 0) continue;
      left -= count;
      // Values from the one to the other are one to the histogram.
      const lowestNs = this.#hdr.valueFromIndex(index);
      const highestNs = this.#hdr.highestEquivalentValue(lowestNs);
      const [lowest, highest] = [lowestNs, highestNs]
        .map((ns) => this.#moments.within(ns / 1000)) as [number, number];
      while (bin < last && highest >= edgesUs[bin + 1]!) bin += 1;
      if (highest >= edgesUs[bin]! && lowest <= edgesUs[bin + 1]!) {
        counts[bin]! += count;
      }
    }
    return counts;
  }

  /**
   * Percentiles for a curve: ever closer together towards the greatest value.
   *
   * @returns Percents from 0 to 100, and for each the percentile in
   * microseconds; `null` if nothing was recorded.
   */
  percentiles(): PercentileFigures | null {
    if (this.count === 0) return null;
    const points = Math.ceil(POINTS_A_HALVING * Math.log2(this.count));
    const percent = Array.from(
      { length: points + 1 },
      (_, point) => round(100 - 100 / 2 ** (point / POINTS_A_HALVING)),
    );
    percent.push(100);
    return { percent, us: percent.map((at) => this.percentile(at)!) };
  }

  /**
   * All percentiles as text, in the form that HdrHistogram's own tools plot.
   *
   * @returns Lines of a value in microseconds, its percentile, and counts.
   */
  percentileFile(): string {
    return this.#hdr.outputPercentileDistribution(5, 1000);
  }
}

/**
 * A distribution of differences, which may be negative, in fixed memory.
 *
 * They are kept by their distance from the first one, each to 0.1 % of that.
 *
 * @example Usage
 * ```ts
 * import { SignedHistogram } from "./histogram.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const histogram = new SignedHistogram();
 * for (const us of [-5000, -5001, -4998]) histogram.record(us);
 * const { min, p50, max } = histogram.distribution()!;
 * assertEquals({ min, p50, max }, { min: -5001, p50: -5000, max: -4998 });
 * ```
 */
export class SignedHistogram {
  #first: number | null = null;
  #below = new Histogram();
  #above = new Histogram();
  #moments = new Moments();

  /**
   * Records one difference; allocates nothing.
   *
   * @param us The difference in microseconds.
   * @throws {RangeError} If it is not finite.
   */
  record(us: number): void {
    const distance = us - (this.#first ?? us);
    if (distance < 0) this.#below.record(-distance);
    else this.#above.record(distance); // throws if it is not finite
    this.#first ??= us;
    this.#moments.record(us);
  }

  /**
   * All figures at once.
   *
   * @param shiftUs Added to each figure but the standard deviation.
   * @returns The figures, or `null` if nothing was recorded.
   */
  distribution(shiftUs = 0): Distribution | null {
    if (this.#first === null) return null;
    return figuresOf(this.#moments, (percent) => this.#at(percent), shiftUs);
  }

  #at(percent: number): number {
    const below = this.#below.count;
    // 99.9 % of 1000 is 999, which arithmetic in binary slightly exceeds.
    const exact = percent * this.#moments.count / 100;
    const rank = Math.max(1, Math.ceil(exact - 1e-9));
    const distance = rank > below
      ? this.#above.percentile(100 * (rank - below) / this.#above.count)!
      : -this.#below.percentile(100 * (below - rank + 1) / below)!;
    return this.#first! + distance;
  }
}

function nanoseconds(us: number): number {
  return Math.min(Math.round(us * 1000), HIGHEST_NS);
}

/** To what the distance to 100 of any count can tell apart. */
function round(percent: number): number {
  return Number(percent.toPrecision(12));
}

/** What is exact of a distribution, by Welford's method. */
class Moments {
  count = 0;
  min = Infinity;
  max = -Infinity;
  mean = 0;
  #squares = 0;

  record(us: number): void {
    this.count += 1;
    const step = us - this.mean;
    this.mean += step / this.count;
    this.#squares += step * (us - this.mean);
    if (us < this.min) this.min = us;
    if (us > this.max) this.max = us;
  }

  get stddev(): number | null {
    return this.count < 2 ? null : Math.sqrt(this.#squares / (this.count - 1));
  }

  within(us: number): number {
    return Math.min(Math.max(us, this.min), this.max);
  }
}

function figuresOf(
  moments: Moments,
  percentile: (percent: number) => number,
  shiftUs: number,
): Distribution {
  const { count, min, max, mean, stddev } = moments;
  const at = (percent: number) => moments.within(percentile(percent)) + shiftUs;
  return {
    count,
    min: min + shiftUs,
    mean: mean + shiftUs,
    stddev,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: max + shiftUs,
  };
}
