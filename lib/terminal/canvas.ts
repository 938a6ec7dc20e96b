/**
 * A canvas of characters: lines, marks and bars, with the axes around it.
 *
 * @module
 */

import { isDrawable, type PlotAxis } from "../result/axis.ts";
import { type Color, paint, type Style } from "./style.ts";

/** A position: from left to right and from bottom to top, each from 0 to 1. */
export interface Point {
  /** From left to right. */
  x: number;
  /** From bottom to top. */
  y: number;
}

/** The first braille character; a bit is set for each dot. */
const BRAILLE = 0x2800;
/** The bits of the dots by row and column (Unicode 15.0, section 21.1). */
const DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
/** Cells filled from the bottom. */
const UP = { unicode: " ▁▂▃▄▅▆▇█", ascii: " .:-=+*#" };
const AXES = {
  unicode: { up: "│", tick: "┤", corner: "└", across: "─", below: "┴" },
  ascii: { up: "|", tick: "+", corner: "+", across: "-", below: "+" },
};
/** Marks a value without a point. */
const MISSING = "x";
/** The minimum distance of tick labels. */
const LABEL_GAP = 2;

interface Cell {
  dots: number;
  /** The different marks put here, or the glyph of a bar. */
  marks: string;
  color: Color;
}

/**
 * Draws lines (braille, eight dots a character; full stops in ASCII), marks,
 * which cover lines, and bars.
 *
 * @example Usage
 * ```ts
 * import { Canvas } from "./canvas.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const canvas = new Canvas(5, 3, { width: 40, ascii: true, color: false });
 * canvas.line({ x: 0, y: 0 }, { x: 1, y: 1 }, "default");
 * canvas.mark({ x: 0, y: 0 }, "*", "default");
 * assertEquals(canvas.rows(), ["    .", "  ..", "*."]);
 * ```
 */
export class Canvas {
  /** The width in characters. */
  readonly columns: number;
  #style: Style;
  #cells: Cell[][];
  /** The dots in a character, from left to right and from top to bottom. */
  #dots: [across: number, down: number];

  /** Makes an empty canvas; its size is in characters. */
  constructor(columns: number, rows: number, style: Style) {
    this.columns = columns;
    this.#style = style;
    this.#dots = style.ascii ? [1, 1] : [2, 4];
    this.#cells = Array.from(
      { length: rows },
      () =>
        Array.from(
          { length: columns },
          () => ({ dots: 0, marks: "", color: "default" }),
        ),
    );
  }

  /**
   * Returns the character cell of a point: the column from the left and the row
   * from the top.
   */
  cellOf(point: Point): { column: number; row: number } {
    const [across, down] = this.#dotOf(point);
    return {
      column: Math.floor(across / this.#dots[0]),
      row: Math.floor(down / this.#dots[1]),
    };
  }

  /** Draws a straight line. */
  line(from: Point, to: Point, color: Color): void {
    const [x0, y0] = this.#dotOf(from);
    const [x1, y1] = this.#dotOf(to);
    const [across, down] = this.#dots;
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let step = 0; step <= steps; step++) {
      const part = step / (steps || 1);
      const x = Math.round(x0 + part * (x1 - x0));
      const y = Math.round(y0 + part * (y1 - y0));
      const cell = this.#cells[Math.floor(y / down)]![Math.floor(x / across)]!;
      cell.dots |= DOTS[y % down]![x % across]!;
      if (cell.marks === "") cell.color = color;
    }
  }

  /**
   * Puts a mark, and returns whether another one is there. Where different
   * marks meet, their number is shown.
   */
  mark(point: Point, glyph: string, color: Color): boolean {
    const { column, row } = this.cellOf(point);
    const cell = this.#cells[row]![column]!;
    if (!cell.marks.includes(glyph)) cell.marks += glyph;
    const met = cell.marks.length > 1;
    cell.color = met ? "default" : color;
    return met;
  }

  /**
   * Draws an upright bar, one character wide, of a height from 0 to 1. A height
   * of 0 is visible, too.
   */
  bar(column: number, height: number, color: Color): void {
    const glyphs = UP[this.#style.ascii ? "ascii" : "unicode"];
    const full = glyphs.length - 1;
    const rows = this.#cells.length;
    let level = 1 + Math.round(height * (rows * full - 1));
    for (let row = rows - 1; row >= 0 && level > 0; row--, level -= full) {
      const cell = this.#cells[row]![column]!;
      cell.marks = glyphs[Math.min(level, full)]!;
      cell.color = color;
    }
  }

  /**
   * Returns the drawing.
   *
   * @returns The rows from the top, without trailing spaces.
   */
  rows(): string[] {
    return this.#cells.map((cells) => {
      const end = cells.findLastIndex(({ dots, marks }) => dots || marks) + 1;
      let row = "";
      for (let column = 0; column < end;) {
        const { color } = cells[column]!;
        let run = "";
        for (; column < end && cells[column]!.color === color; column++) {
          run += this.#glyph(cells[column]!);
        }
        row += paint(run, color, this.#style);
      }
      return row;
    });
  }

  /**
   * Returns the rows with their axes and the labels of the ticks. Values of `x`
   * in `missing` have no point: an `x` on the axis.
   */
  withAxes(x: PlotAxis, y: PlotAxis, missing: number[]): string[] {
    const lines = AXES[this.#style.ascii ? "ascii" : "unicode"];
    const rows = this.rows();
    const texts = rows.map(() => "");
    for (const { at, text } of y.ticks) {
      texts[this.cellOf({ x: 0, y: at }).row] = text;
    }
    const gutter = y.width + 2;
    const width = gutter + this.columns;
    const columnOf = (at: number) => Math.round(at * (this.columns - 1));
    const line = Array<string>(this.columns).fill(lines.across);
    const below = Array<string>(width).fill(" ");
    // The last tick comes first, so that it has a label.
    for (
      const { at, text } of [...x.ticks.slice(-1), ...x.ticks.slice(0, -1)]
    ) {
      const column = gutter + columnOf(at);
      const middle = column - (text.length >> 1);
      const start = Math.min(Math.max(middle, 0), width - text.length);
      const end = start + text.length;
      const near = below.slice(Math.max(0, start - LABEL_GAP), end + LABEL_GAP);
      if (near.some((taken) => taken !== " ")) continue;
      line[column - gutter] = lines.below;
      below.splice(start, text.length, ...text);
    }
    for (const value of missing.filter(isDrawable)) {
      line[columnOf(x.at(value))] = MISSING;
    }
    const axis = line.join("")
      .replace(/x+/g, (marks) => paint(marks, "red", this.#style));
    return [
      ...rows.map((row, index) =>
        `${texts[index]!.padStart(y.width)} ` +
        (texts[index] ? lines.tick : lines.up) + row
      ),
      " ".repeat(gutter - 1) + lines.corner + axis,
      below.join("").trimEnd(),
    ];
  }

  #glyph({ dots, marks }: Cell): string {
    if (marks.length > 1) return String(marks.length);
    if (marks !== "" || dots === 0) return marks || " ";
    return this.#style.ascii ? "." : String.fromCodePoint(BRAILLE + dots);
  }

  #dotOf({ x, y }: Point): [across: number, down: number] {
    const [across, down] = this.#dots;
    return [
      Math.round(x * (this.columns * across - 1)),
      Math.round((1 - y) * (this.#cells.length * down - 1)),
    ];
  }
}
