/**
 * Builds the result of a throughput test from the counts of both ends.
 *
 * @module
 */

import type { StreamPair, ThroughputClient } from "../iperf3/client.ts";
import type { StreamResult } from "../iperf3/results.ts";
import type { Interval } from "../iperf3/transfer.ts";
import { sum } from "../stats/average.ts";
import { applying } from "./notes.ts";
import { roundFigures } from "./quantities.ts";
import { runMetadata } from "./run_metadata.ts";
import type { Threshold } from "./thresholds.ts";
import type {
  DatagramFigures,
  ThroughputDirection,
  ThroughputInterval,
  ThroughputMetadata,
  ThroughputResult,
  ThroughputSummary,
  TransferredAmount,
} from "./throughput_schema.ts";

/** From this load on a processor is considered the limit, in percent. */
export const BUSY_PERCENT = 95;
/** Below this share of the requested rate, a test did not keep the rate. */
const KEPT_SHARE = 0.99;
/** The number of datagrams that a UDP socket of Deno queues. */
const QUEUED_DATAGRAMS = 256;

/** What is known of a test before it starts. */
export interface ThroughputSetup {
  /** The target as `HOST:PORT`. */
  target: string;
  /** When it started, by the wall clock. */
  started: Date;
  /** The client that runs the test. */
  client: ThroughputClient;
  /** The options as they were given, and as they take effect. */
  options: { given: object; used: object };
  /** The thresholds to compare the result with. */
  thresholds: Threshold[];
}

/** The metadata of a test, known at its start. */
export function throughputMetadata(setup: ThroughputSetup): ThroughputMetadata {
  return {
    ...runMetadata({ ...setup, mode: "throughput" }),
    protocol: "iperf3",
    transport: setup.client.transfer.parameters.transport,
  };
}

/**
 * Computes the result of what was measured so far.
 *
 * @param setup The test.
 * @param notes Further notes for the reader.
 * @returns The result.
 */
export function throughputResult(
  setup: ThroughputSetup,
  notes: string[] = [],
): ThroughputResult {
  const { client } = setup;
  const { transfer, results } = client;
  const directions = directionResults(client);
  const summary = worstFigures(directions);
  const limits = setup.thresholds.map(({ judge }) => judge({ summary }));
  const shares = {
    client: transfer.results().processor,
    server: results?.processor,
  };
  const isBusy = (share = 0) => share >= BUSY_PERCENT;
  const limit = isBusy(shares.client.total)
    ? "client"
    : isBusy(shares.server?.total)
    ? "server"
    : null;
  const output = results?.serverOutput ?? null;
  return roundFigures({
    ...throughputMetadata(setup),
    ended: "complete" as const,
    directions,
    summary,
    ...(limits.length > 0 && { limits }),
    processor_percent: {
      client: shares.client,
      server: shares.server ?? null,
      limit,
    },
    ...(output !== null && { server_output: output }),
    notes: [...notes, ...throughputNotes(client, directions, limit)],
  });
}

/**
 * Splits an interval by direction.
 *
 * @param interval The interval.
 * @param isUdp Whether there are datagrams.
 * @returns One for each direction in which data flows.
 */
export function directionIntervals(
  { startSec, endSec, omitted, flows }: Interval,
  isUdp: boolean,
): ThroughputInterval[] {
  const groups = Map.groupBy(
    flows,
    ({ isSender }): ThroughputDirection["direction"] =>
      isSender ? "forward" : "reverse",
  );
  return Array.from(groups, ([direction, own]) => {
    const add = (of: (flow: typeof own[number]) => number) => sum(own.map(of));
    const bytes = add((flow) => flow.bytes);
    const isReceiver = direction === "reverse";
    return roundFigures({
      direction,
      start_s: startSec,
      end_s: endSec,
      omitted,
      bytes,
      bits_per_second: rate(bytes, endSec - startSec),
      streams_bytes: own.map((flow) => flow.bytes),
      ...(isUdp && {
        datagrams: add(isReceiver ? (of) => of.received : (of) => of.packets),
      }),
      ...(isUdp && isReceiver && {
        lost: Math.max(0, add(({ packets, received }) => packets - received)),
        jitter_us: add((flow) => flow.jitterSec) * 1e6 / own.length,
      }),
    });
  });
}

/**
 * Computes the figures of a test from its intervals alone, which the client
 * counted. The counts of the server are not part of them.
 *
 * @internal
 */
export function recordedFigures(
  recorded: ThroughputInterval[],
): Pick<ThroughputResult, "directions" | "summary" | "processor_percent"> {
  const directions = [
    ...Map.groupBy(recorded, ({ direction }) => direction),
  ].map(([direction, parts]): ThroughputDirection => {
    const counted = parts.filter(({ omitted }) => !omitted);
    const here = amount({
      bytes: sum(counted.map(({ bytes }) => bytes)),
      seconds: Math.max(0, counted.at(-1)?.end_s ?? 0),
    });
    return {
      direction,
      sender: direction === "forward" ? here : null,
      receiver: direction === "forward" ? null : here,
      retransmits: null,
      jain_index: null,
      rate_of_100_ms: null,
      streams: [],
      intervals: parts.map(({ direction: _, ...part }) => part),
    };
  });
  return {
    directions,
    summary: worstFigures(directions),
    processor_percent: { client: null, server: null, limit: null },
  };
}

/** The figures of the direction that is worse in each of them. */
function worstFigures(directions: ThroughputDirection[]): ThroughputSummary {
  const worst = (
    choose: (...values: number[]) => number,
    read: (of: ThroughputDirection) => number | null | undefined,
  ) => {
    const values = directions.map((of) => read(of) ?? null);
    const known = values.filter((value) => value !== null);
    const isKnown = known.length > 0 && known.length === values.length;
    return isKnown ? choose(...known) : null;
  };
  const goodput = ({ receiver }: ThroughputDirection) =>
    receiver?.bits_per_second ?? null;
  const slots = (key: "p10_bits_per_second" | "p90_bits_per_second") =>
    worst(Math.min, ({ rate_of_100_ms }) => rate_of_100_ms?.[key]);
  const isUdp = directions.some(({ datagrams }) => datagrams !== undefined);
  return {
    goodput_bits_per_second: worst(Math.min, goodput),
    ...Object.fromEntries(
      directions.map((of) => [`${of.direction}_bits_per_second`, goodput(of)]),
    ),
    sent_bits_per_second: worst(Math.min, (of) => of.sender?.bits_per_second),
    p10_bits_per_second: slots("p10_bits_per_second"),
    p90_bits_per_second: slots("p90_bits_per_second"),
    jain_index: worst(Math.min, (of) => of.jain_index),
    ...(isUdp && {
      lost_percent: worst(Math.max, (of) => of.datagrams?.lost_percent),
      jitter_us: worst(Math.max, (of) => of.datagrams?.jitter_us),
    }),
  };
}

function directionResults(client: ThroughputClient): ThroughputDirection[] {
  const { transfer } = client;
  const isUdp = transfer.parameters.transport === "udp";
  const groups = Map.groupBy(client.streams, ({ direction }) => direction);
  return Array.from(groups, ([direction, pairs]) => {
    const isSender = direction === "forward";
    const streams = pairs.map(({ id, sender, receiver }) => ({
      id,
      sender: sender && amount(sender, transfer.seconds),
      receiver: receiver && amount(receiver, transfer.seconds),
      ...(isUdp && { datagrams: streamDatagrams(sender, receiver) }),
    }));
    const bins = transfer.bins[isSender ? "sent" : "received"];
    const goodput = pairs.map(({ receiver, sender }) =>
      (receiver ?? sender)?.bytes ?? 0
    );
    const again = pairs.map(({ sender }) => sender?.retransmits ?? -1);
    return {
      direction,
      sender: total(streams.map(({ sender }) => sender)),
      receiver: total(streams.map(({ receiver }) => receiver)),
      retransmits: !isSender && !isUdp && again.every((count) => count >= 0)
        ? sum(again)
        : null,
      ...(isUdp && {
        datagrams: allDatagrams(streams.map(({ datagrams }) => datagrams!)),
      }),
      jain_index: jainIndex(goodput),
      rate_of_100_ms: bins.count === 0 ? null : {
        count: bins.count,
        p10_bits_per_second: bins.percentile(10)! * 1000,
        p50_bits_per_second: bins.percentile(50)! * 1000,
        p90_bits_per_second: bins.percentile(90)! * 1000,
      },
      streams,
      intervals: client.intervals.flatMap((interval) =>
        directionIntervals(interval, isUdp)
          .filter((one) => one.direction === direction)
          .map(({ direction: _, ...rest }) => rest)
      ),
    };
  });
}

/**
 * The losses of a stream: by the receiver's window, or by its arithmetic. Each
 * side omits the start by its own clock, so the counts since the first datagram
 * are compared, and the losses during the start are subtracted.
 */
function streamDatagrams(
  sender: StreamPair["sender"],
  receiver: StreamPair["receiver"],
): DatagramFigures {
  const { arrivals = null } = receiver ?? {};
  const packets = Math.max(sender?.packets ?? 0, receiver?.packets ?? 0);
  const omitted = sender?.omittedPackets || receiver?.omittedPackets || 0;
  const sent = packets - omitted;
  const { lost, lost_percent } = loss(
    receiver &&
      (arrivals === null
          ? receiver.errors + packets - receiver.packets
          : packets - arrivals.received) - receiver.omittedErrors,
    sent,
  );
  return {
    sent,
    received: arrivals && sent - lost!,
    lost,
    lost_percent,
    reordered: arrivals?.reordered ?? null,
    duplicate: arrivals?.duplicate ?? null,
    jitter_us: receiver && receiver.jitterSec * 1e6,
  };
}

function loss(
  lost: number | null,
  sent: number,
): Pick<DatagramFigures, "lost" | "lost_percent"> {
  if (lost === null) return { lost: null, lost_percent: null };
  const count = Math.min(Math.max(0, lost), sent);
  return { lost: count, lost_percent: sent === 0 ? null : 100 * count / sent };
}

function allDatagrams(streams: DatagramFigures[]): DatagramFigures {
  const add = (key: keyof DatagramFigures) => {
    const values = streams.map((stream) => stream[key]);
    return values.every((value) => value !== null) ? sum(values) : null;
  };
  const sent = add("sent");
  const received = add("received");
  const jitter = add("jitter_us");
  return {
    sent,
    received,
    ...loss(add("lost"), sent ?? (received ?? 0) + (add("lost") ?? 0)),
    reordered: add("reordered"),
    duplicate: add("duplicate"),
    jitter_us: jitter === null ? null : jitter / streams.length,
  };
}

/** The counts of one side; iperf3 3.1 does not report the duration. */
function amount(
  { bytes, seconds: said }: Pick<StreamResult, "bytes" | "seconds">,
  otherwise = 0,
): TransferredAmount {
  const seconds = said || otherwise;
  return { bytes, seconds, bits_per_second: rate(bytes, seconds) };
}

function total(
  amounts: (TransferredAmount | null)[],
): TransferredAmount | null {
  let bytes = 0;
  let seconds = 0;
  for (const one of amounts) {
    if (one === null) return null;
    bytes += one.bytes;
    seconds = Math.max(seconds, one.seconds);
  }
  return amount({ bytes, seconds });
}

function rate(bytes: number, seconds: number): number | null {
  return seconds > 0 ? Math.round(bytes * 8 / seconds) : null;
}

/** Jain's fairness index: (sum x)^2 / (n * sum x^2); `null` if all are 0. */
function jainIndex(values: number[]): number | null {
  const squares = sum(values.map((value) => value * value));
  return squares === 0 ? null : sum(values) ** 2 / (values.length * squares);
}

function throughputNotes(
  { transfer, results }: ThroughputClient,
  directions: ThroughputDirection[],
  limit: ThroughputResult["processor_percent"]["limit"],
): string[] {
  const { bitsPerSec, parallel } = transfer.parameters;
  const kept = bitsPerSec * parallel * KEPT_SHARE;
  return applying([
    [
      limit !== null,
      `the ${limit}'s processor was busy all the time: it was the limit, and ` +
      "perhaps not the path",
    ],
    [
      directions.some(({ sender }) =>
        (sender?.bits_per_second ?? Infinity) < kept
      ),
      "the sender did not reach the requested rate" +
      (limit === null ? ": the path or a processor is slower" : ""),
    ],
    [
      directions.some(({ direction, datagrams }) =>
        direction === "reverse" && datagrams?.lost
      ),
      `this side's socket queues ${QUEUED_DATAGRAMS} datagrams: at high rates ` +
      "it may have caused part of the losses",
    ],
    [
      results === null && transfer.seconds > 0,
      "the server gave no results: what it received or sent is unknown",
    ],
  ]);
}
