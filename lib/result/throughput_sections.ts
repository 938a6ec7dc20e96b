/**
 * Throughput tests as sections: one by itself, or several side by side.
 *
 * @module
 */

import { figuresIn, type Named } from "./figures.ts";
import { figuresTable } from "./figure_table.ts";
import { namedSentences, qualitySection } from "./notes.ts";
import { formatValue } from "./quantities.ts";
import type { Chart, Section, Table } from "./section.ts";
import type {
  DatagramFigures,
  ThroughputDirection,
  ThroughputInterval,
  ThroughputResult,
} from "./throughput_schema.ts";

/** How many streams are listed on their own. */
const MAX_LISTED = 8;

/**
 * Throughput tests as sections: first the quality, last the headline.
 *
 * @internal
 */
export function throughputSections(
  results: Named<ThroughputResult>[],
): Section[] {
  const [one] = results.length === 1 ? results : [];
  return [
    qualitySection(results, (result) => [
      processor(result),
      ...(one ? serverOutput(result) : []),
    ]),
    {
      title: "Throughput",
      table: one ? streamsTable(one.result) : figuresTable(
        figuresIn("goodput"),
        results,
      ),
      charts: throughputChart(results),
    },
    {
      title: "Summary",
      role: "headline",
      sentences: namedSentences(
        results,
        ({ directions }) => directions.flatMap(headline),
      ),
    },
  ];
}

/** The rate of each interval; without a chart for a single one. */
function throughputChart(results: Named<ThroughputResult>[]): Chart[] {
  const series = results.flatMap(({ name, result }) =>
    result.directions.filter(({ intervals }) => intervals.length > 1)
      .map(({ direction, intervals }) => ({
        name: results.length === 1 ? direction : `${name}, ${direction}`,
        points: intervals.filter(({ omitted }) => !omitted).map((part) => ({
          x: (part.start_s + part.end_s) / 2,
          y: part.bits_per_second,
        })),
      }))
  );
  if (series.length === 0) return [];
  return [{
    kind: "curve",
    title: "Throughput over time, of each interval",
    x: { label: "time", unit: "s" },
    y: { label: "throughput", unit: "bits_per_second" },
    series,
  }];
}

function processor({ processor_percent: shares }: ThroughputResult): string {
  const side = (name: "client" | "server") =>
    `${name} ${formatValue(shares[name]?.total ?? null, "percent")}`;
  return `processor (of one): ${side("client")}, ${side("server")}`;
}

function serverOutput({ server_output = "" }: ThroughputResult): string[] {
  return server_output.split("\n").filter((line) => line.trim() !== "")
    .map((line) => `server: ${line}`);
}

/** A row for each stream, if they are few, and for each direction. */
function streamsTable({ directions, transport }: ThroughputResult): Table {
  const isUdp = transport === "udp";
  const cells = (
    { sender, receiver, datagrams }: Pick<
      ThroughputDirection,
      "sender" | "receiver" | "datagrams"
    >,
  ) => [
    ...(isUdp ? [] : [(receiver ?? sender)?.bytes ?? null]),
    sender?.bits_per_second ?? null,
    receiver?.bits_per_second ?? null,
    ...(isUdp ? datagramCells(datagrams) : []),
  ];
  return {
    columns: [
      ...(isUdp ? [] : [{ name: "received", unit: "bytes" as const }]),
      { name: "sender", unit: "bits_per_second" },
      { name: "receiver", unit: "bits_per_second" },
      ...(isUdp
        ? [
          { name: "lost", unit: "percent" as const },
          { name: "jitter", unit: "us" as const },
        ]
        : []),
    ],
    rows: directions.flatMap((direction) => [
      ...(direction.streams.length > 1 && direction.streams.length <= MAX_LISTED
        ? direction.streams.map((stream) => ({
          name: `${direction.direction} ${stream.id}`,
          values: cells(stream),
        }))
        : []),
      { name: `${direction.direction}, all`, values: cells(direction) },
    ]),
  };
}

function datagramCells(
  datagrams: DatagramFigures | undefined,
): (number | null)[] {
  return [datagrams?.lost_percent ?? null, datagrams?.jitter_us ?? null];
}

function headline(
  { direction, sender, receiver, datagrams, ...more }: ThroughputDirection,
): string[] {
  const rate = (bits: number | null | undefined) =>
    formatValue(bits ?? null, "bits_per_second");
  const { rate_of_100_ms: slots, jain_index, streams, retransmits } = more;
  return [
    [
      ...(slots === null ? [] : [
        `${direction}: 100 ms slots p10 ${rate(slots.p10_bits_per_second)}, ` +
        `p90 ${rate(slots.p90_bits_per_second)}`,
      ]),
      ...(streams.length > 1 && jain_index !== null
        ? [`fairness of ${streams.length} streams ${jain_index.toFixed(3)}`]
        : []),
      ...(retransmits === null ? [] : [`retransmits ${retransmits}`]),
    ].join("; "),
    ...(datagrams === undefined ? [] : [datagramLine(direction, datagrams)]),
    `${direction}: goodput ${rate(receiver?.bits_per_second)} (received), ` +
    `${rate(sender?.bits_per_second)} sent, in ${
      (receiver ?? sender)?.seconds.toFixed(2) ?? "-"
    } s`,
  ].filter((line) => line !== "");
}

function datagramLine(
  direction: string,
  { sent, lost, lost_percent, reordered, duplicate, jitter_us }:
    DatagramFigures,
): string {
  const count = (value: number | null) => formatValue(value, "count");
  return `${direction}: ${count(sent)} datagrams, ${count(lost)} lost (${
    formatValue(lost_percent, "percent")
  }), ${count(reordered)} reordered, ${count(duplicate)} duplicate, jitter ${
    formatValue(jitter_us, "us")
  }`;
}

/**
 * An interval as a line, as `forward  1.00-2.00 s  1160.00 MB  9.94 Gbit/s`.
 */
export function intervalLine(interval: ThroughputInterval): string {
  const { direction, start_s, end_s, bytes, bits_per_second } = interval;
  const { datagrams, lost, jitter_us, omitted } = interval;
  const span = `${start_s.toFixed(2)}-${end_s.toFixed(2)} s`;
  return [
    direction,
    span.padStart(14),
    `${(bytes / 1e6).toFixed(2)} MB`.padStart(12),
    formatValue(bits_per_second, "bits_per_second").padStart(12),
    ...(datagrams === undefined ? [] : [`${datagrams} datagrams`]),
    ...(lost === undefined ? [] : [`${lost} lost`]),
    ...(jitter_us === undefined
      ? []
      : [`jitter ${formatValue(jitter_us, "us")}`]),
    ...(omitted ? ["omitted"] : []),
  ].join("  ");
}
