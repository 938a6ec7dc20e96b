/**
 * The metadata of every result: the program, the target, the time and the options.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import type { Result } from "./schema.ts";

/** The metadata of every result. */
export type RunMetadata<Mode extends Result["mode"] = Result["mode"]> =
  & Pick<
    Result,
    "format" | "tool" | "version" | "runtime" | "target" | "started" | "options"
  >
  & { mode: Mode };

/**
 * Returns the metadata of a run: what is measured, the target, the start by the
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
