/**
 * A sweep as tables and curves.
 *
 * @module
 */

import type {
  SweepCurve,
  SweepPoint,
  SweepResult,
  SweepVariable,
} from "./sweep.ts";
import type { MeasurementType } from "../measure/messages.ts";
import { formatRatio, formatValue } from "./quantities.ts";
import type { Axis, Chart, Head, Section, Table } from "./section.ts";

/** One experiment of one sweep. */
interface Curve {
  name: string;
  points: SweepPoint[];
}

type Figure = [Head, (point: SweepPoint) => number | null];

/** What varies, and its value at a point. */
const VARIABLES: Record<SweepVariable, [Axis, (point: SweepPoint) => number]> =
  {
    size: [{ label: "size", unit: "bytes" }, (point) => point.size_bytes],
    delay: [{ label: "delay", unit: "ms" }, (point) => point.delay_ms],
  };

/** From this ratio on, throughputs are drawn on a logarithmic scale. */
const LOG_RATIO = 50;

const RECEIVED: Figure = [
  { name: "received", unit: "count" },
  ({ probes }) => probes.received,
];

/** What is told of each point; the first is drawn. */
const FIGURES: Record<MeasurementType, { title: string; figures: Figure[] }> = {
  rtt: {
    title: "RTT",
    figures: [
      [{ name: "median", unit: "us" }, ({ rtt_us }) => rtt_us?.p50 ?? null],
      [{ name: "min", unit: "us" }, ({ rtt_us }) => rtt_us?.min ?? null],
      [{ name: "p90", unit: "us" }, ({ rtt_us }) => rtt_us?.p90 ?? null],
      [{ name: "max", unit: "us" }, ({ rtt_us }) => rtt_us?.max ?? null],
      RECEIVED,
    ],
  },
  tput: {
    title: "Throughput",
    figures: [
      [
        { name: "aggregate", unit: "bits_per_second" },
        ({ throughput }) => throughput?.aggregate_bits_per_second ?? null,
      ],
      [
        { name: "per-probe mean", unit: "bits_per_second" },
        ({ throughput }) => throughput?.per_probe_mean_bits_per_second ?? null,
      ],
      RECEIVED,
    ],
  },
};

/**
 * Shows sweeps, side by side if there are several.
 *
 * @param sweeps The sweeps and their names.
 * @returns A section for each experiment of the first, in its order.
 */
export function sweepSections(
  sweeps: { name: string; result: Pick<SweepResult, "curves"> }[],
): Section[] {
  return (sweeps[0]?.result.curves ?? []).map(({ quantity, against }) => {
    const same = (curve: SweepCurve) =>
      curve.quantity === quantity && curve.against === against;
    const curves = sweeps.map(({ name, result }) => ({
      name,
      points: result.curves.find(same)?.points ?? [],
    }));
    return section(quantity, against, curves);
  });
}

function section(
  quantity: MeasurementType,
  against: SweepVariable,
  curves: Curve[],
): Section {
  const { title, figures } = FIGURES[quantity];
  return {
    title: `${title} against ${against}`,
    table: curves.length === 1
      ? oneSweep(figures, against, curves[0]!.points)
      : sideBySide(figures[0]!, against, curves),
    charts: chart(quantity, against, curves),
    sentences: curves.flatMap((curve) => {
      const whose = curves.length === 1 ? "" : `${curve.name}: `;
      return [
        ...trend(curve.points, quantity, against),
        ...failures(curve.points, against),
      ].map((sentence) => whose + sentence);
    }),
  };
}

/** The curves; nothing where there are no two points to look at. */
function chart(
  quantity: MeasurementType,
  against: SweepVariable,
  curves: Curve[],
): Chart[] {
  const { title, figures } = FIGURES[quantity];
  const [axis, at] = VARIABLES[against];
  const [drawn, valueOf] = figures[0]!;
  const series = curves.map(({ name, points }) => ({
    name,
    points: points.map((point) => ({
      x: at(point),
      y: point.error === null ? valueOf(point) : null,
    })),
  }));
  const points = series.flatMap(({ points }) => points);
  const known = points.map(({ y }) => y).filter((y) => y !== null);
  if (known.length < 2) return [];
  return [{
    kind: "curve",
    title: `${title}, ${drawn.name}, by ${against}`,
    x: { ...axis, scale: spread(points.map(({ x }) => x)) },
    y: {
      label: `${title}, ${drawn.name}`,
      unit: drawn.unit!,
      // A line between far values would say what is not so.
      scale: quantity === "tput" &&
          Math.max(...known) >= LOG_RATIO * Math.min(...known)
        ? "log"
        : "linear",
    },
    series,
  }];
}

/** The scale on which the closest values are farther apart. */
function spread(values: number[]): "linear" | "log" {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  if (sorted.length < 3 || sorted[0]! <= 0) return "linear";
  const closest = (along: (value: number) => number) => {
    const range = along(sorted.at(-1)!) - along(sorted[0]!);
    const gaps = sorted.slice(1)
      .map((value, index) => along(value) - along(sorted[index]!));
    return Math.min(...gaps) / range;
  };
  return closest(Math.log) > closest((value) => value) ? "log" : "linear";
}

function oneSweep(
  figures: Figure[],
  against: SweepVariable,
  points: SweepPoint[],
): Table {
  return {
    columns: figures.map(([head]) => head),
    rows: points.map((point) => ({
      name: place(point, against),
      values: figures.map((figure) => cell(point, figure)),
    })),
  };
}

function sideBySide(
  figure: Figure,
  against: SweepVariable,
  curves: Curve[],
): Table {
  const [, at] = VARIABLES[against];
  const places = new Map(
    curves.flatMap(({ points }) => points).map((point) => [at(point), point]),
  );
  return {
    columns: curves.map(({ name }) => ({ name, unit: figure[0].unit! })),
    rows: [...places.keys()].sort((a, b) => a - b).map((value) => ({
      name: place(places.get(value)!, against),
      values: curves.map(({ points }) => {
        const point = points.find((point) => at(point) === value);
        return point ? cell(point, figure) : null;
      }),
    })),
  };
}

function place(point: SweepPoint, against: SweepVariable): string {
  const [{ unit }, at] = VARIABLES[against];
  return formatValue(at(point), unit);
}

/** How many were answered is told of a point that failed, too. */
function cell(point: SweepPoint, figure: Figure): number | string | null {
  return point.error === null || figure === RECEIVED
    ? figure[1](point)
    : "failed";
}

/** What became of the figure from one end of the curve to the other. */
function trend(
  points: SweepPoint[],
  quantity: MeasurementType,
  against: SweepVariable,
): string[] {
  const [head, valueOf] = FIGURES[quantity].figures[0]!;
  const known = points.filter((point) =>
    point.error === null && valueOf(point) !== null
  );
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const from = valueOf(first)!;
  const to = valueOf(last)!;
  const [fromText, toText] = [from, to].map((value) =>
    formatValue(value, head.unit!)
  );
  const range = `From ${place(first, against)} to ${place(last, against)} of ` +
    `${against} the ${head.name}`;
  if (fromText === toText) return [`${range} stayed at ${fromText}.`];
  if (overlap(middle(first, quantity), middle(last, quantity))) {
    return [
      `${range} went from ${fromText} to ${toText}, which is no clear ` +
      "difference: from min to p90 the round trips of both overlap.",
    ];
  }
  const [less, more] = [from, to].sort((a, b) => a - b) as [number, number];
  const ratio = less === 0 ? "" : ` (${formatRatio(more / less)} to 1)`;
  return [
    `${range} ${
      to > from ? "rose" : "fell"
    } from ${fromText} to ${toText}${ratio}.`,
  ];
}

/** Where nine of ten round trips are, as the quantity that comes of them. */
function middle(
  { rtt_us, size_bytes }: SweepPoint,
  quantity: MeasurementType,
): [number, number] {
  const { min, p90 } = rtt_us!;
  return quantity === "rtt"
    ? [min, p90]
    : [size_bytes * 8e6 / p90, size_bytes * 8e6 / min];
}

function overlap(one: [number, number], other: [number, number]): boolean {
  return one[0] <= other[1] && other[0] <= one[1];
}

/** Which points failed, and why; those with the same reason together. */
function failures(points: SweepPoint[], against: SweepVariable): string[] {
  const failed = points.filter(({ error }) => error !== null);
  return [...Map.groupBy(failed, ({ error }) => error)].map(([error, points]) =>
    `At ${
      points.map((point) => place(point, against)).join(", ")
    } it failed: ` +
    `${error}.`
  );
}
