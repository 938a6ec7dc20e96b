/**
 * The conditions of alert rules.
 *
 * | condition | holds if |
 * |---|---|
 * | `loss > 5% over 5m` | more than 5 % of the probes of 5 minutes were lost |
 * | `loss-forward > 1% over 5m` | the same of one direction; also `loss-backward` |
 * | `one-way-loss > 1% over 5m` | one direction alone loses so much |
 * | `p95 > 20ms over 5m` | a percentile of the round trip is higher; also p50, p99 |
 * | `p50 > 2x over 10m` | it is twice the target's own of the day before |
 * | `no answer for 30s` | no probe was answered for so long |
 *
 * @module
 */

import { parseDuration } from "../result/quantities.ts";

/** Figures that have a limit. */
export const FIGURES = [
  "loss",
  "loss-forward",
  "loss-backward",
  "one-way-loss",
  "p50",
  "p95",
  "p99",
] as const;

/** The condition of a rule. */
export interface Condition {
  /** The condition as written. */
  when: string;
  /** The figure; `null` for no answer. */
  figure: typeof FIGURES[number] | null;
  /**
   * The limit: a share of 1, microseconds, or a multiple of the target's own
   * figure.
   */
  limit: number;
  /** What the limit is. */
  unit: "share" | "us" | "baseline";
  /** The length of the time that is evaluated, in seconds. */
  windowSeconds: number;
}

/** A rule. */
export interface AlertRule extends Condition {
  /** Its name. */
  name: string;
  /** How long the condition must hold, in seconds. */
  holdSeconds: number;
  /** The names of targets and groups; `null` for all. */
  targets: string[] | null;
  /** Where to send it; `null` for standard output. */
  webhook: string | null;
}

const CONDITION = new RegExp(
  `^(${FIGURES.join("|")})\\s*>\\s*(\\S+)\\s+over\\s+(\\S+)$`,
);
const MAX_WINDOW_MS = 3_600_000;

/**
 * Parses a condition.
 *
 * @param when The text.
 * @returns The condition.
 * @throws {SyntaxError} If it is not a condition.
 *
 * @example Usage
 * ```ts
 * import { parseCondition } from "./alert_rule.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { figure, limit, windowSeconds } = parseCondition("loss > 5% over 5m");
 * assertEquals([figure, limit, windowSeconds], ["loss", 0.05, 300]);
 * ```
 */
export function parseCondition(when: string): Condition {
  const text = when.trim();
  const [, silence] = /^no answer for (\S+)$/.exec(text) ?? [];
  if (silence !== undefined) {
    return {
      when: text,
      figure: null,
      limit: 0,
      unit: "share",
      windowSeconds: seconds(silence),
    };
  }
  const [, figure, limit, window] = CONDITION.exec(text) ?? [];
  if (figure === undefined) {
    throw new SyntaxError(
      `write it as "FIGURE > LIMIT over TIME" with a figure of ${
        FIGURES.join(", ")
      }, or as "no answer for TIME"`,
    );
  }
  const isLoss = figure.includes("loss");
  const [, number, suffix] = /^(\d+(?:\.\d+)?)(%|x)$/.exec(limit!) ?? [];
  const us = isLoss ? null : parseDuration(limit!);
  const isShare = isLoss && suffix === "%";
  if (!isShare && us === null && (isLoss || suffix !== "x")) {
    throw new SyntaxError(
      isLoss
        ? `the limit of ${figure} is in percent, as in 5%`
        : `the limit of ${figure} is a time such as 20ms, or a multiple of the day before such as 2x`,
    );
  }
  return {
    when: text,
    figure: figure as typeof FIGURES[number],
    limit: isShare
      ? Number(number) / 100
      : us === null
      ? Number(number)
      : us * 1000,
    unit: isShare ? "share" : us === null ? "baseline" : "us",
    windowSeconds: seconds(window!),
  };
}

function seconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 1000 || ms > MAX_WINDOW_MS) {
    throw new SyntaxError(`the time is from 1s to 1h, as in 5m, not "${text}"`);
  }
  return ms / 1000;
}
