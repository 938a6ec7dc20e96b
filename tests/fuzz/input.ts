/**
 * Inputs as text: a line of ASCII, in which other bytes and the backslash are
 * written as `\n`, `\r` or `\xNN`.
 *
 * @module
 */

import type { Bytes } from "./mutator.ts";

/** Writes an input as one line, also for a shell's single quotes. */
export function escapeInput(input: Uint8Array): string {
  return Array.from(input, (byte) => {
    if (byte === 10) return "\\n";
    if (byte === 13) return "\\r";
    const isPlain = byte >= 32 && byte < 127 && byte !== 92 && byte !== 39;
    return isPlain
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

/** Reads what {@linkcode escapeInput} writes; other characters are UTF-8. */
export function parseInput(line: string): Bytes {
  const parts = line.match(/\\x[0-9a-f]{2}|\\[nr]|[^]/giu) ?? [];
  return Uint8Array.from(parts.flatMap((part) => {
    if (part === "\\n") return [10];
    if (part === "\\r") return [13];
    return part.length === 4 && part.startsWith("\\x")
      ? [parseInt(part.slice(2), 16)]
      : [...new TextEncoder().encode(part)];
  }));
}

/** The cases that are kept of a target, one a line; lines with # are comments. */
export function readCorpus(name: string): Bytes[] {
  const path = new URL(`corpus/${name}.txt`, import.meta.url);
  let text;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").filter((line) => line !== "" && !/^# /.test(line))
    .map(parseInput);
}
