/**
 * The floor of the measure protocol: its round-trip time on loopback.
 *
 * @module
 */

import { serveStreams } from "../net/serve_streams.ts";
import type { StreamConnection } from "../net/stream_connection.ts";
import {
  CALIBRATION_WARMUP,
  calibrationPlan,
  rttDistribution,
} from "../stats/calibration.ts";
import type { Distribution } from "../stats/histogram.ts";
import { measureSession } from "./client.ts";
import type { MeasurementType } from "./messages.ts";
import { measureStreams } from "./server.ts";

/**
 * Measures the floor, with a server in this process.
 *
 * @param listener Where the server listens; it is closed at the end.
 * @param dial Connects to it.
 * @param options The size and the interval of the measurement to come.
 * @returns The round-trip times in microseconds; `null` if it was aborted before
 * the first.
 */
export async function measureFloor(
  listener: Deno.TcpListener,
  dial: (target: Deno.NetAddr) => Promise<StreamConnection>,
  options: {
    type: MeasurementType;
    sizeBytes: number;
    intervalMs: number;
    signal: AbortSignal;
  },
): Promise<Distribution | null> {
  const { type, sizeBytes, signal } = options;
  const { intervalMs, count } = calibrationPlan(options.intervalMs);
  const stop = new AbortController();
  const { addr } = listener;
  const served = serveStreams(listener, measureStreams(), {
    signal: stop.signal,
  });
  try {
    return await rttDistribution(measureSession(() => dial(addr), {
      setup: {
        type,
        probes: count + CALIBRATION_WARMUP,
        sizeBytes,
        delayMs: 0,
      },
      warmup: CALIBRATION_WARMUP,
      intervalMs,
      signal,
    }));
  } finally {
    stop.abort();
    await served;
  }
}
