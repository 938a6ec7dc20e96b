/**
 * Stacked drawings with a common horizontal axis, as text.
 *
 * @module
 */

import { isDrawable, type PlotAxis, plotAxis } from "../result/axis.ts";
import type { Panel, PanelChart } from "../result/section.ts";
import { Canvas, type Point } from "./canvas.ts";
import {
  clampWidth,
  paint,
  seriesColor,
  type Style,
  truncate,
} from "./style.ts";

const ROWS = 5;
const MAX_TICKS_UP = 3;
/** The columns that a tick of the axis across needs. */
const TICK_COLUMNS = 10;

/**
 * Draws panels.
 *
 * @param chart The chart.
 * @param style The style.
 * @returns The names of the stretches where they start, then each panel below its
 * label with the names of its series, and the axis across.
 */
export function formatPanels(chart: PanelChart, style: Style): string[] {
  const { shades, panels } = chart;
  const width = clampWidth(style);
  const points = (panel: Panel) => panel.series.flatMap(({ points }) => points);
  const up = panels.map((panel) =>
    plotAxis(
      panel.y,
      points(panel).map(({ y }) => y).filter(isDrawable),
      MAX_TICKS_UP,
    )
  );
  const gutter = Math.max(0, ...up.map(({ width }) => width));
  const columns = width - gutter - 2;
  const x = plotAxis(
    chart.x,
    [
      ...shades.flatMap(({ from, to }) => [from, to]),
      ...panels.flatMap(points).map(({ x }) => x),
    ],
    Math.floor(columns / TICK_COLUMNS) + 1,
  );
  const names = [
    ...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name))),
  ];
  const color = (name: string) => seriesColor(names.indexOf(name));
  return [
    shadeRow(shades, x, gutter + 2, columns, style),
    ...panels.flatMap((panel, index) => {
      const axis = { ...up[index]!, width: gutter };
      const canvas = new Canvas(columns, ROWS, style);
      for (const { name, as, points } of panel.series) {
        draw(
          canvas,
          as,
          points.map((point) => place(point, x, axis)),
          color(name),
        );
      }
      const rows = canvas.withAxes(x, axis, []);
      const legend = panel.series.map(({ name }) =>
        paint(name, color(name), style)
      );
      return [
        `${truncate(axis.label, width >> 1, style)}: ${legend.join(", ")}`,
        ...(index < panels.length - 1 ? rows.slice(0, -2) : rows),
      ];
    }),
    " ".repeat(gutter + 2) + truncate(x.label, columns, style),
  ];
}

function place(
  point: { x: number; y: number | null },
  x: PlotAxis,
  y: PlotAxis,
): Point | null {
  return isDrawable(point.y) ? { x: x.at(point.x), y: y.at(point.y) } : null;
}

function draw(
  canvas: Canvas,
  as: Panel["series"][number]["as"],
  places: (Point | null)[],
  color: Parameters<Canvas["line"]>[2],
): void {
  places.forEach((to, at) => {
    if (to === null) return;
    const from = as === "line"
      ? places[at - 1] ?? to
      : as === "dots"
      ? to
      : { ...to, y: 0 };
    canvas.line(from, to, color);
  });
}

/** The name of each stretch where it starts, as far as there is room. */
function shadeRow(
  shades: PanelChart["shades"],
  x: PlotAxis,
  indent: number,
  columns: number,
  style: Style,
): string {
  let row = "";
  for (const { name, from, to } of shades) {
    const [start, end] = [from, to].map((at) =>
      Math.round(x.at(at) * (columns - 1))
    );
    if (start! < row.length) continue;
    row = row.padEnd(start!) +
      truncate(`|${name}`, Math.max(1, end! - start!), style);
  }
  return (" ".repeat(indent) + row).trimEnd();
}
