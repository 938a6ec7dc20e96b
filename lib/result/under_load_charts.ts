/**
 * The charts of runs under load.
 *
 * @module
 */

import { mean, median } from "../stats/average.ts";
import type { Named } from "./figures.ts";
import type { Chart, CurveChart, CurvePoint, PanelChart } from "./section.ts";
import { isLoad } from "./under_load_judge.ts";
import type { PhaseRecord, UnderLoadResult } from "./under_load_schema.ts";
import { loadBins } from "./under_load_series.ts";

/** The window of the median line, in milliseconds. */
const MEDIAN_MS = 400;
/** The bins to average an upload over, because sockets take it in blocks. */
const UP_BINS = 10;
/** How many points a distribution has. */
const POINTS = 100;

/**
 * Draws runs: the course of each, the distribution of each phase, and of several
 * runs latency against goodput.
 *
 * @param results The runs.
 * @returns The charts.
 */
export function underLoadCharts(results: Named<UnderLoadResult>[]): Chart[] {
  const isOne = results.length === 1;
  return [
    ...(isOne ? [] : [tradeOff(results)]),
    ...results.map((named) => course(named, isOne)),
    distributions(results, isOne),
  ];
}

/** Goodput, round-trip times and losses over time. */
function course(
  { name, result }: Named<UnderLoadResult>,
  isOne: boolean,
): PanelChart {
  const { series } = result;
  const bins = series.map((record) => ({ record, bins: loadBins(record) }));
  const rates = (way: "down" | "up", size: number) => ({
    name: way,
    as: "line" as const,
    points: bins.flatMap(({ record, bins }) => {
      const known = bins.map((bin) => bin[way]).filter((rate) => rate !== null);
      const goes = record.name === "both" ||
        record.name === (way === "down" ? "download" : "upload");
      return goes
        // The first bin of an upload fills the sockets' buffers.
        ? gap(
          bins.slice(size - 1).map((bin, at): CurvePoint => ({
            x: seconds(bin.at_ms),
            y: mean(
              known.slice(Math.max(at, Math.min(1, size - 1)), at + size),
            ),
          })),
        )
        : [];
    }),
  });
  const losses = (way: "down" | "up" | "either way") => ({
    name: way,
    as: "sticks" as const,
    points: bins.flatMap(({ record, bins }) =>
      lossWay(record) !== way ? [] : bins.filter(({ lost }) => lost > 0)
        .map(({ at_ms, lost }) => ({ x: seconds(at_ms), y: lost }))
    ),
  });
  const lost = (["down", "up", "either way"] as const).map(losses)
    .filter(({ points }) => points.length > 0);
  return {
    kind: "panels",
    title: isOne
      ? "Goodput, round-trip times and losses"
      : `${name}: goodput, round-trip times and losses`,
    detail: !isOne,
    x: { label: "time", unit: "s" },
    shades: series.filter(({ name }) => isLoad(name))
      .map(({ name, start_ms, end_ms }) => ({
        name,
        from: seconds(start_ms),
        to: seconds(end_ms),
      })),
    panels: [
      {
        y: { label: "goodput", unit: "bits_per_second" },
        series: [rates("down", 1), rates("up", UP_BINS)],
      },
      {
        y: { label: "RTT", unit: "us" },
        series: [
          {
            name: "RTT",
            as: "dots",
            points: series.flatMap(({ probes: { at_ms, rtt_us } }) =>
              at_ms.map((ms, at) => ({ x: seconds(ms), y: rtt_us[at] ?? null }))
            ),
          },
          {
            name: `median of ${MEDIAN_MS} ms`,
            as: "line",
            points: series.flatMap((record) => gap(medians(record))),
          },
        ],
      },
      ...(lost.length === 0 ? [] : [{
        y: { label: "lost probes", unit: "count" as const },
        series: lost,
      }]),
    ],
  };
}

/** The direction in which the probes of a phase were lost, if it was only one. */
function lossWay({ counts: { lost_up, lost_down } }: PhaseRecord) {
  if (lost_down === 0 && lost_up !== null) return "up";
  return lost_up === 0 && lost_down !== null ? "down" : "either way";
}

/** A median every 100 ms; unknown where no probe was answered. */
function medians({ start_ms, end_ms, probes }: PhaseRecord): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let ms = start_ms + 50, first = 0; ms < end_ms; ms += 100) {
    while (probes.at_ms[first]! < ms - MEDIAN_MS / 2) first += 1;
    let end = first;
    while (probes.at_ms[end]! < ms + MEDIAN_MS / 2) end += 1;
    const known = probes.rtt_us.slice(first, end).filter((us) => us !== null);
    points.push({ x: seconds(ms), y: median(known) });
  }
  return points;
}

/** The share of round trips that took at most a time, for each phase. */
function distributions(
  results: Named<UnderLoadResult>[],
  isOne: boolean,
): CurveChart {
  return {
    kind: "curve",
    title: "Cumulative distribution of the RTT in each phase",
    detail: true,
    x: { label: "RTT", unit: "us", scale: "log" },
    y: { label: "round trips", unit: "percent" },
    series: results.flatMap(({ name, result: { phases, series } }) =>
      phases.flatMap((phase, at) => {
        const { at_ms = [], rtt_us = [] } = series[at]?.probes ?? {};
        const { from, to } = phase.window_ms;
        const known = rtt_us.filter((us, probe): us is number =>
          us !== null && at_ms[probe]! >= from && at_ms[probe]! < to
        ).sort((a, b) => a - b);
        if (!(phase.load || phase.name === "idle") || known.length === 0) {
          return [];
        }
        return [{
          name: isOne ? phase.name : `${name}, ${phase.name}`,
          points: Array.from({ length: POINTS + 1 }, (_, percent) => ({
            x: known[Math.ceil((known.length - 1) * percent / POINTS)]!,
            y: percent,
          })),
        }];
      })
    ),
  };
}

/** The median of round-trip times against the goodput, of each load. */
function tradeOff(results: Named<UnderLoadResult>[]): CurveChart {
  return {
    kind: "curve",
    title: "Latency against goodput: right and low is better",
    x: { label: "goodput", unit: "bits_per_second", scale: "log" },
    y: { label: "RTT p50", unit: "us" },
    series: results.flatMap(({ name, result }) =>
      result.phases.flatMap((
        { name: phase, goodput: { down, up }, rtt_us, load },
      ) =>
        load === undefined || rtt_us === null ? [] : [{
          name: `${name}, ${phase}`,
          points: [{ x: (down?.mean ?? 0) + (up?.mean ?? 0), y: rtt_us.p50 }],
        }]
      )
    ),
  };
}

/** Interrupts the line behind its last point. */
function gap(points: CurvePoint[]): CurvePoint[] {
  const last = points.at(-1);
  return last === undefined ? [] : [...points, { x: last.x, y: null }];
}

function seconds(ms: number): number {
  return ms / 1000;
}
