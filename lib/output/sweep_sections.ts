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
} from "../measure/sweep.ts";
import type { MeasurementType } from "../protocols/measurement.ts";
import { formatRatio, formatValue } from "./quantities.ts";
import type { Axis, Head, Section, Table } from "./section.ts";

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
  const [axis, at] = VARIABLES[against];
  const [drawn, valueOf] = figures[0]!;
  return {
    title: `${title} against ${against}`,
    table: curves.length === 1
      ? oneSweep(figures, against, curves[0]!.points)
      : sideBySide(figures[0]!, against, curves),
    charts: [{
      kind: "curve",
      title: `${title}, ${drawn.name}, by ${against}`,
      x: axis,
      y: { label: `${title}, ${drawn.name}`, unit: drawn.unit! },
      series: curves.map(({ name, points }) => ({
        name,
        points: points.map((point) => ({
          x: at(point),
          y: point.error === null ? valueOf(point) : null,
        })),
      })),
    }],
    sentences: curves.flatMap((curve) => {
      const whose = curves.length === 1 ? "" : `${curve.name}: `;
      return [
        ...trend(curve.points, quantity, against),
        ...failures(curve.points, against),
      ].map((sentence) => whose + sentence);
    }),
  };
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
  const [less, more] = [from, to].sort((a, b) => a - b) as [number, number];
  const ratio = less === 0 ? "" : ` (${formatRatio(more / less)} to 1)`;
  return [
    `${range} ${
      to > from ? "rose" : "fell"
    } from ${fromText} to ${toText}${ratio}.`,
  ];
}

function failures(points: SweepPoint[], against: SweepVariable): string[] {
  return points.filter(({ error }) => error !== null)
    .map((point) => `At ${place(point, against)} it failed: ${point.error}.`);
}
