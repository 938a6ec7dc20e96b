/**
 * Measurements side by side: tables, charts, and what the figures say.
 *
 * @module
 */

import {
  formatCount,
  formatDuration,
  formatRate,
  formatRatio,
  formatValue,
  sharePercent,
} from "../result/quantities.ts";
import {
  histogramOf,
  type NamedResult,
  percentilesOf,
  throughputOf,
  timelineOf,
} from "../result/charts.ts";
import type { Result } from "../result/result.ts";
import type { Section } from "../result/section.ts";
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
  return ends(results, ({ rtt_us }) => rtt_us?.p50 ?? null)
    .map((pair) => difference("median RTT", pair, "us", results.length));
}

function aggregateSentences(results: NamedResult[]): string[] {
  const of = ({ throughput }: Result) =>
    throughput?.aggregate_bits_per_second ?? null;
  const [alone] = results;
  if (results.length === 1 && alone) {
    const rate = of(alone.result);
    if (rate === null) return [];
    return [`The aggregate throughput was ${formatRate(rate)}.`];
  }
  return ends(results, of).map((pair) =>
    difference("aggregate throughput", pair, "bits_per_second", results.length)
  );
}

/** A result, and the figure of it that is compared. */
interface Compared extends NamedResult {
  value: number;
}

/** The results with the least and the greatest value, if there are two. */
function ends(
  results: NamedResult[],
  figureOf: (result: Result) => number | null,
): [Compared, Compared][] {
  const known = results
    .map((named) => ({ ...named, value: figureOf(named.result) }))
    .filter((named): named is Compared => named.value !== null)
    .sort((one, other) => one.value - other.value);
  return known.length < 2 ? [] : [[known[0]!, known.at(-1)!]];
}

function difference(
  what: string,
  [least, most]: [Compared, Compared],
  unit: "us" | "bits_per_second",
  count: number,
): string {
  const of = count === 2 ? "" : ` of all ${count}`;
  const [low, high] = [least, most].map(({ value }) =>
    formatValue(value, unit)
  );
  if (low === high) return `The ${what}${of} is ${low}.`;
  const extremes = count === 2
    ? `The ${what} of ${least.name} is ${low}, that of ${most.name} ${high}`
    : `The least ${what}${of} is ${low} (${least.name}), the greatest ${high} ` +
      `(${most.name})`;
  const unlike = unlikeness(least.result, most.result);
  const ratio = least.value === 0
    ? ""
    : `, ${formatRatio(most.value / least.value)} to 1`;
  return `${extremes}${ratio}. ${
    unlike.length === 0
      ? "Whether that is more than chance, one run of each does not tell."
      : `They differ in ${unlike.join(" and ")} as well.`
  }`;
}

/** In what measurements differ before anything is measured. */
function unlikeness(one: Result, other: Result): string[] {
  const options = [one, other].map(({ options }) =>
    options.used as Record<string, unknown>
  );
  const differ = (key: string) => options[0]![key] !== options[1]![key];
  return [
    ...(one.protocol === other.protocol ? [] : ["protocol"]),
    ...(differ("size_bytes") ? ["size"] : []),
    ...(differ("interval_ms") ? ["interval"] : []),
    ...(differ("delay_ms") && one.protocol === other.protocol ? ["delay"] : []),
  ];
}

function sentence(note: string): string {
  return `${note.slice(0, 1).toUpperCase()}${note.slice(1)}.`;
}
