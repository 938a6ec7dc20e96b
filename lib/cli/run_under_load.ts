/**
 * A run under load, for the runner: its options, its probes and its progress.
 *
 * @module
 */

import { IPERF3_PORT } from "../iperf3/messages.ts";
import { formatAddress } from "../net/address.ts";
import type { ThroughputSockets } from "../iperf3/client.ts";
import { type ProbePlan, Prober } from "../under_load/prober.ts";
import { type LoadOptions, LoadRun } from "../under_load/run.ts";
import {
  formatCount,
  formatDuration,
  formatRate,
  parseRate,
} from "../result/quantities.ts";
import { runMetadata } from "../result/run_metadata.ts";
import type { Threshold } from "../result/thresholds.ts";
import {
  type LoadQuality,
  NO_QUALITY,
  underLoadResult,
} from "../result/under_load_builder.ts";
import {
  isLoad,
  LOAD_NAMES,
  type LoadName,
} from "../result/under_load_judge.ts";
import type { PhaseRecord } from "../result/under_load_schema.ts";
import { UNDER_LOAD_CSV_HEADER, underLoadCsvRows } from "../result/formats.ts";
import { median, sum } from "../stats/average.ts";
import type { Distribution } from "../stats/histogram.ts";
import { clientOptions, hostTargetOf } from "./client_options.ts";
import { withContext } from "./context.ts";
import { custom, duration, flag, integer, repeated, text } from "./option.ts";
import type { Runnable } from "./run.ts";
import { reportOptions } from "./run_measurement.ts";

/** A result has at most 20 phases. */
const MAX_LOADS = 9;

function parseLoads(text: string): LoadName[] {
  const names = text.split(",");
  if (names.every(isLoad) && names.length <= MAX_LOADS) return names;
  throw new SyntaxError(
    `a list of at most ${MAX_LOADS} of ${LOAD_NAMES.join(", ")}, not "${text}"`,
  );
}

function parseBitrate(text: string): number {
  const bitsPerSec = parseRate(text);
  if (bitsPerSec !== null && bitsPerSec > 0) return bitsPerSec;
  throw new SyntaxError(`a rate in bit/s such as 10M or 1G, not "${text}"`);
}

/** The options of a run under load. */
export const UNDER_LOAD_OPTIONS = {
  ...clientOptions(IPERF3_PORT),
  phases: custom(
    "LIST",
    parseLoads,
    "which loads, of download,upload,both (default all; quick without both)",
  ),
  quick: flag("17 s in all: shorter phases, and not both"),
  time: duration("how long each load takes (default 10s; 6s if quick)", {
    short: "t",
    min: 1000,
    max: 60_000,
  }),
  stable: flag("end a load when goodput and RTT are stable, or after 30 s"),
  parallel: integer("streams of each direction", {
    short: "P",
    max: 64,
    default: "4",
  }),
  ramp: flag("add a stream a second, up to 16, while the goodput grows by 5 %"),
  udp: custom(
    "RATE",
    parseBitrate,
    "load with datagrams at this rate, in bit/s each way",
    { short: "u" },
  ),
  interval: duration(
    "time between probes; longer where they would take over 1 %",
    { short: "i", max: 1000, default: "10ms" },
  ),
  reflector: text(
    "HOST:PORT",
    "STAMP or TWAMP-Light reflector, or its port (default 8620)",
  ),
  connect: text(
    "HOST:PORT",
    "where to set up connections as probes, or a port (default 10000)",
  ),
  also: repeated(
    "HOST:PORT",
    (text) => text,
    "also probe this host with connections, such as the gateway (port 80)",
  ),
  ...reportOptions("increase>50ms"),
};

/**
 * Parses where to probe: a port alone is one of the target.
 *
 * @param text The text; by default the target.
 * @param target The target's host.
 * @param port The port if the text has none.
 * @returns The address.
 */
export function probeTarget(
  text: string | undefined,
  target: string,
  port: number,
): { hostname: string; port: number } {
  if (text === undefined) return { hostname: target, port };
  return /^\d+$/.test(text)
    ? { hostname: target, port: Number(text) }
    : hostTargetOf(text, port);
}

/** What is known before a run. */
export interface UnderLoadSetup extends Omit<LoadOptions, "onBin" | "onPhase"> {
  /** The target as `HOST:PORT`. */
  target: string;
  /** Opens the connections of the load. */
  sockets: ThroughputSockets;
  /** The probes. */
  probes: ProbePlan;
  /** The options as they were given, and as they take effect. */
  options: { given: object; used: object };
  /** The thresholds to compare the result with. */
  thresholds: Threshold[];
}

/**
 * Prepares a run for the runner.
 *
 * @param setup What is known before.
 * @returns What the runner takes.
 */
export function runnableUnderLoad(setup: UnderLoadSetup): Runnable {
  const { target, plan, probes, udpBitsPerSec, parallel } = setup;
  const metadata = {
    ...runMetadata({ ...setup, mode: "under-load", started: new Date() }),
    protocol: "iperf3" as const,
    transport: udpBitsPerSec === null ? "tcp" as const : "udp" as const,
    probe: probes.stamp === null ? "connect" as const : "stamp" as const,
    also: probes.also.map((one) => formatAddress({ transport: "tcp", ...one })),
  };
  const series: PhaseRecord[] = [];
  const notes: string[] = [];
  let quality: LoadQuality = NO_QUALITY;
  let idleUs: number | null = null;
  const load = udpBitsPerSec === null
    ? `${formatCount(parallel, "stream")} of TCP`
    : `UDP at ${formatRate(udpBitsPerSec)}`;
  const totalMs = sum(plan.map(({ durationMs }) => durationMs));
  return {
    title: `latency under load to ${target}: ${load}, probes by ${
      metadata.probe === "stamp" ? "STAMP" : "connect"
    }, ${setup.stable ? "until stable" : `${totalMs / 1000} s`}`,
    metadata,
    csvHeader: UNDER_LOAD_CSV_HEADER,
    progress: () => ({
      done: series.length,
      total: plan.length,
      unit: "phase",
    }),
    note: (text) => notes.push(text),
    result: () =>
      underLoadResult(metadata, series, quality, setup.thresholds, notes),
    async measure(report) {
      await using prober = new Prober(probes);
      await withContext(
        "start the worker that probes (it needs --allow-read=lib)",
        () => prober.start(),
      );
      const epochMs = Date.now();
      const run = new LoadRun(setup.sockets, prober, {
        ...setup,
        onBin: (record, durationMs, rttUs) =>
          report.progress(liveLine(record, durationMs, rttUs, idleUs)),
        onPhase: (record) => {
          series.push(record);
          if (record.name === "idle") {
            idleUs = median(record.probes.rtt_us.filter((us) => us !== null));
          }
          report.event({ event: "phase", data: record });
          for (const { row, at_ms } of underLoadCsvRows(record)) {
            report.row(row, epochMs + at_ms);
          }
        },
      });
      try {
        await withContext(
          { action: "measure under load to", target },
          () => run.run(),
        );
      } finally {
        quality = {
          load_lag_us: summed(run.lag),
          probe_lag_us: summed(prober.lateness),
          maybe_dropped_here: prober.maybeDropped,
          processor_percent: run.processors,
        };
      }
    },
  };
}

function summed(lag: Distribution | null): LoadQuality["load_lag_us"] {
  return lag && { p50: lag.p50, p99: lag.p99, max: lag.max };
}

/** One line of the phase under way. */
function liveLine(
  { name, start_ms, end_ms, rates }: Readonly<PhaseRecord>,
  durationMs: number,
  rttUs: number | null,
  idleUs: number | null,
): string {
  const seconds = (ms: number) => Math.round(ms / 1000);
  return [
    `${name} ${seconds(end_ms - start_ms)}/${seconds(durationMs)} s`,
    `down ${formatRate(rates.down.at(-1) ?? null)}`,
    `up ${formatRate(rates.up.at(-1) ?? null)}`,
    `RTT ${rttUs === null ? "lost" : formatDuration(rttUs)}`,
    ...(rttUs === null || idleUs === null
      ? []
      : [`increase ${formatDuration(Math.max(0, rttUs - idleUs))}`]),
  ].join("  ");
}
