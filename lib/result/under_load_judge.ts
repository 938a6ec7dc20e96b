/**
 * What delays mean: the grade of an increase, round trips a minute, the quality
 * of outcome for some uses, and whether a phase was stable.
 *
 * @module
 */

import { mean } from "../stats/average.ts";

/** The phases that fill the path. */
export const LOAD_NAMES = ["download", "upload", "both"] as const;

/** One of them. */
export type LoadName = "download" | "upload" | "both";

/** @internal Whether a phase is a load. */
export function isLoad(name: string): name is LoadName {
  return LOAD_NAMES.includes(name as LoadName);
}

/**
 * The grades of dslreports.com, and below which increase of the median each is
 * given, in milliseconds.
 */
const GRADES: readonly (readonly [Grade, ms: number])[] = [
  ["A+", 5],
  ["A", 30],
  ["B", 60],
  ["C", 200],
  ["D", 400],
  ["F", Infinity],
];

/** A grade. */
export type Grade = "A+" | "A" | "B" | "C" | "D" | "F";

/** The grades from the best to the worst. */
export const GRADE_NAMES: readonly Grade[] = GRADES.map(([grade]) => grade);

/**
 * Grades an increase by the table of dslreports.com.
 *
 * @param increaseUs The increase of the median, in microseconds.
 * @returns The grade.
 *
 * @example Usage
 * ```ts
 * import { gradeIncrease } from "./under_load_judge.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([4_999, 5_000, 250_000].map(gradeIncrease), ["A+", "A", "D"]);
 * ```
 */
export function gradeIncrease(increaseUs: number): Grade {
  return GRADES.find(([, ms]) => increaseUs < ms * 1000)?.[0] ?? "F";
}

/** The share of the slowest probes that is left out of round trips a minute. */
const TRIMMED = 0.05;

/** The mean without the slowest twentieth; `null` without a value. */
function trimmedMean(values: number[]): number | null {
  const kept = Math.ceil(values.length * (1 - TRIMMED));
  return mean(values.toSorted((a, b) => a - b).slice(0, kept));
}

/**
 * Round trips a minute, by the arithmetic of draft-ietf-ippm-responsiveness
 * without TLS: the mean of 60 000 / mean(TM(connect), TM(probe)), for new
 * connections, and 60 000 / TM(probe), for present ones. TM leaves the slowest
 * twentieth out. The draft's probes are HTTP requests; these are not.
 *
 * @param probesUs Round-trip times of probes, in microseconds.
 * @param connectsUs Times that the set-up of connections took; may be empty.
 * @returns The number, or `null` without a probe.
 *
 * @example Usage
 * ```ts
 * import { roundTripsPerMinute } from "./under_load_judge.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(roundTripsPerMinute([100_000], [300_000]), (300 + 600) / 2);
 * ```
 */
export function roundTripsPerMinute(
  probesUs: number[],
  connectsUs: number[],
): number | null {
  const probe = trimmedMean(probesUs);
  if (probe === null || probe === 0) return null;
  const connect = trimmedMean(connectsUs) ?? probe;
  return (60e6 / ((connect + probe) / 2) + 60e6 / probe) / 2;
}

/** What a use needs to be perfect, and from where on it is useless. */
interface Needs {
  /** The 95th percentile of round-trip times, in milliseconds. */
  p95Ms: [perfect: number, useless: number];
  /** Loss, in percent. */
  lossPercent: [perfect: number, useless: number];
  /** The least rate of each direction, in bit/s. */
  down: number;
  up: number;
}

/** The uses that are judged; the requirements are ours, see docs/under-load.md. */
const USES: Record<keyof Outcome, Needs> = {
  call: { p95Ms: [150, 600], lossPercent: [1, 8], down: 1e5, up: 1e5 },
  gaming: { p95Ms: [50, 200], lossPercent: [0.5, 5], down: 1e6, up: 2e5 },
  video: { p95Ms: [500, 3000], lossPercent: [2, 15], down: 5e6, up: 0 },
  web: { p95Ms: [100, 1500], lossPercent: [1, 10], down: 1e6, up: 0 },
};

/** The quality of outcome of each use, from 0 to 100. */
export type Outcome = Record<"call" | "gaming" | "video" | "web", number>;

/**
 * The quality of outcome (after draft-ietf-ippm-qoo): for each use the least of
 * three scores, of the 95th percentile, of the loss, and of the rates.
 *
 * @param p95Us The percentile, in microseconds.
 * @param lossPercent The loss.
 * @param rates What the path carries in each direction, in bit/s; `null` if that
 * was not measured.
 * @returns From 0, useless, to 100, perfect.
 *
 * @example Usage
 * ```ts
 * import { outcomeScores } from "./under_load_judge.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { call, video } = outcomeScores(375_000, 0, { down: 2e6, up: null });
 * assertEquals([call, video], [50, 0]);
 * ```
 */
export function outcomeScores(
  p95Us: number,
  lossPercent: number,
  rates: { down: number | null; up: number | null },
): Outcome {
  const score = (value: number, [perfect, useless]: [number, number]) =>
    Math.min(1, Math.max(0, (useless - value) / (useless - perfect)));
  return Object.fromEntries(
    Object.entries<Needs>(USES).map(([use, needs]) => {
      const isFast = (rates.down ?? Infinity) >= needs.down &&
        (rates.up ?? Infinity) >= needs.up;
      const min = Math.min(
        score(p95Us / 1000, needs.p95Ms),
        score(lossPercent, needs.lossPercent),
        Number(isFast),
      );
      return [use, Math.round(min * 100)];
    }),
  ) as Outcome;
}

/** How many intervals of a second a moving average covers. */
const INTERVALS = 4;
/** Moving averages that deviate by less than this share are stable. */
const STABLE_SHARE = 0.05;
/** Round-trip times that deviate by less are stable, too; in microseconds. */
const STABLE_US = 500;

/** How far the figures of a phase can be trusted. */
export type Confidence = "low" | "medium" | "high";

/**
 * How stable a phase was, by the rule of draft-ietf-ippm-responsiveness: the
 * last four moving averages, of four seconds each, of the goodput and of the
 * round-trip time deviate by less than 5 %.
 *
 * @param rates The rates of the phase.
 * @param probes The probes of the run.
 * @param fromMs The start of the phase.
 * @param untilMs Its end, or the present.
 * @returns `low` for less than four seconds, `medium` for a phase that was not
 * stable at its end, `high` for one that was.
 */
export function confidence(
  rates: { at_ms: number[]; down: number[]; up: number[] },
  probes: { at_ms: number[]; rtt_us: (number | null)[] },
  fromMs: number,
  untilMs: number,
): Confidence {
  const seconds = Math.floor((untilMs - fromMs) / 1000);
  if (seconds < INTERVALS) return "low";
  const means = (atMs: number[], values: (number | null)[]) => {
    const sums = Array.from({ length: seconds }, () => ({ sum: 0, count: 0 }));
    atMs.forEach((ms, at) => {
      const slot = sums[Math.floor((ms - fromMs) / 1000)];
      const value = values[at] ?? null;
      if (ms < fromMs || slot === undefined || value === null) return;
      slot.sum += value;
      slot.count += 1;
    });
    return sums.map(({ sum, count }) => count === 0 ? NaN : sum / count);
  };
  const goodput = rates.down.map((down, at) => down + rates.up[at]!);
  return isStable(means(rates.at_ms, goodput), 0) &&
      isStable(means(probes.at_ms, probes.rtt_us), STABLE_US)
    ? "high"
    : "medium";
}

/** Whether the last moving averages deviate by little; not if one is unknown. */
function isStable(seconds: number[], tolerated: number): boolean {
  const averages = seconds.map((_, at) =>
    mean(seconds.slice(Math.max(0, at + 1 - INTERVALS), at + 1))!
  ).slice(-INTERVALS);
  const centre = mean(averages)!;
  const deviation = Math.sqrt(
    mean(averages.map((average) => (average - centre) ** 2))!,
  );
  return deviation < Math.max(tolerated, STABLE_SHARE * averages.at(-1)!);
}
