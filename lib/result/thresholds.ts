/**
 * Thresholds on a result, for scripts and for CI: `p99>5ms`.
 *
 * The figures are those of `figures.ts`, by their keys. The comparison is `>`,
 * `>=`, `<` or `<=`. These have short names:
 *
 * | name | figure |
 * |---|---|
 * | `min` `p50` `p90` `p99` `p99.9` `max` `mean` `stddev` | of the RTT. With the measure protocol and a schedule, the one from the intended time is judged as well: a stall of the peer delays the next probes |
 * | `throughput` | `aggregate` |
 *
 * @module
 */

import { type Figure, figureOf, FIGURES } from "./figures.ts";
import { formatValue, parseDuration, parseRate } from "./quantities.ts";
import type { MeasurementResult } from "./schema.ts";
import type { Unit } from "./section.ts";

/** One threshold. */
export interface Threshold {
  /** The name of the figure, as it was written. */
  name: string;
  /** The figure it is about. */
  figure: Figure;
  /**
   * Compares a result with the threshold.
   *
   * @param result The result.
   * @returns What to print if it is crossed, or `null`. An unknown figure
   * crosses every threshold.
   */
  crossedBy(result: MeasurementResult): string | null;
}

/** How a limit is written. */
const LIMITS: { [unit in Unit]?: [(text: string) => number | null, string] } = {
  us: [
    (text) => {
      const ms = parseDuration(text);
      return ms === null ? null : ms * 1000;
    },
    "a time such as 5ms or 200us",
  ],
  percent: [
    (text) => {
      const found = /^(\d+(?:\.\d+)?)%$/.exec(text);
      return found ? Number(found[1]) : null;
    },
    "a percentage such as 1%",
  ],
  bits_per_second: [parseRate, "a rate in bit/s such as 800K, 10M or 1G"],
  count: [
    (text) => /^\d+$/.test(text) ? Number(text) : null,
    "a number such as 3",
  ],
};

const COMPARISONS: Record<string, (value: number, limit: number) => boolean> = {
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
};

/** The figures of the path, of which less or more is better. */
const JUDGED = FIGURES.filter(({ isLessBetter, group }) =>
  isLessBetter !== null && group !== "quality"
);
const RTT_PARTS = JUDGED.filter(({ series }) => series === "RTT")
  .map(({ part }) => part);

/**
 * Reads a threshold.
 *
 * @param text The text.
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
  const found = /^\s*([a-z0-9._]+)\s*(>=|<=|>|<)\s*(\S+)\s*$/.exec(text);
  if (!found) {
    throw new SyntaxError(
      "FIGURE, one of > >= < <=, and a limit, as in p99>5ms, loss>1% or " +
        `throughput<10M, not "${text}"`,
    );
  }
  const [, name = "", comparison = "", limitText = ""] = found;
  const figures = figuresNamed(name);
  const [figure] = figures;
  if (figure === undefined) {
    const others = JUDGED.filter(({ group }) =>
      group !== "rtt" && group !== "one_way"
    ).map(({ key }) => key);
    throw new SyntaxError(
      `about ${RTT_PARTS.join(", ")} (each also as intended.NAME or ` +
        `reflector.NAME), ${
          others.join(", ")
        }, throughput, or forward.NAME or ` +
        `backward.NAME with p50, p99, max or jitter, not "${name}"`,
    );
  }
  const [parse, accepted] = LIMITS[figure.unit]!;
  const limit = parse(limitText);
  if (limit === null) {
    throw new SyntaxError(
      `a comparison of ${name} with ${accepted}, not "${limitText}"`,
    );
  }
  return {
    name,
    figure,
    crossedBy: (result) => {
      for (const [index, figure] of figures.entries()) {
        const isOther = index > 0;
        if (isOther && result.protocol !== "measure") continue;
        const value = figure.read(result) ?? null;
        if (value === null && isOther) continue;
        if (value === null) return `${text}: ${name} is unknown`;
        const what = isOther ? figure.key : name;
        if (COMPARISONS[comparison]!(value, limit)) {
          return `${text}: ${what} is ${formatValue(value, figure.unit)}`;
        }
      }
      return null;
    },
  };
}

/** The figures of a name: none, one, or the RTT and that from the schedule. */
function figuresNamed(name: string): Figure[] {
  const key = name.replace(/p999$/, "p99.9");
  const keys = RTT_PARTS.includes(key)
    ? [`rtt.${key}`, `intended.${key}`]
    : [key === "throughput" ? "aggregate" : key];
  return keys.map(figureOf).filter((figure) => figure !== undefined)
    .filter((figure) => JUDGED.includes(figure));
}
