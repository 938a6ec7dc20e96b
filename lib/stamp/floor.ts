/**
 * The floor of STAMP: its round-trip time on loopback.
 *
 * @module
 */

import { AdmissionControl } from "../net/admission.ts";
import { serveDatagrams } from "../net/serve_datagrams.ts";
import {
  CALIBRATION_MS,
  CALIBRATION_WARMUP,
  calibrationPlan,
  rttDistribution,
} from "../stats/calibration.ts";
import type { Distribution } from "../stats/histogram.ts";
import { StampReflector } from "./reflector.ts";
import { StampSession } from "./session.ts";
import { completeStampOptions, type StampOptions } from "./session_options.ts";

/** No reply is held back by the rate limit. */
const MAX_RATE_PER_SEC = 2 ** 20;

/**
 * Measures the floor, with a reflector in this process.
 *
 * @param open Opens a socket on loopback; the first is the reflector's.
 * @param given The measurement to come.
 * @returns The round-trip times in microseconds; `null` if it was aborted before
 * the first.
 */
export async function stampFloor(
  open: () => Deno.DatagramConn,
  given: StampOptions,
): Promise<Distribution | null> {
  const { request, intervalMs, relaxed, signal } = completeStampOptions(given);
  const stop = new AbortController();
  const socket = open();
  const { answer } = new StampReflector({ key: request.key });
  const served = serveDatagrams(socket, answer, {
    admission: new AdmissionControl({
      limits: { maxDatagramsPerSec: MAX_RATE_PER_SEC },
    }),
    signal: stop.signal,
  });
  const session = new StampSession(open, socket.addr as Deno.NetAddr, {
    ...calibrationPlan(intervalMs),
    request,
    relaxed,
    ...(signal && { signal }),
    warmup: CALIBRATION_WARMUP,
    timeoutMs: CALIBRATION_MS,
  });
  try {
    return await rttDistribution(session.samples());
  } finally {
    stop.abort();
    await served;
  }
}
