/**
 * Phases of a path that is 5 ms long each way, recorded by two clocks of which
 * the far one gains 50 ppm: a probe every 10 ms, a bin every 100 ms.
 *
 * @module
 */

import { runMetadata } from "../../lib/result/run_metadata.ts";
import { underLoadResult } from "../../lib/result/under_load_builder.ts";
import type {
  PhaseRecord,
  UnderLoadMetadata,
  UnderLoadResult,
} from "../../lib/result/under_load_schema.ts";

const DRIFT = 50e-6;

/** What a phase adds to the path, in milliseconds from its start. */
export interface Added {
  up?: (ms: number) => number;
  down?: (ms: number) => number;
  lost?: (probe: number) => boolean;
  mbits?: { up?: number; down?: number };
}

/** Records a phase. */
export function phase(
  name: PhaseRecord["name"],
  startMs: number,
  durationMs: number,
  { up = () => 0, down = () => 0, lost = () => false, mbits = {} }: Added = {},
): PhaseRecord {
  const times = (everyMs: number) =>
    Array.from({ length: durationMs / everyMs }, (_, at) => at * everyMs);
  const sent = times(10);
  const isLost = sent.map((_, at) => lost(at));
  const known = (us: (ms: number) => number) =>
    sent.map((ms, at) => isLost[at] ? null : us(ms));
  const there = (ms: number) => 5000 + 1000 * up(ms);
  const rtt = (ms: number) => there(ms) + 5000 + 1000 * down(ms);
  const clock = (us: number) => DRIFT * us;
  const wall = (ms: number) => (startMs + ms) * 1000;
  const rate = (value = 0) =>
    mbits.up || mbits.down ? times(100).map(() => value * 1e6) : [];
  const count = isLost.filter(Boolean).length;
  return {
    name,
    streams: 4,
    start_ms: startMs,
    end_ms: startMs + durationMs,
    rates: {
      at_ms: rate().map((_, at) => startMs + (at + 1) * 100),
      down: rate(mbits.down),
      up: rate(mbits.up),
    },
    delivered_bits_per_second: mbits.up ? mbits.up * 1e6 : null,
    probes: {
      at_ms: sent.map((ms) => startMs + ms),
      rtt_us: known(rtt),
      up_us: known((ms) => there(ms) + clock(wall(ms))),
      down_us: known((ms) =>
        5000 + 1000 * down(ms) - clock(wall(ms) + rtt(ms))
      ),
    },
    counts: {
      sent: sent.length,
      lost: count,
      lost_up: count,
      lost_down: 0,
      late: 0,
      reordered: 0,
      duplicate: 0,
      not_sent: 0,
    },
    connects: { at_ms: [startMs + durationMs / 2], rtt_us: [20_000] },
    also: [],
  };
}

/** A download that adds 20 ms, an upload that adds 200, and both at once. */
export function phases(): PhaseRecord[] {
  return [
    phase("idle", 0, 5000),
    phase("download", 5000, 10_000, {
      down: () => 20,
      mbits: { down: 20 },
    }),
    phase("rest", 15_000, 3000, { down: (ms) => ms < 400 ? 20 : 0 }),
    phase("upload", 18_000, 10_000, { up: () => 200, mbits: { up: 5 } }),
    phase("rest", 28_000, 3000, { up: (ms) => Math.max(0, 200 - ms / 5) }),
    phase("both", 31_000, 10_000, {
      up: () => 200,
      down: () => 20,
      mbits: { up: 5, down: 20 },
    }),
    phase("cooldown", 41_000, 3000),
  ];
}

/** What a run says of itself. */
export const METADATA: UnderLoadMetadata = {
  ...runMetadata({
    mode: "under-load",
    target: "192.0.2.1:5201",
    started: new Date("2026-01-02T03:04:05Z"),
    options: { given: {}, used: { parallel: 4 } },
  }),
  protocol: "iperf3",
  transport: "tcp",
  probe: "stamp",
  also: [],
};

/** The result of {@linkcode phases}, or of others. */
export function result(series: PhaseRecord[] = phases()): UnderLoadResult {
  return underLoadResult(METADATA, series);
}
