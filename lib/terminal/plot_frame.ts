/**
 * The axes around a drawing.
 *
 * @module
 */

import { isDrawn, type PlotAxis } from "./axis.ts";
import type { PlotCanvas } from "./plot_canvas.ts";
import {
  align,
  columnsOf,
  fit,
  paint,
  type PlotStyle,
  plotWidth,
} from "./plot_style.ts";

/** The lines of the axes, of marks in them, and where they meet. */
const LINES = {
  unicode: { up: "│", tick: "┤", corner: "└", across: "─", below: "┴" },
  ascii: { up: "|", tick: "+", corner: "+", across: "-", below: "+" },
};
/** Stands where there should have been a point. */
const FAILED = "x";

/**
 * Puts the axis upwards beside a drawing.
 *
 * @param axis The axis.
 * @param canvas The drawing.
 * @param style Which characters there are.
 * @returns The drawing's rows, each with the axis on its left.
 */
export function upAxis(
  axis: PlotAxis,
  canvas: PlotCanvas,
  style: PlotStyle,
): string[] {
  const lines = LINES[style.ascii ? "ascii" : "unicode"];
  const rows = canvas.rows();
  const texts = rows.map(() => "");
  for (const { at, text } of axis.ticks) {
    texts[canvas.cellOf({ x: 0, y: at }).row] = text;
  }
  const labels = align(texts, "right");
  return rows.map((row, index) => {
    const line = texts[index] === "" ? lines.up : lines.tick;
    return `${labels[index]} ${line}${row}`;
  });
}

/**
 * Draws the axis across, to stand below a drawing.
 *
 * @param axis The axis.
 * @param failed Values without a point; each is an `x` on the axis.
 * @param gutter How many columns are left of the drawing.
 * @param style Which characters and colours there are.
 * @returns The axis, the texts of its marks, and what it shows.
 */
export function acrossAxis(
  axis: PlotAxis,
  failed: number[],
  gutter: number,
  style: PlotStyle,
): string[] {
  const lines = LINES[style.ascii ? "ascii" : "unicode"];
  const width = plotWidth(style);
  const columnOf = (at: number) => Math.round(at * (width - gutter - 1));
  const line = Array<string>(width - gutter).fill(lines.across);
  const texts = Array<string>(width).fill(" ");
  for (const { at, text } of tickOrder(axis)) {
    const column = gutter + columnOf(at);
    const middle = column - (text.length >> 1);
    const start = Math.min(Math.max(middle, 0), width - text.length);
    const room = texts.slice(Math.max(0, start - 2), start + text.length + 2);
    if (room.some((taken) => taken !== " ")) continue;
    line[column - gutter] = lines.below;
    texts.splice(start, text.length, ...text);
  }
  for (const value of failed.filter(isDrawn)) {
    line[columnOf(axis.at(value))] = FAILED;
  }
  const label = fit(axis.label, width - gutter, style);
  const indent = gutter + ((width - gutter - columnsOf(label)) >> 1);
  return [
    " ".repeat(gutter - 1) + lines.corner + line.join("").replace(
      /x+/g,
      (marks) => paint(marks, "red", style),
    ),
    texts.join("").trimEnd(),
    (" ".repeat(indent) + label).trimEnd(),
  ];
}

/** The last mark first, which is to be named in any case. */
function tickOrder({ ticks }: PlotAxis): PlotAxis["ticks"] {
  return [...ticks.slice(-1), ...ticks.slice(0, -1)];
}
