/**
 * Builds a result from the records of a run under load.
 *
 * @module
 */

import { mean, sum } from "../stats/average.ts";
import { analyse } from "./under_load_analysis.ts";
import { applying } from "./notes.ts";
import { formatDuration, roundFigures } from "./quantities.ts";
import { BUSY_PERCENT } from "./throughput_builder.ts";
import type { Threshold } from "./thresholds.ts";
import type {
  PhaseRecord,
  UnderLoadMetadata,
  UnderLoadResult,
} from "./under_load_schema.ts";

/** From this lateness of probes on there is a note, in microseconds. */
const LATE_US = 10_000;

/** From this lateness of timers beside the load on, too. */
const BUSY_US = 100_000;

/** With late timers, this share of a processor is all that there was. */
const STARVED_PERCENT = 40;
/** Below this share of the rate asked for, a sender did not keep it. */
const KEPT_SHARE = 0.9;

/** The quality of the instrument. */
export type LoadQuality = Omit<UnderLoadResult["instrument"], "limit">;

/** The quality of the instrument if it is unknown. */
export const NO_QUALITY: LoadQuality = {
  load_lag_us: null,
  probe_lag_us: null,
  maybe_dropped_here: 0,
  processor_percent: { client: null, server: null },
};

/**
 * Computes the result of what was recorded so far.
 *
 * @param metadata The metadata of the run.
 * @param series The phases so far.
 * @param quality The quality of the instrument.
 * @param thresholds The thresholds to compare the result with.
 * @param notes Further notes for the reader.
 * @returns The result.
 */
export function underLoadResult(
  metadata: UnderLoadMetadata,
  series: PhaseRecord[],
  quality: LoadQuality = NO_QUALITY,
  thresholds: Threshold[] = [],
  notes: string[] = [],
): UnderLoadResult {
  const { phases, summary } = analyse(series, metadata.transport === "udp");
  const limits = thresholds.map(({ judge }) => judge({ load: summary }));
  const limit = processorLimit(metadata, series, quality);
  const late = quality.probe_lag_us?.p99 ?? 0;
  const skipped = sum(phases.map(({ counts }) => counts.not_sent));
  const own = applying([
    [
      limit !== null,
      `the ${limit}'s processor was the limit, and perhaps not the path; ` +
      "delays may be its own",
    ],
    [
      late > LATE_US,
      `probes were sent up to ${formatDuration(late)} late (p99): this ` +
      "machine was busy, and replies may have been read as late",
    ],
    [
      (quality.load_lag_us?.p99 ?? 0) > BUSY_US,
      `timers beside the load were ${
        formatDuration(quality.load_lag_us?.p99 ?? 0)
      } late (p99): this machine was busy, and goodput may be limited by it`,
    ],
    [
      metadata.probe === "connect",
      "no STAMP reflector answered: the RTT is that of TCP connection set-ups, " +
      "to which each lost packet adds a second",
    ],
    [
      skipped > 0,
      `${skipped} probes were not sent: this program did not run at their time`,
    ],
    [
      quality.maybe_dropped_here > 0,
      `up to ${quality.maybe_dropped_here} replies may have been dropped by ` +
      "this program",
    ],
  ]);
  return roundFigures({
    ...metadata,
    ended: "complete" as const,
    phases,
    load: summary,
    ...(limits.length > 0 && { limits }),
    instrument: { ...quality, limit },
    series,
    notes: [...notes, ...own],
  });
}

/**
 * Which side was the limit. Datagrams are paced by a busy loop: there it is the
 * client if it did not keep the rate.
 */
function processorLimit(
  { transport, options }: UnderLoadMetadata,
  series: PhaseRecord[],
  { load_lag_us, processor_percent: { client, server } }: LoadQuality,
): UnderLoadResult["instrument"]["limit"] {
  if (transport === "udp") {
    const asked = Number(options.used["udp_bits_per_second"]);
    const isSlow = series.some(({ rates: { up } }) => {
      const rate = mean(up) ?? 0;
      return rate > 0 && rate < KEPT_SHARE * asked;
    });
    return isSlow ? "client" : null;
  }
  const isStarved = (client ?? 0) >= STARVED_PERCENT &&
    (load_lag_us?.p99 ?? 0) >= BUSY_US;
  if (isStarved || (client ?? 0) >= BUSY_PERCENT) return "client";
  return (server ?? 0) >= BUSY_PERCENT ? "server" : null;
}
