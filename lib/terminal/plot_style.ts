/**
 * How drawings for a terminal look: how wide, with which characters, and
 * whether in colours. Nothing is told by a colour alone.
 *
 * @module
 */

import { escapeControls } from "../result/escape.ts";

/** What the terminal can show. */
export interface PlotStyle {
  /** How many columns there are; 40 to 200 are used. */
  width: number;
  /** Whether to do without block elements, braille and the like. */
  ascii: boolean;
  /** Whether to use the terminal's colours. */
  color: boolean;
}

/** The colours there are; the terminal's own for most of what is drawn. */
export type Color = "default" | "red" | "cyan" | "yellow" | "magenta";

const MIN_WIDTH = 40;
const MAX_WIDTH = 200;

/** The colours of series, in turn; red is left to losses. */
const SERIES_COLORS: Color[] = ["default", "cyan", "yellow", "magenta"];
/** What a terminal is sent for a colour, of ECMA-48. */
const ESCAPES = { red: 31, cyan: 36, yellow: 33, magenta: 35 };

/**
 * How many columns are used.
 *
 * @param style The style.
 * @returns Its width, from 40 to 200.
 */
export function plotWidth({ width }: PlotStyle): number {
  return Math.min(Math.max(Math.floor(width) || 0, MIN_WIDTH), MAX_WIDTH);
}

/**
 * The colour of a series.
 *
 * @param index Which one, from 0.
 * @returns A colour other than its neighbours'.
 */
export function seriesColor(index: number): Color {
  return SERIES_COLORS[index % SERIES_COLORS.length]!;
}

/**
 * Colours a text, but not the spaces around it.
 *
 * @param text The text, to which columns are added no more by this.
 * @param color The colour.
 * @param style Whether there are colours.
 * @returns The text, between escape sequences if there are.
 *
 * @example Usage
 * ```ts
 * import { paint } from "./plot_style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 80, ascii: false, color: true };
 * assertEquals(paint(" x ", "red", style), " \x1b[31mx\x1b[0m ");
 * assertEquals(paint(" x ", "red", { ...style, color: false }), " x ");
 * ```
 */
export function paint(text: string, color: Color, style: PlotStyle): string {
  if (!style.color || color === "default") return text;
  const escape = `\x1b[${ESCAPES[color]}m`;
  return text.replace(/\S(?:.*\S)?/su, (ink) => `${escape}${ink}\x1b[0m`);
}

/**
 * Makes one line of a text that may be anybody's.
 *
 * @param text The text.
 * @param style Which characters there are.
 * @returns One line, without control characters; in ASCII if so asked.
 *
 * @example Usage
 * ```ts
 * import { oneLine } from "./plot_style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 80, ascii: true, color: false };
 * assertEquals(oneLine("Zürich\n\x1b[2J", style), "Z?rich \\x1b[2J");
 * ```
 */
export function oneLine(text: string, style: PlotStyle): string {
  const line = escapeControls(text.replace(/\s+/gu, " ")).trim();
  return style.ascii ? line.replace(/[^\x20-\x7e]/gu, "?") : line;
}

/**
 * Makes one line of a text, and cuts it if it is too long.
 *
 * @param text The text; it may be anybody's.
 * @param columns The most columns, at least 1.
 * @param style Which characters there are.
 * @returns At most so many characters.
 *
 * @example Usage
 * ```ts
 * import { fit } from "./plot_style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 80, ascii: true, color: false };
 * assertEquals(fit("router.example", 8, style), "router.~");
 * ```
 */
export function fit(text: string, columns: number, style: PlotStyle): string {
  const line = [...oneLine(text, style)];
  if (line.length <= columns) return line.join("");
  return line.slice(0, columns - 1).join("") + (style.ascii ? "~" : "…");
}

/**
 * Counts columns: one a character.
 *
 * @param text A line without escape sequences.
 * @returns How many columns it takes.
 */
export function columnsOf(text: string): number {
  return [...text].length;
}

/**
 * Aligns texts with each other.
 *
 * @param texts Lines without escape sequences.
 * @param side Where the texts are moved to.
 * @returns The same, all as wide as the widest.
 *
 * @example Usage
 * ```ts
 * import { align } from "./plot_style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(align(["5", "10"], "right"), [" 5", "10"]);
 * ```
 */
export function align(texts: string[], side: "left" | "right"): string[] {
  const width = Math.max(0, ...texts.map(columnsOf));
  return texts.map((text) => {
    const space = " ".repeat(width - columnsOf(text));
    return side === "left" ? text + space : space + text;
  });
}
