/**
 * The offset and the drift of another clock, and the bounds of both, derived from
 * probes.
 *
 * A delay is never negative. So a probe bounds the offset of the far clock at
 * two moments: when it is sent, the offset is at most the apparent forward
 * delay; when its reply arrives, at least minus the apparent backward delay. A
 * clock that drifts steadily is a straight line over time that lies below all
 * points of the first kind and above all of the second. The lines that do are
 * what is known. Only the lower envelope of either kind matters; it is kept as a
 * convex hull of bounded size.
 *
 * ```text
 *   offset  |  o    o   o       o   apparent forward delays
 *           |     o        o o
 *           | ------------------    the clock: somewhere in between
 *           |   x    x      x
 *           | x    x     x     x    minus the apparent backward delays
 *           +------------------- time
 * ```
 *
 * The line that is taken as the clock is the one with most room for delays. That
 * the truth is within the bounds is certain for a steady drift; that it is in
 * their middle is not.
 *
 * @module
 */

/** The maximum drift between two clocks that is thought possible: 1000 ppm. */
export const MAX_DRIFT = 1e-3;
/** Beyond this many points every second one is left out; the bounds stay valid. */
const MAX_POINTS = 256;
/** Room that differs by less than this is equal, in microseconds. */
const ROUNDING_US = 1e-6;

/**
 * The lower envelope of points, in constant memory.
 *
 * @example Usage
 * ```ts
 * import { LowerHull } from "./clock_relation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const hull = new LowerHull();
 * for (const [x, y] of [[0, 5], [1, 9], [2, 7]] as const) hull.record(x, y);
 * assertEquals([hull.min(0), hull.min(1), hull.slopes()], [5, 5, [1]]);
 * ```
 */
export class LowerHull {
  #count = 0;
  #x = new Float64Array(MAX_POINTS + 1);
  #y = new Float64Array(MAX_POINTS + 1);

  /**
   * Records a point; allocates nothing.
   *
   * @param x Its place; may be less than that of earlier points.
   * @param y Its value.
   */
  record(x: number, y: number): void {
    let at = this.#count;
    while (at > 0 && this.#x[at - 1]! >= x) at -= 1;
    if (at < this.#count) {
      if (this.#x[at] === x && this.#y[at]! <= y) return;
      if (at > 0 && this.#isAbove(x, y, at - 1, at)) return;
    }
    let from = at;
    let to = at;
    if (this.#x[to] === x && to < this.#count) to += 1;
    while (from > 1 && this.#hides(from - 2, from - 1, x, y)) from -= 1;
    while (to < this.#count - 1 && this.#hides(to + 1, to, x, y)) to += 1;
    this.#x.copyWithin(from + 1, to, this.#count);
    this.#y.copyWithin(from + 1, to, this.#count);
    this.#x[from] = x;
    this.#y[from] = y;
    this.#count += from + 1 - to;
    if (this.#count > MAX_POINTS) this.#thin();
  }

  /**
   * The height of the lowest line of a slope that touches a point, at 0.
   *
   * @param slope The slope.
   * @returns The minimum of y - slope * x; `Infinity` without a point.
   */
  min(slope: number): number {
    let min = Infinity;
    for (let at = 0; at < this.#count; at++) {
      min = Math.min(min, this.#y[at]! - slope * this.#x[at]!);
    }
    return min;
  }

  /** The slopes of the envelope's edges, rising. */
  slopes(): number[] {
    const edges = { length: Math.max(this.#count - 1, 0) };
    return Array.from(edges, (_, at) => this.#slope(at, at + 1));
  }

  #slope(from: number, to: number): number {
    return (this.#y[to]! - this.#y[from]!) / (this.#x[to]! - this.#x[from]!);
  }

  /** Whether a new point is not below the edge between two others. */
  #isAbove(x: number, y: number, from: number, to: number): boolean {
    return y >= this.#y[from]! + this.#slope(from, to) * (x - this.#x[from]!);
  }

  /** Whether a point is not below the edge from one beyond it to a new one. */
  #hides(beyond: number, point: number, x: number, y: number): boolean {
    const slope = (y - this.#y[beyond]!) / (x - this.#x[beyond]!);
    return this.#y[point]! >=
      this.#y[beyond]! + slope * (this.#x[point]! - this.#x[beyond]!);
  }

  /** Leaves out every second point, but neither end. */
  #thin(): void {
    let kept = 0;
    for (let at = 0; at < this.#count; at++) {
      if (at % 2 === 1 && at < this.#count - 1) continue;
      this.#x[kept] = this.#x[at]!;
      this.#y[kept] = this.#y[at]!;
      kept += 1;
    }
    this.#count = kept;
  }
}

/** What is known about another clock; times in microseconds. */
export interface ClockRelation {
  /** Its offset at a given time; positive if it is ahead. */
  offsetUs: number;
  /** The maximum error of the offset. */
  offsetBoundUs: number;
  /** By how much faster it runs: 1e-6 for 1 ppm. */
  drift: number;
  /** The maximum error of the drift. */
  driftBound: number;
  /** The largest possible minimum of either direction's delay. */
  maxMinUs: number;
}

/**
 * Finds the lines between two envelopes.
 *
 * @param forward Apparent forward delays, by the time of sending.
 * @param backward Apparent backward delays, by the time of arrival.
 * @param atUs The time for which the offset is given.
 * @param errorUs The maximum error of a delay, as from the step of a clock.
 * @returns What is known; `null` if no straight line is possible.
 *
 * @example Usage
 * ```ts
 * import { clockRelation, LowerHull } from "./clock_relation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Delays of 1 ms, and a clock that is 5 ms ahead and gains 1 ms in 2 s.
 * const [forward, backward] = [new LowerHull(), new LowerHull()];
 * for (const [atUs, offsetUs] of [[0, 5000], [2e6, 6000]] as const) {
 *   forward.record(atUs, 1000 + offsetUs);
 *   backward.record(atUs, 1000 - offsetUs);
 * }
 * const { offsetUs, drift, maxMinUs } = clockRelation(forward, backward, 1e6)!;
 * assertEquals([offsetUs, drift, maxMinUs], [5500, 0.0005, 2000]);
 * ```
 */
export function clockRelation(
  forward: LowerHull,
  backward: LowerHull,
  atUs: number,
  errorUs = 0,
): ClockRelation | null {
  const room = (drift: number) =>
    forward.min(drift) + backward.min(-drift) + 2 * errorUs;
  // The room is concave, and changes its slope only at that of an edge.
  const points = [
    -MAX_DRIFT,
    MAX_DRIFT,
    ...forward.slopes(),
    ...backward.slopes().map((slope) => -slope),
  ].filter((drift) => Math.abs(drift) <= MAX_DRIFT)
    .sort((a, b) => a - b)
    .map((drift) => ({ drift, roomUs: room(drift) }));
  const mostUs = Math.max(...points.map(({ roomUs }) => roomUs));
  if (mostUs < -ROUNDING_US) return null;
  const widest = points.filter(({ roomUs }) => roomUs >= mostUs - ROUNDING_US);
  const isKnown = Math.min(points[0]!.roomUs, points.at(-1)!.roomUs) < 0;
  // Where any drift is possible, none is the best guess.
  const drift = isKnown ? (widest[0]!.drift + widest.at(-1)!.drift) / 2 : 0;
  const possible = points.flatMap((point, at) => {
    const next = points[at + 1];
    const inside = point.roomUs >= 0 ? [point.drift] : [];
    if (!next || (point.roomUs >= 0) === (next.roomUs >= 0)) return inside;
    const part = point.roomUs / (point.roomUs - next.roomUs);
    return [...inside, point.drift + part * (next.drift - point.drift)];
  });
  const drifts = possible.length > 0 ? possible : [drift];
  const maxUs = errorUs +
    Math.max(...drifts.map((drift) => forward.min(drift) + drift * atUs));
  const minUs = -errorUs -
    Math.max(...drifts.map((drift) => backward.min(-drift) - drift * atUs));
  return {
    offsetUs: (minUs + maxUs) / 2,
    offsetBoundUs: Math.max(0, (maxUs - minUs) / 2),
    drift,
    driftBound: Math.max(drifts.at(-1)! - drift, drift - drifts[0]!),
    maxMinUs: Math.max(0, mostUs),
  };
}
