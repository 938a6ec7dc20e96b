/**
 * Shows the progress of a run, and prints its result in the requested form.
 *
 * | form | at the start | for each sample, point or experiment | at the end |
 * |---|---|---|---|
 * | text | title | | sections, each as soon as it is complete |
 * | `--json` | | | the result |
 * | `--ndjson` | `start` | `sample`, `point` or `experiment` | `end` with the result |
 * | `--csv` | header | a row | |
 *
 * @module
 */

import type { Bin } from "../iperf3/transfer.ts";
import {
  csvFields,
  csvRow,
  formatJson,
  sampleFigures,
} from "../result/formats.ts";
import { escapeControls, safeJson } from "../result/escape.ts";
import type { ResultBuilder } from "../result/builder.ts";
import type {
  MeasurementResult,
  Result,
  ResultEvent,
} from "../result/schema.ts";
import { resultSections } from "../result/sections.ts";
import type { Sample } from "../stats/sample.ts";
import {
  formatLive,
  type LiveOptions,
  showLive,
  showRates,
} from "../terminal/live.ts";
import { formatSections } from "../terminal/section.ts";
import type { Style } from "../terminal/style.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { choice, duration, flag } from "./option.ts";
import { type OptionValues, UsageError } from "./options.ts";

/** The options of a report. */
export const OUTPUT_OPTIONS = {
  json: flag("print one JSON object at the end", "J"),
  ndjson: flag("print one JSON event a line as it happens"),
  csv: flag("print one row of CSV for each probe, point or interval"),
  plots: choice(["unicode", "ascii", "none"], "how to draw charts", {
    default: "unicode",
  }),
  quiet: flag("show no progress", "q"),
  reportEvery: duration("off a terminal, print the progress this often", {
    min: 100,
    max: 86_400_000,
    default: "10s",
  }),
};

/** The values of {@linkcode OUTPUT_OPTIONS}; not every program has CSV. */
export type OutputValues =
  & Omit<OptionValues<typeof OUTPUT_OPTIONS>, "csv">
  & { csv?: boolean };

/** The start of a report. */
export interface ReportStart {
  /** What is measured, in lines of text; empty for none. */
  title: string;
  /** The data of the `start` event. */
  metadata: Extract<ResultEvent, { event: "start" }>["data"];
  /** The header of the CSV form. */
  csvHeader?: string;
}

/** The JSON format of another program, printed in place of our own. */
export interface ForeignJson {
  /** Returns the result in that format. */
  result(): object;
  /**
   * Returns the object for a run that measured nothing.
   *
   * @param error The reason.
   */
  failure(error: string): object;
}

/** Reports one run. */
export class Report {
  /** The form of the output. */
  readonly form: "text" | "json" | "ndjson" | "csv";
  /** Where it is printed. */
  readonly terminal: Terminal;
  #options: OutputValues;
  #foreign: ForeignJson | null;
  #isFirst = true;
  #sectionsPrinted = 0;
  #run: string[] = [];
  #reportedMs = performance.now();

  /**
   * Chooses the form; prints nothing yet.
   *
   * @param options The output options.
   * @param terminal Where to print.
   * @param foreign Printed as JSON in place of the result.
   * @throws {UsageError} If more than one form is asked for.
   */
  constructor(
    options: OutputValues,
    terminal: Terminal,
    foreign: ForeignJson | null = null,
  ) {
    const forms = (["json", "ndjson", "csv"] as const)
      .filter((form) => options[form]);
    if (forms.length > 1) {
      throw new UsageError(
        `choose one of ${forms.map((form) => `--${form}`).join(" and ")}`,
      );
    }
    this.form = forms[0] ?? "text";
    this.#options = options;
    this.#foreign = foreign;
    this.terminal = terminal;
  }

  /**
   * Prints the title, the `start` event or the CSV header.
   *
   * @param start The contents.
   */
  start({ title, metadata, csvHeader }: ReportStart): void {
    if (title !== "") this.#text(title);
    this.event({ event: "start", data: metadata });
    this.#run = [metadata.target, metadata.started];
    if (csvHeader === undefined || this.form !== "csv") return;
    this.terminal.print(`${csvHeader},time,target,run`);
  }

  /**
   * Prints an event, in the NDJSON form.
   *
   * @param event The event.
   */
  event(event: ResultEvent): void {
    if (this.form === "ndjson") this.terminal.print(safeJson(event));
  }

  /**
   * Prints a row, in the CSV form. The time, the target and the start of the run
   * are added, so that rows of many runs can be kept in one file.
   *
   * @param text The row.
   * @param wallMs When it was measured, by the wall clock.
   */
  row(text: string, wallMs: number = Date.now()): void {
    if (this.form !== "csv") return;
    const time = new Date(wallMs).toISOString();
    const row = `${text},${csvFields([time, ...this.#run])}`;
    this.terminal.print(escapeControls(row)); // an error may quote the peer
  }

  /**
   * Returns a function that prints a sample in the NDJSON and the CSV form.
   *
   * @param protocol The protocol spoken.
   * @returns A function to call with each sample.
   */
  samples(
    protocol: MeasurementResult["protocol"],
  ): (sample: Sample) => void {
    const startMs = performance.now();
    const epochMs = Date.now() - startMs;
    switch (this.form) {
      case "ndjson":
        return (sample) =>
          this.event({ event: "sample", data: sampleFigures(sample, startMs) });
      case "csv":
        return (sample) =>
          this.row(
            csvRow(sample, startMs, protocol),
            epochMs + sample.sentAtMs,
          );
      default:
        return () => {};
    }
  }

  /**
   * Shows the progress of a measurement and its figures so far.
   *
   * @param total How many samples are expected; `Infinity` if unknown.
   * @param title What is measured, if it is one of several measurements.
   * @returns A function to call after each sample was added to the builder.
   */
  live(
    total: number,
    title?: string,
  ): (sample: Sample, builder: ResultBuilder) => void {
    const options = this.#liveOptions(total, title);
    if (this.#isLive) return showLive(this.terminal, options);
    if (this.terminal.isLive || this.#options.quiet) return () => {};
    const progress = { total, draw: false, startMs: performance.now() };
    const wide = { ...this.#style(), width: 200 }; // all in one line
    return (sample, builder) =>
      this.#line(() =>
        [title ?? [], formatLive(sample, builder, progress, wide)].flat()
          .join("  ")
      );
  }

  /**
   * Shows the progress of a throughput test and its rate.
   *
   * @param totalSec How long it takes; `Infinity` if unknown.
   * @returns A function to call with each bin.
   */
  liveRates(totalSec: number): (bin: Bin) => void {
    return this.#isLive
      ? showRates(this.terminal, this.#liveOptions(totalSec))
      : () => {};
  }

  get #isLive(): boolean {
    const { isTerminal, isLive } = this.terminal;
    // Rows that go to the same terminal show the progress themselves.
    const hasRows = isTerminal &&
      (this.form === "ndjson" || this.form === "csv");
    return isLive && !hasRows && !this.#options.quiet;
  }

  #liveOptions(total: number, title?: string): LiveOptions {
    return {
      total,
      draw: this.#options.plots !== "none",
      style: () => this.#style(),
      ...(title !== undefined && { title }),
    };
  }

  /**
   * Shows the current step of a run.
   *
   * @param text One line.
   */
  progress(text: string): void {
    if (this.#options.quiet) return;
    if (this.terminal.isLive) this.terminal.live(() => [text]);
    else this.#line(() => text);
  }

  /** Prints a line of progress off a terminal, once per interval. */
  #line(text: () => string): void {
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < this.#options.reportEvery) return;
    this.#reportedMs = nowMs;
    this.terminal.info(text());
  }

  /**
   * Prints a line, in the text form.
   *
   * @param text The line.
   */
  line(text: string): void {
    if (this.form === "text" && !this.#options.quiet) this.terminal.print(text);
  }

  /**
   * Prints the sections that are complete, in the text form.
   *
   * @param result The result so far; a later one has more sections, and the same
   * before them.
   * @param isFinal Whether its notes are complete, too.
   */
  sections(result: Result, isFinal = false): void {
    if (this.form !== "text") return;
    const all = resultSections([{ name: result.target, result }])
      .filter(({ role }) => isFinal || role !== "notes");
    const complete = all.slice(this.#sectionsPrinted);
    if (complete.length === 0) return;
    this.#sectionsPrinted = all.length;
    const draw = this.#options.plots !== "none";
    // Without drawings, a measurement must fit a screen of 24 rows.
    const isDense = !draw && complete.some(({ role }) => role === "headline");
    this.#text(formatSections(complete, this.#style(), draw), isDense);
  }

  /**
   * Prints the result.
   *
   * @param result The result.
   */
  end(result: Result): void {
    this.sections(result, true);
    if (this.form === "json") {
      this.terminal.print(formatJson(this.#foreign?.result() ?? result));
    }
    this.event({ event: "end", data: result });
  }

  /**
   * Prints the error of a run that failed before it had a result.
   *
   * @param error The reason.
   */
  failure(error: string): void {
    this.event({ event: "error", data: { message: error } });
    if (this.form !== "json") return;
    this.terminal.print(
      formatJson(
        this.#foreign?.failure(error) ??
          { tool: "roundtrip", ended: "failed", error },
      ),
    );
  }

  /** Prints text, after an empty line if there is text above. */
  #text(text: string, isDense = false): void {
    if (this.form !== "text") return;
    this.terminal.print(this.#isFirst || isDense ? text : `\n${text}`);
    this.#isFirst = false;
  }

  /** The terminal may be resized; colours are for people (`NO_COLOR`). */
  #style(): Style {
    return {
      width: this.terminal.columns,
      ascii: this.#options.plots === "ascii",
      color: this.terminal.isTerminal && !Deno.noColor,
    };
  }
}
