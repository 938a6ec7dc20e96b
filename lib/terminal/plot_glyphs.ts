/**
 * Bars across and upwards, of block elements or of ASCII.
 *
 * @module
 */

import type { PlotStyle } from "./plot_style.ts";

/** Eighths of a character from its left, 1 to 8. */
const ACROSS = ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
/** A character filled from its bottom, from not at all to fully. */
const UPWARDS = { unicode: " ▁▂▃▄▅▆▇█", ascii: " .:#" };
/** As much of one character of ASCII as stands for a height by itself. */
const ONE_ROW_ASCII = " .:-=+*#";

/**
 * A bar from left to right.
 *
 * @param share How much of the columns it fills, from 0 to 1.
 * @param columns How many columns there are.
 * @param style Which characters there are.
 * @returns The bar; it is empty only if the share is 0.
 *
 * @example Usage
 * ```ts
 * import { barAcross } from "./plot_glyphs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 80, ascii: false, color: false };
 * assertEquals(barAcross(0.55, 10, style), "█████▌");
 * assertEquals(barAcross(0.55, 10, { ...style, ascii: true }), "######");
 * ```
 */
export function barAcross(
  share: number,
  columns: number,
  style: PlotStyle,
): string {
  if (!(share > 0)) return "";
  const filled = Math.min(share, 1) * columns;
  // A half shows less than a whole, and more than nothing.
  if (style.ascii) return "#".repeat(Math.round(filled)) || ".";
  const eighths = Math.max(1, Math.round(filled * 8));
  const rest = eighths % 8;
  return "█".repeat((eighths - rest) / 8) + (rest ? ACROSS[rest - 1] : "");
}

/**
 * Bars from the bottom up, side by side.
 *
 * @param heights The height of each from 0 to 1; `null` where there is none.
 * @param rows How many rows there are.
 * @param style Which characters there are.
 * @returns The rows from the top down, a character a bar; even a height of 0
 * shows.
 *
 * @example Usage
 * ```ts
 * import { barsUpwards } from "./plot_glyphs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const style = { width: 80, ascii: false, color: false };
 * assertEquals(barsUpwards([0, 0.5, null, 1], 1, style), ["▁▅ █"]);
 * assertEquals(barsUpwards([0, 1], 2, { ...style, ascii: true }), [" #", ".#"]);
 * ```
 */
export function barsUpwards(
  heights: (number | null)[],
  rows: number,
  style: PlotStyle,
): string[] {
  const glyphs = !style.ascii
    ? UPWARDS.unicode
    : rows === 1
    ? ONE_ROW_ASCII
    : UPWARDS.ascii;
  const full = glyphs.length - 1;
  const levels = heights.map((height) =>
    height === null ? 0 : 1 + Math.round(height * (rows * full - 1))
  );
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * full;
    return levels
      .map((level) => glyphs[Math.min(Math.max(level - below, 0), full)])
      .join("");
  });
}
