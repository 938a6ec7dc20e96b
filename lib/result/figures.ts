/**
 * The one list of figures of a measurement. Tables, thresholds, sweeps, CSV and
 * comparisons of results all read it.
 *
 * @module
 */

import { canCarry, type Distribution } from "../stats/histogram.ts";
import { formatValue } from "./quantities.ts";
import type { MeasurementResult } from "./schema.ts";
import type { Table, Unit } from "./section.ts";
import type { ThroughputResult } from "./throughput_schema.ts";

/** What figures are read from: a measurement, a point of a sweep, or a test. */
export type Measured =
  & Partial<Omit<MeasurementResult, "error" | "mode" | "protocol">>
  & Partial<Pick<ThroughputResult, "summary">>
  & { mode?: string; protocol?: string }
  & { percentileUs?: Percentiles };

/** Round-trip times that any percentile can be asked of. */
export type TimedSeries = "rtt" | "reflector" | "intended";

/**
 * A percentile of round-trip times in microseconds; `null` without a reply, or
 * where they are not measured.
 */
export type Percentiles = (
  series: TimedSeries,
  percent: number,
) => number | null;

/** What was measured, and its name beside others. */
export interface Named<R = Measured> {
  /** The name: of a file, or the target. */
  name: string;
  /** The result. */
  result: R;
}

/** Which figures belong together. */
export type FigureGroup =
  | "probes"
  | "rtt"
  | "jitter"
  | "throughput"
  | "goodput"
  | "one_way"
  | "quality";

/** One figure. */
export interface Figure {
  /** Its name in thresholds and, with its unit, in CSV: `rtt.p99`. */
  key: string;
  /** Which figures it belongs to. */
  group: FigureGroup;
  /** What it is a figure of: `RTT`. */
  series: string;
  /** Which one of those: `p99`; empty if the series has only one. */
  part: string;
  /** The unit of its values. */
  unit: Unit;
  /** Whether less is better; `null` if neither is. */
  isLessBetter: boolean | null;
  /** What a measurement must have so that the figure applies. */
  needs?: "throughput" | "schedule" | "replies" | "clocks";
  /**
   * Reads it.
   *
   * @param of What was measured.
   * @returns The value; `null` or `undefined` if it is unknown or does not apply.
   */
  read(of: Measured): number | null | undefined;
  /** Whether there are enough values for this percentile. */
  isCarried(of: Measured): boolean;
}

type Shared = Pick<Figure, "group" | "unit" | "isLessBetter" | "needs">;
/** The name, what it is of, which part, and its place in the result. */
type Row = [key: string, series: string, part: string, path: string];

/** The parts of a distribution; the percentile that each of them is, or 0. */
const PARTS: [part: string, path: keyof Distribution, percent: number][] = [
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

const PROBES: Shared = { group: "probes", unit: "count", isLessBetter: true };
const SHARE: Shared = { ...PROBES, unit: "percent" };
const NEUTRAL: Shared = { ...PROBES, isLessBetter: null };
const RTT: Shared = { group: "rtt", unit: "us", isLessBetter: true };
const ONE_WAY: Shared = { ...RTT, group: "one_way", needs: "replies" };
const QUALITY: Shared = { ...RTT, group: "quality" };
const RATE: Shared = {
  group: "throughput",
  unit: "bits_per_second",
  isLessBetter: false,
  needs: "throughput",
};
const GOODPUT: Shared = { ...RATE, group: "goodput" };

/** Every figure, in the order in which they are shown. */
export const FIGURES: readonly Figure[] = [
  ...figures(NEUTRAL, [
    ["sent", "sent", "", "probes.sent"],
    ["received", "received", "", "probes.received"],
  ]),
  ...figures(PROBES, [["lost", "lost", "", "probes.lost"]]),
  share("loss", "lost, of those sent", "lost"),
  ...figures({ ...PROBES, needs: "schedule" }, [
    ["not_sent", "not sent", "", "probes.not_sent"],
  ]),
  ...figures({ ...PROBES, needs: "replies" }, [
    ["lost_forward", "lost on the way there", "", "probes.lost_forward"],
    ["lost_backward", "lost on the way back", "", "probes.lost_backward"],
  ]),
  share("loss.forward", "of those sent, there", "lost_forward", "replies"),
  share("loss.backward", "of those sent, back", "lost_backward", "replies"),
  ...figures({ ...PROBES, needs: "replies" }, [
    ["late", "late", "", "probes.late"],
    ["duplicate", "duplicate", "", "probes.duplicate"],
    ["reordered", "reordered", "", "probes.reordered"],
    ["corrupt", "corrupt", "", "probes.corrupt"],
  ]),
  ...figures(NEUTRAL, [["warmup", "warm-up, left out", "", "probes.warmup"]]),
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
  ...figures({ ...RTT, group: "jitter" }, [
    ["jitter", "jitter", "RFC 3550", "jitter_us.rfc3550"],
    ["ipdv.p50", "jitter", "IPDV p50", "jitter_us.ipdv_p50"],
    ["ipdv.p99", "jitter", "IPDV p99", "jitter_us.ipdv_p99"],
  ]),
  ...figures(RATE, [
    [
      "per_probe_mean",
      "throughput",
      "per-probe mean",
      "throughput.per_probe_mean_bits_per_second",
    ],
    [
      "aggregate",
      "throughput",
      "aggregate",
      "throughput.aggregate_bits_per_second",
    ],
  ]),
  ...figures(GOODPUT, [
    ["goodput", "goodput", "", "summary.goodput_bits_per_second"],
    [
      "goodput.forward",
      "goodput",
      "forward",
      "summary.forward_bits_per_second",
    ],
    [
      "goodput.reverse",
      "goodput",
      "reverse",
      "summary.reverse_bits_per_second",
    ],
    ["goodput.sent", "sent", "", "summary.sent_bits_per_second"],
    ["goodput.p10", "100 ms slots", "p10", "summary.p10_bits_per_second"],
    ["goodput.p90", "100 ms slots", "p90", "summary.p90_bits_per_second"],
  ]),
  ...figures({ ...GOODPUT, unit: "count" }, [
    ["goodput.fairness", "fairness", "of streams", "summary.jain_index"],
  ]),
  ...figures({ ...SHARE, group: "goodput" }, [
    ["goodput.loss", "datagrams lost", "", "summary.lost_percent"],
  ]),
  ...figures({ ...RTT, group: "goodput" }, [
    ["goodput.jitter", "jitter", "of datagrams", "summary.jitter_us"],
  ]),
  ...figures({ ...ONE_WAY, isLessBetter: null }, [
    ["clock_offset", "clock offset", "", "one_way.clock_offset_us"],
    ["clock_bound", "its bound, +-", "", "one_way.clock_bound_us"],
  ]),
  ...figures({ ...ONE_WAY, unit: "ppm", isLessBetter: null }, [
    ["clock_drift", "clock drift", "", "one_way.clock_drift_ppm"],
    ["drift_bound", "its bound, +-", "", "one_way.drift_bound_ppm"],
  ]),
  ...way("forward", "there"),
  ...way("backward", "back"),
  ...figures({ ...QUALITY, unit: "count", isLessBetter: null }, [
    ["rate.asked", "probes a second", "asked", "probes_per_second.asked"],
    [
      "rate.achieved",
      "probes a second",
      "achieved",
      "probes_per_second.achieved",
    ],
  ]),
  ...figures(QUALITY, [
    ["clock_step", "clock step", "", "quality.clock_resolution_us"],
    ["send_call.p50", "send call", "p50", "quality.send_call_us.p50"],
    ["send_call.p99", "send call", "p99", "quality.send_call_us.p99"],
    ["lateness.p50", "sent late", "p50", "quality.send_lateness_us.p50"],
    ["lateness.p99", "sent late", "p99", "quality.send_lateness_us.p99"],
    ["lateness.max", "sent late", "max", "quality.send_lateness_us.max"],
  ]),
  ...figures({ ...QUALITY, unit: "percent" }, [
    ["processor", "processor (of one)", "", "quality.processor_percent"],
  ]),
  ...figures(QUALITY, [
    ["floor.p50", "RTT on loopback", "p50", "quality.floor_us.p50"],
    ["floor.p99", "RTT on loopback", "p99", "quality.floor_us.p99"],
  ]),
];

/** Figures that have something in common. */
function figures(shared: Shared, rows: Row[]): Figure[] {
  return rows.map(([key, series, part, path]) => ({
    ...shared,
    key,
    series,
    part,
    read: (of) => valueAt(of, path),
    isCarried: () => true,
  }));
}

function valueAt(of: Measured, path: string): number | null | undefined {
  return path.split(".").reduce<unknown>((at, key) => Object(at)[key], of) as
    | number
    | null
    | undefined;
}

/** A counter of lost probes, as a percentage of those sent. */
function share(
  key: string,
  series: string,
  counter: "lost" | "lost_forward" | "lost_backward",
  needs?: Figure["needs"],
): Figure {
  return {
    ...figures(SHARE, [[key, series, "", ""]])[0]!,
    ...(needs && { needs }),
    read({ probes }) {
      const lost = probes?.[counter] ?? null;
      if (probes === undefined || probes.sent === 0 || lost === null) {
        return null;
      }
      return 100 * Math.min(lost, probes.sent) / probes.sent;
    },
  };
}

/** The parts of a distribution. */
function parts(
  shared: Shared,
  key: string,
  series: string,
  path: string,
): Figure[] {
  return PARTS.map(([part, field, percent]) => ({
    ...figures(shared, [[`${key}.${part}`, series, part, `${path}.${field}`]])[
      0
    ]!,
    isCarried: (of) =>
      canCarry(percent, valueAt(of, `${path}.count`) ?? Infinity),
  }));
}

function way(key: "forward" | "backward", series: string): Figure[] {
  const path = `one_way.${key}`;
  const delays = parts(
    { ...ONE_WAY, needs: "clocks" },
    key,
    series,
    `${path}.delay_us`,
  );
  const variation = parts(
    ONE_WAY,
    `${key}.variation`,
    series,
    `${path}.variation_us`,
  );
  return [
    ...figures(ONE_WAY, [
      [`${key}.min_low`, series, "min, at least", `${path}.min_us.low`],
      [`${key}.min_high`, series, "min, at most", `${path}.min_us.high`],
    ]),
    ...delays.filter(({ part }) => part !== "mean" && part !== "stddev"),
    ...variation.filter(({ part }) => ["p50", "p99", "max"].includes(part))
      .map((figure) => ({ ...figure, part: `variation ${figure.part}` })),
    ...figures(ONE_WAY, [
      [`${key}.jitter`, series, "jitter", `${path}.jitter_us.rfc3550`],
    ]),
  ];
}

/** A percentile of round-trip times: up to p99.9999. */
const PERCENTILE = /^(rtt|reflector|intended)\.(p(\d{1,2}(?:\.\d{1,4})?))$/;

/** What a throughput of the course protocol is, and what it is not. */
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
export function figureOf(key: string): Figure | undefined {
  const [, series, part, digits] = PERCENTILE.exec(key) ?? [];
  const known = BY_KEY.get(key) ?? BY_KEY.get(`${series}.p99`);
  if (known === undefined || known.key === key) return known;
  const percent = Number(digits);
  return {
    ...known,
    key,
    part: part!,
    read: (of) => of.percentileUs?.(series as TimedSeries, percent),
    isCarried: () => true,
  };
}

/**
 * Finds the figures that belong together.
 *
 * @param group The group.
 * @returns Its figures, in the order in which they are shown.
 */
export function figuresOf(group: FigureGroup): Figure[] {
  return FIGURES.filter((figure) => figure.group === group);
}

/**
 * Writes the name of a figure.
 *
 * @param figure The figure.
 * @returns Text such as `RTT p99`.
 */
export function figureLabel({ series, part }: Figure): string {
  return part === "" ? series : `${series} ${part}`;
}

/**
 * Puts figures of several results side by side: a row for each figure, a column
 * for each result.
 *
 * @param figures The figures; one that applies to no result is left out.
 * @param results The results.
 * @returns The table.
 */
export function figuresTable(figures: Figure[], results: Named[]): Table {
  return {
    columns: results.map(({ name }) => ({ name })),
    rows: figures.flatMap((figure) => {
      const values = results.map(({ result }) => shown(figure, result));
      if (values.every((value) => value === null)) return [];
      return [{ name: figureLabel(figure), unit: figure.unit, values }];
    }),
  };
}

/**
 * Puts one result into a table: a row for each series, a column for each part.
 *
 * @param figures The figures; a series or a part that does not apply is left
 * out, and so is a percentile for which there are too few values.
 * @param result The result.
 * @returns The table.
 */
export function matrix(figures: Figure[], result: Measured): Table {
  const cells = figures.filter((figure) => shown(figure, result) !== null);
  const parts = [...new Set(cells.map(({ part }) => part))];
  return {
    columns: parts.map((name) => ({ name, unit: cells[0]!.unit })),
    rows: [...Map.groupBy(cells, ({ series }) => series)].map((
      [name, row],
    ) => ({
      name,
      values: parts.map((part) =>
        row.find((figure) => figure.part === part)?.read(result) ?? null
      ),
    })),
  };
}

/**
 * Writes figures of one result as a sentence.
 *
 * @param figures The figures; one that does not apply is left out.
 * @param result The result.
 * @returns Text such as `send call p50 9.1 us, p99 21 us; clock step 0.1 us`.
 */
export function figureSentence(figures: Figure[], result: Measured): string {
  const known = figures.filter((figure) => shown(figure, result) !== null);
  return [...Map.groupBy(known, ({ series }) => series)].map((
    [series, parts],
  ) =>
    `${series} ${
      parts.map((figure) =>
        `${figure.part} ${formatValue(shown(figure, result), figure.unit)}`
          .trimStart()
      ).join(", ")
    }`
  ).join("; ");
}

function shown(figure: Figure, result: Measured): number | null {
  return figure.isCarried(result) ? figure.read(result) ?? null : null;
}
