/**
 * Thresholds on a result, for scripts and for CI: `p99>5ms`.
 *
 * The figures are those of `figures.ts`, by their keys. The comparison is `>`,
 * `>=`, `<` or `<=`. These have other names:
 *
 * | name | figure |
 * |---|---|
 * | `min` `max` `mean` `stddev` `p50` `p99.5` ... | of the RTT, or of the RTT from the intended time, whichever is stricter: a stall of the peer delays the next probes |
 * | `throughput` | `aggregate` of `tput`, `goodput` of a throughput test |
 * | `loss` `jitter` | of probes, or `goodput.NAME` of the datagrams of a throughput test |
 * | `there.NAME` `back.NAME` | `forward.NAME` `backward.NAME` |
 *
 * @module
 */

import { type Figure, FIGURES, findFigure, type Measured } from "./figures.ts";
import { GRADE_NAMES } from "./under_load_judge.ts";
import { parseDuration, parseRate } from "./quantities.ts";
import type { LimitFigures } from "./figure_schema.ts";
import type { Unit } from "./section.ts";

/** One threshold. */
export interface Threshold {
  /** The name of the figure, as it was written. */
  name: string;
  /** The figures to compare: one, or the RTT and the RTT from the intended time. */
  figures: [Figure, ...Figure[]];
  /**
   * Compares a measurement with the threshold.
   *
   * @param measured The measurement.
   * @returns Which figure was compared, its value, and whether it crossed the
   * limit. An unknown figure crosses every threshold.
   */
  judge(measured: Measured): LimitFigures;
}

/** The notation of a limit in each unit. */
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
  grade: [
    (text) => {
      const grade = (GRADE_NAMES as readonly string[]).indexOf(text);
      return grade < 0 ? null : grade;
    },
    "a grade from A+ to F",
  ],
  count: [
    (text) => /^\d+(\.\d+)?$/.test(text) ? Number(text) : null,
    "a number such as 3",
  ],
};

const COMPARISONS: Record<string, (value: number, limit: number) => boolean> = {
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
};

/** Whether less or more of a figure of the path is better. */
function isJudged({ isLessBetter, group }: Figure): boolean {
  return isLessBetter !== null && group !== "quality";
}

/** Parts of the RTT, and other names. */
const OTHER_NAMES: [RegExp, string[]][] = [
  [/^(min|max|mean|stddev|p[\d.]+)$/, ["rtt.$1", "intended.$1"]],
  [/^throughput$/, ["aggregate", "goodput"]],
  [/^throughput\./, ["goodput."]],
  [/^fairness$/, ["goodput.fairness"]],
  [/^(loss|jitter)$/, ["$1", "goodput.$1"]],
  [/^there\./, ["forward."]],
  [/^back\./, ["backward."]],
];

/**
 * Reads a threshold.
 *
 * @param text The text.
 * @returns The threshold.
 * @throws {SyntaxError} If it is not a threshold; the message says what is
 * accepted.
 *
 * @example Usage
 * ```ts
 * import { parseThreshold } from "./thresholds.ts";
 * import { assertThrows } from "@std/assert";
 *
 * parseThreshold("p99 > 5ms");
 * assertThrows(() => parseThreshold("p100>5ms"), SyntaxError, "p100");
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
  const [figure, ...others] = figuresNamed(name);
  if (figure === undefined) {
    throw new SyntaxError(`about ${namesOfFigures()}, not "${name}"`);
  }
  const [parse, accepted] = LIMITS[figure.unit]!;
  const limit = parse(limitText);
  if (limit === null) {
    throw new SyntaxError(
      `a comparison of ${name} with ${accepted}, not "${limitText}"`,
    );
  }
  const isCrossed = COMPARISONS[comparison]!;
  return {
    name,
    figures: [figure, ...others],
    judge(measured) {
      const valueOf = (figure: Figure) => figure.read(measured);
      let [judged, value] = [figure, valueOf(figure)];
      for (const other of others) {
        const strict = valueOf(other);
        if (strict === null) continue;
        if (value === null || isCrossed(strict, value)) {
          [judged, value] = [other, strict];
        }
      }
      return {
        rule: text.trim(),
        figure: judged.key,
        value,
        unit: judged.unit as LimitFigures["unit"],
        crossed: value === null || isCrossed(value, limit),
      };
    },
  };
}

/** The figures of a name: none, one, or the RTT and that from intended times. */
function figuresNamed(name: string): Figure[] {
  const key = name.replace(/p999$/, "p99.9");
  const other = OTHER_NAMES.find(([pattern]) => pattern.test(key));
  const keys = other?.[1].map((as) => key.replace(other[0], as)) ?? [key];
  return keys.map(findFigure).filter((figure) => figure !== undefined)
    .filter(isJudged);
}

function namesOfFigures(): string {
  const keys = FIGURES.filter(isJudged).map(({ key }) => key);
  const isPart = /^(rtt|intended|reflector|forward|backward|goodput)\b/;
  const ways = keys.filter((key) => key.startsWith("forward."))
    .map((key) => key.replace("forward.", ""));
  return "min, max, mean, stddev or a percentile such as p99 (each also as " +
    "rtt.NAME, intended.NAME or reflector.NAME), " +
    `${keys.filter((key) => !isPart.test(key)).join(", ")}, throughput, or ` +
    `there.NAME or back.NAME with ${ways.join(", ")}`;
}
