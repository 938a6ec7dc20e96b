/**
 * Draws marks on axes, with Observable Plot, as SVG.
 *
 * Where things are is computed before, by the axes that the terminal has too:
 * on each, 0 is the one end and 1 is the other.
 *
 * @module
 */

import { Plot } from "./deps.mts";
import type { PlotAxis } from "../terminal/axis.ts";
import { document, type Element, shown } from "./html.ts";

/** How much room a drawing has. */
export interface Room {
  /** In pixels, as wide as it is drawn at most. */
  width: number;
  /** Likewise. */
  height: number;
  /** How many marks an axis may have. */
  ticks: { x: number; y: number };
}

/** For a screen, and for a phone or a column. */
export const ROOMS: { wide: Room; narrow: Room } = {
  wide: { width: 720, height: 300, ticks: { x: 9, y: 6 } },
  narrow: { width: 340, height: 250, ticks: { x: 5, y: 5 } },
};

/**
 * Shapes to be drawn.
 *
 * @internal Its type is Plot's own.
 */
export type Marks = Plot.Markish[];

/** What is drawn. */
export interface Drawing {
  /** Across. */
  x: PlotAxis;
  /** Upwards; `null` for none. */
  y: PlotAxis | null;
  /** The shapes. */
  marks: Marks;
  /** Room below the lowest value, in pixels. */
  below?: number;
  /** Room right of the greatest value, in pixels. */
  right?: number;
}

/** About how wide a character is, in pixels. */
const CHARACTER = 7;

/**
 * Draws.
 *
 * @param drawing What.
 * @param room Where.
 * @returns An `svg` element without any style of its own.
 */
export function draw(drawing: Drawing, room: Room): Element {
  const { x, y, marks, below = 0, right = 0 } = drawing;
  const marginLeft = y === null ? 8 : 18 + widest(y);
  const lastText = x.ticks.at(-1)?.text ?? "";
  const marginRight = Math.max(18, right, lastText.length * CHARACTER / 2 + 4);
  const { width, height } = room;
  const labelled = apart(x.ticks, width - marginLeft - marginRight);
  const svg = Plot.plot({
    document: document as never,
    width,
    height,
    marginLeft,
    marginRight,
    marginTop: y === null ? 6 : 28,
    marginBottom: 44,
    x: {
      domain: [0, 1],
      ticks: labelled.map(({ at }) => at),
      tickFormat: textAt(labelled),
      label: shown(x.label, 40),
      labelArrow: "none",
      labelAnchor: "center",
      labelOffset: 38,
    },
    y: y === null ? { domain: [1, 0], axis: null } : {
      domain: [0, 1],
      ticks: y.ticks.map(({ at }) => at),
      tickFormat: textAt(y.ticks),
      label: shown(y.label, 40),
      labelArrow: "none",
      grid: true,
      insetBottom: below,
    },
    marks,
  }) as unknown as Element;
  return bare(svg);
}

/**
 * Draws marks without axes, for a legend.
 *
 * @param marks The shapes, from 0 to 1 both ways.
 * @returns An `svg` element that says nothing.
 */
export function drawSwatch(marks: Marks): Element {
  const svg = bare(Plot.plot({
    document: document as never,
    width: 34,
    height: 14,
    margin: 2,
    axis: null,
    x: { domain: [0, 1] },
    y: { domain: [0, 1] },
    marks,
  }) as unknown as Element);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

/** The page has the style, once. */
function bare(svg: Element): Element {
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  svg.removeAttribute("font-family");
  return svg;
}

function widest({ ticks }: PlotAxis): number {
  const lengths = ticks.map(({ text }) => text.length);
  return CHARACTER * Math.max(0, ...lengths);
}

function textAt(ticks: PlotAxis["ticks"]): (at: number) => string {
  const texts = new Map(ticks.map(({ at, text }) => [at, text]));
  return (at) => texts.get(at) ?? "";
}

/** Those marks whose texts do not run into each other; the last is kept. */
function apart(ticks: PlotAxis["ticks"], width: number): PlotAxis["ticks"] {
  let end = Infinity;
  return ticks.toReversed().filter(({ at, text }) => {
    const half = (text.length * CHARACTER + 6) / 2;
    if (at * width + half > end) return false;
    end = at * width - half;
    return true;
  }).reverse();
}
