/**
 * What a sweep is asked for: which sizes, and which delays.
 *
 * @module
 */

import type { SweepPlan } from "../result/sweep.ts";
import { type MeasurementType, SETUP_LIMITS } from "../measure/messages.ts";
import type { OptionTable } from "./options.ts";
import { parseDuration, parseSize } from "../result/quantities.ts";

/** The course's sizes, in bytes. */
const SIZES_BYTES: Record<MeasurementType, number[]> = {
  rtt: [1, 100, 200, 400, 800, 1000],
  tput: [1024, 2048, 4096, 8192, 16_384, 32_768],
};
/** The course's delays, in milliseconds. */
const DELAYS_MS = [0, 50, 100, 200];
/** The most values of a list. */
const MAX_VALUES = 100;
/** How much of a list is quoted, in characters. */
const QUOTED = 60;

/** The options that say so. */
export const SWEEP_OPTIONS = {
  sizes: {
    kind: "custom",
    placeholder: "SIZE,...",
    parse: listOf(
      parseSize,
      { min: 1, max: SETUP_LIMITS.sizeBytes },
      "sizes in bytes such as 1,100,1K, each from 1 to 1M",
    ),
    help:
      "sweep: the payloads, of both quantities (rtt 1,100,200,400,800,1000; tput 1K,2K,4K,8K,16K,32K)",
  },
  delays: {
    kind: "custom",
    placeholder: "TIME,...",
    parse: listOf(
      parseDuration,
      { min: 0, max: SETUP_LIMITS.delayMs },
      "times such as 0,50ms,1s (a bare number is ms), each from 0 to 60s",
    ),
    help: `sweep: the delays (${DELAYS_MS.join(",")})`,
  },
} as const satisfies OptionTable;

/**
 * Makes a plan of what is asked for.
 *
 * @param options The values of {@linkcode SWEEP_OPTIONS}.
 * @param sizeBytes The payload where delays vary.
 * @returns The plan.
 */
export function sweepPlan(
  options: { sizes: number[] | undefined; delays: number[] | undefined },
  sizeBytes: SweepPlan["sizeBytes"],
): SweepPlan {
  const { sizes, delays } = options;
  return {
    sizesBytes: sizes ? { rtt: sizes, tput: sizes } : SIZES_BYTES,
    delaysMs: delays ?? DELAYS_MS,
    sizeBytes,
  };
}

function listOf(
  parse: (text: string) => number | null,
  { min, max }: { min: number; max: number },
  accepted: string,
): (text: string) => number[] {
  return (text) => {
    const values = text.split(",").map((part) => parse(part.trim()));
    const isGood = (value: number | null): value is number =>
      value !== null && value >= min && value <= max;
    if (values.length <= MAX_VALUES && values.every(isGood)) {
      return [...new Set(values)];
    }
    throw new SyntaxError(
      `a list of ${accepted}, at most ${MAX_VALUES} of them, not "${
        text.length <= QUOTED ? text : `${text.slice(0, QUOTED)}...`
      }"`,
    );
  };
}
