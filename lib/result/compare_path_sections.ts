/**
 * What was found of TCP and UDP on a path: the first byte, the round trip, and
 * Nagle's algorithm. Each sentence is computed from the figures.
 *
 * @module
 */

import type { FirstByte } from "../cli/first_byte.ts";
import type { NagleFindings } from "../cli/nagle.ts";
import type { TransportFindings } from "../cli/transports.ts";
import { type Difference, median, MIN_ROUNDS } from "../stats/bootstrap.ts";
import type { Histogram } from "../stats/histogram.ts";
import { formatCount, formatDuration, formatRatio } from "./quantities.ts";
import type { Section, Table } from "./section.ts";

/** How many bins a histogram has at most. */
const BINS = 16;

/**
 * Shows how long the first byte of an answer takes.
 *
 * @param rounds What was measured over TCP and over UDP, by turns.
 * @param where Where that was, as `on loopback`.
 * @returns The section.
 */
export function firstByteSection(
  rounds: [FirstByte, FirstByte][],
  where: string,
): Section {
  const tcp = rounds.map(([attempt]) => attempt);
  const udp = rounds.map(([, attempt]) => attempt);
  const setups = [tcp, udp].map(setupUs);
  const firsts = [tcp, udp].map(firstByteUs);
  const [connect, open] = setups.map(median);
  const [tcpFirst, udpFirst] = firsts.map(median);
  const answered = firsts[1]!.length;
  return {
    title: `Connection set-up and the first byte, ${where}`,
    table: {
      columns: [{ name: "TCP" }, { name: "UDP" }],
      rows: [
        { name: "attempts", unit: "count", values: [tcp.length, udp.length] },
        {
          name: "answered",
          unit: "count",
          values: firsts.map(({ length }) => length),
        },
        {
          name: "set-up, p50",
          unit: "us",
          values: [connect!, open!],
        },
        {
          name: "first byte, p50",
          unit: "us",
          values: [tcpFirst!, udpFirst!],
        },
        { name: "first byte, max", unit: "us", values: firsts.map(most) },
      ],
    },
    charts: [],
    sentences: [
      ...(connect === null ? [] : [
        `TCP had to connect before it could send, which took ` +
        `${formatDuration(connect!)}; UDP only opened a socket, in ` +
        `${formatDuration(open!)} (medians).`,
      ]),
      ...compareTimes(
        "The first byte of an answer came",
        ["TCP", tcpFirst!],
        ["UDP", udpFirst!],
      ),
      ...(answered < udp.length
        ? [
          `${
            formatCount(udp.length - answered, "datagram")
          } of ${udp.length} got no answer.`,
        ]
        : []),
    ],
  };
}

function setupUs(attempts: FirstByte[]): number[] {
  return attempts.map(({ setupUs }) => setupUs);
}

function firstByteUs(attempts: FirstByte[]): number[] {
  return attempts.map(({ firstByteUs }) => firstByteUs)
    .filter((us) => us !== null);
}

function most(values: number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function compareTimes(
  what: string,
  one: [string, number | null],
  other: [string, number | null],
): string[] {
  if (one[1] === null || other[1] === null) return [];
  const [[fast, least], [slow, most]] = one[1] < other[1]
    ? [one, other] as [[string, number], [string, number]]
    : [other, one] as [[string, number], [string, number]];
  return [
    `${what} after ${formatDuration(least)} over ${fast} and after ` +
    `${formatDuration(most)} over ${slow}, ${
      formatRatio(most / least)
    } times ` +
    "as long (medians).",
  ];
}

/**
 * Shows the round-trip times over TCP and UDP.
 *
 * @param findings What was measured.
 * @param floor The same on loopback; `null` if that is what was measured.
 * @param sizeBytes How long the messages were.
 * @param where Where that was.
 * @returns The section.
 */
export function transportSection(
  findings: TransportFindings,
  floor: TransportFindings | null,
  sizeBytes: number,
  where: string,
): Section {
  const { tcp, udp, difference, rounds } = findings;
  const sides = [{ name: "TCP", ...tcp }, { name: "UDP", ...udp }];
  const edges = tcp.rtt.binEdges(BINS, udp.rtt);
  const lost = udp.sent - udp.received;
  return {
    title: `RTT of ${sizeBytes} bytes over TCP and UDP, ${where}`,
    table: {
      columns: sides.map(({ name }) => ({ name })),
      rows: [
        {
          name: "sent",
          unit: "count",
          values: sides.map(({ sent }) => sent),
        },
        {
          name: "received",
          unit: "count",
          values: sides.map(({ received }) => received),
        },
        ...distributionRows(sides.map(({ rtt }) => rtt)),
        ...(floor === null ? [] : [{
          name: "p50 on loopback",
          unit: "us" as const,
          values: [floor.tcp, floor.udp].map(({ rtt }) => rtt.percentile(50)),
        }]),
      ],
    },
    charts: edges === null ? [] : [{
      kind: "histogram",
      title: "Distribution of the RTT",
      edges_us: edges,
      series: sides.map(({ name, rtt }) => ({
        name,
        count: rtt.counts(edges),
      })),
    }],
    sentences: [
      verdict(difference, "over TCP", "over UDP"),
      floor === null
        ? "There is no path on loopback: what differs is what this runtime and " +
          "the system take for a segment and for a datagram."
        : "What both medians still are on loopback is this program's and the " +
          "system's own part.",
      ...(lost > 0
        ? [`${formatCount(lost, "datagram")} of ${udp.sent} got no answer.`]
        : []),
      ...(rounds.answered < rounds.done
        ? [
          `The medians are compared in the ${rounds.answered} of ` +
          `${rounds.done} rounds in which both were answered.`,
        ]
        : []),
    ],
  };
}

function distributionRows(histograms: Histogram[]): Table["rows"] {
  const figures = histograms.map((histogram) => histogram.distribution());
  const keys = ["min", "p50", "p90", "p99", "max"] as const;
  // Of fewer than a hundred it is the greatest.
  const few = histograms.some(({ count }) => count < 100);
  return keys.filter((key) => key !== "p99" || !few).map((key) => ({
    name: key,
    unit: "us",
    values: figures.map((distribution) => distribution?.[key] ?? null),
  }));
}

/** Says that one is faster only where the interval leaves no room for doubt. */
function verdict(
  difference: Difference | null,
  one: string,
  other: string,
): string {
  if (difference === null) {
    return `Which is faster cannot be said: that takes ${MIN_ROUNDS} rounds ` +
      "in which both were answered.";
  }
  const { estimate, low, high, confidencePercent } = difference;
  const sign = estimate < 0 ? -1 : 1;
  const ends = [sign * low, sign * high].sort((a, b) => a - b);
  const apart = `the medians differ by ${formatDuration(sign * estimate)} ` +
    `(${confidencePercent} % confidence: ` +
    `${ends.map(formatDuration).join(" to ")})`;
  if (low <= 0 && high >= 0) {
    return `Messages came back no faster ${one} than ${other}: ${apart}, ` +
      "perhaps not at all.";
  }
  const [fast, slow] = low > 0 ? [other, one] : [one, other];
  return `Messages came back faster ${fast} than ${slow}: ${apart}.`;
}

/**
 * Shows what Nagle's algorithm does to messages written in two parts.
 *
 * @param findings What was measured.
 * @param where Where that was.
 * @returns The section.
 */
export function nagleSection(findings: NagleFindings, where: string): Section {
  const { on, off, difference } = findings;
  const medians = [on, off].map((histogram) => histogram.percentile(50));
  return {
    title: `Nagle's algorithm, messages written in two parts, ${where}`,
    table: {
      columns: [{ name: "on" }, { name: "off" }],
      rows: [
        { name: "messages", unit: "count", values: [on.count, off.count] },
        ...distributionRows([on, off]),
      ],
    },
    charts: [{
      kind: "bars",
      title: "RTT, median",
      value: { label: "RTT", unit: "us" },
      names: ["Nagle on", "Nagle off"],
      series: [{ name: "RTT", values: medians }],
    }],
    sentences: [
      verdict(
        difference,
        "with Nagle's algorithm",
        "without Nagle's algorithm",
      ),
    ],
  };
}
