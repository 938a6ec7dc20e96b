/**
 * What every result says of itself: what made it, where, when, and how it was
 * asked for.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import type { Result } from "./schema.ts";

/** What every result says of itself. */
export type RunMetadata<Mode extends Result["mode"] = Result["mode"]> =
  & Pick<
    Result,
    "format" | "tool" | "version" | "runtime" | "target" | "started" | "options"
  >
  & { mode: Mode };

/**
 * What a run says of itself: what is measured, where, when it started by the
 * wall clock, and the options as they were given and as they take effect.
 */
export function runMetadata<Mode extends Result["mode"]>(
  run: {
    mode: Mode;
    target: string;
    started: Date;
    options: { given: object; used: object };
  },
): RunMetadata<Mode> {
  const { given, used } = run.options;
  return {
    format: 2,
    tool: "roundtrip",
    version: config.version,
    runtime: {
      deno: Deno.version.deno,
      os: Deno.build.os,
      arch: Deno.build.arch,
    },
    mode: run.mode,
    target: run.target,
    started: run.started.toISOString(),
    options: { given: { ...given }, used: { ...used } },
  };
}
