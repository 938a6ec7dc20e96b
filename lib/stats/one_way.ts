/**
 * The two directions of each probe, by two clocks.
 *
 * Without a known relation between the clocks the delay of a direction is
 * unknown: only that its minimum is at most the round trip's. Its variation
 * above that minimum (RFC 5481, section 4.2) needs no relation, because the
 * offset cancels out; the drift is fitted, and removed.
 *
 * Percentiles and the timeline are those of a random sample of the probes once
 * there are more than 16 384; minimum and maximum are of all of them.
 *
 * @module
 */

import { clockRelation, LowerHull, MAX_DRIFT } from "./clock_relation.ts";
import { type Distribution, Histogram } from "./histogram.ts";
import { Jitter, type JitterFigures } from "./jitter.ts";
import type { Sample } from "./sample.ts";
import { seededRandom } from "./seeded_random.ts";
import { Timeline, type TimelineFigures } from "./timeline.ts";

/** The maximum number of probes that are kept for percentiles. */
const KEPT = 16_384;
/** The step of a timestamp, which has nanoseconds, in microseconds. */
const STEP_US = 1e-3;

/** The delays of one direction, in microseconds. */
export interface OneWayFigures {
  /** The interval that holds their minimum. */
  min_us: { low: number; high: number };
  /** Their distribution by the clocks as they are, if those are trusted. */
  delay_us?: Distribution;
  /** Their distribution above their minimum; `null` if the drift is unknown. */
  variation_us: Distribution | null;
  /** Their jitter, which does not depend on the offset. */
  jitter_us: JitterFigures | null;
}

/** Both directions. */
export interface OneWayResult {
  /** Whether delays are by the clocks as they are. */
  clocks_trusted: boolean;
  /**
   * The mean error of a probe's timestamps: those that its two packets state, and
   * what this program adds; `null` if unknown.
   */
  clock_error_us: number | null;
  /**
   * The far clock's offset half-way through the run, positive if it is ahead;
   * `null` if it did not drift steadily.
   */
  clock_offset_us: number | null;
  /** The maximum error of the offset. */
  clock_bound_us: number | null;
  /** By how much faster the far clock runs, in millionths. */
  clock_drift_ppm: number | null;
  /** The maximum error of the drift. */
  drift_bound_ppm: number | null;
  /** To the far end. */
  forward: OneWayFigures;
  /** Back. */
  backward: OneWayFigures;
}

/** The variation of each direction over time. */
export interface OneWayTimelines {
  /** To the far end. */
  forward: TimelineFigures;
  /** Back. */
  backward: TimelineFigures;
}

/** What is known before the first probe. */
export interface OneWayOptions {
  /** Takes the clocks as they are; default: they have no known relation. */
  trusted?: boolean;
  /** The maximum error of a timestamp; default: a nanosecond. */
  stepUs?: number;
}

/** What is used of a sample with both directions. */
export type OneWaySample = Pick<
  Sample,
  "sequence" | "sentAtMs" | "reflectorMs" | "clockErrorMs"
>;

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
 * oneWay.record({ sequence: 0, sentAtMs: 0 }, 101, -97);
 * oneWay.record({ sequence: 1, sentAtMs: 10 }, 101, -99);
 * const { forward, backward } = oneWay.result()!;
 * assertEquals(forward.min_us.low, 0);
 * assertEquals(Math.round(forward.min_us.high / 10), 200);
 * assertEquals(Math.round(backward.variation_us!.max / 10), 200);
 * ```
 */
export class OneWay {
  #trusted: boolean;
  #stepUs: number;
  #count = 0;
  #firstMs = 0;
  /** The first forward delay stands in for the offset, to keep digits. */
  #baseUs = 0;
  #endUs = 0;
  #minRttUs = Infinity;
  #errors = { count: 0, sumUs: 0 };
  #forward = new Direction();
  #backward = new Direction();
  #random = seededRandom(1);

  /**
   * Starts without a probe.
   *
   * @param options What is known of the clocks.
   */
  constructor({ trusted = false, stepUs = STEP_US }: OneWayOptions = {}) {
    this.#trusted = trusted;
    this.#stepUs = stepUs;
  }

  /**
   * Records a probe.
   *
   * @param sample The probe.
   * @param forwardMs The forward delay between the two clocks.
   * @param backwardMs The backward delay, likewise.
   */
  record(sample: OneWaySample, forwardMs: number, backwardMs: number): void {
    const { sequence, sentAtMs, reflectorMs = 0, clockErrorMs } = sample;
    if (this.#count === 0) {
      this.#firstMs = sentAtMs;
      this.#baseUs = forwardMs * 1000;
    }
    const sentUs = (sentAtMs - this.#firstMs) * 1000;
    const rttUs = (forwardMs + backwardMs) * 1000;
    const arrivedUs = sentUs + rttUs + reflectorMs * 1000;
    // Algorithm R (Vitter 1985): each probe is as likely to be kept.
    const place = this.#count < KEPT
      ? this.#count
      : Math.floor(this.#random() * (this.#count + 1));
    this.#count += 1;
    const forwardUs = forwardMs * 1000 - this.#baseUs;
    this.#forward.record(sequence, sentUs, forwardUs, place);
    const backwardUs = backwardMs * 1000 + this.#baseUs;
    this.#backward.record(sequence, arrivedUs, backwardUs, place);
    if (arrivedUs > this.#endUs) this.#endUs = arrivedUs;
    if (rttUs < this.#minRttUs) this.#minRttUs = rttUs;
    if (clockErrorMs === undefined) return;
    this.#errors.count += 1;
    this.#errors.sumUs += clockErrorMs * 1000;
  }

  /**
   * The figures so far.
   *
   * @returns The figures, or `null` if nothing was recorded.
   */
  result(): OneWayResult | null {
    if (this.#count === 0) return null;
    const relation = this.#relation();
    const drift = this.#drift();
    const { count, sumUs } = this.#errors;
    const meanErrorUs = count === 0 ? null : sumUs / count;
    // The clocks count a delay alike to within the drift.
    const highUs = (relation?.maxMinUs ?? this.#minRttUs + 2 * this.#stepUs) /
      (1 - MAX_DRIFT);
    const figures = (way: Direction, sign: number): OneWayFigures => {
      const shared = {
        variation_us: drift === null
          ? null
          : way.distribution(sign * drift, this.#count),
        jitter_us: way.jitter.figures(),
      };
      if (!this.#trusted) {
        return { min_us: { low: 0, high: highUs }, ...shared };
      }
      const minUs = way.points.min(0) + sign * this.#baseUs;
      const errorUs = meanErrorUs ?? 0;
      const low = Math.max(0, minUs - errorUs);
      return {
        min_us: { low, high: Math.max(low, minUs + errorUs) },
        delay_us: way.distribution(0, this.#count, minUs),
        ...shared,
      };
    };
    return {
      clocks_trusted: this.#trusted,
      clock_error_us: meanErrorUs,
      clock_offset_us: relation && relation.offsetUs + this.#baseUs,
      clock_bound_us: relation && relation.offsetBoundUs,
      clock_drift_ppm: relation && relation.drift * 1e6,
      drift_bound_ppm: relation && relation.driftBound * 1e6,
      forward: figures(this.#forward, 1),
      backward: figures(this.#backward, -1),
    };
  }

  /** The variation over time; `null` if the drift is unknown. */
  timelines(): OneWayTimelines | null {
    const drift = this.#count === 0 ? null : this.#drift();
    return drift === null ? null : {
      forward: this.#forward.timeline(drift),
      backward: this.#backward.timeline(-drift),
    };
  }

  #relation() {
    const [forward, backward] = [this.#forward.points, this.#backward.points];
    return clockRelation(forward, backward, this.#endUs / 2, this.#stepUs);
  }

  /** The drift to remove; clocks that are trusted have none. */
  #drift(): number | null {
    return this.#trusted ? 0 : this.#relation()?.drift ?? null;
  }
}

class Direction {
  readonly jitter = new Jitter();
  /** The apparent delays by time. */
  readonly points = new LowerHull();
  /** The same, negative. */
  #top = new LowerHull();
  /** The time and the apparent delay of the probes that are kept. */
  #kept: { atUs: number[]; us: number[] } = { atUs: [], us: [] };

  record(sequence: number, atUs: number, us: number, place: number): void {
    this.jitter.record(sequence, us);
    this.points.record(atUs, us);
    this.#top.record(atUs, -us);
    if (place >= KEPT) return;
    this.#kept.atUs[place] = atUs;
    this.#kept.us[place] = us;
  }

  /** Above the minimum of all, or with that minimum again. */
  distribution(drift: number, count: number, minUs = 0): Distribution {
    const histogram = new Histogram();
    for (const { us } of this.#variations(drift)) histogram.record(us);
    const rangeUs = -this.#top.min(-drift) - this.points.min(drift);
    return {
      ...histogram.distribution(minUs)!,
      count,
      min: minUs,
      max: minUs + Math.max(0, rangeUs),
    };
  }

  timeline(drift: number): TimelineFigures {
    const timeline = new Timeline();
    for (
      const { atUs, us } of this.#variations(drift)
        .sort((one, other) => one.atUs - other.atUs)
    ) timeline.record(atUs / 1000, us);
    return timeline.figures();
  }

  #variations(drift: number): { atUs: number; us: number }[] {
    const minUs = this.points.min(drift);
    return this.#kept.atUs.map((atUs, index) => ({
      atUs,
      us: Math.max(0, this.#kept.us[index]! - drift * atUs - minUs),
    }));
  }
}
