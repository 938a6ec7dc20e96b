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

/** @internal The width of a style, 40 to 200 columns. */
export function clampWidth({ width }: Style): number {
  return Math.min(Math.max(Math.floor(width) || 0, MIN_WIDTH), MAX_WIDTH);
}

/** @internal The color of a series; it differs from its neighbours'. */
export function seriesColor(index: number): Color {
  return SERIES_COLORS[index % SERIES_COLORS.length]!;
}

/** @internal Colors text, if the style has colors. */
export function paint(text: string, color: Color, style: Style): string {
  if (!style.color || color === "default") return text;
  return `\x1b[${SGR[color]}m${text}\x1b[${SGR.default}m`;
}

/**
 * One safe line of untrusted text: white space is folded, control characters
 * are escaped.
 *
 * @internal
 */
export function sanitize(text: string, style: Style): string {
  const line = escapeControls(text.replace(/\s+/gu, " ")).trim();
  return style.ascii ? line.replace(/[^\x20-\x7e]/gu, "?") : line;
}

/** @internal One safe line of untrusted text, truncated to a width in columns. */
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
 * The columns that a line without escape sequences takes: 9 for `東京 café`.
 *
 * @internal
 */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    width += WIDE.test(character) ? 2 : NARROW.test(character) ? 0 : 1;
  }
  return width;
}

/** @internal Pads lines without escape sequences to the width of the widest. */
export function align(texts: string[], side: "left" | "right"): string[] {
  const width = Math.max(0, ...texts.map(textWidth));
  return texts.map((text) => {
    const space = " ".repeat(width - textWidth(text));
    return side === "left" ? text + space : space + text;
  });
}
