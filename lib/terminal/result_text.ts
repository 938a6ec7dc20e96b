/**
 * A result as a person reads it.
 *
 * @module
 */

import type { OneWayFigures } from "../stats/one_way.ts";
import type { ProbeCounts, Result } from "../result/result.ts";
import type { Distribution } from "../stats/histogram.ts";
import {
  formatCount,
  formatDuration,
  formatRate,
  sharePercent,
} from "../result/quantities.ts";
import { clampWidth, sanitize, type Style } from "./style.ts";
import { DISTRIBUTION_FIGURES } from "../result/charts.ts";
import { formatTable } from "./table.ts";
import { wrap } from "./wrap.ts";

/** The most columns of a sentence; longer lines are hard to read. */
const PROSE_WIDTH = 78;
/** Where a line goes on below itself. */
const HANG = "  ";

/**
 * Writes a result as a table and what is to be known of its figures.
 *
 * @param result The result.
 * @param style How wide it may be, and with which characters.
 * @returns Lines without a newline at the end, none wider than the style.
 */
export function formatResult(result: Result, style: Style): string {
  const width = Math.min(clampWidth(style), PROSE_WIDTH);
  return [
    ...(result.rtt_us === null ? [] : [...table(result, style), ""]),
    ...[
      ...counts(result.probes),
      ...rate(result),
      ...throughput(result),
      ...jitter(result),
    ].flatMap((line) => hang(line, width)),
    ...oneWay(result, style, width),
    ...quality(result, style).flatMap((line) => hang(line, width)),
  ].join("\n");
}

/** Breaks a line, and indents what goes on below it. */
function hang(line: string, width: number): string[] {
  const text = line.trimStart();
  const indent = " ".repeat(line.length - text.length);
  const [first, ...rest] = wrap(text, width - indent.length - HANG.length);
  return [
    indent + first,
    ...rest.map((part) => indent + HANG + part.trimStart()),
  ]
    .map((part) => part.trimEnd());
}

function table(result: Result, style: Style): string[] {
  const columns: [string, Distribution | null][] = [["RTT", result.rtt_us]];
  if (result.rtt_with_reflector_us !== undefined) {
    columns.push(["with reflector", result.rtt_with_reflector_us]);
  }
  if (result.rtt_from_intended_us !== undefined) {
    columns.push(["from intended", result.rtt_from_intended_us]);
  }
  return formatTable({
    columns: columns.map(([name]) => ({ name, unit: "us" })),
    rows: DISTRIBUTION_FIGURES.map(([key, name]) => ({
      name,
      values: columns.map(([, figures]) => figures?.[key] ?? null),
    })),
  }, style);
}

function counts(probes: ProbeCounts): string[] {
  const { sent, received, lost, warmup } = probes;
  const share = sent === 0 ? "" : ` (${sharePercent(lost, sent)} %)`;
  return [
    `${formatCount(sent, "probe")} sent, ${received} received, ` +
    `${lost} lost${share}`,
    ...arrivals(probes),
    ...(warmup === 0
      ? []
      : [`${formatCount(warmup, "warm-up probe")} before them, left out`]),
  ];
}

function arrivals(probes: ProbeCounts): string[] {
  const { late, duplicate, reordered, corrupt, lost } = probes;
  if (late === undefined) return [];
  const there = probes.lost_forward ?? null;
  const back = probes.lost_backward ?? null;
  return [
    ...(lost === 0 || there === null || back === null ? [] : [
      `  of those lost, ${there} on the way there, ${back} on the way back, ` +
      `${late} answered too late`,
    ]),
    `${late} late, ${duplicate} duplicate, ${reordered} reordered, ` +
    `${corrupt} corrupt`,
  ];
}

function rate({ probes_per_second: { asked, achieved } }: Result): string[] {
  if (asked === null) return [];
  return [
    `${figure(asked)} probes a second asked, ` +
    `${achieved === null ? "-" : figure(achieved)} achieved`,
  ];
}

/** Four digits, without an exponent. */
function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
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

function oneWay(
  { one_way: ways }: Result,
  style: Style,
  width: number,
): string[] {
  if (!ways) return [];
  const { clock_offset_us: offset, clock_bound_us: bound } = ways;
  const clocks = offset === null
    ? "the clocks drifted"
    : `the reflector's clock is ${formatDuration(Math.abs(offset))} ${
      offset < 0 ? "behind" : "ahead"
    }, +- ${formatDuration(bound)}; taken off`;
  const way = (name: string, { delay_us, jitter_us }: OneWayFigures) => ({
    name,
    values: [
      delay_us?.p50 ?? null,
      delay_us?.p99 ?? null,
      delay_us?.max ?? null,
      jitter_us?.rfc3550 ?? null,
    ],
  });
  return [
    "",
    ...hang(`one way: ${clocks}`, width),
    ...formatTable({
      columns: ["p50", "p99", "max", "jitter"].map((name) => (
        { name, unit: "us" }
      )),
      rows: [way("there", ways.forward), way("back", ways.backward)],
    }, style),
  ];
}

function quality({ quality }: Result, style: Style): string[] {
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
    ...(quality.processor_percent === null ? [] : [
      `  processor: ${Math.round(quality.processor_percent)} % of one`,
    ]),
    ...(quality.floor_us === null ? [] : [
      `  floor: median RTT on loopback ${
        formatDuration(quality.floor_us)
      }, not taken off`,
    ]),
    ...quality.notes.map((note) => `  note: ${sanitize(note, style)}`),
  ];
}
