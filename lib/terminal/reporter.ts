/**
 * What is shown of a measurement while it runs and when it ends, in each of the
 * output forms. All of them read the same samples.
 *
 * @module
 */

import type {
  MeasurementMetadata,
  MeasurementResult,
} from "../result/schema.ts";
import type { ResultBuilder } from "../result/builder.ts";
import type { Sample } from "../stats/sample.ts";
import { resultSections } from "../result/sections.ts";
import { formatSections } from "./section.ts";
import { liveOf, type OutputOptions, plotStyle } from "./output_options.ts";
import {
  csvHeader,
  csvRow,
  formatJson,
  ndjsonEvent,
  sampleFigures,
} from "../result/formats.ts";

/** What is known when a measurement starts. */
export interface Beginning {
  /** Says to a person what is measured; lines. */
  title: string;
  /** Says it to a program. */
  metadata: MeasurementMetadata;
}

/** Follows one measurement. */
export interface Reporter {
  /** It starts. */
  start(beginning: Beginning): void;
  /** A sample came, and was added to the builder. */
  sample(sample: Sample, builder: ResultBuilder): void;
  /** It failed. */
  error(message: string): void;
  /** It ended, and this came of it. */
  end(result: MeasurementResult): void;
}

/**
 * Makes the reporter of a measurement.
 *
 * @param output How it is shown.
 * @param protocol The protocol spoken.
 * @param total How many samples are expected.
 * @returns The reporter.
 */
export function reporterOf(
  output: OutputOptions,
  protocol: MeasurementResult["protocol"],
  total: number,
): Reporter {
  const { form, terminal } = output;
  const live = liveOf(output, total);
  const silent = { start() {}, sample: live, error() {} };
  let startMs = 0;
  switch (form) {
    case "table":
      return {
        ...silent,
        start: ({ title }) => terminal.print(title),
        end: (result) => {
          const sections = resultSections([{ name: result.target, result }]);
          const plots = output.plots !== "none";
          terminal.print(formatSections(sections, plotStyle(output), plots));
        },
      };
    case "json":
      return {
        ...silent,
        end: (result) => terminal.print(formatJson(result)),
      };
    case "ndjson":
      return {
        start: ({ metadata }) => {
          startMs = performance.now();
          terminal.print(ndjsonEvent("start", metadata));
        },
        sample: (sample, builder) => {
          const data = sampleFigures(sample, startMs);
          terminal.print(ndjsonEvent("sample", data));
          live(sample, builder);
        },
        error: (message) => terminal.print(ndjsonEvent("error", { message })),
        end: (result) => terminal.print(ndjsonEvent("end", result)),
      };
    case "csv":
      return {
        ...silent,
        start: () => {
          startMs = performance.now();
          terminal.print(csvHeader(protocol));
        },
        sample: (sample, builder) => {
          terminal.print(csvRow(sample, startMs, protocol));
          live(sample, builder);
        },
        end: () => {},
      };
  }
}
