/**
 * Clocks, precise sleep, and schedules.
 *
 * @module
 */

export * from "./clock.ts";
export * from "./pacer.ts";
export * from "./processor_time.ts";
export * from "./sleep.ts";
export * from "./wall_clock.ts";
