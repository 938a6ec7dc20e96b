/**
 * Measurements as sections: one by itself, or several side by side.
 *
 * @module
 */

import type { TimelineFigures } from "../stats/timeline.ts";
import {
  type Figure,
  figuresIn,
  findFigure,
  type Named,
  THROUGHPUT_MEANING,
} from "./figures.ts";
import { figureSentence, figuresTable, matrix } from "./figure_table.ts";
import { qualitySection } from "./notes.ts";
import {
  formatCount,
  formatDuration,
  formatRatio,
  formatValue,
} from "./quantities.ts";
import type { MeasurementResult } from "./schema.ts";
import type { Chart, CurveChart, Section, Table } from "./section.ts";

type NamedMeasurement = Named<MeasurementResult>;

type OneWay = NonNullable<MeasurementResult["one_way"]>;
type FullPoint = { x: number; y: number; low: number; high: number };

/**
 * Measurements as sections: first the quality, last the headline. One
 * measurement by itself fits 24 rows of 80 columns without its charts and its
 * notes; of several, each is a column.
 *
 * @internal
 */
export function measurementSections(
  results: Named<MeasurementResult>[],
): Section[] {
  const [one] = results.length === 1 ? results : [];
  const rtt = figuresIn("rtt").filter(({ part }) =>
    part !== "p95" && part !== "stddev"
  );
  return [
    quality(results),
    ...oneWaySection(results),
    ...throughputSection(results),
    {
      title: one?.result.mode === "connect"
        ? "Set-up time: SYN to SYN-ACK, as seen by connect"
        : "Round-trip time",
      table: one
        ? matrix(rtt, one.result)
        : figuresTable([...figuresIn("rtt"), ...figuresIn("jitter")], results),
      charts: [
        ...(one ? histogramChart(one.result) : []),
        ...timelineChart(results),
        ...percentileChart(results),
      ],
      sentences: one ? [] : differences(results, "rtt.p50"),
    },
    headlineSection(results),
  ];
}

function quality(results: NamedMeasurement[]): Section {
  const figures = figuresIn("quality");
  const [one] = results.length === 1 ? results : [];
  return {
    ...(one ? {} : { table: figuresTable(figures, results) }),
    ...qualitySection(
      results.map(({ name, result }) => ({ name, result: result.quality })),
      () => one ? [figureSentence(figures, one.result)] : [],
    ),
  };
}

function oneWaySection(results: NamedMeasurement[]): Section[] {
  const having = results.filter(({ result }) => result.one_way);
  if (having.length === 0) return [];
  const figures = figuresIn("one_way");
  const [one] = results.length === 1 ? results : [];
  const charts = variationChart(having);
  const ways = one?.result.one_way;
  if (one && ways) {
    const { clocks_trusted, clock_error_us: error } = ways;
    const shown = clocks_trusted
      ? ["min", "p50", "p99", "max", "jitter"]
      : ["variation p50", "variation p99", "variation max", "jitter"];
    const table = matrix(
      figures.filter(({ part }) => shown.includes(part)),
      one.result,
    );
    return [{
      title: clocks_trusted
        ? `One way, by the clocks as they are, +- ${formatDuration(error)}`
        : `One way${clocks(ways)}`,
      table: clocks_trusted ? table : withMinima(table, ways),
      charts,
    }];
  }
  return [{
    title: "One way",
    table: figuresTable(figures, having),
    charts,
    sentences: [
      "Without a known relation of the clocks the delay of one way is " +
      "unknown; its variation is the delay above its minimum.",
    ],
  }];
}

/** Puts the interval of each minimum before the other columns. */
function withMinima(table: Table, ways: OneWay): Table {
  const { forward, backward } = ways;
  return {
    columns: [{ name: "minimum" }, ...table.columns],
    rows: [forward, backward].map(({ min_us }, at) => ({
      name: ["there", "back"][at]!,
      values: [
        `0 to ${formatDuration(min_us.high)}`,
        ...table.rows[at]?.values ?? [],
      ],
    })),
  };
}

/** The offset and the drift of the clock, as bounded by all probes. */
function clocks(ways: OneWay): string {
  const { clock_offset_us: offset, clock_drift_ppm: drift } = ways;
  if (offset === null || drift === null) {
    return "; the clocks did not keep step";
  }
  const ppm = (value: number | null) => Number((value ?? 0).toPrecision(3));
  return `: reflector clock ${formatDuration(Math.abs(offset))} ${
    offset < 0 ? "behind" : "ahead"
  } +- ${formatDuration(ways.clock_bound_us)}, drift ${ppm(drift)} +- ${
    ppm(ways.drift_bound_ppm)
  } ppm`;
}

/** The delay of each way above its minimum: the range and the mean of a slot. */
function variationChart(results: NamedMeasurement[]): Chart[] {
  const ways = [["forward", "there"], ["backward", "back"]] as const;
  const series = results.flatMap(({ name, result }) =>
    ways.map(([key, way]) => ({
      name: results.length === 1 ? way : `${name}, ${way}`,
      points: slotPoints(result.series.one_way?.[key]),
    }))
  );
  return curve("Variation of each way over time, above its minimum", {
    x: { label: "time", unit: "s" },
    y: { label: "variation", unit: "us" },
    series,
  });
}

/** The middle of each slot with a reply: its mean, minimum and maximum. */
function slotPoints(timeline: TimelineFigures | undefined): FullPoint[] {
  return (timeline?.mean_us ?? []).flatMap((y, slot) =>
    y === null ? [] : [{
      x: (slot + 0.5) * timeline!.slot_ms / 1000,
      y,
      low: timeline!.min_us[slot] ?? y,
      high: timeline!.max_us[slot] ?? y,
    }]
  );
}

function throughputSection(results: NamedMeasurement[]): Section[] {
  const having = results.filter(({ result }) => result.throughput);
  if (having.length === 0) return [];
  const figures = figuresIn("throughput");
  const isAlone = results.length === 1;
  const [perProbe, aggregate] = figures.map((figure) => {
    if (!isAlone) return capital(figure.part);
    const value = formatValue(
      figure.read(having[0]!.result),
      figure.unit,
    );
    return `${capital(figure.part)} ${value}`;
  });
  return [{
    title: "Throughput",
    ...(isAlone ? {} : { table: figuresTable(figures, having) }),
    charts: throughputChart(having),
    sentences: [
      `${THROUGHPUT_MEANING} ${perProbe}: the mean of SIZE / RTT. ` +
      `${aggregate}: PROBES * SIZE / the sum of RTTs.`,
      ...(isAlone ? [] : differences(having, "aggregate")),
    ],
  }];
}

function headlineSection(results: NamedMeasurement[]): Section {
  const [one] = results.length === 1 ? results : [];
  return {
    title: "Summary",
    role: "headline",
    ...(one ? {} : { table: figuresTable(figuresIn("probes"), results) }),
    sentences: one
      ? [
        figureSentence(
          [...figuresIn("jitter"), findFigure("rtt.stddev")!],
          one.result,
        ),
        replies(one.result),
        counts(one.result),
        rtt(one.result),
      ].filter((line) => line !== "")
      : results.map(({ name, result }) =>
        `${name}, to ${result.target}: ${counts(result)}; ${rtt(result)}.`
      ),
  };
}

function counts(result: MeasurementResult): string {
  const { probes } = result;
  const { sent, received, lost } = probes;
  const loss = formatValue(findFigure("loss")!.read(result), "percent");
  return `${formatCount(sent, "probe")} sent, ${received} received, ` +
    `${lost} lost${sent === 0 ? "" : ` (${loss})`}` +
    (probes.not_sent ? `, ${probes.not_sent} not sent` : "");
}

/** The counters of replies and of the warm-up. */
function replies({ probes }: MeasurementResult): string {
  const { late, duplicate, reordered, corrupt, lost, warmup } = probes;
  const there = probes.lost_forward ?? null;
  const back = probes.lost_backward ?? null;
  return [
    ...(lost === 0 || there === null || back === null
      ? []
      : [`of those lost, ${there} on the way there, ${back} on the way back`]),
    ...(late === undefined ? [] : [
      `${late} late, ${duplicate} duplicate, ${reordered} reordered, ` +
      `${corrupt} corrupt`,
    ]),
    ...(warmup === 0
      ? []
      : [`${formatCount(warmup, "warm-up probe")} left out`]),
  ].join("; ");
}

/** The RTT in one line, by the percentiles that there are enough values for. */
function rtt(result: MeasurementResult): string {
  if (result.rtt_us === null) return "no probe was answered";
  const keys = ["rtt.p50", "rtt.p99", "rtt.max", "aggregate"];
  return figureSentence(keys.map((key) => findFigure(key)!), result);
}

/** The change of a figure. Single runs do not show whether it is significant. */
function differences(results: NamedMeasurement[], key: string): string[] {
  const figure = findFigure(key)!;
  const known = results
    .map((named) => ({ ...named, value: figure.read(named.result) }))
    .filter(({ value }) => value !== null)
    .sort((one, other) => one.value! - other.value!);
  const [min, max] = [known[0], known.at(-1)];
  if (!min || !max || min === max) return [];
  const what = spoken(figure);
  const of = results.length === 2 ? "" : ` of all ${results.length}`;
  const [low, high] = [min, max].map(({ value }) =>
    formatValue(value, figure.unit)
  );
  if (low === high) return [`The ${what}${of} is ${low}.`];
  const extremes = results.length === 2
    ? `The ${what} of ${min.name} is ${low}, that of ${max.name} ${high}`
    : `The minimum ${what}${of} is ${low} (${min.name}), the maximum ${high} ` +
      `(${max.name})`;
  const ratio = min.value === 0
    ? ""
    : `, ${formatRatio(max.value! / min.value!)} to 1`;
  const unlike = unlikeness(min.result, max.result);
  return [
    `${extremes}${ratio}. ${
      unlike.length === 0
        ? "One run of each does not tell whether that is more than chance."
        : `They differ in ${unlike.join(" and ")} as well.`
    }`,
  ];
}

function spoken({ key, series, part }: Figure): string {
  return key === "rtt.p50" ? "median RTT" : `${part} ${series}`;
}

/** The settings in which two measurements differ. */
function unlikeness(
  one: MeasurementResult,
  other: MeasurementResult,
): string[] {
  const isSame = one.protocol === other.protocol;
  const differ = (key: string) =>
    one.options.used[key] !== other.options.used[key];
  return [
    ...(isSame ? [] : ["protocol"]),
    ...(differ("size_bytes") ? ["size"] : []),
    ...(differ("interval_ms") ? ["interval"] : []),
    ...(differ("delay_ms") && isSame ? ["delay"] : []),
  ];
}

function histogramChart({ series, rtt_us }: MeasurementResult): Chart[] {
  if (series.histogram === null || rtt_us === null) return [];
  const { edges_us, count } = series.histogram;
  return [{
    kind: "histogram",
    title: "Distribution of the RTT",
    edges_us,
    series: [{ name: "RTT", count }],
  }];
}

function timelineChart(results: NamedMeasurement[]): Chart[] {
  const series = results
    .map(({ name, result }) => ({
      name: results.length === 1 ? "RTT" : name,
      timeline: result.series.timeline,
    }))
    .filter(({ timeline }) => timeline.sent.length > 0);
  if (series.length === 0) return [];
  return [{ kind: "timeline", title: "RTT over time", series }];
}

function percentileChart(results: NamedMeasurement[]): Chart[] {
  return curve("Percentiles of the RTT", {
    detail: true,
    x: { label: "percentile", unit: "percent", scale: "percentile" },
    y: { label: "RTT", unit: "us", scale: "log" },
    series: results.map(({ name, result: { series } }) => ({
      name,
      points: (series.percentiles?.percent ?? []).map((x, index) => (
        { x, y: series.percentiles!.us[index] ?? null }
      )),
    })),
  });
}

/** The payload over the mean RTT of each slot. */
function throughputChart(results: NamedMeasurement[]): Chart[] {
  return curve("Throughput over time, of each slot", {
    detail: true,
    x: { label: "time", unit: "s" },
    y: { label: "throughput", unit: "bits_per_second" },
    series: results.map(({ name, result }) => {
      const bits = Number(result.options.used["size_bytes"]) * 8e6 || null;
      const slots = bits === null ? [] : slotPoints(result.series.timeline);
      return { name, points: slots.map(({ x, y }) => ({ x, y: bits! / y })) };
    }),
  });
}

/** One chart; none if it has no points. */
function curve(title: string, chart: Omit<CurveChart, "kind" | "title">) {
  const series = chart.series.filter(({ points }) => points.length > 0);
  if (series.length === 0) return [];
  return [{ kind: "curve" as const, title, ...chart, series }];
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
