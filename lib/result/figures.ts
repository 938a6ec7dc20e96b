/**
 * The one list of figures of a measurement. Tables, thresholds, sweeps, CSV and
 * comparisons of results all read it; `figure_table.ts` shows them.
 *
 * @module
 */

import { canCarry, type Distribution } from "../stats/histogram.ts";
import { GRADE_NAMES } from "./under_load_judge.ts";
import type { MeasurementResult } from "./schema.ts";
import type { Unit } from "./section.ts";
import type { ThroughputResult } from "./throughput_schema.ts";
import type { UnderLoadResult } from "./under_load_schema.ts";

/** The source of figures: a measurement, a point of a sweep, or a test. */
export type Measured =
  & Partial<Omit<MeasurementResult, "error" | "mode" | "protocol">>
  & Partial<Pick<ThroughputResult, "summary">>
  & Partial<Pick<UnderLoadResult, "load">>
  & { mode?: string; protocol?: string }
  & { percentileUs?: Percentiles };

/** Series of round-trip times for which any percentile can be computed. */
export type TimedSeries = "rtt" | "reflector" | "intended";

/**
 * Returns a percentile of round-trip times in microseconds; `null` without a
 * reply, or if they are not measured.
 */
export type Percentiles = (
  series: TimedSeries,
  percent: number,
) => number | null;

/** A result and the name that distinguishes it from others. */
export interface Named<R = Measured> {
  /** The name: of a file, or the target. */
  name: string;
  /** The result. */
  result: R;
}

/** A group of figures. */
export type FigureGroup =
  | "probes"
  | "rtt"
  | "jitter"
  | "throughput"
  | "goodput"
  | "load"
  | "one_way"
  | "quality";

/**
 * What figures are derived from: probes of any kind, probes that carry a payload,
 * probes on a schedule, replies that tell directions, trusted clocks, a
 * throughput test, its datagrams, or a run under load.
 */
export type FigureSource =
  | "probes"
  | "throughput"
  | "schedule"
  | "replies"
  | "clocks"
  | "goodput"
  | "datagrams"
  | "load";

/** One figure. */
export interface Figure {
  /** Its name in thresholds and, with its unit, in CSV: `rtt.p99`. */
  key: string;
  /** Its group. */
  group: FigureGroup;
  /** The series that it is part of: `RTT`. */
  series: string;
  /** Its name in the series: `p99`; empty if it is the only one. */
  part: string;
  /** The unit of its values. */
  unit: Unit;
  /** Whether less is better; `null` if neither is. */
  isLessBetter: boolean | null;
  /** What must be measured for the figure to apply. */
  needs: FigureSource;
  /**
   * Reads it.
   *
   * @param of What was measured.
   * @returns The value; `null` if it is unknown or does not apply.
   */
  read(of: Measured): number | null;
  /** Whether there are enough values for this percentile. */
  isCarried(of: Measured): boolean;
}

type Shared = Pick<Figure, "group" | "unit" | "isLessBetter" | "needs">;
/** The key, the series, the part, and the key in the result. */
type Row = [key: string, series?: string, part?: string, field?: string];

/** The parts of a distribution; the percentile that each of them is, or 0. */
const PARTS: [part: string, field: keyof Distribution, percent: number][] = [
  ["min", "min", 0],
  ["p50", "p50", 50],
  ["p90", "p90", 90],
  ["p95", "p95", 95],
  ["p99", "p99", 99],
  ["p99.9", "p999", 99.9],
  ["max", "max", 0],
  ["mean", "mean", 0],
  ["stddev", "stddev", 0],
];

const PROBES: Shared = {
  group: "probes",
  unit: "count",
  isLessBetter: true,
  needs: "probes",
};
const NEUTRAL: Shared = { ...PROBES, isLessBetter: null };
const REPLIES: Shared = { ...PROBES, needs: "replies" };
const RTT: Shared = { ...PROBES, group: "rtt", unit: "us" };
const JITTER: Shared = { ...RTT, group: "jitter" };
const ONE_WAY: Shared = { ...RTT, group: "one_way", needs: "replies" };
const CLOCKS: Shared = { ...ONE_WAY, isLessBetter: null };
const QUALITY: Shared = { ...RTT, group: "quality" };
const PACE: Shared = { ...QUALITY, unit: "count", isLessBetter: null };
const RATE: Shared = {
  group: "throughput",
  unit: "bits_per_second",
  isLessBetter: false,
  needs: "throughput",
};
const GOODPUT: Shared = { ...RATE, group: "goodput", needs: "goodput" };
const DATAGRAMS: Shared = { ...RTT, group: "goodput", needs: "datagrams" };
const LOAD: Shared = { ...RTT, group: "load", needs: "load" };

/** Every figure, in the order in which they are shown. */
export const FIGURES: readonly Figure[] = [
  ...figures(NEUTRAL, "probes.*", [["sent"], ["received"]]),
  ...figures(PROBES, "probes.*", [["lost"]]),
  share("loss", "lost, of those sent", "lost"),
  ...figures({ ...PROBES, needs: "schedule" }, "probes.*", [
    ["not_sent", "not sent"],
  ]),
  ...figures(REPLIES, "probes.*", [
    ["lost_forward", "lost on the way there"],
    ["lost_backward", "lost on the way back"],
  ]),
  share("loss.forward", "of those sent, there", "lost_forward", "replies"),
  share("loss.backward", "of those sent, back", "lost_backward", "replies"),
  ...figures(REPLIES, "probes.*", [
    ["late"],
    ["duplicate"],
    ["reordered"],
    ["corrupt"],
  ]),
  ...figures(NEUTRAL, "probes.*", [["warmup", "warm-up, left out"]]),
  ...parts(RTT, "rtt", "RTT", "rtt_us"),
  ...parts(
    { ...RTT, needs: "replies" },
    "reflector",
    "with reflector",
    "rtt_with_reflector_us",
  ),
  ...parts(
    { ...RTT, needs: "schedule" },
    "intended",
    "from intended",
    "rtt_from_intended_us",
  ),
  ...figures(JITTER, "jitter_us.*", [
    ["jitter", "jitter", "RFC 3550", "rfc3550"],
    ["ipdv.p50", "jitter", "IPDV p50", "ipdv_p50"],
    ["ipdv.p99", "jitter", "IPDV p99", "ipdv_p99"],
  ]),
  ...figures(RATE, "throughput.*_bits_per_second", [
    ["per_probe_mean", "throughput", "per-probe mean"],
    ["aggregate", "throughput", "aggregate"],
  ]),
  ...figures(GOODPUT, "summary.*_bits_per_second", [
    ["goodput"],
    ["goodput.forward", "goodput", "forward", "forward"],
    ["goodput.reverse", "goodput", "reverse", "reverse"],
    ["goodput.sent", "sent", "", "sent"],
    ["goodput.p10", "100 ms slots", "p10", "p10"],
    ["goodput.p90", "100 ms slots", "p90", "p90"],
  ]),
  ...figures({ ...GOODPUT, unit: "count" }, "summary.*", [
    ["goodput.fairness", "fairness", "of streams", "jain_index"],
  ]),
  ...figures({ ...DATAGRAMS, unit: "percent" }, "summary.*", [
    ["goodput.loss", "datagrams lost", "", "lost_percent"],
  ]),
  ...figures(DATAGRAMS, "summary.*", [
    ["goodput.jitter", "jitter", "of datagrams", "jitter_us"],
  ]),
  ...figures(LOAD, "load.*_us", [
    ["increase", "increase", "worst"],
    ["increase.down", "increase", "download", "increase_down"],
    ["increase.up", "increase", "upload", "increase_up"],
    ["increase.both", "increase", "both", "increase_both"],
  ]),
  ...figures({ ...LOAD, unit: "count", isLessBetter: false }, "load.*", [
    ["rpm", "RPM"],
  ]),
  {
    ...figures({ ...LOAD, unit: "grade" }, "", [["grade"]])[0]!,
    read: ({ load }) => load?.grade ? GRADE_NAMES.indexOf(load.grade) : null,
  },
  ...figures(CLOCKS, "one_way.*_us", [
    ["clock_offset", "clock offset"],
    ["clock_bound", "its bound, +-"],
  ]),
  ...figures({ ...CLOCKS, unit: "ppm" }, "one_way.*_ppm", [
    ["clock_drift", "clock drift"],
    ["drift_bound", "its bound, +-"],
  ]),
  ...way("forward", "there"),
  ...way("backward", "back"),
  ...figures(PACE, "probes_per_second.*", [
    ["rate.asked", "probes a second", "asked", "asked"],
    ["rate.achieved", "probes a second", "achieved", "achieved"],
  ]),
  ...figures(QUALITY, "quality.*", [
    ["clock_step", "clock step", "", "clock_resolution_us"],
  ]),
  ...parts(QUALITY, "handshake", "TLS handshake", "tls.handshake_us")
    .filter(({ part }) => part === "p50" || part === "max"),
  ...figures(QUALITY, "quality.send_call_us.*", [
    ["send_call.p50", "send call", "p50", "p50"],
    ["send_call.p99", "send call", "p99", "p99"],
  ]),
  ...figures(QUALITY, "quality.send_lateness_us.*", [
    ["lateness.p50", "sent late", "p50", "p50"],
    ["lateness.p99", "sent late", "p99", "p99"],
    ["lateness.max", "sent late", "max", "max"],
  ]),
  ...figures({ ...QUALITY, unit: "percent" }, "quality.*_percent", [
    ["processor", "processor (of one)"],
  ]),
  ...figures(QUALITY, "quality.floor_us.*", [
    ["floor.p50", "RTT on loopback", "p50", "p50"],
    ["floor.p99", "RTT on loopback", "p99", "p99"],
  ]),
];

/** Figures with shared attributes; `*` in the path is their own key. */
function figures(shared: Shared, path: string, rows: Row[]): Figure[] {
  return rows.map(([key, series = key, part = "", field = key]) => ({
    ...shared,
    key,
    series,
    part,
    read: (of) => valueAt(of, path.replace("*", field)),
    isCarried: () => true,
  }));
}

function valueAt(of: Measured, path: string): number | null {
  const value = path.split(".")
    .reduce<unknown>((at, key) => Object(at)[key], of);
  return typeof value === "number" ? value : null;
}

/** A counter of lost probes, as a percentage of those sent. */
function share(
  key: string,
  series: string,
  counter: "lost" | "lost_forward" | "lost_backward",
  needs: FigureSource = "probes",
): Figure {
  return {
    ...PROBES,
    ...{ key, series, part: "", unit: "percent", needs },
    read({ probes }) {
      const lost = probes?.[counter] ?? null;
      if (!probes?.sent || lost === null) return null;
      return 100 * Math.min(lost, probes.sent) / probes.sent;
    },
    isCarried: () => true,
  };
}

/** The parts of a distribution. */
function parts(
  shared: Shared,
  key: string,
  series: string,
  path: string,
): Figure[] {
  const rows = PARTS.map((
    [part, field],
  ): Row => [`${key}.${part}`, series, part, field]);
  return figures(shared, `${path}.*`, rows).map((figure, index) => ({
    ...figure,
    isCarried: (of) =>
      canCarry(PARTS[index]![2], valueAt(of, `${path}.count`) ?? Infinity),
  }));
}

function way(key: "forward" | "backward", series: string): Figure[] {
  const path = `one_way.${key}`;
  const trusted: Shared = { ...ONE_WAY, needs: "clocks" };
  return [
    ...figures(ONE_WAY, `${path}.min_us.*`, [
      [`${key}.min_low`, series, "min, at least", "low"],
      [`${key}.min_high`, series, "min, at most", "high"],
    ]),
    ...parts(trusted, key, series, `${path}.delay_us`)
      .filter(({ part }) => part !== "mean" && part !== "stddev"),
    ...parts(ONE_WAY, `${key}.variation`, series, `${path}.variation_us`)
      .filter(({ part }) => ["p50", "p99", "max"].includes(part))
      .map((figure) => ({ ...figure, part: `variation ${figure.part}` })),
    ...figures(ONE_WAY, `${path}.jitter_us.*`, [
      [`${key}.jitter`, series, "jitter", "rfc3550"],
    ]),
  ];
}

/** A percentile of round-trip times: up to p99.9999. */
const PERCENTILE = /^(rtt|reflector|intended)\.(p(\d{1,2}(?:\.\d{1,4})?))$/;

/** The definition of throughput in the course protocol, and its limit. */
export const THROUGHPUT_MEANING: string =
  "Payload bytes one way over a full round trip: at most half of the link's " +
  "capacity, as the course defines it. throughput-client measures the capacity.";

const BY_KEY = new Map(FIGURES.map((figure) => [figure.key, figure]));

/**
 * Finds a figure.
 *
 * @param key Its key; of a series of round-trip times any percentile has one, as
 * `rtt.p99.5`.
 * @returns The figure, or `undefined`.
 */
export function findFigure(key: string): Figure | undefined {
  const [, series, part, digits] = PERCENTILE.exec(key) ?? [];
  const known = BY_KEY.get(key) ?? BY_KEY.get(`${series}.p99`);
  if (known === undefined || known.key === key) return known;
  const percent = Number(digits);
  return {
    ...known,
    key,
    part: part!,
    read: (of) => of.percentileUs?.(series as TimedSeries, percent) ?? null,
    isCarried: () => true,
  };
}

/** @internal The figures of a group, in the order in which they are shown. */
export function figuresIn(group: FigureGroup): Figure[] {
  return FIGURES.filter((figure) => figure.group === group);
}
