/**
 * The phases of a run under load.
 *
 * @module
 */

import type { Direction } from "../iperf3/parameters.ts";
import type { LoadName } from "../result/under_load_judge.ts";
import type { LoadPhase } from "../result/under_load_schema.ts";

/** Which sides send in each load. */
export const LOADS: Record<LoadName, Direction> = {
  download: "reverse",
  upload: "forward",
  both: "both",
};

/** A phase that is to come. */
export interface PlannedPhase {
  /** What it does. */
  name: LoadPhase["name"];
  /** How long it takes. */
  durationMs: number;
}

/** How long the phases without load take, in milliseconds. */
const PAUSES = {
  full: { idle: 5000, rest: 3000 },
  quick: { idle: 3000, rest: 1000 },
};

/**
 * Plans the phases: idle, then each load with a rest behind it.
 *
 * @param loads The loads in their order.
 * @param loadMs How long each of them takes.
 * @param pace Whether the pauses are short.
 * @returns The phases; the last rest is the cooldown.
 *
 * @example Usage
 * ```ts
 * import { planPhases } from "./plan.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const plan = planPhases(["download", "upload"], 6000, "quick");
 * assertEquals(plan.map(({ name }) => name), [
 *   "idle",
 *   "download",
 *   "rest",
 *   "upload",
 *   "cooldown",
 * ]);
 * assertEquals(plan.reduce((sum, phase) => sum + phase.durationMs, 0), 17_000);
 * ```
 */
export function planPhases(
  loads: LoadName[],
  loadMs: number,
  pace: "full" | "quick",
): PlannedPhase[] {
  const { idle, rest } = PAUSES[pace];
  return [
    { name: "idle", durationMs: idle },
    ...loads.flatMap((name, at): PlannedPhase[] => [
      { name, durationMs: loadMs },
      { name: at < loads.length - 1 ? "rest" : "cooldown", durationMs: rest },
    ]),
  ];
}
