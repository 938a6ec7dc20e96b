/**
 * A sweep: the same measurement at several sizes and delays.
 *
 * @module
 */

import type { MeasurementResult, SweepCurve, SweepPoint } from "./schema.ts";

/** A point to measure, and the curve that it lies on. */
export interface SweepStep extends Pick<SweepCurve, "quantity" | "against"> {
  /** The payload of each probe. */
  sizeBytes: number;
  /** How long the server is to hold each echo. */
  delayMs: number;
}

/** The values that vary, and the fixed values of the other curves. */
export interface SweepPlan {
  /** The payloads, in bytes, for each quantity. */
  sizesBytes: Record<SweepCurve["quantity"], number[]>;
  /** The delays, in milliseconds. */
  delaysMs: number[];
  /** The payload where delays vary, for each quantity. */
  sizeBytes: Record<SweepCurve["quantity"], number>;
}

/**
 * Lists the course's four experiments, point by point: RTT and throughput
 * against size, without a delay, and both against delay.
 *
 * @param plan The values.
 * @returns The points, curve after curve.
 *
 * @example Usage
 * ```ts
 * import { sweepSteps } from "./sweep.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const steps = sweepSteps({
 *   sizesBytes: { rtt: [1, 100], tput: [1024] },
 *   delaysMs: [0, 50],
 *   sizeBytes: { rtt: 100, tput: 1024 },
 * });
 * assertEquals(steps.length, 2 + 1 + 2 + 2);
 * ```
 */
export function sweepSteps(plan: SweepPlan): SweepStep[] {
  const quantities = ["rtt", "tput"] as const;
  return [
    ...quantities.flatMap((quantity) =>
      plan.sizesBytes[quantity].map((sizeBytes) => (
        { quantity, against: "size" as const, sizeBytes, delayMs: 0 }
      ))
    ),
    ...quantities.flatMap((quantity) =>
      plan.delaysMs.map((delayMs) => ({
        quantity,
        against: "delay" as const,
        sizeBytes: plan.sizeBytes[quantity],
        delayMs,
      }))
    ),
  ];
}

/**
 * Turns a measurement into a point.
 *
 * @param step The point's place.
 * @param result What was measured there.
 * @param error Why the measurement failed; `null` if it did not.
 * @returns The point.
 */
export function sweepPoint(
  step: SweepStep,
  result: MeasurementResult,
  error: string | null,
): SweepPoint {
  const { probes, rtt_us, throughput } = result;
  return {
    size_bytes: step.sizeBytes,
    delay_ms: step.delayMs,
    probes,
    rtt_us,
    ...(throughput && { throughput }),
    error,
  };
}

/**
 * Adds a point to its curve: the last one, or a new one.
 *
 * @param curves The curves so far; changed.
 * @param step The point's place.
 * @param point The point.
 */
export function addPoint(
  curves: SweepCurve[],
  step: Pick<SweepStep, "quantity" | "against">,
  point: SweepPoint,
): void {
  const { quantity, against } = step;
  let curve = curves.at(-1);
  if (curve?.quantity !== quantity || curve.against !== against) {
    curve = { quantity, against, points: [] };
    curves.push(curve);
  }
  curve.points.push(point);
}
