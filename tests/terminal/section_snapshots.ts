/**
 * Sections as they look on terminals of several widths, kept as snapshots; and
 * numbers read back from sentences.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Style } from "../../lib/terminal/style.ts";
import type { Section } from "../../lib/result/section.ts";
import { formatSections } from "../../lib/terminal/section.ts";

/** Snapshots of text are stored as it is, not as a string literal. */
export const AS_TEXT = { serializer: (text: string) => text };

/** The widths that are looked at, and one without any drawing characters. */
export const STYLES: Style[] = [
  ...[40, 80, 200].map((width) => ({ width, ascii: false, color: false })),
  { width: 40, ascii: true, color: false },
];

/** Makes sure that lines fit, and say nothing that no reader understands. */
export function assertFits(text: string, style: Style): void {
  for (const line of text.split("\n")) {
    assert([...line].length <= style.width, `too wide: ${line}`);
    assert(!/NaN|Infinity|null|undefined|\[object/.test(line), line);
    assertEquals(line, line.trimEnd());
    if (style.ascii) assert(/^[\x20-\x7e]*$/.test(line), `no ASCII: ${line}`);
  }
}

/** Compares a section with its snapshots at every width. */
export async function assertSectionSnapshots(
  t: Deno.TestContext,
  section: Section,
): Promise<void> {
  for (const style of STYLES) {
    const text = formatSections([section], style);
    assertFits(text, style);
    await t.assertSnapshot(text, AS_TEXT);
  }
}

/** A figure as it stands in a sentence. */
export const DURATION = String.raw`-?[\d.]+ (?:us|ms|s)\b`;

const US_PER: Record<string, number> = { us: 1, ms: 1e3, s: 1e6 };

/** Microseconds of a duration as people read it. */
export function usOf(text: string): number {
  const [value, unit] = text.split(" ");
  return Number(value) * US_PER[unit!]!;
}

/** By how much a number with three digits may be off: half of the last one. */
export function assertPrinted(
  printed: number,
  figure: number,
  hint = "",
): void {
  const slack = Math.abs(figure) * 0.0051 + 1e-9;
  assert(
    Math.abs(printed - figure) <= slack,
    `printed ${printed}, but it is ${figure} ${hint}`,
  );
}
