/**
 * What is shown of a sweep while it runs and when it ends, in each of the output
 * forms.
 *
 * @module
 */

import type { ResultBuilder } from "../result/builder.ts";
import type { Sample } from "../stats/sample.ts";
import type {
  SweepCurve,
  SweepMetadata,
  SweepPoint,
  SweepResult,
} from "../result/schema.ts";
import { addPoint, type SweepStep } from "../result/sweep.ts";
import { formatCount } from "../result/quantities.ts";
import {
  formatJson,
  ndjsonEvent,
  sweepCsvHeader,
  sweepCsvRow,
} from "../result/formats.ts";
import { printNotes, printSection } from "./section_reporter.ts";
import { liveOf, type OutputOptions } from "./output_options.ts";
import { sweepSections } from "../result/sweep_sections.ts";

/** Follows one sweep. */
export interface SweepReporter {
  /** It starts. */
  start(title: string, metadata: SweepMetadata): void;
  /** The measurement of a point starts; its samples are to be told. */
  step(step: SweepStep): (sample: Sample, builder: ResultBuilder) => void;
  /** A point was measured, or failed. */
  point(step: SweepStep, point: SweepPoint): void;
  /** It failed before the first point. */
  error(message: string): void;
  /** It ended, and this came of it. */
  end(result: SweepResult): void;
}

/**
 * Makes the reporter of a sweep.
 *
 * @param output How it is shown.
 * @param probes How many probes a point has.
 * @param points How many points there are.
 * @returns The reporter.
 */
export function sweepReporterOf(
  output: OutputOptions,
  probes: number,
  points: number,
): SweepReporter {
  const { form, terminal } = output;
  let number = 0;
  const step = ({ quantity, sizeBytes, delayMs }: SweepStep) => {
    number += 1;
    const what = `point ${number} of ${points}: ${quantity}, ` +
      `${formatCount(sizeBytes, "byte")}, delay ${delayMs} ms`;
    return liveOf(output, probes, what);
  };
  const silent = { start() {}, step, point() {}, error() {}, end() {} };
  switch (form) {
    case "table": {
      let curves: SweepCurve[] = [];
      const printCurves = () => {
        for (
          const section of sweepSections([{ name: "", result: { curves } }])
        ) {
          terminal.print("");
          printSection(section, output);
        }
        curves = [];
      };
      return {
        ...silent,
        start: (title) => terminal.print(title),
        point: (step, point) => {
          const curve = curves.at(-1);
          if (
            curve !== undefined && (curve.quantity !== step.quantity ||
              curve.against !== step.against)
          ) printCurves();
          addPoint(curves, step, point);
        },
        end: ({ notes }) => {
          printCurves();
          printNotes(notes, output);
        },
      };
    }
    case "json":
      return { ...silent, end: (result) => terminal.print(formatJson(result)) };
    case "ndjson":
      return {
        step,
        start: (_, metadata) => terminal.print(ndjsonEvent("start", metadata)),
        point: ({ quantity, against }, point) =>
          terminal.print(
            ndjsonEvent("point", { quantity, against, ...point }),
          ),
        error: (message) => terminal.print(ndjsonEvent("error", { message })),
        end: (result) => terminal.print(ndjsonEvent("end", result)),
      };
    case "csv":
      return {
        ...silent,
        start: () => terminal.print(sweepCsvHeader()),
        point: (step, point) => terminal.print(sweepCsvRow(step, point)),
      };
  }
}
