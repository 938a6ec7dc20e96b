/**
 * Charts of lines as options of the chart library: curves, and what happened over
 * time.
 *
 * @module
 */

import { formatValue } from "../result/quantities.ts";
import type {
  Axis,
  CurveChart,
  CurvePoint,
  TimelineChart,
} from "../result/section.ts";
import { type ScaledAxis, scaledAxis } from "./chart_axis.ts";
import type {
  ChartOption,
  ChartSeries,
  RenderItem,
  Viewport,
} from "./echarts.ts";

/** What to draw, how large, and what its colours mean. */
export interface Drawing {
  /** The option of the chart library. */
  option: ChartOption;
  /** The size. */
  viewport: Viewport;
  /** The series, if there are several, and what is missing. */
  legend: LegendEntry[];
}

/** What a colour means. */
export interface LegendEntry {
  /** The name; it may be untrusted. */
  name: string;
  /** A variable of the page. */
  colour: string;
  /** The dashes of a line, as SVG has them; absent for an area. */
  dashes?: string;
}

/** How many colours the page has for series. */
const COLOURS = 6;
const DASHES: ("solid" | number[])[] = ["solid", [7, 3], [2, 3], [10, 3, 2, 3]];
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "pin"];
/** The colour of what was lost or failed. */
const LOSS = "var(--loss)";
/** The height of a row of losses above the plot, in pixels. */
const LOSS_ROW = 16;
/** A curve of more points has no symbols. */
const MAX_SYMBOLS = 40;
/** A timeline whose values differ by more than this factor is logarithmic. */
const WIDE_RANGE = 30;

/** Lines with their bands, and where values are missing. */
interface Lines {
  x: Axis;
  y: Axis;
  series: { name: string; points: CurvePoint[]; missing: Missing[] }[];
  /** What is missing. */
  missing: string;
  hasSymbols?: boolean;
}

/** A stretch in which a value is missing, and which share of it, from 0 to 1. */
interface Missing {
  x: number;
  end: number;
  share: number;
}

/** @internal Draws curves with their bands, and failed points above. */
export function curve(
  { x, y, series }: CurveChart,
  viewport: Viewport,
): Drawing {
  return lines(viewport, {
    x,
    y,
    series: series.map(({ name, points }) => ({
      name,
      points,
      missing: points.filter(({ y }) => y === null)
        .map(({ x }) => ({ x, end: x, share: 1 })),
    })),
    missing: "failed",
    hasSymbols: series.every(({ points }) => points.length <= MAX_SYMBOLS),
  });
}

/** @internal Draws the mean and the range of each slot, and losses above. */
export function timeline(
  { series }: TimelineChart,
  viewport: Viewport,
): Drawing {
  const known = series.flatMap(({ timeline }) => [
    ...timeline.min_us,
    ...timeline.max_us,
  ]).filter(isKnown);
  const shares = series.map(({ timeline: { sent, lost } }) =>
    lost.map((count, slot) =>
      count === 0 ? 0 : Math.min(count / sent[slot]!, 1)
    )
  );
  const maxShare = Math.max(0, ...shares.flat());
  const isWide = Math.max(...known) > WIDE_RANGE * Math.min(...known);
  return lines(viewport, {
    x: { label: "time", unit: "s" },
    y: { label: "RTT", unit: "us", scale: isWide ? "log" : "linear" },
    series: series.map(({ name, timeline }, index) => {
      const { slot_ms, sent, min_us, mean_us, max_us } = timeline;
      const at = (slot: number) => slot * slot_ms / 1000;
      return {
        name,
        points: sent.flatMap((_, slot) =>
          // A slot is a stretch of time, so that a single slot is visible too.
          [slot, slot + 1].map((edge): CurvePoint => ({
            x: at(edge),
            y: mean_us[slot] ?? null,
            ...band(min_us[slot], max_us[slot]),
          }))
        ),
        missing: shares[index]!.flatMap((share, slot) =>
          share === 0
            ? []
            : [{ x: at(slot), end: at(slot + 1), share: share / maxShare }]
        ),
      };
    }),
    missing: `share lost, up to ${formatValue(100 * maxShare, "percent")}`,
  });
}

function band(low: number | null | undefined, high: number | null | undefined) {
  return isKnown(low) && isKnown(high) ? { low, high } : {};
}

function lines(
  { width, height }: Viewport,
  { x, y, series, missing, hasSymbols = false }: Lines,
): Drawing {
  const points = series.flatMap(({ points }) => points);
  const across = scaledAxis(x, points.map(({ x }) => x));
  const up = scaledAxis(
    y,
    points.flatMap(({ y, low, high }) => [y, low, high]).filter(isKnown),
  );
  const several = series.length > 1;
  const incomplete = [...series.entries()]
    .filter(([, { missing }]) => missing.length > 0);
  const above = incomplete.length * LOSS_ROW;
  return {
    viewport: { width, height: height + above },
    legend: [
      ...(several
        ? series.map(({ name }, index) => ({
          name,
          colour: colour(index),
          dashes: index % DASHES.length === 0
            ? "none"
            : String(DASHES[index % DASHES.length]),
        }))
        : []),
      ...(above === 0 ? [] : several
        ? [{
          name: `${missing}, in the colour of each`,
          colour: "var(--quiet)",
        }]
        : [{ name: missing, colour: LOSS }]),
    ],
    option: {
      ...frame(above),
      xAxis: {
        ...across.option,
        axisLine: {
          show: true,
          onZero: false,
          lineStyle: { color: "var(--rule)" },
        },
        splitLine: { show: false },
      },
      yAxis: up.option,
      series: [
        ...series.flatMap(({ points }, index) => [
          bandSeries(index, across, up, points),
          { ...lineSeries(index, across, up, points), showSymbol: hasSymbols },
        ]),
        ...incomplete.map(([index, { missing }], row) =>
          missingRow(missing, across, several ? colour(index) : LOSS, row)
        ),
      ],
    },
  };
}

/** @internal A line through points, with gaps. */
export function lineSeries(
  index: number,
  x: ScaledAxis,
  y: ScaledAxis,
  points: CurvePoint[],
): ChartSeries {
  return {
    ...base,
    type: "line",
    data: points.map((point) => [
      x.at(point.x),
      point.y === null ? null : y.at(point.y),
    ]),
    symbol: SYMBOLS[index % SYMBOLS.length]!,
    symbolSize: 7,
    itemStyle: { color: colour(index) },
    lineStyle: {
      color: colour(index),
      width: 1.75,
      type: DASHES[index % DASHES.length]!,
    },
  };
}

/** An area between a lower and an upper end, with gaps where they are unknown. */
function bandSeries(
  index: number,
  x: ScaledAxis,
  y: ScaledAxis,
  points: CurvePoint[],
): ChartSeries {
  const runs: [x: number, low: number, high: number][][] = [[]];
  for (const { x: place, low, high } of points) {
    if (low === undefined || high === undefined) runs.push([]);
    else runs.at(-1)!.push([x.at(place), y.at(low), y.at(high)]);
  }
  const areas = runs.filter((run) => run.length > 0);
  return {
    ...base,
    type: "custom",
    encode: { x: 0, y: [1, 2] },
    data: areas.flat(),
    renderItem(params, api) {
      const area = areas[params.dataIndex];
      if (area === undefined) return;
      const points = [
        ...area.map(([x, low]) => api.coord([x, low])),
        ...area.toReversed().map(([x, , high]) => api.coord([x, high])),
      ];
      const style = { fill: colour(index), opacity: 0.2 };
      return { type: "polygon", shape: { points }, style };
    },
  };
}

/** A row of bars above the plot: where something is missing, and how much. */
function missingRow(
  places: Missing[],
  x: ScaledAxis,
  fill: string,
  row: number,
): ChartSeries {
  const renderItem: RenderItem = (params, api) => {
    const { y: top } = params.coordSys as unknown as { y: number };
    const place = places[params.dataIndex]!;
    const [left, right] = [place.x, place.end]
      .map((edge) => api.coord([x.at(edge), 0])[0]!);
    // A point has no length, and is as wide as its symbol.
    const width = left === right ? 6 : Math.max(right! - left!, 1);
    const height = Math.max(place.share * (LOSS_ROW - 3), 1);
    return {
      type: "rect",
      shape: {
        x: left === right ? left! - width / 2 : left!,
        y: top - LOSS_ROW * row - 2 - height,
        width,
        height,
      },
      style: { fill },
    };
  };
  return {
    ...base,
    type: "custom",
    encode: { x: 0, y: 1 },
    data: places.map((place) => [x.at(place.x), NaN]),
    renderItem,
  };
}

/** @internal The option that all charts have in common, with room above the plot. */
export function frame(above = 0, right = 0): ChartOption {
  return {
    textStyle: { fontFamily: "system-ui, sans-serif", fontSize: 12 },
    grid: { left: 8, right: 20 + right, bottom: 6, top: 14 + above },
  };
}

/** @internal What all series have in common; nothing outside of the axes is drawn. */
export const base = { silent: true, clip: false };

/** @internal The colour of a series, as the page's variable. */
export function colour(index: number): string {
  return `var(--series-${index % COLOURS + 1})`;
}

/** @internal */
export function isKnown(value: number | null | undefined): value is number {
  return value !== null && value !== undefined;
}
