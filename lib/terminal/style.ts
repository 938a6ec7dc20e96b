/**
 * The style of text on a terminal: width, characters and colors. A color never
 * carries information alone.
 *
 * @module
 */

import { escapeControls } from "../result/escape.ts";

/** What the terminal can show. */
export interface Style {
  /** The width in columns; clamped to 40..200. */
  width: number;
  /** Whether to use ASCII only. */
  ascii: boolean;
  /** Whether to use colors. */
  color: boolean;
}

/** A color; `"default"` is the terminal's text color. */
export type Color = "default" | "red" | "cyan" | "yellow" | "magenta";

const MIN_WIDTH = 40;
const MAX_WIDTH = 200;

/** The SGR codes of the colors (ECMA-48, section 8.3.117). */
const SGR: Record<Color, number> = {
  default: 39,
  red: 31,
  cyan: 36,
  yellow: 33,
  magenta: 35,
};
/** The colors of series, in turn; red marks losses. */
const SERIES_COLORS: Color[] = ["default", "cyan", "yellow", "magenta"];

/** Characters without a column of their own. */
const NARROW = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** Characters that take two columns (East Asian Wide, approximately). */
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;
// deno-lint-ignore no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Clamps the width of a style.
 *
 * @param style The style.
 * @returns 40 to 200 columns.
 */
export function clampWidth({ width }: Style): number {
  return Math.min(Math.max(Math.floor(width) || 0, MIN_WIDTH), MAX_WIDTH);
}

/**
 * Returns the color of a series.
 *
 * @param index The index of the series.
 * @returns A color that differs from its neighbours'.
 */
export function seriesColor(index: number): Color {
  return SERIES_COLORS[index % SERIES_COLORS.length]!;
}

/**
 * Colors text.
 *
 * @param text The text.
 * @param color The color.
 * @param style Whether to use colors.
 * @returns The text, with escape sequences if the style has colors.
 */
export function paint(text: string, color: Color, style: Style): string {
  if (!style.color || color === "default") return text;
  return `\x1b[${SGR[color]}m${text}\x1b[${SGR.default}m`;
}

/**
 * Makes one safe line of untrusted text.
 *
 * @param text The text.
 * @param style Whether to use ASCII only.
 * @returns One line with control characters escaped.
 *
 * @example Usage
 * ```ts
 * import { sanitize } from "./style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 80, ascii: true, color: false };
 * assertEquals(sanitize("Zürich\n\x1b[2J", style), "Z?rich \\x1b[2J");
 * ```
 */
export function sanitize(text: string, style: Style): string {
  const line = escapeControls(text.replace(/\s+/gu, " ")).trim();
  return style.ascii ? line.replace(/[^\x20-\x7e]/gu, "?") : line;
}

/**
 * Sanitizes untrusted text and truncates it.
 *
 * @param text The text.
 * @param columns The maximum width, at least 1.
 * @param style Which characters to use.
 * @returns One line, at most `columns` wide.
 */
export function truncate(text: string, columns: number, style: Style): string {
  const line = sanitize(text, style);
  if (textWidth(line) <= columns) return line;
  let kept = "";
  let free = columns - 1;
  for (const character of line) {
    free -= textWidth(character);
    if (free < 0) break;
    kept += character;
  }
  return kept + (style.ascii ? "~" : "…");
}

/**
 * Measures text.
 *
 * @param text One line without escape sequences.
 * @returns Its width in columns.
 *
 * @example Usage
 * ```ts
 * import { textWidth } from "./style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(textWidth("東京 café"), 9);
 * ```
 */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    width += WIDE.test(character) ? 2 : NARROW.test(character) ? 0 : 1;
  }
  return width;
}

/**
 * Pads texts to the width of the widest.
 *
 * @param texts Lines without escape sequences.
 * @param side The side to which the texts are aligned.
 * @returns The padded texts.
 */
export function align(texts: string[], side: "left" | "right"): string[] {
  const width = Math.max(0, ...texts.map(textWidth));
  return texts.map((text) => {
    const space = " ".repeat(width - textWidth(text));
    return side === "left" ? text + space : space + text;
  });
}
