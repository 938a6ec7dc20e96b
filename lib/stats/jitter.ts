/**
 * The variation of successive delays (jitter), by two definitions.
 *
 * | name | definition |
 * |---|---|
 * | RFC 3550 | `J += (abs(D) - J) / 16`, D between successive known delays, in order of arrival (section 6.4.1) |
 * | IPDV | the distribution of `abs(D)`, D between neighbours in the sequence (RFC 3393) that arrive in succession |
 *
 * @module
 */

import { Histogram } from "./histogram.ts";

/** The jitter of a series, in microseconds. */
export interface JitterFigures {
  /** RFC 3550's smoothed interarrival jitter after the last difference. */
  rfc3550: number;
  /** The median of the absolute successive differences. */
  ipdv_p50: number;
  /** The 99th percentile of the absolute successive differences. */
  ipdv_p99: number;
}

/**
 * Computes the jitter of a series of delays.
 *
 * @example Usage
 * ```ts
 * import { Jitter } from "./jitter.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const jitter = new Jitter();
 * [100, 116, 100].forEach((us, sequence) => jitter.record(sequence, us));
 * assertEquals(jitter.figures(), {
 *   rfc3550: 1 + (16 - 1) / 16,
 *   ipdv_p50: 16,
 *   ipdv_p99: 16,
 * });
 * ```
 */
export class Jitter {
  #lastUs: number | null = null;
  #lastSequence = NaN;
  #smoothedUs = 0;
  #ipdv = new Histogram();

  /**
   * Records the next delay, in order of arrival; lost probes are left out.
   *
   * @param sequence Its number; neighbours differ by 1.
   * @param us The delay in microseconds; between two clocks it may be negative.
   */
  record(sequence: number, us: number): void {
    if (this.#lastUs !== null) {
      const differenceUs = Math.abs(us - this.#lastUs);
      this.#smoothedUs += (differenceUs - this.#smoothedUs) / 16;
      if (sequence === this.#lastSequence + 1) this.#ipdv.record(differenceUs);
    }
    this.#lastUs = us;
    this.#lastSequence = sequence;
  }

  /**
   * The figures so far.
   *
   * @returns The figures, or `null` before the first two neighbours.
   */
  figures(): JitterFigures | null {
    if (this.#ipdv.count === 0) return null;
    return {
      rfc3550: this.#smoothedUs,
      ipdv_p50: this.#ipdv.percentile(50)!,
      ipdv_p99: this.#ipdv.percentile(99)!,
    };
  }
}
