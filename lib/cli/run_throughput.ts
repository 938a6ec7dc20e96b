/**
 * One throughput test, for the runner.
 *
 * @module
 */

import type { Interval, Transfer } from "../iperf3/transfer.ts";
import { formatRate } from "../result/quantities.ts";
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

/** What is shown of a test while it runs. */
export interface ThroughputObserver {
  /**
   * Shows an interval.
   *
   * @param interval What happened in it.
   */
  onInterval(interval: Interval): void;
  /**
   * Shows the rate so far.
   *
   * @param transfer The test.
   */
  onTick(transfer: Transfer): void;
}

/**
 * Rejects thresholds on what a throughput test does not measure.
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
 * Shows a test in the form of its report while it runs.
 *
 * @param report The report.
 * @param target The target as `HOST:PORT`.
 * @param isUdp Whether datagrams are sent.
 * @returns What the test calls.
 */
export function observeThroughput(
  report: Report,
  target: string,
  isUdp: boolean,
): ThroughputObserver {
  let before = { ms: performance.now(), bytes: 0 };
  return {
    onInterval(interval) {
      const time = new Date();
      for (const one of directionIntervals(interval, isUdp)) {
        report.line(intervalLine(one));
        report.row(throughputCsvRow(one, target, time));
        report.event({ event: "interval", data: one });
      }
    },
    onTick({ flows }) {
      const bytes = flows.reduce((sum, flow) => sum + flow.bytes, 0);
      const ms = performance.now();
      const rate = (bytes - before.bytes) * 8000 / (ms - before.ms);
      report.progress(
        `${formatRate(Math.max(0, rate))}, ${
          (bytes / 1e6).toFixed(1)
        } MB so far`,
      );
      before = { ms, bytes };
    },
  };
}

/**
 * Prepares a test for the runner.
 *
 * @param title What is measured, in lines of text.
 * @param setup The test.
 * @param notes What a reader should know besides.
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
      done: Math.round(client.transfer.seconds * 10) / 10,
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
