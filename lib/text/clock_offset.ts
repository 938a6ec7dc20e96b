/**
 * How far another host's clock is from ours, from one reading of it.
 *
 * The other clock was read at some moment between our asking and the answer's
 * arrival, and its reading stands for a span as long as its resolution. The
 * estimate is the middle of what is possible, the bound reaches its ends: half
 * the round trip, and half the resolution (Cristian, Distributed Computing 3,
 * 1989).
 *
 * @module
 */

import type { ToldTime } from "./time_format.ts";

/** An offset and how far it may be off, in milliseconds. */
export interface ClockOffset {
  /** Positive if the other clock is ahead. */
  offsetMs: number;
  /** The true offset is at most so far from the estimate. */
  boundMs: number;
}

/**
 * Estimates the offset of a clock.
 *
 * @param told What the other host told.
 * @param askedAtMs When it was asked, by our wall clock.
 * @param roundTripMs How long the answer took.
 * @returns The offset and its bound.
 *
 * @example Usage
 * ```ts
 * import { clockOffset } from "./clock_offset.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const told = { text: "", fromMs: 10_000, resolutionMs: 1000 };
 * assertEquals(clockOffset(told, 9_990, 20), { offsetMs: 500, boundMs: 510 });
 * ```
 */
export function clockOffset(
  told: ToldTime,
  askedAtMs: number,
  roundTripMs: number,
): ClockOffset {
  const halfTripMs = roundTripMs / 2;
  const halfStepMs = told.resolutionMs / 2;
  return {
    offsetMs: told.fromMs + halfStepMs - (askedAtMs + halfTripMs),
    boundMs: halfTripMs + halfStepMs,
  };
}
