/**
 * One-way delays between two clocks that are not synchronized.
 *
 * A delay is never negative. So each probe bounds the offset of the far clock:
 * it is at most the apparent forward delay, and at least minus the apparent
 * backward delay. The estimate is the middle of the interval that all probes
 * together allow, and the bound its half width (RFC 5905, section 8, takes the
 * one best probe). The bound is certain; that the middle is right is not.
 *
 * If the interval is empty, the clocks drifted apart during the run, or one was
 * set. Differences of delays remain right, for the most part.
 *
 * @module
 */

import { type Distribution, Histogram, Moments } from "./histogram.ts";
import { Jitter, type JitterFigures } from "./jitter.ts";

/** The delays of one direction. */
export interface OneWayFigures {
  /** Their distribution, without the estimated offset; `null` if unknown. */
  delay_us: Distribution | null;
  /** Their jitter, which does not depend on the offset. */
  jitter_us: JitterFigures | null;
}

/** Both directions. */
export interface OneWayResult {
  /** Positive if the far clock is ahead; `null` if the clocks drifted. */
  clock_offset_us: number | null;
  /** The largest error of the offset, and so of each delay. */
  clock_bound_us: number | null;
  /** To the far end. */
  forward: OneWayFigures;
  /** Back. */
  backward: OneWayFigures;
}

/**
 * Records both directions of each probe, in constant memory.
 *
 * @example Usage
 * ```ts
 * import { OneWay } from "./one_way.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // The far clock is 100 ms ahead. Each direction takes 1 ms, and once 3 ms.
 * const oneWay = new OneWay();
 * oneWay.record(0, 101, -97);
 * oneWay.record(1, 101, -99);
 * const { clock_offset_us, clock_bound_us, backward } = oneWay.result()!;
 * assertEquals([clock_offset_us, clock_bound_us], [100_000, 1000]);
 * assertEquals(backward.delay_us?.max, 3000);
 * ```
 */
export class OneWay {
  #forward = new Direction();
  #backward = new Direction();

  /**
   * Records a probe.
   *
   * @param sequence Its sequence number.
   * @param forwardMs The forward delay between the two clocks.
   * @param backwardMs The backward delay, likewise.
   */
  record(sequence: number, forwardMs: number, backwardMs: number): void {
    this.#forward.record(sequence, forwardMs * 1000);
    this.#backward.record(sequence, backwardMs * 1000);
  }

  /**
   * The figures so far.
   *
   * @returns The figures, or `null` if nothing was recorded.
   */
  result(): OneWayResult | null {
    const [forwardUs, backwardUs] = [this.#forward.minUs, this.#backward.minUs];
    if (forwardUs === Infinity) return null;
    const boundUs = (forwardUs + backwardUs) / 2;
    const offsetUs = boundUs < 0 ? null : (forwardUs - backwardUs) / 2;
    return {
      clock_offset_us: offsetUs,
      clock_bound_us: offsetUs === null ? null : boundUs,
      forward: this.#forward.figures(offsetUs),
      backward: this.#backward.figures(offsetUs && -offsetUs),
    };
  }
}

class Direction {
  minUs = Infinity;
  #delays = new SignedHistogram();
  #jitter = new Jitter();

  record(sequence: number, us: number): void {
    this.#delays.record(us);
    this.#jitter.record(sequence, us);
    if (us < this.minUs) this.minUs = us;
  }

  figures(offsetUs: number | null): OneWayFigures {
    return {
      delay_us: offsetUs === null ? null : this.#delays.distribution(-offsetUs),
      jitter_us: this.#jitter.figures(),
    };
  }
}

/**
 * A distribution of values that may be negative, in fixed memory. They are kept
 * by their distance from the first one, each to 0.1 % of that.
 *
 * @example Usage
 * ```ts
 * import { SignedHistogram } from "./one_way.ts";
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
   * Records one value; allocates nothing.
   *
   * @param us The value in microseconds.
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
   * All figures.
   *
   * @param shiftUs Added to each figure but the standard deviation.
   * @returns The figures, or `null` if nothing was recorded.
   */
  distribution(shiftUs = 0): Distribution | null {
    if (this.#first === null) return null;
    return this.#moments.distribution((percent) => this.#at(percent), shiftUs);
  }

  #at(percent: number): number {
    const below = this.#below.count;
    // 99.9 % of 1000 is slightly more than 999.
    const exact = percent * this.#moments.count / 100;
    const rank = Math.max(1, Math.ceil(exact - 1e-9));
    const distance = rank > below
      ? this.#above.percentile(100 * (rank - below) / this.#above.count)!
      : -this.#below.percentile(100 * (below - rank + 1) / below)!;
    return this.#first! + distance;
  }
}
