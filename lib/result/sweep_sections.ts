/**
 * Sweeps as tables and curves: one by itself, or several side by side.
 *
 * @module
 */

import {
  type Figure,
  findFigure,
  type Named,
  THROUGHPUT_MEANING,
} from "./figures.ts";
import { figureLabel } from "./figure_table.ts";
import { namedSentences, notesSection } from "./notes.ts";
import { formatRatio, formatValue } from "./quantities.ts";
import type { SweepCurve, SweepPoint, SweepResult } from "./schema.ts";
import type { Axis, Chart, CurvePoint, Section, Table } from "./section.ts";

type Quantity = SweepCurve["quantity"];
type Variable = SweepCurve["against"];

/** The points of one experiment of one sweep. */
type Curve = Named<SweepPoint[]>;

/** What varies, and its value at a point. */
const VARIABLES: Record<Variable, [Axis, (point: SweepPoint) => number]> = {
  size: [{ label: "size", unit: "bytes" }, (point) => point.size_bytes],
  delay: [{ label: "delay", unit: "ms" }, (point) => point.delay_ms],
};

/** From this ratio on, throughputs are drawn on a logarithmic scale. */
const LOG_RATIO = 50;

/** Neighbours are reported if the RTT grows by this factor more than the size. */
const JUMP_RATIO = 2;

/** The figures of each point; the first is drawn and named in sentences. */
const COLUMNS: Record<
  Quantity,
  { title: string; drawn: string; figures: [Figure, ...Figure[]] }
> = {
  rtt: {
    title: "RTT",
    drawn: "median",
    figures: [
      findFigure("rtt.p50")!,
      findFigure("rtt.min")!,
      findFigure("rtt.p90")!,
      findFigure("rtt.max")!,
      findFigure("received")!,
    ],
  },
  tput: {
    title: "Throughput",
    drawn: "aggregate",
    figures: [
      findFigure("aggregate")!,
      findFigure("per_probe_mean")!,
      findFigure("received")!,
    ],
  },
};

/**
 * A section for each experiment of the first sweep, in its order, and notes.
 *
 * @internal
 */
export function sweepSections(
  sweeps: Named<Pick<SweepResult, "curves" | "notes">>[],
): Section[] {
  const curves = sweeps[0]?.result.curves ?? [];
  return [
    ...curves.map(({ quantity, against }) => {
      const same = (curve: SweepCurve) =>
        curve.quantity === quantity && curve.against === against;
      const curves = sweeps.map(({ name, result }) => ({
        name,
        result: result.curves.find(same)?.points ?? [],
      }));
      return section(quantity, against, curves);
    }),
    ...notesSection(sweeps),
  ];
}

function section(
  quantity: Quantity,
  against: Variable,
  curves: Curve[],
): Section {
  const { title, figures } = COLUMNS[quantity];
  const isMeasured = curves.some(({ result }) =>
    result.some(({ error }) => error === null)
  );
  return {
    title: `${title} against ${against}`,
    table: curves.length === 1
      ? oneSweep(figures, against, curves[0]!.result)
      : sideBySide(figures[0], against, curves),
    charts: chart(quantity, against, curves),
    sentences: [
      ...namedSentences(curves, (points) => [
        ...trend(points, quantity, against),
        ...(against === "size" ? jumps(points, quantity) : []),
        ...failures(points, against),
      ]),
      ...(quantity === "tput" && against === "size" && isMeasured
        ? [THROUGHPUT_MEANING]
        : []),
    ],
  };
}

/** The curves with their bands; none without two points. */
function chart(
  quantity: Quantity,
  against: Variable,
  curves: Curve[],
): Chart[] {
  const { title, drawn, figures: [figure] } = COLUMNS[quantity];
  const [axis, at] = VARIABLES[against];
  const series = curves.map(({ name, result }) => ({
    name,
    points: result.map((point): CurvePoint => {
      const band = point.error === null ? rttBand(point, quantity) : null;
      return {
        x: at(point),
        y: point.error === null ? figure.read(point) : null,
        ...(band && { low: band[0], high: band[1] }),
      };
    }),
  }));
  const points = series.flatMap(({ points }) => points);
  const known = points.map(({ y }) => y).filter((y) => y !== null);
  if (known.length < 2) return [];
  return [{
    kind: "curve",
    title: `${title}, ${drawn}, by ${against}`,
    x: { ...axis, scale: spread(points.map(({ x }) => x)) },
    y: {
      label: `${title}, ${drawn}`,
      unit: figure.unit,
      // On a linear scale small throughputs look like 0.
      scale: quantity === "tput" &&
          Math.max(...known) >= LOG_RATIO * Math.min(...known)
        ? "log"
        : "linear",
    },
    series,
  }];
}

/** The scale that separates the closest values better. */
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
  against: Variable,
  points: SweepPoint[],
): Table {
  return {
    columns: figures.map((figure) => ({
      name: figure.part || figureLabel(figure),
      unit: figure.unit,
    })),
    rows: points.map((point) => ({
      name: place(point, against),
      values: figures.map((figure) => cell(point, figure)),
    })),
  };
}

function sideBySide(figure: Figure, against: Variable, curves: Curve[]): Table {
  const [, at] = VARIABLES[against];
  const places = new Map(
    curves.flatMap(({ result }) => result).map((point) => [at(point), point]),
  );
  return {
    columns: curves.map(({ name }) => ({ name, unit: figure.unit })),
    rows: [...places.keys()].sort((a, b) => a - b).map((value) => ({
      name: place(places.get(value)!, against),
      values: curves.map(({ result }) => {
        const point = result.find((point) => at(point) === value);
        return point ? cell(point, figure) : null;
      }),
    })),
  };
}

function place(point: SweepPoint, against: Variable): string {
  const [{ unit }, at] = VARIABLES[against];
  return formatValue(at(point), unit);
}

/** A point that failed has counters only. */
function cell(point: SweepPoint, figure: Figure): number | string | null {
  return point.error === null || figure.group === "probes"
    ? figure.read(point)
    : "failed";
}

/** The change of the figure from one end of the curve to the other. */
function trend(
  points: SweepPoint[],
  quantity: Quantity,
  against: Variable,
): string[] {
  const { drawn, figures: [figure] } = COLUMNS[quantity];
  const valueOf = (point: SweepPoint) => figure.read(point);
  const known = points.filter((point) =>
    point.error === null && valueOf(point) !== null
  );
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const [from, to] = [valueOf(first)!, valueOf(last)!];
  const [fromText, toText] = [from, to].map((value) =>
    formatValue(value, figure.unit)
  );
  const range = `From ${place(first, against)} to ${place(last, against)} of ` +
    `${against} the ${drawn}`;
  if (fromText === toText) return [`${range} stayed at ${fromText}.`];
  const bands = [first, last].map((point) => rttBand(point, quantity));
  if (bands[0] && bands[1] && overlap(bands[0], bands[1])) {
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

/**
 * Reports neighbours whose round trips grow more than in proportion to their
 * sizes, and do not overlap.
 */
function jumps(points: SweepPoint[], quantity: Quantity): string[] {
  const { drawn, figures: [figure] } = COLUMNS[quantity];
  const known = points
    .filter(({ error, rtt_us }) => error === null && rtt_us !== null)
    .sort((one, other) => one.size_bytes - other.size_bytes);
  return known.slice(1).flatMap((above, index) => {
    const below = known[index]!;
    const growth = above.rtt_us!.p50 / below.rtt_us!.p50;
    const inProportion = above.size_bytes / below.size_bytes;
    if (!(growth >= JUMP_RATIO * inProportion)) return [];
    const bands = [below, above].map((point) => rttBand(point, "rtt"));
    if (!bands[0] || !bands[1] || overlap(bands[0], bands[1])) return [];
    const [from, to] = [below, above].map((point) =>
      formatValue(figure.read(point), figure.unit)
    );
    return [
      `Between ${place(below, "size")} and ${place(above, "size")} the ` +
      `${drawn} jumps from ${from} to ${to}: round trips take ${
        formatRatio(growth)
      } times as long.`,
    ];
  });
}

/** Nine of ten round trips, from min to p90, as the quantity derived from them. */
function rttBand(
  { rtt_us, size_bytes }: SweepPoint,
  quantity: Quantity,
): [number, number] | null {
  if (rtt_us === null || rtt_us.min <= 0) return null;
  const { min, p90 } = rtt_us;
  return quantity === "rtt"
    ? [min, p90]
    : [size_bytes * 8e6 / p90, size_bytes * 8e6 / min];
}

function overlap(one: [number, number], other: [number, number]): boolean {
  return one[0] <= other[1] && other[0] <= one[1];
}

/** Which points failed, and why, grouped by the reason. */
function failures(points: SweepPoint[], against: Variable): string[] {
  const failed = points.filter(({ error }) => error !== null);
  return [...Map.groupBy(failed, ({ error }) => error)].map(([error, points]) =>
    `At ${
      points.map((point) => place(point, against)).join(", ")
    } it failed: ` +
    `${error}.`
  );
}
