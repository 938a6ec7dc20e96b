/**
 * How long each way takes, by two clocks that nobody has set against each other.
 *
 * A delay is never negative. So each probe bounds the offset of the far clock:
 * it is at most what the way there seems to take, and at least minus what the
 * way back seems to take. The estimate is the middle of what all probes leave
 * possible, the bound reaches its ends (RFC 5905, section 8, has the same of the
 * one best probe). That the middle is right is not known; the bound is.
 *
 * If nothing is left possible, the clocks drifted apart during the run, or one
 * was set. Differences of delays are still right, for the most part.
 *
 * @module
 */

import { type Distribution, SignedHistogram } from "./histogram.ts";
import { Jitter, type JitterFigures } from "./jitter.ts";

/** The delays of one way. */
export interface OneWayFigures {
  /** Their distribution, the estimated offset taken off; `null` if unknown. */
  delay_us: Distribution | null;
  /** How much successive delays differ; the offset does not matter. */
  jitter_us: JitterFigures | null;
}

/** Both ways. */
export interface OneWayResult {
  /** Positive if the far clock is ahead; `null` if the clocks drifted. */
  clock_offset_us: number | null;
  /** The true offset is at most so far from that, and so is each delay. */
  clock_bound_us: number | null;
  /** The way there. */
  forward: OneWayFigures;
  /** The way back. */
  backward: OneWayFigures;
}

/**
 * Adds up the two ways of each probe, in constant memory.
 *
 * @example Usage
 * ```ts
 * import { OneWay } from "./one_way.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // The far clock is 100 ms ahead, and each way takes 1 ms, or 3 once.
 * const oneWay = new OneWay();
 * oneWay.record(0, 101, -97);
 * oneWay.record(1, 101, -99);
 * const { clock_offset_us, clock_bound_us, backward } = oneWay.result()!;
 * assertEquals([clock_offset_us, clock_bound_us], [100_000, 1000]);
 * assertEquals(backward.delay_us?.max, 3000);
 * ```
 */
export class OneWay {
  #forward = new SignedHistogram();
  #backward = new SignedHistogram();
  #forwardJitter = new Jitter();
  #backwardJitter = new Jitter();
  #leastForwardUs = Infinity;
  #leastBackwardUs = Infinity;

  /**
   * Records a probe.
   *
   * @param sequence Its number.
   * @param forwardMs The way there, by the two clocks.
   * @param backwardMs The way back, likewise.
   */
  record(sequence: number, forwardMs: number, backwardMs: number): void {
    const forwardUs = forwardMs * 1000;
    const backwardUs = backwardMs * 1000;
    this.#forward.record(forwardUs);
    this.#backward.record(backwardUs);
    this.#forwardJitter.record(sequence, forwardUs);
    this.#backwardJitter.record(sequence, backwardUs);
    if (forwardUs < this.#leastForwardUs) this.#leastForwardUs = forwardUs;
    if (backwardUs < this.#leastBackwardUs) this.#leastBackwardUs = backwardUs;
  }

  /**
   * What was recorded so far.
   *
   * @returns The figures, or `null` if nothing was recorded.
   */
  result(): OneWayResult | null {
    if (this.#leastForwardUs === Infinity) return null;
    const offsetUs = (this.#leastForwardUs - this.#leastBackwardUs) / 2;
    const boundUs = (this.#leastForwardUs + this.#leastBackwardUs) / 2;
    const known = boundUs >= 0;
    return {
      clock_offset_us: known ? offsetUs : null,
      clock_bound_us: known ? boundUs : null,
      forward: {
        delay_us: known ? this.#forward.distribution(-offsetUs) : null,
        jitter_us: this.#forwardJitter.figures(),
      },
      backward: {
        delay_us: known ? this.#backward.distribution(offsetUs) : null,
        jitter_us: this.#backwardJitter.figures(),
      },
    };
  }
}
