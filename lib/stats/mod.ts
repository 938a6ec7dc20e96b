/**
 * Samples and what is computed from them: histograms, jitter, loss by
 * direction, one-way delay, confidence intervals.
 *
 * @module
 */

export * from "./bins.ts";
export * from "./average.ts";
export * from "./bootstrap.ts";
export * from "./calibration.ts";
export * from "./clock_relation.ts";
export * from "./histogram.ts";
export * from "./interleave.ts";
export * from "./jitter.ts";
export * from "./log_histogram.ts";
export * from "./loss_directions.ts";
export * from "./one_way.ts";
export * from "./sample.ts";
export * from "./seeded_random.ts";
export * from "./sequence_window.ts";
export * from "./timeline.ts";
