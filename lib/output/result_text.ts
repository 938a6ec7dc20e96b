/**
 * A result as a person reads it.
 *
 * @module
 */

import type { ProbeCounts, Result } from "../measure/result.ts";
import type { Distribution } from "../timing/histogram.ts";
import { formatCount, formatDuration, formatRate } from "./quantities.ts";
import { wrap } from "./wrap.ts";

/** The most columns of a line. */
const WIDTH = 78;

/** The figures of a distribution, in the order in which they are shown. */
const FIGURES: [keyof Distribution, string][] = [
  ["min", "min"],
  ["p50", "p50"],
  ["p90", "p90"],
  ["p99", "p99"],
  ["p999", "p99.9"],
  ["max", "max"],
  ["mean", "mean"],
  ["stddev", "stddev"],
];

/**
 * Writes a result as a table and what is to be known of its figures.
 *
 * @param result The result.
 * @returns Lines without a newline at the end; the widest has 78 columns.
 */
export function formatResult(result: Result): string {
  return [
    ...table(result),
    "",
    ...counts(result.probes),
    ...throughput(result),
    ...jitter(result),
    ...quality(result),
  ].join("\n");
}

function table(result: Result): string[] {
  const columns: [string, Distribution | null][] = [["RTT", result.rtt_us]];
  if (result.rtt_from_intended_us !== undefined) {
    columns.push(["from intended", result.rtt_from_intended_us]);
  }
  const cells = (head: string, texts: string[]) =>
    `  ${head.padEnd(7)}${texts.map((text) => text.padStart(15)).join("")}`;
  return [
    cells("", columns.map(([name]) => name)),
    ...FIGURES.map(([key, head]) =>
      cells(
        head,
        columns.map(([, figures]) => formatDuration(figures?.[key] ?? null)),
      )
    ),
  ];
}

function counts({ sent, received, lost, warmup }: ProbeCounts): string[] {
  const share = sent === 0 ? "" : ` (${percent(lost, sent)} %)`;
  const probes = `${formatCount(sent, "probe")} sent, ${received} received, ` +
    `${lost} lost${share}`;
  return warmup === 0
    ? [probes]
    : [probes, `${formatCount(warmup, "warm-up probe")} before them, left out`];
}

function throughput({ throughput }: Result): string[] {
  if (throughput === undefined) return [];
  const perProbe = throughput.per_probe_mean_bits_per_second;
  const aggregate = throughput.aggregate_bits_per_second;
  return [
    "",
    "throughput: payload bytes one way over a full round trip",
    `  per-probe mean  ${
      formatRate(perProbe).padStart(12)
    }   mean of SIZE / RTT`,
    `  aggregate       ${
      formatRate(aggregate).padStart(12)
    }   PROBES * SIZE / sum of RTTs`,
  ];
}

function jitter({ jitter_us: jitter }: Result): string[] {
  if (jitter === null) return [];
  return [
    "",
    "jitter: differences of successive RTTs",
    `  smoothed as in RFC 3550  ${formatDuration(jitter.rfc3550).padStart(8)}`,
    `  IPDV p50                 ${formatDuration(jitter.ipdv_p50).padStart(8)}`,
    `  IPDV p99                 ${formatDuration(jitter.ipdv_p99).padStart(8)}`,
  ];
}

function quality({ quality }: Result): string[] {
  const { clock_resolution_us: clock, send_call_us: call } = quality;
  const late = quality.send_lateness_us;
  return [
    "",
    "quality of the measurement itself",
    `  clock: monotonic, step ${formatDuration(clock)}`,
    ...(call
      ? [
        `  send call: p50 ${formatDuration(call.p50)}, p99 ${
          formatDuration(call.p99)
        }`,
      ]
      : []),
    ...(late
      ? [
        `  sent late: p50 ${formatDuration(late.p50)}, p99 ${
          formatDuration(late.p99)
        }, max ${formatDuration(late.max)}`,
      ]
      : []),
    ...quality.notes.flatMap(noteLines),
  ];
}

function noteLines(note: string): string[] {
  const [first, ...rest] = wrap(note, WIDTH - "  note: ".length);
  return [`  note: ${first}`, ...rest.map((line) => `        ${line}`)];
}

/** A share that is 0 or 100 only if it is none or all. */
function percent(part: number, whole: number): number {
  if (part === 0 || part === whole) return 100 * part / whole;
  const rounded = Math.round(10_000 * part / whole) / 100;
  return Math.min(Math.max(rounded, 0.01), 99.99);
}
