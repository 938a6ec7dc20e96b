/**
 * A distribution of durations in fixed memory; `log_histogram.ts` has one that can
 * be merged and stored.
 *
 * Percentiles come from an HdrHistogram (Gil Tene) with three significant
 * digits, kept in nanoseconds: each is at most 0.1 % too high, and never outside
 * of the recorded range. Count, minimum, maximum, mean and standard deviation
 * are exact, the last two by Welford's method (Technometrics 4.3, 1962).
 *
 * @module
 */

import { Int32Histogram } from "npm:hdr-histogram-js@^3.0.1";
import { binEdges } from "./bins.ts";

/** The longest duration with a percentile of its own: one day. */
const MAX_NS = 86_400e9;
const SIGNIFICANT_DIGITS = 3;
/** With this many values the highest hundredth is a bin by itself. */
const TAIL_FROM_COUNT = 100;
/** A bin that holds this share of the values hides how they are spread. */
const MAX_BIN_SHARE = 0.9;
/** The percentages that may lie outside of the body, on each side. */
const TAILS = [1, 2, 5, 10, 20];
/** How many percentiles of a curve halve the distance to 100. */
const POINTS_PER_HALVING = 5;
/** The percentiles up to this one are carried by any count. */
const ALWAYS_CARRIED = 90;

/** The figures of a distribution, in microseconds. */
export interface Distribution {
  /** How many values were recorded. */
  count: number;
  /** The minimum. */
  min: number;
  /** The arithmetic mean. */
  mean: number;
  /** The standard deviation of the sample (n - 1); `null` for one value. */
  stddev: number | null;
  /** The median. */
  p50: number;
  /** The 90th percentile. */
  p90: number;
  /** The 95th percentile. */
  p95: number;
  /** The 99th percentile. */
  p99: number;
  /** The 99.9th percentile. */
  p999: number;
  /** The maximum. */
  max: number;
}

/** Percentiles for a curve; both arrays have the same length. */
export interface PercentileFigures {
  /** Rising, from 0 to 100. */
  percent: number[];
  /** The percentile of each, in microseconds. */
  us: number[];
}

/**
 * Whether a number of values carries a percentile: at least one value lies above
 * it. With fewer values, p99 would only be another name of the maximum.
 *
 * @param percent The percentile, from 0 to 100.
 * @param count The number of values.
 * @returns `true` up to p90; p95 takes 20 values, p99 100, p99.9 1000.
 *
 * @example Usage
 * ```ts
 * import { canCarry } from "./histogram.ts";
 * import { assert } from "@std/assert";
 *
 * assert(canCarry(99, 100));
 * assert(!canCarry(99.9, 100));
 * ```
 */
export function canCarry(percent: number, count: number): boolean {
  // 1000 * (100 - 99.9) is slightly less than 100.
  return percent <= ALWAYS_CARRIED || count * (100 - percent) >= 100 - 1e-9;
}

/**
 * Records durations, and gives their distribution.
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
  #hdr = new Int32Histogram(1, MAX_NS, SIGNIFICANT_DIGITS);
  // Initialized with numbers: fields that were ever undefined are stored boxed,
  // which makes recording 40 % slower.
  #count = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  #squares = 0;

  /** How many durations were recorded. */
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
      throw new RangeError(`Duration must be finite and not negative: ${us}`);
    }
    this.#hdr.recordValue(nanoseconds(us));
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
   * @returns The smallest duration that at least this share does not exceed, in
   * microseconds; `null` if nothing was recorded.
   */
  percentile(percent: number): number | null {
    if (this.count === 0) return null;
    return this.#clamp(this.#hdr.getValueAtPercentile(percent) / 1000);
  }

  #clamp(us: number): number {
    return Math.min(Math.max(us, this.#min), this.#max);
  }

  /**
   * All figures.
   *
   * @param shiftUs Added to each figure but the standard deviation.
   * @returns The figures, or `null` if nothing was recorded. See
   * {@linkcode canCarry} for which of its percentiles to show.
   */
  distribution(shiftUs = 0): Distribution | null {
    if (this.count === 0) return null;
    const at = (percent: number) => this.percentile(percent)! + shiftUs;
    return {
      count: this.count,
      min: this.#min + shiftUs,
      mean: this.#mean + shiftUs,
      stddev: this.count < 2
        ? null
        : Math.sqrt(this.#squares / (this.count - 1)),
      p50: at(50),
      p90: at(90),
      p95: at(95),
      p99: at(99),
      p999: at(99.9),
      max: this.#max + shiftUs,
    };
  }

  /**
   * The edges of bins that show the values well: the body in bins of its own
   * scale, so that no bin holds nine of ten values unless they are equal; and
   * what lies far outside of the body in one bin at each end.
   *
   * @param maxBins The maximum number of bins, at least 4.
   * @param others Other histograms to show in the same bins.
   * @returns Rising edges in microseconds; `null` if nothing was recorded.
   */
  binEdges(maxBins: number, ...others: Histogram[]): number[] | null {
    const all = [this, ...others].filter(({ count }) => count > 0);
    if (all.length === 0) return null;
    const extremes = (of: (one: Histogram) => number[]) => {
      const values = all.flatMap(of);
      return [Math.min(...values), Math.max(...values)] as const;
    };
    const [min, max] = extremes((one) => [one.#min, one.#max]);
    const edgesWithout = (lowTail: number, highTail: number) => {
      const [low, high] = extremes((one) => [
        lowTail === 0 ? min : one.percentile(lowTail)!,
        one.percentile(100 - highTail)!,
      ]);
      const edges = binEdges(low, high, maxBins - (lowTail === 0 ? 1 : 2));
      return [
        ...(min < edges[0]! ? [min] : []),
        ...edges,
        ...(max > edges.at(-1)! ? [max] : []),
      ];
    };
    const isClear = (edges: number[]) =>
      all.every((one) =>
        Math.max(...one.counts(edges)) < MAX_BIN_SHARE * one.count
      );
    const few = all.every(({ count }) => count < TAIL_FROM_COUNT);
    const usual = edgesWithout(0, few ? 0 : 1);
    if (isClear(usual)) return usual;
    return TAILS.map((tail) => edgesWithout(tail, tail)).find(isClear) ?? usual;
  }

  /**
   * Counts the values in each of some bins.
   *
   * @param edgesUs The edges, rising, in microseconds. A bin includes its lower
   * edge, and the last bin its upper edge too; both to the resolution of a
   * percentile.
   * @returns One count for each bin; values outside of all are not counted.
   */
  counts(edgesUs: readonly number[]): number[] {
    const counts = edgesUs.slice(1).map(() => 0);
    if (this.count === 0) return counts;
    const last = counts.length - 1;
    let bin = 0;
    let left = this.count;
    const first = this.#hdr.countsArrayIndex(nanoseconds(this.#min));
    for (let index = first; left > 0; index++) {
      const count = this.#hdr.getCountAtIndex(index);
      if (count === 0) continue;
      left -= count;
      // The histogram does not distinguish values from the one to the other.
      const lowestNs = this.#hdr.valueFromIndex(index);
      const highestNs = this.#hdr.highestEquivalentValue(lowestNs);
      const lowest = this.#clamp(lowestNs / 1000);
      const highest = this.#clamp(highestNs / 1000);
      while (bin < last && highest >= edgesUs[bin + 1]!) bin += 1;
      if (highest >= edgesUs[bin]! && lowest <= edgesUs[bin + 1]!) {
        counts[bin]! += count;
      }
    }
    return counts;
  }

  /**
   * Percentiles for a curve, ever closer together towards the maximum.
   *
   * @returns Percents from 0 to 100, and the percentile of each in microseconds;
   * `null` if nothing was recorded.
   */
  percentiles(): PercentileFigures | null {
    if (this.count === 0) return null;
    const points = Math.ceil(POINTS_PER_HALVING * Math.log2(this.count));
    const percent = Array.from(
      { length: points + 1 },
      // 12 digits tell any count apart, and hide binary fractions.
      (_, point) =>
        Number((100 - 100 / 2 ** (point / POINTS_PER_HALVING)).toPrecision(12)),
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

function nanoseconds(us: number): number {
  return Math.min(Math.round(us * 1000), MAX_NS);
}
