/**
 * Computes the figures of a run under load from what was recorded. Pure.
 *
 * @module
 */

import { mean, median } from "../stats/average.ts";
import { clockRelation, LowerHull } from "../stats/clock_relation.ts";
import { type Distribution, Histogram } from "../stats/histogram.ts";
import {
  confidence,
  gradeIncrease,
  isLoad,
  outcomeScores,
  roundTripsPerMinute,
} from "./under_load_judge.ts";
import type {
  LoadPhase,
  LoadProbes,
  PhaseRecord,
  UnderLoadResult,
} from "./under_load_schema.ts";

/** The parts of a load phase that are left out: the ramp, and its end. */
const LEFT_OUT = { startMs: 2000, startShare: 0.4, endMs: 500, endShare: 0.1 };
/** A lasting peak is the mean of a stretch of this length. */
const PEAK_MS = 400;
/** After a load, the median is back if it is this close to the idle one. */
const RECOVERED_US = 5000;
/** It must stay so for this long, in milliseconds. */
const RECOVERED_MS = 500;

type Goodput = LoadPhase["goodput"]["down"];
type Ways = NonNullable<LoadPhase["load"]>["one_way_us"];

/**
 * Computes all figures.
 *
 * @param records The phases, at least the first one.
 * @param isUdp Whether the load was datagrams: what this side sent of them says
 * nothing about what arrived.
 * @returns The figures of each phase, and of the run.
 */
export function analyse(
  records: PhaseRecord[],
  isUdp: boolean,
): { phases: LoadPhase[]; summary: UnderLoadResult["load"] } {
  const drift = clockDrift(records);
  const idle = records.find(({ name }) => name === "idle");
  const base = idle ? phaseFigures(idle, isUdp) : null;
  const idleUs = base?.rtt_us?.p50 ?? null;
  const idleWays = idle ? wayMedians(idle, drift) : NO_WAYS;
  const phases = records.map((record, at): LoadPhase => {
    const figures = phaseFigures(record, isUdp);
    if (!isLoad(record.name)) return figures;
    const { from, to } = figures.window_ms;
    const { rtt_us: rtt } = figures;
    const increase = rtt === null || idleUs === null
      ? null
      : { p50: rtt.p50 - idleUs, p95: rtt.p95 - idleUs };
    const ways = wayMedians(record, drift);
    const less = (one: number | null, other: number | null) =>
      one === null || other === null ? null : one - other;
    const parts = {
      down: less(ways.down, idleWays.down),
      up: less(ways.up, idleWays.up),
    };
    const queue = (way: "down" | "up") => {
      const goodput = figures.goodput[way]?.mean;
      const us = parts[way] ?? (record.name === "both" ? null : increase?.p50);
      return goodput === undefined || us === null || us === undefined
        ? null
        : Math.max(0, us) * goodput / 8e6;
    };
    return {
      ...figures,
      load: {
        increase_us: increase,
        one_way_us: parts,
        peak_us: lastingPeak(record.probes, from, to),
        ramp_peak_us: lastingPeak(record.probes, record.start_ms, from),
        recovery_ms: recoveryTime(records[at + 1], idleUs),
        queue_bytes: { down: queue("down"), up: queue("up") },
        confidence: confidence(
          record.rates,
          record.probes,
          record.start_ms,
          record.end_ms,
        ),
        grade: increase && gradeIncrease(increase.p50),
      },
    };
  });
  return { phases: withOutcome(phases), summary: worstFigures(phases) };
}

/** The part of a phase that its figures cover. */
function coveredWindow(
  { name, start_ms, end_ms }: PhaseRecord,
): { from: number; to: number } {
  if (!isLoad(name)) return { from: start_ms, to: end_ms };
  const length = end_ms - start_ms;
  const { startMs, startShare, endMs, endShare } = LEFT_OUT;
  return {
    from: start_ms + Math.min(startMs, startShare * length),
    to: end_ms - Math.min(endMs, endShare * length),
  };
}

function phaseFigures(record: PhaseRecord, isUdp: boolean): LoadPhase {
  const window = coveredWindow(record);
  const inWindow = (atMs: number) => atMs >= window.from && atMs < window.to;
  const known = ({ at_ms, rtt_us }: LoadProbes) =>
    rtt_us.filter((us, at): us is number =>
      us !== null && inWindow(at_ms[at]!)
    );
  const probes = known(record.probes);
  const connects = known(record.connects);
  const goodput = (way: "down" | "up"): Goodput => {
    const isMeasured = record.name === "both" ||
      record.name === (way === "down" ? "download" : "upload");
    if (!isMeasured) return null;
    const { at_ms, [way]: all } = record.rates;
    const bins: number[] = [];
    let [bits, length] = [0, 0];
    all.forEach((rate, at) => {
      if (!inWindow(at_ms[at]!)) return;
      const ms = at_ms[at]! - (at_ms[at - 1] ?? record.start_ms);
      bins.push(rate);
      bits += rate * ms; // a pause of this program makes a bin longer
      length += ms;
    });
    bins.sort((a, b) => a - b);
    const mean = way === "up" ? record.delivered_bits_per_second : null;
    if (mean === null && bins.length === 0) return null;
    const isOffered = isUdp && way === "up";
    const rank = (share: number) =>
      bins.length === 0 || isOffered
        ? null
        : bins[Math.ceil(bins.length * share) - 1]!;
    return { mean: mean ?? bits / length, p10: rank(0.1), p90: rank(0.9) };
  };
  return {
    name: record.name,
    start_ms: record.start_ms,
    end_ms: record.end_ms,
    window_ms: window,
    goodput: { down: goodput("down"), up: goodput("up") },
    rtt_us: distribution(probes),
    counts: record.counts,
    connect_us: distribution(connects),
    also_us: record.also.map((series) => distribution(known(series))),
    rpm: roundTripsPerMinute(probes, connects),
    outcome: null,
  };
}

function distribution(values: number[]): Distribution | null {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.distribution();
}

const NO_WAYS: Ways = { down: null, up: null };

/** The drift of the far clock; `null` if it is unknown. */
function clockDrift(records: PhaseRecord[]): number | null {
  const [up, down] = [new LowerHull(), new LowerHull()];
  let endUs = 0;
  for (const { probes: { at_ms, rtt_us, up_us, down_us } } of records) {
    at_ms.forEach((ms, at) => {
      const [there, back] = [up_us?.[at] ?? null, down_us?.[at] ?? null];
      if (there === null || back === null) return;
      const sentUs = ms * 1000;
      endUs = sentUs + (rtt_us[at] ?? 0);
      up.record(sentUs, there);
      down.record(endUs, back);
    });
  }
  if (endUs === 0) return null;
  return clockRelation(up, down, endUs / 2, 1)?.drift ?? null;
}

/** The median of each direction in the window, without the drift. */
function wayMedians(record: PhaseRecord, drift: number | null): Ways {
  const { at_ms, rtt_us, up_us, down_us } = record.probes;
  if (drift === null || !up_us || !down_us) return NO_WAYS;
  const { from, to } = coveredWindow(record);
  const up: number[] = [];
  const down: number[] = [];
  at_ms.forEach((ms, at) => {
    const [there, back] = [up_us[at] ?? null, down_us[at] ?? null];
    if (there === null || back === null || ms < from || ms >= to) return;
    up.push(there - drift * ms * 1000);
    down.push(back + drift * (ms * 1000 + rtt_us[at]!));
  });
  return { down: median(down), up: median(up) };
}

/**
 * The highest mean of a stretch of 400 ms; a single spike does not count.
 *
 * @param probes The probes, in the order in which they were sent.
 * @param fromMs Where to start.
 * @param untilMs Where to end.
 * @returns Microseconds; `null` if there is no stretch as long.
 */
export function lastingPeak(
  { at_ms, rtt_us }: LoadProbes,
  fromMs: number,
  untilMs: number,
): number | null {
  let peak: number | null = null;
  let [first, sum, count] = [0, 0, 0];
  at_ms.forEach((ms, at) => {
    if (ms < fromMs || ms >= untilMs) {
      first = at + 1;
      return;
    }
    sum += rtt_us[at] ?? 0;
    count += Number(rtt_us[at] !== null);
    for (; at_ms[first]! <= ms - PEAK_MS; first++) {
      sum -= rtt_us[first] ?? 0;
      count -= Number(rtt_us[first] !== null);
    }
    if (count === 0 || ms - fromMs < PEAK_MS) return;
    peak = Math.max(peak ?? 0, sum / count);
  });
  return peak;
}

/**
 * How long after a load round-trip times are back: from where on, for half a
 * second, at least half of them are within 5 ms of the idle median.
 *
 * @param rest The phase after the load.
 * @param idleUs The idle median.
 * @returns Milliseconds; `null` if that is unknown or beyond the phase.
 */
export function recoveryTime(
  rest: PhaseRecord | undefined,
  idleUs: number | null,
): number | null {
  if (rest === undefined || idleUs === null) return null;
  const { at_ms, rtt_us } = rest.probes;
  const isBack = rtt_us.map((us) => us !== null && us <= idleUs + RECOVERED_US);
  const found = at_ms.findIndex((ms, first) => {
    if (!isBack[first] || ms + RECOVERED_MS > rest.end_ms) return false;
    const end = at_ms.findIndex((other) => other >= ms + RECOVERED_MS);
    const stretch = isBack.slice(first, end < 0 ? undefined : end);
    return stretch.filter(Boolean).length * 2 > stretch.length;
  });
  return found < 0 ? null : at_ms[found]! - rest.start_ms;
}

/** The path's rates are those of the fastest phase in each direction. */
function withOutcome(phases: LoadPhase[]): LoadPhase[] {
  const fastest = (way: "down" | "up") =>
    phases.reduce<number | null>((max, { goodput }) => {
      const mean = goodput[way]?.mean ?? null;
      return mean === null ? max : Math.max(max ?? 0, mean);
    }, null);
  const rates = { down: fastest("down"), up: fastest("up") };
  for (const phase of phases) {
    const { rtt_us, counts: { sent, lost } } = phase;
    if (rtt_us === null) continue;
    phase.outcome = outcomeScores(rtt_us.p95, 100 * lost / sent, rates);
  }
  return phases;
}

function worstFigures(phases: LoadPhase[]): UnderLoadResult["load"] {
  const loads = phases.filter(({ load }) => load !== undefined);
  const known = <T>(values: (T | null | undefined)[]) =>
    values.filter((value): value is T => value !== null && value !== undefined);
  const worst = (
    choose: (...values: number[]) => number,
    read: (phase: LoadPhase) => number | null | undefined,
  ) => {
    const values = known(loads.map(read));
    return values.length === 0 ? null : choose(...values);
  };
  const increase = (name?: LoadPhase["name"]) =>
    worst(
      Math.max,
      (phase) =>
        name === undefined || phase.name === name
          ? phase.load?.increase_us?.p50
          : null,
    );
  const [down, up] = [increase("download"), increase("upload")];
  const alone = known([down, up]);
  const gradedUs = mean(alone.length > 0 ? alone : known([increase("both")]));
  const outcomes = known(loads.map(({ outcome }) => outcome));
  return {
    increase_us: increase(),
    increase_down_us: down,
    increase_up_us: up,
    increase_both_us: increase("both"),
    rpm: worst(Math.min, ({ rpm }) => rpm),
    grade: gradedUs === null ? null : gradeIncrease(gradedUs),
    lost_percent: worst(
      Math.max,
      ({ counts: { sent, lost } }) => sent === 0 ? null : 100 * lost / sent,
    ),
    outcome: outcomes.length === 0 ? null : outcomes.reduce((worst, one) => ({
      call: Math.min(worst.call, one.call),
      gaming: Math.min(worst.gaming, one.gaming),
      video: Math.min(worst.video, one.video),
      web: Math.min(worst.web, one.web),
    })),
  };
}
