/**
 * What is shown of a measurement while it runs and when it ends, in each of the
 * output forms. All of them read the same samples.
 *
 * @module
 */

import type { Result, ResultLabel } from "../measure/result.ts";
import type { ResultBuilder } from "../measure/result_builder.ts";
import type { Sample } from "../measure/sample.ts";
import { formatDuration } from "./quantities.ts";
import {
  csvHeader,
  csvRow,
  figures,
  formatJson,
  ndjsonEvent,
} from "./result_rows.ts";
import { formatResult } from "./result_text.ts";
import type { Terminal } from "./terminal.ts";

/** The output forms. */
export type OutputForm = "table" | "json" | "ndjson" | "csv";

/** What is known when a measurement starts. */
export interface Beginning {
  /** Says to a person what is measured; lines. */
  title: string;
  /** Says it to a program. */
  label: ResultLabel;
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
  end(result: Result): void;
}

/**
 * Makes the reporter of an output form.
 *
 * @param form The form.
 * @param protocol The protocol spoken.
 * @param terminal Where to write.
 * @param progress How many samples are expected, and whether to show how far it
 * has come.
 * @returns The reporter.
 */
export function reporterOf(
  form: OutputForm,
  protocol: Result["protocol"],
  terminal: Terminal,
  progress: { total: number; quiet: boolean },
): Reporter {
  const live = (sample: Sample, builder: ResultBuilder) => {
    if (!progress.quiet) {
      terminal.live(() => liveLine(sample, builder, progress.total));
    }
  };
  const silent = { start() {}, sample: live, error() {} };
  let startMs = 0;
  switch (form) {
    case "table":
      return {
        ...silent,
        start: ({ title }) => terminal.print(title),
        end: (result) => terminal.print(formatResult(result)),
      };
    case "json":
      return {
        ...silent,
        end: (result) => terminal.print(formatJson(result)),
      };
    case "ndjson":
      return {
        start: ({ label }) => {
          startMs = performance.now();
          terminal.print(ndjsonEvent("start", label));
        },
        sample: (sample, builder) => {
          const data = figures(sample, startMs);
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

function liveLine(
  sample: Sample,
  builder: ResultBuilder,
  total: number,
): string {
  const last = sample.rttMs === null ? null : sample.rttMs * 1000;
  const { sent, lost } = builder.probes;
  const of = total === Infinity ? "" : ` of ${total}`;
  return `${sent}${of} probes, last ${formatDuration(last)}, ` +
    `median ${formatDuration(builder.medianUs)}, ${lost} lost`;
}
