/**
 * The variation of each direction's delay, for measurements without an end.
 *
 * The clocks of both ends differ and drift. The latest 5 to 10 minutes give the
 * drift and the minimum of each direction, see `clock_relation.ts`. The variation
 * is how much a delay exceeds that minimum; it needs no synchronized clocks.
 *
 * @module
 */

import { clockRelation, LowerHull } from "../stats/clock_relation.ts";

/** Probes are forgotten after one to two of these spans, in microseconds. */
const GENERATION_US = 300e6;
/** The drift is fitted again after this time. */
const FIT_US = 10e6;
/** A larger difference between two probes means that a clock was set. */
const STEP_US = 500_000;
/** The resolution of the timestamps, in microseconds. */
const ERROR_US = 1;

/**
 * Follows the clocks of one target.
 *
 * @example Usage
 * ```ts
 * import { OneWayVariation } from "./one_way_variation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // The far clock is 1 s ahead. Each direction takes 5 ms, and once 7 ms.
 * const variation = new OneWayVariation();
 * variation.record(0, 1_005_000, -995_000);
 * assertEquals(variation.record(1e6, 1_007_000, -995_000), [2000, 0]);
 * ```
 */
export class OneWayVariation {
  #reference = new Directions();
  #next = new Directions();
  #startUs = NaN;
  #generationUs = 0;
  #fittedUs = -Infinity;
  #drift: number | null = 0;
  #last = NaN;

  /**
   * Records a probe.
   *
   * @param atUs When it was sent.
   * @param forwardUs Its apparent forward delay.
   * @param backwardUs Its apparent backward delay.
   * @returns How much each exceeds the minimum; `null` while the drift is unknown.
   */
  record(
    atUs: number,
    forwardUs: number,
    backwardUs: number,
  ): [forward: number, backward: number] | null {
    const rttUs = forwardUs + backwardUs;
    if (!(Math.abs(forwardUs - this.#last) < STEP_US + rttUs)) {
      this.#reference = new Directions();
      this.#next = new Directions();
      this.#startUs = this.#generationUs = atUs;
      this.#fittedUs = -Infinity;
    }
    this.#last = forwardUs;
    if (atUs - this.#generationUs > GENERATION_US) {
      this.#generationUs = atUs;
      this.#reference = this.#next;
      this.#next = new Directions();
    }
    const sentUs = atUs - this.#startUs;
    const arrivedUs = sentUs + rttUs;
    for (const hulls of [this.#reference, this.#next]) {
      hulls.forward.record(sentUs, forwardUs);
      hulls.backward.record(arrivedUs, backwardUs);
    }
    const { forward, backward } = this.#reference;
    if (atUs - this.#fittedUs > FIT_US) {
      this.#fittedUs = atUs;
      this.#drift = clockRelation(forward, backward, 0, ERROR_US)?.drift ??
        null;
    }
    const drift = this.#drift;
    if (drift === null) return null;
    return [
      Math.max(0, forwardUs - drift * sentUs - forward.min(drift)),
      Math.max(0, backwardUs + drift * arrivedUs - backward.min(-drift)),
    ];
  }
}

class Directions {
  readonly forward = new LowerHull();
  readonly backward = new LowerHull();
}
