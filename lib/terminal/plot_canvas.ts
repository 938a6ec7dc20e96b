/**
 * A drawing of lines and points in characters.
 *
 * @module
 */

import { type Color, paint, type PlotStyle } from "./plot_style.ts";

/** A place: across from left to right and upwards, each from 0 to 1. */
export interface Place {
  /** Across. */
  x: number;
  /** Upwards. */
  y: number;
}

/** The first of the characters that show each set of 2 x 4 dots. */
const BRAILLE = 0x2800;
/** What each dot adds to it, by row and column (Unicode 15.0, 21.1). */
const DOTS = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/** One character. */
interface Cell {
  dots: number;
  marks: Set<string>;
  color: Color;
}

/**
 * Draws lines of dots, eight to a character, or of full stops in ASCII; and
 * marks, which cover the lines.
 *
 * @example Usage
 * ```ts
 * import { PlotCanvas } from "./plot_canvas.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 40, ascii: true, color: false };
 * const canvas = new PlotCanvas(5, 3, style);
 * canvas.line({ x: 0, y: 0 }, { x: 1, y: 1 }, "default");
 * canvas.mark({ x: 0, y: 0 }, "*", "default");
 * assertEquals(canvas.rows(), ["    .", "  ..", "*."]);
 * ```
 */
export class PlotCanvas {
  /** How many characters wide it is. */
  readonly columns: number;
  #style: PlotStyle;
  #cells: Cell[][];
  #dotsAcross: number;
  #dotsUp: number;

  /**
   * Makes an empty one.
   *
   * @param columns How many characters wide.
   * @param rows How many high.
   * @param style Which characters and colours there are.
   */
  constructor(columns: number, rows: number, style: PlotStyle) {
    this.columns = columns;
    this.#style = style;
    [this.#dotsAcross, this.#dotsUp] = style.ascii ? [1, 1] : [2, 4];
    this.#cells = Array.from(
      { length: rows },
      () =>
        Array.from({ length: columns }, () => ({
          dots: 0,
          marks: new Set(),
          color: "default",
        })),
    );
  }

  /**
   * Tells which character a place is in.
   *
   * @param place The place.
   * @returns Its column from the left and its row from the top, from 0.
   */
  cellOf(place: Place): { column: number; row: number } {
    const [across, down] = this.#dot(place);
    return {
      column: Math.floor(across / this.#dotsAcross),
      row: Math.floor(down / this.#dotsUp),
    };
  }

  /**
   * Draws a straight line.
   *
   * @param from One end.
   * @param to The other end.
   * @param color Its colour.
   */
  line(from: Place, to: Place, color: Color): void {
    const [x0, y0] = this.#dot(from);
    const [x1, y1] = this.#dot(to);
    const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0));
    for (let step = 0; step <= steps; step++) {
      const part = step / (steps || 1);
      const across = Math.round(x0 + part * (x1 - x0));
      const down = Math.round(y0 + part * (y1 - y0));
      const cell = this.#cells[Math.floor(down / this.#dotsUp)]![
        Math.floor(across / this.#dotsAcross)
      ]!;
      cell.dots |= DOTS[down % this.#dotsUp]![across % this.#dotsAcross]!;
      if (cell.marks.size === 0) cell.color = color;
    }
  }

  /**
   * Puts a mark. Where there is another one, it becomes their number.
   *
   * @param place Where.
   * @param glyph One character.
   * @param color Its colour.
   * @returns Whether there was another glyph.
   */
  mark(place: Place, glyph: string, color: Color): boolean {
    const { column, row } = this.cellOf(place);
    const cell = this.#cells[row]![column]!;
    const { size } = cell.marks.add(glyph);
    cell.color = size > 1 ? "default" : color;
    return size > 1;
  }

  /**
   * The drawing.
   *
   * @returns Its rows from the top down, without trailing spaces.
   */
  rows(): string[] {
    return this.#cells.map((cells) => {
      let row = "";
      for (let column = 0; column < this.columns;) {
        const { color } = cells[column]!;
        let run = "";
        while (cells[column]?.color === color) {
          run += this.#glyph(cells[column]!);
          column += 1;
        }
        row += paint(run, color, this.#style);
      }
      return row.trimEnd();
    });
  }

  #glyph({ dots, marks }: Cell): string {
    const [mark] = marks;
    if (mark !== undefined) return marks.size > 1 ? `${marks.size}` : mark;
    if (dots === 0) return " ";
    return this.#style.ascii ? "." : String.fromCodePoint(BRAILLE + dots);
  }

  #dot({ x, y }: Place): [across: number, down: number] {
    return [
      Math.round(x * (this.columns * this.#dotsAcross - 1)),
      Math.round((1 - y) * (this.#cells.length * this.#dotsUp - 1)),
    ];
  }
}
