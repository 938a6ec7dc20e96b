/**
 * A STAMP session on loopback, run to its end.
 *
 * @module
 */

import { AdmissionControl } from "../../lib/net/admission.ts";
import { ResultBuilder } from "../../lib/result/builder.ts";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import {
  type ReflectorOptions,
  StampReflector,
} from "../../lib/stamp/reflector.ts";
import { StampSession } from "../../lib/stamp/session.ts";
import type { StampOptions } from "../../lib/stamp/session_options.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import {
  datagramServer,
  openDatagrams,
  type RunningServer,
} from "../fixtures.ts";

/** When a probe is lost, in milliseconds: longer than a busy machine stalls. */
export const TIMEOUT_MS = 1000;

/** A reflector on loopback. */
export function reflector(options: ReflectorOptions = {}): RunningServer {
  return datagramServer(new StampReflector(options).answer, {
    admission: new AdmissionControl({
      limits: { maxDatagramsPerSec: 100_000 },
    }),
  });
}

/** A session that has ended. */
interface Run {
  result: MeasurementResult;
  samples: Sample[];
}

/** Measures to the end, by default one probe a millisecond without warm-up. */
export async function measure(
  target: { addr: Deno.NetAddr },
  options: Partial<StampOptions> = {},
  onSample: (sample: Sample) => void = () => {},
): Promise<Run> {
  const intervalMs = options.intervalMs ?? 1;
  const session = new StampSession(() => openDatagrams(), target.addr, {
    count: 100,
    intervalMs,
    warmup: 0,
    timeoutMs: TIMEOUT_MS,
    ...options,
  });
  const builder = new ResultBuilder({
    protocol: "stamp",
    mode: "rtt",
    target: "",
    sizeBytes: 44,
    intervalMs,
    skipped: session.skipped,
    replies: session.replyStats,
    options: { given: {}, used: {} },
  });
  const samples = [];
  for await (const sample of session.samples()) {
    builder.add(sample);
    samples.push(sample);
    onSample(sample);
  }
  return { result: builder.result(), samples };
}
