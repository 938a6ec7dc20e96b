/**
 * The measurements of a target in one span of time: counters, and a histogram for
 * the round trip and for each direction.
 *
 * @module
 */

import { canCarry } from "../stats/histogram.ts";
import { LogHistogram } from "../stats/log_histogram.ts";
import {
  COUNTERS,
  type DelayFigures,
  type ProbeCounts,
  type SpanFigures,
} from "./api.ts";

/** The delays of a slot, by their names in the store and in the interface. */
export const DELAYS = ["rtt", "forward", "backward"] as const;

/** A slot that can be added to others. */
export class Slot implements ProbeCounts {
  /** See `ProbeCounts`, as the other counters. */
  sent = 0;
  /** Probes without a reply in time. */
  lost = 0;
  /** Those that did not reach the target. */
  lost_forward = 0;
  /** Those whose reply was lost. */
  lost_backward = 0;
  /** Probes whose outcome is unknown. */
  unknown = 0;
  /** Second replies. */
  duplicate = 0;
  /** Replies that were overtaken. */
  reordered = 0;
  /** The round trips. */
  readonly rtt: LogHistogram = new LogHistogram();
  /** The forward delays above their minimum. */
  readonly forward: LogHistogram = new LogHistogram();
  /** The backward delays, likewise. */
  readonly backward: LogHistogram = new LogHistogram();

  /**
   * Adds the counters of another slot.
   *
   * @param counts The counters.
   */
  count(counts: ProbeCounts): void {
    for (const key of COUNTERS) this[key] += counts[key];
  }

  /**
   * Adds another slot.
   *
   * @param other The other.
   */
  merge(other: Slot): void {
    this.count(other);
    for (const key of DELAYS) this[key].merge(other[key]);
  }

  /** The counters alone. */
  counts(): ProbeCounts {
    return Object.fromEntries(
      COUNTERS.map((key) => [key, this[key]]),
    ) as unknown as ProbeCounts;
  }

  /** The figures of the slot. */
  figures(): SpanFigures {
    return {
      ...this.counts(),
      rtt: delayFigures(this.rtt),
      forward: delayFigures(this.forward),
      backward: delayFigures(this.backward),
    };
  }
}

function delayFigures(histogram: LogHistogram): DelayFigures | null {
  const { count, sum, min, max } = histogram;
  if (count === 0) return null;
  const [p50, ...upper] = histogram.quantiles([0.5, 0.9, 0.95, 0.99]);
  const [p90, p95, p99] = [90, 95, 99].map((percent, at) =>
    canCarry(percent, count) ? upper[at]! : null
  );
  return {
    count,
    min_us: min,
    mean_us: sum / count,
    p50_us: p50!,
    p90_us: p90!,
    p95_us: p95!,
    p99_us: p99!,
    max_us: max,
  };
}
