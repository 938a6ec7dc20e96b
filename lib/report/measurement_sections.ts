/**
 * Measurements side by side: tables, charts, and what the figures say.
 *
 * @module
 */

import {
  formatCount,
  formatDuration,
  formatRate,
  formatValue,
  sharePercent,
} from "../output/quantities.ts";
import {
  histogramOf,
  type NamedResult,
  percentilesOf,
  throughputOf,
  timelineOf,
} from "../output/result_charts.ts";
import type { Section } from "../output/section.ts";
import {
  figuresTable,
  ONE_WAY_FIGURES,
  QUALITY_FIGURES,
  RTT_FIGURES,
  THROUGHPUT_FIGURES,
} from "./measurement_figures.ts";

/**
 * Shows measurements, side by side if there are several.
 *
 * @param results The measurements and their names, at least one.
 * @returns The sections; one for what no measurement has is left out.
 */
export function measurementSections(results: NamedResult[]): Section[] {
  const alone = results.length === 1 ? results[0]!.result : null;
  const streams = results.filter(({ result }) => result.throughput);
  const clocks = results.filter(({ result }) => result.one_way);
  return [
    {
      title: "Round-trip time",
      table: figuresTable(RTT_FIGURES, results),
      charts: [
        ...timelineOf(results),
        ...percentilesOf(results),
        ...(alone ? histogramOf(alone) : []),
      ],
      sentences: [
        ...results.flatMap((named) => eachSays(named, alone !== null)),
        ...medianSentences(results),
      ],
    },
    ...(streams.length === 0 ? [] : [{
      title: "Throughput",
      table: figuresTable(THROUGHPUT_FIGURES, streams),
      charts: throughputOf(streams),
      sentences: [
        "Throughput is payload bytes one way over a full round trip: the mean of SIZE / RTT of each probe, and PROBES * SIZE / the sum of RTTs.",
        ...aggregateSentences(streams),
      ],
    }]),
    ...(clocks.length === 0 ? [] : [{
      title: "One way",
      table: figuresTable(ONE_WAY_FIGURES, clocks),
      charts: [],
      sentences: [
        "Delays of one way are by two clocks. Their offset is estimated and taken off; each delay is right to its bound.",
      ],
    }]),
    {
      title: "The measurement itself",
      table: figuresTable(QUALITY_FIGURES, results),
      charts: [],
      sentences: results.flatMap(({ name, result }) =>
        result.quality.notes.map((note) =>
          alone ? sentence(note) : `${name}: ${note}.`
        )
      ),
    },
  ];
}

/** What one measurement says by itself. */
function eachSays({ name, result }: NamedResult, alone: boolean): string[] {
  const { rtt_us: rtt, probes: { sent, received, lost } } = result;
  const where = alone ? `To ${result.target}` : `${name}, to ${result.target}`;
  const loss = sent === 0
    ? "no probe was sent"
    : lost === 0
    ? `all ${formatCount(sent, "probe")} were answered`
    : `${lost} of ${formatCount(sent, "probe")} ${
      lost === 1 ? "was" : "were"
    } lost, ${sharePercent(Math.min(lost, sent), sent)} %`;
  const times = rtt === null || received === 0
    ? ""
    : `; half of the round trips took at most ${formatDuration(rtt.p50)}, ` +
      `99 % at most ${formatDuration(rtt.p99)}, the longest ` +
      `${formatDuration(rtt.max)}`;
  return [`${where}: ${loss}${times}.`];
}

/** By how much medians differ; whether by chance, so few runs do not tell. */
function medianSentences(results: NamedResult[]): string[] {
  const known = results
    .filter(({ result }) => result.rtt_us !== null)
    .map(({ name, result }) => ({ name, us: result.rtt_us!.p50 }))
    .sort((one, other) => one.us - other.us);
  const [least, most] = [known[0], known.at(-1)];
  if (least === undefined || most === undefined || least === most) return [];
  return [
    difference(
      "median RTT",
      [least.name, least.us],
      [most.name, most.us],
      "us",
    ),
  ];
}

function aggregateSentences(results: NamedResult[]): string[] {
  const known = results
    .map(({ name, result }) => ({
      name,
      rate: result.throughput?.aggregate_bits_per_second ?? null,
    }))
    .filter((one): one is { name: string; rate: number } => one.rate !== null)
    .sort((one, other) => one.rate - other.rate);
  const [least, most] = [known[0], known.at(-1)];
  if (least === undefined || most === undefined) return [];
  if (least === most) {
    return [`The aggregate throughput was ${formatRate(least.rate)}.`];
  }
  return [difference(
    "aggregate throughput",
    [least.name, least.rate],
    [most.name, most.rate],
    "bits_per_second",
  )];
}

function difference(
  what: string,
  [leastName, least]: [string, number],
  [mostName, most]: [string, number],
  unit: "us" | "bits_per_second",
): string {
  if (least === most) {
    return `The ${what} of all is ${formatValue(least, unit)}.`;
  }
  const share = most === 0 ? 0 : sharePercent(most - least, most);
  return `The ${what} of ${leastName} is ${formatValue(most - least, unit)} ` +
    `(${share} %) lower than that of ${mostName}: ` +
    `${formatValue(least, unit)}, not ${formatValue(most, unit)}. ` +
    "Whether that is more than chance, one run of each does not tell.";
}

function sentence(note: string): string {
  return `${note.slice(0, 1).toUpperCase()}${note.slice(1)}.`;
}
