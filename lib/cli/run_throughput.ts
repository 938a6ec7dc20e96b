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
import { THROUGHPUT_CSV_HEADER, throughputCsvRow } from "../result/formats.ts";
import { intervalLine } from "../result/throughput_sections.ts";
import { withContext } from "./context.ts";
import type { Report } from "./report.ts";
import type { Runnable } from "./run.ts";

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
