/**
 * Results: their schema, the figures in them, how they are built from samples,
 * shown as sections, written for other programs and compared with thresholds.
 *
 * @module
 */

export * from "./axis.ts";
export * from "./builder.ts";
export * from "./compare_schema.ts";
export * from "./compare_sections.ts";
export * from "./escape.ts";
export * from "./figure_schema.ts";
export * from "./figure_table.ts";
export * from "./figures.ts";
export * from "./formats.ts";
export * from "./measurement.ts";
export * from "./notes.ts";
export * from "./quantities.ts";
export * from "./run_metadata.ts";
export * from "./schema.ts";
export * from "./section.ts";
export * from "./sections.ts";
export * from "./sweep.ts";
export * from "./sweep_sections.ts";
export * from "./thresholds.ts";
export * from "./throughput_builder.ts";
export * from "./throughput_schema.ts";
export * from "./throughput_sections.ts";
export * from "./under_load_analysis.ts";
export * from "./under_load_builder.ts";
export * from "./under_load_charts.ts";
export * from "./under_load_judge.ts";
export * from "./under_load_schema.ts";
export * from "./under_load_sections.ts";
export * from "./under_load_series.ts";
