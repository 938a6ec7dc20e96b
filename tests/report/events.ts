/**
 * Small `--ndjson` files.
 *
 * @module
 */

import { ndjsonEvent } from "../../lib/result/formats.ts";
import type { SampleFigures } from "../../lib/result/schema.ts";
import { COMPARE, RTT, STAMP, SWEEP, TPUT } from "./results.ts";

/** Bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** What the far clock adds to samples, none of which is lost but the third. */
const FAR = { reflector_us: 3, forward_us: 1020, backward_us: -960 };

/** A sample; the third is lost. */
export function sampleAt(sequence: number, far = {}): SampleFigures {
  const lost = sequence === 3;
  return {
    sequence,
    warmup: sequence === 0,
    intended_ms: sequence * 2,
    sent_ms: sequence * 2 + 0.01,
    send_call_us: 12.5,
    rtt_us: lost ? null : 50 + sequence,
    ...(lost ? {} : far),
  };
}

const STARTS = { measure: RTT, stream: TPUT, stamp: STAMP };

/** The events of a measurement: its start, a warm-up, four samples, its end. */
export function measurementEvents(kind: keyof typeof STARTS): string[] {
  const { probes: _, ...label } = STARTS[kind];
  const far = kind === "stamp" ? FAR : {};
  return [
    ndjsonEvent("start", label),
    ...[0, 1, 2, 3, 4].map((sequence) =>
      ndjsonEvent("sample", sampleAt(sequence, far))
    ),
    ndjsonEvent("end", STARTS[kind]),
  ];
}

/** The events of a sweep. */
export function sweepEvents(): string[] {
  return [
    ndjsonEvent("start", SWEEP),
    ...SWEEP.curves.flatMap(({ quantity, against, points }) =>
      points.map((point) =>
        ndjsonEvent("point", { quantity, against, ...point })
      )
    ),
    ndjsonEvent("end", SWEEP),
  ];
}

/** The events of a comparison. */
export function compareEvents(): string[] {
  return [
    ndjsonEvent("start", COMPARE),
    ...COMPARE.experiments.map((experiment) =>
      ndjsonEvent("experiment", experiment)
    ),
    ndjsonEvent("end", COMPARE),
  ];
}
