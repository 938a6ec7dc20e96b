/**
 * One throughput test, for the runner.
 *
 * @module
 */

import type { TestParameters } from "../iperf3/parameters.ts";
import type { TransferOptions } from "../iperf3/transfer.ts";
import {
  directionIntervals,
  throughputMetadata,
  throughputResult,
  type ThroughputSetup,
} from "../result/throughput_builder.ts";
import {
  intervalLine,
  THROUGHPUT_CSV_HEADER,
  throughputCsvRow,
} from "../result/throughput_sections.ts";
import type { Threshold } from "../result/thresholds.ts";
import { withContext } from "./context.ts";
import { UsageError } from "./options.ts";
import type { Report } from "./report.ts";
import type { Runnable } from "./run.ts";

/**
 * Rejects thresholds on figures that a throughput test does not measure.
 *
 * @param thresholds The thresholds.
 * @param isUdp Whether datagrams are sent.
 * @throws {UsageError} If one is about something else.
 */
export function checkThroughputThresholds(
  thresholds: Threshold[],
  isUdp: boolean,
): void {
  for (const { name, figures } of thresholds) {
    const figure = figures.find(({ group }) => group === "goodput");
    if (figure === undefined) {
      throw new UsageError(
        `--fail-if on ${name} needs another program; a throughput test has ` +
          "throughput, also as throughput.NAME with forward, reverse, sent, " +
          "p10 and p90, fairness, loss and jitter",
      );
    }
    if (/loss|jitter/.test(figure.key) && !isUdp) {
      throw new UsageError(`--fail-if on ${name} needs --udp`);
    }
  }
}

/**
 * Shows a running test in the form of its report.
 *
 * @param report The report.
 * @param parameters The test.
 * @returns The observer of the test.
 */
export function observeThroughput(
  report: Report,
  { transport, timeSec, omitSec }: TestParameters,
): Required<Pick<TransferOptions, "onInterval" | "onBin">> {
  const isUdp = transport === "udp";
  const totalSec = timeSec && timeSec + omitSec;
  return {
    onBin: report.liveRates(totalSec || Infinity),
    onInterval(interval) {
      for (const one of directionIntervals(interval, isUdp)) {
        report.line(intervalLine(one));
        report.row(throughputCsvRow(one));
        report.event({ event: "interval", data: one });
      }
    },
  };
}

/**
 * Prepares a test for the runner.
 *
 * @param title What is measured, in lines of text.
 * @param setup The test.
 * @param notes Further notes for the reader.
 * @returns What the runner takes.
 */
export function runnableThroughput(
  title: string,
  setup: ThroughputSetup,
  notes: string[] = [],
): Runnable {
  const { client, target } = setup;
  const { timeSec } = client.transfer.parameters;
  return {
    title,
    metadata: throughputMetadata(setup),
    csvHeader: THROUGHPUT_CSV_HEADER,
    progress: () => ({
      done: Math.ceil(client.transfer.seconds * 10) / 10,
      total: timeSec || Infinity,
      unit: "second",
    }),
    note: (text) => notes.push(text),
    result: () => throughputResult(setup, notes),
    measure: () =>
      withContext(
        { action: "measure the throughput to", target },
        () => client.run(),
      ),
  };
}
