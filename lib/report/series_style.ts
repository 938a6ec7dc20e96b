/**
 * How series are told apart: by colour, and by dash and symbol for those who see
 * no colour, or print without. The colours are the page's, in light and dark.
 *
 * @module
 */

import { Plot } from "./deps.mts";
import { drawSwatch, type Marks } from "./drawing.ts";
import { type Element, element } from "./html.ts";

/** How one series is drawn. */
export interface SeriesStyle {
  /** Its colour. */
  stroke: string;
  /** How its line is broken. */
  strokeDasharray: string;
  /** Marks its points. */
  symbol: "circle" | "square" | "triangle" | "diamond" | "star";
}

/** How many colours the page has. */
export const COLOURS = 6;
const DASHES = ["none", "7 3", "2 3", "10 3 2 3"];
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star"] as const;

/** Stands for what was lost or failed. */
export const LOSS = "var(--loss)";
/** How high a row of its marks is, in pixels. */
export const LOSS_ROW = 12;

/**
 * How a series is drawn.
 *
 * @param index Its place among the series; no two of the first sixty are alike.
 * @returns Its style.
 */
export function styleOf(index: number): SeriesStyle {
  return {
    stroke: `var(--series-${index % COLOURS + 1})`,
    strokeDasharray: DASHES[index % DASHES.length]!,
    symbol: SYMBOLS[index % SYMBOLS.length]!,
  };
}

/** What stands in a legend for a kind of mark. */
export type SwatchKind = "line" | "band" | "box" | "loss";

/**
 * Makes a legend.
 *
 * @param entries What each mark means; the index is that of its series.
 * @returns A list.
 */
export function legend(
  entries: { kind: SwatchKind; index: number; name: string }[],
): Element {
  return element(
    "ul",
    { class: "legend" },
    ...entries.map(({ kind, index, name }) =>
      element("li", {}, drawSwatch(swatch(kind, styleOf(index))), name)
    ),
  );
}

function swatch(kind: SwatchKind, style: SeriesStyle): Marks {
  const { stroke, strokeDasharray, symbol } = style;
  const ends: [number, number][] = [[0, 0.5], [1, 0.5]];
  const all = { x1: 0, x2: 1, y1: 0, y2: 1 };
  switch (kind) {
    case "line":
      return [
        Plot.line(ends, { stroke, strokeDasharray, strokeWidth: 2 }),
        Plot.dot([[0.5, 0.5]], { fill: stroke, symbol, r: 3.5 }),
      ];
    case "band":
      return [
        Plot.rect([all], { ...BOX, fill: stroke, fillOpacity: 0.2 }),
        Plot.line(ends, { stroke, strokeDasharray, strokeWidth: 2 }),
      ];
    case "box":
      return [
        Plot.rect([all], { ...BOX, fill: stroke, fillOpacity: 0.75, stroke }),
      ];
    case "loss":
      return [Plot.dot([[0.5, 0.5]], lossMark(LOSS))];
  }
}

/** Where a rectangle's data say that it is. */
export const BOX = { x1: "x1", x2: "x2", y1: "y1", y2: "y2" };

/**
 * The mark of what was lost or failed.
 *
 * @param stroke Its colour.
 * @returns Options of a dot.
 */
export function lossMark(
  stroke: string,
): { symbol: "times"; stroke: string; strokeWidth: number; r: number } {
  return { symbol: "times", stroke, strokeWidth: 1.75, r: 3.5 };
}
