/**
 * The experiments of a comparison as sections. Every table, chart and sentence is
 * computed from the figures of the result, so that a page can be made from JSON.
 *
 * @module
 */

import { sum } from "../stats/average.ts";
import { canCarry, type Distribution } from "../stats/histogram.ts";
import type {
  CompareResult,
  Experiment,
  ExperimentFigures,
  ExperimentName,
} from "./compare_schema.ts";
import type { Named } from "./figures.ts";
import { notesSection } from "./notes.ts";
import { formatCount, formatDuration, formatRatio } from "./quantities.ts";
import type { Section, Table } from "./section.ts";

type Row = Table["rows"][number];
type Parts = Omit<Section, "title">;
type Difference = ExperimentFigures<"nagle">["difference_us"];
type Boundaries = ExperimentFigures<"boundaries">["tcp"];
type Losses = ExperimentFigures<"head_of_line">["tcp"];

/**
 * The presentation of an experiment: its title, an addition to the title once
 * there are figures, and its table, charts and sentences.
 */
const VIEWS: {
  [N in ExperimentName]: {
    title: string;
    detail?: (figures: ExperimentFigures<N>) => string;
    parts: (figures: ExperimentFigures<N>) => Parts;
  };
} = {
  first_byte: {
    title: "Connection set-up and the first byte",
    parts: firstByte,
  },
  round_trip: {
    title: "Round-trip time over TCP and UDP",
    detail: ({ size_bytes }) => `messages of ${size_bytes} bytes`,
    parts: roundTrip,
  },
  head_of_line: {
    title: "A lost datagram and a late segment",
    parts: headOfLine,
  },
  boundaries: { title: "Message boundaries", parts: boundaries },
  nagle: {
    title: "Nagle's algorithm",
    detail: () => "messages in two writes",
    parts: nagle,
  },
  concurrency: {
    title: "Iterative and concurrent server",
    detail: ({ delay_ms, iterative_us }) =>
      `${formatCount(iterative_us.length, "client")}, ${delay_ms} ms each`,
    parts: concurrency,
  },
};

/** @internal The title of an experiment. */
export function experimentTitle(name: ExperimentName): string {
  return VIEWS[name].title;
}

/**
 * Comparisons one after the other, a section for each experiment, and notes.
 *
 * @internal
 */
export function compareSections(results: Named<CompareResult>[]): Section[] {
  return [
    ...results.flatMap(({ name, result }) =>
      result.experiments.map(experimentSection).map((section) =>
        results.length === 1
          ? section
          : { ...section, title: `${name}: ${section.title}` }
      )
    ),
    ...notesSection(results),
  ];
}

/** @internal An experiment as a section. */
export function experimentSection(experiment: Experiment): Section {
  const { name, where, error, figures } = experiment;
  const view = VIEWS[name] as {
    title: string;
    detail?: (figures: unknown) => string;
    parts: (figures: unknown) => Parts;
  };
  const title = [view.title, figures && view.detail?.(figures), where]
    .filter((part) => part).join(", ");
  if (figures !== null) return { title, ...view.parts(figures) };
  return {
    title,
    sentences: [`This experiment failed: ${error ?? "no reason is given"}.`],
  };
}

/** A column for each side, a row for each of its figures; `null` omits a row. */
function table<S>(
  sides: Record<string, S>,
  rows: ([string, Row["unit"], (side: S) => Row["values"][number]] | null)[],
): Table {
  return {
    columns: Object.keys(sides).map((name) => ({ name })),
    rows: rows.filter((row) => row !== null).map(([name, unit, read]) => ({
      name,
      ...(unit && { unit }),
      values: Object.values(sides).map(read),
    })),
  };
}

/** The rows of round-trip times; p99 only where it is not the maximum. */
function distributionRows<S extends { rtt_us: Distribution | null }>(
  sides: S[],
  keys: ("min" | "p50" | "p90" | "p99" | "max")[] = [
    "min",
    "p50",
    "p90",
    "p99",
    "max",
  ],
): [string, "us", (side: S) => number | null][] {
  const few = !sides.every(({ rtt_us }) => canCarry(99, rtt_us?.count ?? 0));
  return keys.filter((key) => key !== "p99" || !few)
    .map((key) => [key, "us", ({ rtt_us }) => rtt_us?.[key] ?? null]);
}

function firstByte({ tcp, udp, tls }: ExperimentFigures<"first_byte">): Parts {
  const unanswered = udp.attempts - udp.answered;
  const [tcpUs, udpUs] = [tcp.first_byte_p50_us, udp.first_byte_p50_us];
  const sentences = [];
  if (tcp.setup_p50_us !== null && udp.setup_p50_us !== null) {
    sentences.push(
      `TCP connected in ${formatDuration(tcp.setup_p50_us)} before it could ` +
        `send; UDP opened a socket in ${formatDuration(udp.setup_p50_us)} ` +
        "(medians).",
    );
  }
  const tlsSetupUs = tls?.setup_p50_us ?? null;
  if (tlsSetupUs !== null) {
    sentences.push(
      `TLS could send after ${formatDuration(tlsSetupUs)}: TCP connects, ` +
        "then both sides exchange keys (median).",
    );
  }
  if (tcpUs !== null && udpUs !== null) {
    const [fast, slow] = tcpUs < udpUs ? ["TCP", "UDP"] : ["UDP", "TCP"];
    const [min, max] = [Math.min(tcpUs, udpUs), Math.max(tcpUs, udpUs)];
    sentences.push(
      `The first byte of the answer came after ${formatDuration(min)} over ` +
        `${fast} and after ${formatDuration(max)} over ${slow}` +
        (min > 0 ? `, ${formatRatio(max / min)} times as long` : "") +
        " (medians).",
    );
  }
  if (unanswered > 0) sentences.push(noAnswer(unanswered, udp.attempts));
  return {
    table: table({ TCP: tcp, UDP: udp, ...(tls && { TLS: tls }) }, [
      ["attempts", "count", ({ attempts }) => attempts],
      ["answered", "count", ({ answered }) => answered],
      ["set-up, p50", "us", ({ setup_p50_us }) => setup_p50_us],
      ["first byte, p50", "us", ({ first_byte_p50_us }) => first_byte_p50_us],
      ["first byte, max", "us", ({ first_byte_max_us }) => first_byte_max_us],
    ]),
    sentences,
  };
}

function noAnswer(count: number, total: number): string {
  return `${formatCount(count, "datagram")} of ${total} got no answer.`;
}

function roundTrip(figures: ExperimentFigures<"round_trip">): Parts {
  const { tcp, udp, difference_us, rounds, histogram } = figures;
  const { loopback_p50_us: floor } = figures;
  const unanswered = udp.sent - udp.received;
  const sentences = [
    verdict(difference_us, "over TCP", "over UDP"),
    floor === null
      ? "There is no path on loopback: the difference is what this runtime and " +
        "the system take for a segment and for a datagram."
      : "The medians on loopback are the part of this program and the system.",
  ];
  if (unanswered > 0) sentences.push(noAnswer(unanswered, udp.sent));
  if (rounds.answered < rounds.done) {
    sentences.push(
      `The medians are compared in the ${rounds.answered} of ${rounds.done} ` +
        "rounds in which both sides were answered.",
    );
  }
  const sides = {
    TCP: { ...tcp, floor: floor?.tcp ?? null },
    UDP: { ...udp, floor: floor?.udp ?? null },
  };
  return {
    table: table(sides, [
      ["sent", "count", ({ sent }) => sent],
      ["received", "count", ({ received }) => received],
      ...distributionRows([tcp, udp]),
      floor && ["p50 on loopback", "us", ({ floor }) => floor],
    ]),
    charts: histogram === null ? [] : [{
      kind: "histogram",
      title: "Distribution of the RTT",
      edges_us: histogram.edges_us,
      series: [
        { name: "TCP", count: histogram.tcp },
        { name: "UDP", count: histogram.udp },
      ],
    }],
    sentences,
  };
}

/** States which side was faster only where the interval excludes 0. */
function verdict(difference: Difference, one: string, other: string): string {
  if (difference === null) {
    return "No verdict: too few rounds in which both sides were answered.";
  }
  const { estimate, low, high, confidence_percent: percent } = difference;
  const sign = estimate < 0 ? -1 : 1;
  const [from, to] = [sign * low, sign * high].sort((a, b) => a - b);
  const medians = `the medians differ by ${formatDuration(sign * estimate)} ` +
    `(${percent} % interval: ${formatDuration(from!)} to ` +
    `${formatDuration(to!)})`;
  if (low <= 0 && high >= 0) {
    return `No significant difference: the ${percent} % interval includes 0; ` +
      `${medians}.`;
  }
  const [fast, slow] = low > 0 ? [other, one] : [one, other];
  return `Messages came back faster ${fast} than ${slow}: ${medians}.`;
}

function headOfLine(figures: ExperimentFigures<"head_of_line">): Parts {
  const { udp, tcp, dropped, retransmit_ms, waited_over_ms } = figures;
  const tail = dropped > 0 && tcp.waited > dropped
    ? ": messages behind a late one waited with it"
    : "";
  const outcome = ({ sent, received, waited, rtt_us }: Losses) => {
    if (rtt_us === null) return "nothing came back";
    const lost = sent - received;
    return `${lost === 0 ? "all came back" : `${lost} did not come back`}, ` +
      `${waited === 0 ? "none" : waited} took longer than ` +
      `${waited_over_ms} ms, the longest ${formatDuration(rtt_us.max)}`;
  };
  return {
    table: table({ UDP: udp, TCP: tcp }, [
      ["sent", "count", ({ sent }) => sent],
      ["lost", "count", ({ sent, received }) => sent - received],
      [`longer than ${waited_over_ms} ms`, "count", ({ waited }) => waited],
      ...distributionRows([udp, tcp], ["p50", "p90", "max"]),
    ]),
    charts: [{
      kind: "timeline",
      title: "RTT over time",
      series: [
        { name: "UDP", timeline: udp.timeline },
        { name: "TCP", timeline: tcp.timeline },
      ],
    }],
    sentences: [
      `The emulated path dropped ${dropped} of ${udp.sent} messages. UDP: ` +
      `${outcome(udp)}.`,
      `TCP, where a segment is sent again after ${retransmit_ms} ms: ` +
      `${outcome(tcp)}${tail}.`,
    ],
  };
}

function boundaries({ tcp, udp }: ExperimentFigures<"boundaries">): Parts {
  const list = (bytes: number[]) => bytes.join(" + ") || "-";
  const outcome = (side: Boundaries, sent: string, received: string) => {
    const { sent_bytes, received_bytes } = side;
    const total = sum(sent_bytes);
    const calls = `${formatCount(total, "byte")} ${
      total === 1 ? "was" : "were"
    } ${sent} in ${formatCount(sent_bytes.length, "call")} and`;
    if (received_bytes.length === 0) return `${calls} nothing was ${received}`;
    return `${calls} ${received} in ${received_bytes.length}: the boundaries ` +
      `were ${isSubset(received_bytes, sent_bytes) ? "" : "not "}kept`;
  };
  return {
    table: table({ TCP: tcp, UDP: udp }, [
      ["bytes sent", undefined, ({ sent_bytes }) => list(sent_bytes)],
      ["bytes received", undefined, (side) => list(side.received_bytes)],
    ]),
    sentences: [
      `TCP: ${outcome(tcp, "written", "read")}.`,
      `UDP: ${outcome(udp, "sent", "received")}.`,
    ],
  };
}

/** Whether the first list is part of the second: a datagram may be lost. */
function isSubset(some: number[], others: number[]): boolean {
  const left = [...others];
  return some.every((bytes) => {
    const at = left.indexOf(bytes);
    return at >= 0 && left.splice(at, 1).length === 1;
  });
}

function nagle({ on, off, difference_us }: ExperimentFigures<"nagle">): Parts {
  return {
    table: table({ on, off }, [
      ["messages", "count", ({ count }) => count],
      ...distributionRows([on, off]),
    ]),
    charts: [{
      kind: "bars",
      title: "RTT, median",
      value: { label: "RTT", unit: "us" },
      names: ["Nagle on", "Nagle off"],
      series: [{
        name: "RTT",
        values: [on, off].map(({ rtt_us }) => rtt_us?.p50 ?? null),
      }],
    }],
    sentences: [
      verdict(
        difference_us,
        "with Nagle's algorithm",
        "without Nagle's algorithm",
      ),
    ],
  };
}

function concurrency(figures: ExperimentFigures<"concurrency">): Parts {
  const { iterative_us: iterative, concurrent_us: concurrent } = figures;
  const clients = iterative.map((_, index) => `client ${index + 1}`);
  return {
    table: table<number[]>({ iterative, concurrent }, [
      ...clients.map((name, index): [
        string,
        "us",
        (waits: number[]) => number | null,
      ] => [`${name} waited`, "us", (waits) => waits[index] ?? null]),
      ["all served after", "us", (waits) => waits.at(-1) ?? null],
    ]),
    charts: [{
      kind: "bars",
      title: "Wait of each client",
      value: { label: "wait", unit: "us" },
      names: clients,
      series: [
        { name: "iterative", values: iterative },
        { name: "concurrent", values: concurrent },
      ],
    }],
    sentences: concurrencySentences(figures),
  };
}

function concurrencySentences(
  { iterative_us, concurrent_us, delay_ms }: ExperimentFigures<"concurrency">,
): string[] {
  const [one, all] = [iterative_us.at(-1), concurrent_us.at(-1)];
  if (one === undefined || all === undefined) return [];
  if (iterative_us.length < 2 || delay_ms === 0) {
    return [
      "With one client, or without a delay, both servers behave the same.",
    ];
  }
  const doubts = [
    isInTurn(iterative_us, delay_ms) ? "" : "The iterative server did not " +
      "serve one client at a time: perhaps it is a concurrent one.",
    isInTurn(concurrent_us, delay_ms)
      ? "The concurrent server did not serve all clients at once."
      : "",
  ].filter((doubt) => doubt !== "");
  if (doubts.length > 0) return doubts;
  return [
    `The iterative server had served all after ${formatDuration(one)}, the ` +
    `concurrent one after ${formatDuration(all)}, ${formatRatio(one / all)} ` +
    "times as fast.",
  ];
}

/** Whether the last client waited for most of the others' delays. */
function isInTurn(waitsUs: number[], delayMs: number): boolean {
  const apartUs = waitsUs.at(-1)! - waitsUs[0]!;
  return apartUs > 0.5 * (waitsUs.length - 1) * delayMs * 1000;
}
