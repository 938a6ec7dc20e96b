/**
 * What the experiments of a comparison found, as the figures of its result.
 *
 * @module
 */

import type { ExperimentFigures } from "../result/compare_schema.ts";
import { type Difference, median } from "../stats/bootstrap.ts";
import type { Histogram } from "../stats/histogram.ts";
import type { FirstByte } from "./first_byte.ts";
import type { LossFigures, LossFindings, LossOptions } from "./losses.ts";
import type { Boundaries } from "./message_boundaries.ts";
import type { NagleFindings } from "./nagle.ts";
import type { TransportFigures, TransportFindings } from "./transports.ts";

/** The maximum number of bins of a histogram. */
const BINS = 16;

/**
 * Computes the figures of connection set-up and the first byte.
 *
 * @param rounds What was measured over TCP and over UDP, by turns.
 * @returns The figures.
 */
export function firstByteFigures(
  rounds: [FirstByte, FirstByte][],
): ExperimentFigures<"first_byte"> {
  const side = (attempts: FirstByte[]) => {
    const firstUs = attempts.map(({ firstByteUs }) => firstByteUs)
      .filter((us) => us !== null);
    return {
      attempts: attempts.length,
      answered: firstUs.length,
      setup_p50_us: median(attempts.map(({ setupUs }) => setupUs)),
      first_byte_p50_us: median(firstUs),
      first_byte_max_us: firstUs.length === 0 ? null : Math.max(...firstUs),
    };
  };
  return {
    tcp: side(rounds.map(([tcp]) => tcp)),
    udp: side(rounds.map(([, udp]) => udp)),
  };
}

/**
 * Computes the figures of the round trip over TCP and UDP.
 *
 * @param findings What was measured.
 * @param floor The same on loopback; `null` if that is what was measured.
 * @param sizeBytes The length of each message.
 * @returns The figures.
 */
export function transportFigures(
  { tcp, udp, difference, rounds }: TransportFindings,
  floor: TransportFindings | null,
  sizeBytes: number,
): ExperimentFigures<"round_trip"> {
  const edges = tcp.rtt.binEdges(BINS, udp.rtt);
  const side = ({ sent, received, rtt }: TransportFigures) => (
    { sent, received, rtt_us: rtt.distribution() }
  );
  return {
    size_bytes: sizeBytes,
    tcp: side(tcp),
    udp: side(udp),
    difference_us: differenceFigures(difference),
    rounds,
    loopback_p50_us: floor && {
      tcp: floor.tcp.rtt.percentile(50),
      udp: floor.udp.rtt.percentile(50),
    },
    histogram: edges && {
      edges_us: edges,
      tcp: tcp.rtt.counts(edges),
      udp: udp.rtt.counts(edges),
    },
  };
}

/**
 * Computes the figures of a lost datagram and a late segment.
 *
 * @param findings What happened.
 * @param options What was sent, and lost of it.
 * @returns The figures.
 */
export function lossFigures(
  { faults, tcp, udp }: LossFindings,
  options: Pick<LossOptions, "holdMs" | "waitedMs">,
): ExperimentFigures<"head_of_line"> {
  const side = ({ rtt, ...figures }: LossFigures) => (
    { ...figures, rtt_us: rtt.distribution() }
  );
  return {
    dropped: faults,
    retransmit_ms: options.holdMs,
    waited_over_ms: options.waitedMs,
    tcp: side(tcp),
    udp: side(udp),
  };
}

/**
 * Computes the figures of message boundaries.
 *
 * @param tcp What was written to a stream and read from it.
 * @param udp What was sent and received as datagrams.
 * @returns The figures.
 */
export function boundaryFigures(
  tcp: Boundaries,
  udp: Boundaries,
): ExperimentFigures<"boundaries"> {
  const side = ({ sent, received }: Boundaries) => (
    { sent_bytes: sent, received_bytes: received }
  );
  return { tcp: side(tcp), udp: side(udp) };
}

/**
 * Computes the figures of Nagle's algorithm.
 *
 * @param findings What was measured.
 * @returns The figures.
 */
export function nagleFigures(
  { on, off, difference }: NagleFindings,
): ExperimentFigures<"nagle"> {
  const side = (rtt: Histogram) => (
    { count: rtt.count, rtt_us: rtt.distribution() }
  );
  return {
    on: side(on),
    off: side(off),
    difference_us: differenceFigures(difference),
  };
}

function differenceFigures(
  difference: Difference | null,
): ExperimentFigures<"nagle">["difference_us"] {
  if (difference === null) return null;
  const { confidencePercent, ...figures } = difference;
  return { ...figures, confidence_percent: confidencePercent };
}
