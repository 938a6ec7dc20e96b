/**
 * Snapshots of sections as text, and numbers read back from sentences.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Section } from "../../lib/result/section.ts";
import { formatSections } from "../../lib/terminal/section.ts";

/** Snapshots of text are stored as it is, not as a string literal. */
export const AS_TEXT = { serializer: (text: string) => text };

/** Compares a section with its snapshot; other widths are tested by properties. */
export async function assertSectionSnapshot(
  t: Deno.TestContext,
  section: Section,
): Promise<void> {
  const style = { width: 80, ascii: false, color: false };
  await t.assertSnapshot(formatSections([section], style), AS_TEXT);
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
