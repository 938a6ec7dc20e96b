/**
 * Which kind of result a value of unknown origin is.
 *
 * @module
 */

import type { Result } from "../result/result.ts";
import type { SweepResult } from "../result/sweep.ts";
import type { CompareResult } from "../result/compare_result.ts";
import { checked } from "./figure_schema.ts";
import { MEASUREMENT, SWEEP } from "./result_schema.ts";
import { COMPARE } from "./section_schema.ts";

/**
 * Checks that a value is a result.
 *
 * @param value The value, as JSON has it.
 * @returns The result; `mode` tells its kind.
 * @throws {SyntaxError} If it is not one; half a sentence.
 *
 * @example Usage
 * ```ts
 * import { checkedResult } from "./result_kind.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(
 *   () => checkedResult({ format: 2, tool: "roundtrip" }),
 *   SyntaxError,
 *   "format 2",
 * );
 * ```
 */
export function checkedResult(
  value: unknown,
): Result | SweepResult | CompareResult {
  const { tool, format, mode } = Object(value) as Record<string, unknown>;
  if (tool !== "roundtrip") {
    throw new SyntaxError(
      "it is JSON, but no result of this tool; measure with --json or --ndjson",
    );
  }
  if (format !== 1) {
    throw new SyntaxError(
      `it has format ${
        typeof format === "number" ? format : "unknown"
      }, and this version knows format 1; use the version that wrote it`,
    );
  }
  switch (mode) {
    case "sweep":
      return checked(SWEEP, value, "it");
    case "compare":
      return checked(COMPARE, value, "it");
    default:
      return checked(MEASUREMENT, value, "it");
  }
}
