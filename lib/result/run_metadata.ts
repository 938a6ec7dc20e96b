/**
 * What every result says of itself: what made it, where, when, and how it was
 * asked for.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };

/** The keys that are the same in every result. */
export interface Label<Mode extends string = string> {
  /** The version of this shape. */
  format: 1;
  /** What made it. */
  tool: "roundtrip";
  /** Which version of that. */
  version: string;
  /** What that ran on. */
  runtime: { deno: string; os: string; arch: string };
  /** What was measured. */
  mode: Mode;
  /** Where to, as `HOST:PORT`. */
  target: string;
  /** When it started, by the wall clock. */
  started: string;
  /** The options as they were written, and as they took effect. */
  options: { given: object; used: object };
}

/**
 * Labels a result.
 *
 * @param of What was measured, where to, when that started, and how.
 * @returns The label.
 */
export function labelOf<Mode extends string>(
  of: {
    mode: Mode;
    target: string;
    started: Date;
    options: Label["options"];
  },
): Label<Mode> {
  return {
    format: 1,
    tool: "roundtrip",
    version: config.version,
    runtime: {
      deno: Deno.version.deno,
      os: Deno.build.os,
      arch: Deno.build.arch,
    },
    mode: of.mode,
    target: of.target,
    started: of.started.toISOString(),
    options: of.options,
  };
}
