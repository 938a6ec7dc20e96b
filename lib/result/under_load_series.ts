/**
 * The bins of a phase: the goodput and the outcome of the probes in each tenth of
 * a second.
 *
 * @module
 */

import { median } from "../stats/average.ts";
import type { PhaseRecord } from "./under_load_schema.ts";

/** The length of a bin, in milliseconds. */
const BIN_MS = 100;

/** A tenth of a second. */
export interface LoadBin {
  /** Its start, from the start of the run. */
  at_ms: number;
  /** Received, in bit/s; `null` without load. */
  down: number | null;
  /** Taken by the sockets of this side; `null` without load. */
  up: number | null;
  /** Probes sent. */
  sent: number;
  /** How many of those were lost. */
  lost: number;
  /** The median of their round-trip times; `null` without a reply. */
  rtt_us: number | null;
  /** The maximum of those; `null` without a reply. */
  max_us: number | null;
}

/**
 * Divides a phase into bins.
 *
 * @param record The phase.
 * @returns The bins in their order.
 */
export function loadBins(record: PhaseRecord): LoadBin[] {
  const { start_ms, end_ms, rates, probes } = record;
  const count = Math.ceil((end_ms - start_ms) / BIN_MS);
  const rtts = Array.from({ length: count }, (): (number | null)[] => []);
  probes.at_ms.forEach((ms, at) =>
    rtts[Math.floor((ms - start_ms) / BIN_MS)]?.push(probes.rtt_us[at] ?? null)
  );
  let rate = 0; // the one that covers the bin: after a pause it covers several
  return rtts.map((all, bin) => {
    const endMs = start_ms + (bin + 1) * BIN_MS;
    while (rates.at_ms[rate]! < endMs - BIN_MS / 2) rate += 1;
    const known = all.filter((us) => us !== null);
    return {
      at_ms: start_ms + bin * BIN_MS,
      down: rates.down[rate] ?? null,
      up: rates.up[rate] ?? null,
      sent: all.length,
      lost: all.length - known.length,
      rtt_us: median(known),
      max_us: known.length === 0 ? null : Math.max(...known),
    };
  });
}
