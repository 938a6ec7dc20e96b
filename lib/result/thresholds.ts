/**
 * Thresholds on a result, for scripts and for CI: `--fail-if 'p99>5ms'`.
 *
 * | figure | compared with |
 * |---|---|
 * | `min` `mean` `stddev` `p50` `p90` `p99` `p99.9` `max` | a time; the RTT |
 * | `intended.p99` and so on | a time; the RTT from the intended moment |
 * | `jitter` | a time; as in RFC 3550 |
 * | `loss` | a percentage, as `1%` |
 * | `throughput` | a rate, as `10M`; the aggregate |
 *
 * The comparison is `>`, `>=`, `<` or `<=`.
 *
 * @module
 */

import type { Result } from "./result.ts";
import { formatDuration, formatRate } from "./quantities.ts";
import type { Distribution } from "../stats/histogram.ts";
import { UsageError } from "../cli/options.ts";
import { parseDuration, parseRate } from "./units.ts";

/** One threshold. */
export interface Threshold {
  /** The figure it is about. */
  figure: string;
  /**
   * Holds a result against the threshold.
   *
   * @param result The result.
   * @returns What to say if it is crossed, or `null`. A figure that is unknown
   * crosses every threshold: nobody can say that it does not.
   */
  crossedBy(result: Result): string | null;
}

interface Figure {
  of: (result: Result) => number | null;
  parse: (text: string) => number | null;
  show: (value: number) => string;
  accepts: string;
}

const GRAMMAR =
  "FIGURE, one of > >= < <=, and a limit, as in p99>5ms, loss>1% or throughput<10M";

/**
 * Reads a threshold.
 *
 * @param text As a person wrote it.
 * @returns The threshold.
 * @throws {SyntaxError} If it is none; the message says what is accepted.
 *
 * @example Usage
 * ```ts
 * import { parseThreshold } from "./thresholds.ts";
 * import { assertThrows } from "@std/assert";
 *
 * parseThreshold("p99 > 5ms");
 * assertThrows(() => parseThreshold("p98>5ms"), SyntaxError, "p98");
 * ```
 */
export function parseThreshold(text: string): Threshold {
  const found = /^\s*([a-z0-9.]+)\s*(>=|<=|>|<)\s*(\S+)\s*$/.exec(text);
  if (!found) throw new SyntaxError(`${GRAMMAR}, not "${text}"`);
  const [, name = "", comparison = "", limitText = ""] = found;
  const figure = figureNamed(name);
  if (figure === null) {
    throw new SyntaxError(
      `about ${FIGURE_NAMES}, not "${name}"`,
    );
  }
  const limit = figure.parse(limitText);
  if (limit === null) {
    throw new SyntaxError(
      `a comparison of ${name} with ${figure.accepts}, not "${limitText}"`,
    );
  }
  return {
    figure: name,
    crossedBy: (result) => {
      const value = figure.of(result);
      if (value === null) return `${text}: ${name} is unknown`;
      return compare(value, comparison, limit)
        ? `${text}: ${name} is ${figure.show(value)}`
        : null;
    },
  };
}

/**
 * Makes sure that thresholds are about what will be measured.
 *
 * @param thresholds The thresholds.
 * @param measured Whether throughput is, and whether there is a schedule.
 * @throws {UsageError} If one is about something else.
 */
export function refuseThresholds(
  thresholds: Threshold[],
  measured: { throughput: boolean; schedule: boolean },
): void {
  for (const { figure } of thresholds) {
    if (figure === "throughput" && !measured.throughput) {
      throw new UsageError(
        "--fail-if on throughput goes with tput of measure-client",
      );
    }
    if (figure.startsWith("intended.") && !measured.schedule) {
      throw new UsageError(`--fail-if on ${figure} goes with --interval`);
    }
  }
}

const DISTRIBUTION_KEYS = new Map<string, keyof Distribution>([
  ["min", "min"],
  ["mean", "mean"],
  ["stddev", "stddev"],
  ["p50", "p50"],
  ["p90", "p90"],
  ["p99", "p99"],
  ["p99.9", "p999"],
  ["p999", "p999"], // as it is called in JSON
  ["max", "max"],
]);
const FIGURE_NAMES =
  "min, mean, stddev, p50, p90, p99, p99.9, max (each also as intended.NAME), " +
  "jitter, loss or throughput";

function figureNamed(name: string): Figure | null {
  const intended = name.startsWith("intended.");
  const key = DISTRIBUTION_KEYS.get(
    intended ? name.slice("intended.".length) : name,
  );
  if (key !== undefined) {
    return duration((result) =>
      (intended ? result.rtt_from_intended_us : result.rtt_us)?.[key] ?? null
    );
  }
  if (name === "jitter") {
    return duration((result) => result.jitter_us?.rfc3550 ?? null);
  }
  if (name === "loss") return LOSS;
  if (name === "throughput") return THROUGHPUT;
  return null;
}

function duration(of: Figure["of"]): Figure {
  return {
    of,
    parse: (text) => {
      const ms = parseDuration(text);
      return ms === null ? null : ms * 1000;
    },
    show: formatDuration,
    accepts: "a time such as 5ms or 200us",
  };
}

const LOSS: Figure = {
  of: ({ probes: { lost, sent } }) => sent === 0 ? null : 100 * lost / sent,
  parse: (text) => {
    const found = /^(\d+(?:\.\d+)?)%$/.exec(text);
    return found ? Number(found[1]) : null;
  },
  show: (percent) => `${Math.round(percent * 100) / 100}%`,
  accepts: "a percentage such as 1%",
};

const THROUGHPUT: Figure = {
  of: (result) => result.throughput?.aggregate_bits_per_second ?? null,
  parse: parseRate,
  show: formatRate,
  accepts: "a rate in bit/s such as 800K, 10M or 1G",
};

function compare(value: number, comparison: string, limit: number): boolean {
  switch (comparison) {
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "<":
      return value < limit;
    default:
      return value <= limit;
  }
}
