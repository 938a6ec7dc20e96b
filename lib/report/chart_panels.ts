/**
 * Stacked drawings with a common horizontal axis, as options of the chart library.
 *
 * @module
 */

import type { Panel, PanelChart } from "../result/section.ts";
import { type ScaledAxis, scaledAxis } from "./chart_axis.ts";
import {
  base,
  colour,
  type Drawing,
  frame,
  isKnown,
  lineSeries,
} from "./chart_lines.ts";
import type { ChartSeries, Viewport } from "./echarts.ts";
import { sanitized } from "./html.ts";

/** The room left of the plots, in which the ticks are: equal for all panels. */
const LEFT = 84;
/** The room between panels, and below the last one, in pixels. */
const GAP = 14;
const BELOW = 44;
/** The room for the names of stretches, in pixels. */
const NAMES = 22;
/** The height of a panel, as a part of that of a chart. */
const PANEL = 0.6;
const MAX_NAME = 20;

/** @internal Draws panels; stretches are shaded through all of them. */
export function panels(
  { x, shades, panels }: PanelChart,
  { width, height }: Viewport,
): Drawing {
  const places = [
    ...shades.flatMap(({ from, to }) => [from, to]),
    ...panels.flatMap(({ series }) =>
      series.flatMap(({ points }) => points.map(({ x }) => x))
    ),
  ];
  const across = scaledAxis(x, places);
  const names = [
    ...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name))),
  ];
  const each = Math.round(height * PANEL);
  const last = panels.length - 1;
  const drawn = panels.map(({ y, series }, index) => {
    const values = series.flatMap(({ points }) => points.map(({ y }) => y));
    const up = scaledAxis(y, values.filter(isKnown));
    return {
      grid: {
        ...{ left: LEFT, right: 20, outerBoundsMode: "none" as const },
        top: NAMES + index * (each + GAP),
        height: each,
      },
      xAxis: {
        ...across.option,
        gridIndex: index,
        splitLine: { show: false },
        ...(index < last && { name: "", axisLabel: { show: false } }),
      },
      yAxis: {
        ...up.option,
        gridIndex: index,
        nameGap: LEFT - 18,
        nameMoveOverlap: false,
      },
      series: [
        shading(shades, index === 0),
        ...series.map((one) =>
          one.as === "line"
            ? {
              ...lineSeries(names.indexOf(one.name), across, up, one.points),
              showSymbol: false,
            }
            : strokes(one, names.indexOf(one.name), across, up)
        ),
      ].map((one) => ({ ...one, xAxisIndex: index, yAxisIndex: index })),
    };
  });
  return {
    viewport: { width, height: NAMES + panels.length * (each + GAP) + BELOW },
    legend: names.map((name, index) => ({ name, colour: colour(index) })),
    option: {
      ...frame(),
      grid: drawn.map(({ grid }) => grid),
      xAxis: drawn.map(({ xAxis }) => xAxis),
      yAxis: drawn.map(({ yAxis }) => yAxis),
      series: drawn.flatMap(({ series }) => series) as ChartSeries[],
    },
  };
}

/** Shaded stretches, with their names above. */
function shading(shades: PanelChart["shades"], isNamed: boolean): ChartSeries {
  return {
    ...base,
    type: "line",
    data: [],
    markArea: {
      silent: true,
      itemStyle: { color: "var(--rule)", opacity: 0.35 },
      label: { show: isNamed, color: "var(--quiet)", position: "top" },
      data: shades.map(({ name, from, to }) => [
        { name: sanitized(name, MAX_NAME), xAxis: from },
        { xAxis: to },
      ]),
    },
  };
}

function higher(one: number[], other: number[]): number[] {
  return (one[1] ?? 0) > other[1]! ? one : other;
}

/** All dots or sticks of a series as one path: there are thousands. */
function strokes(
  { as, points }: Panel["series"][number],
  index: number,
  x: ScaledAxis,
  y: ScaledAxis,
): ChartSeries {
  const places = points.flatMap((point) =>
    point.y === null ? [] : [[x.at(point.x), y.at(point.y)]]
  );
  return {
    ...base,
    type: "custom",
    // The library scales the axis by the data.
    data: [[places[0]?.[0], 0], places.reduce(higher, [])],
    renderItem({ dataIndex }, api) {
      if (dataIndex > 0) return;
      const d = places.map((place) => {
        const [left, top] = api.coord(place) as [number, number];
        const start = `M${left.toFixed(1)} ${top.toFixed(1)}`;
        const [, foot] = api.coord([place[0]!, 0]) as [number, number];
        return `${start}${as === "dots" ? "h.01" : `V${foot.toFixed(1)}`}`;
      }).join("");
      return {
        type: "path",
        shape: { pathData: d },
        style: {
          fill: "none",
          stroke: colour(index),
          lineWidth: as === "dots" ? 2 : 1.5,
          lineCap: as === "dots" ? "round" : "butt",
          opacity: as === "dots" ? 0.5 : 1,
        },
      };
    },
  };
}
