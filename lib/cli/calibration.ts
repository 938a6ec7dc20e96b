/**
 * The floor: what the instrument itself measures on loopback, with a server in
 * the same process. A path cannot be measured to be shorter.
 *
 * @module
 */

import type { StreamConnection } from "../net/stream_connection.ts";
import type { MeasurementType } from "../measure/messages.ts";
import { Histogram } from "../stats/histogram.ts";
import { periodic } from "../timing/schedule.ts";
import { measureSession } from "../measure/client.ts";
import { LocalServers } from "./local_servers.ts";
import type { Sample } from "../stats/sample.ts";
import { type StampOptions, StampSession } from "../stamp/session.ts";

/** How much to measure: a second at most. */
const DURATION_MS = 1000;
const MAX_PROBES = 1000;
const MAX_INTERVAL_MS = 50;
/** Enough for the compiler to have seen the hot path. */
const WARMUP = 200;

/**
 * The floor of the course protocol.
 *
 * @param listener Where the server of this process is to listen.
 * @param dial Connects to it.
 * @param options The probes' payload, and the time between them (50 ms at most).
 * @returns The median round-trip time in microseconds.
 */
export async function measureFloorUs(
  listener: Deno.TcpListener,
  dial: (target: Deno.NetAddr) => Promise<StreamConnection>,
  options: {
    type: MeasurementType;
    sizeBytes: number;
    intervalMs: number;
    signal: AbortSignal;
  },
): Promise<number | null> {
  const servers = new LocalServers();
  const server = servers.streams(listener);
  const { type, sizeBytes, signal } = options;
  const { intervalMs, count } = plan(options.intervalMs);
  try {
    return await medianUs(measureSession(
      () => dial(server),
      {
        setup: { type, probes: count + WARMUP, sizeBytes, delayMs: 0 },
        warmup: WARMUP,
        intervalMs,
        signal,
      },
    ));
  } finally {
    await servers.close();
  }
}

/**
 * The floor of STAMP.
 *
 * @param open Opens a socket on loopback, of which the first is the reflector's.
 * @param options What will be measured; as much of it as takes a second is, at
 * intervals of 50 ms at most.
 * @returns The median round-trip time in microseconds.
 */
export async function stampFloorUs(
  open: () => Deno.DatagramConn,
  options: StampOptions,
): Promise<number | null> {
  const servers = new LocalServers();
  const { key } = options.request;
  const reflector = servers.reflector(open(), { key });
  const { intervalMs, count } = plan(options.intervalMs);
  const session = new StampSession(open, reflector, {
    ...options,
    count,
    durationMs: Infinity,
    schedule: intervalMs === 0 ? null : periodic(intervalMs),
    intervalMs,
    warmup: WARMUP,
    timeoutMs: DURATION_MS,
  });
  try {
    return await medianUs(session.samples());
  } finally {
    await servers.close();
  }
}

/** As often as will be measured, since a processor that slept wakes slowly. */
function plan(askedMs: number): { intervalMs: number; count: number } {
  const intervalMs = Math.min(askedMs, MAX_INTERVAL_MS);
  const count = intervalMs === 0 ? MAX_PROBES : DURATION_MS / intervalMs;
  return { intervalMs, count: Math.ceil(Math.min(MAX_PROBES, count)) };
}

async function medianUs(
  samples: AsyncIterable<Sample>,
): Promise<number | null> {
  const histogram = new Histogram();
  for await (const { warmup, rttMs } of samples) {
    if (!warmup && rttMs !== null) histogram.record(rttMs * 1000);
  }
  return histogram.percentile(50);
}
