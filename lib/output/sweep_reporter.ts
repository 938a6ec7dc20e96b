/**
 * What is shown of a sweep while it runs and when it ends, in each of the output
 * forms.
 *
 * @module
 */

import type { Label } from "../measure/label.ts";
import type { ResultBuilder } from "../measure/result_builder.ts";
import type { Sample } from "../measure/sample.ts";
import {
  addPoint,
  type SweepCurve,
  type SweepPoint,
  type SweepResult,
  type SweepStep,
} from "../measure/sweep.ts";
import { formatCount } from "./quantities.ts";
import { formatJson, ndjsonEvent } from "./result_rows.ts";
import { printNotes, printSection } from "./section_reporter.ts";
import { liveOf, type Showing } from "./showing.ts";
import { sweepCsvHeader, sweepCsvRow } from "./sweep_rows.ts";
import { sweepSections } from "./sweep_sections.ts";

/** Follows one sweep. */
export interface SweepReporter {
  /** It starts. */
  start(title: string, label: Label): void;
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
 * @param showing How it is shown.
 * @param probes How many probes a point has.
 * @param points How many points there are.
 * @returns The reporter.
 */
export function sweepReporterOf(
  showing: Showing,
  probes: number,
  points: number,
): SweepReporter {
  const { form, terminal } = showing;
  let number = 0;
  const step = ({ quantity, sizeBytes, delayMs }: SweepStep) => {
    number += 1;
    const what = `point ${number} of ${points}: ${quantity}, ` +
      `${formatCount(sizeBytes, "byte")}, delay ${delayMs} ms`;
    return liveOf(showing, probes, what);
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
          printSection(section, showing);
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
          printNotes(notes, showing);
        },
      };
    }
    case "json":
      return { ...silent, end: (result) => terminal.print(formatJson(result)) };
    case "ndjson":
      return {
        step,
        start: (_, label) => terminal.print(ndjsonEvent("start", label)),
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
