/**
 * The object that `iperf3 -J` prints, from a test of our client.
 *
 * It has the keys of iperf3 3.12 where a sender's retransmits, window and round
 * trip are unknown, as they are here. Sizes of socket buffers and of segments are
 * unknown as well; iperf3 has no way to say so, and they are 0.
 *
 * @module
 */

import { sum } from "../stats/average.ts";
import type { StreamPair, ThroughputClient } from "./client.ts";
import type { Interval } from "./transfer.ts";

/** What the object says besides. */
export interface Iperf3JsonOptions {
  /** The name of the program and its version. */
  version: string;
  /** The target. */
  target: { hostname: string; port: number };
  /** When the test started, by the wall clock. */
  started: Date;
  /** The length of an interval, in seconds. */
  intervalSec: number;
}

/** Bytes in a time, as every part of the object has them. */
function span(startSec: number, endSec: number, bytes: number) {
  const seconds = endSec - startSec;
  return {
    start: startSec,
    end: endSec,
    seconds,
    bytes,
    bits_per_second: seconds > 0 ? bytes * 8 / seconds : 0,
  };
}

/** Loss by iperf3's arithmetic, in which a copy makes a loss undone. */
function losses(errors: number, packets: number, jitterSec: number) {
  return {
    jitter_ms: jitterSec * 1000,
    lost_packets: errors,
    packets,
    lost_percent: packets > 0 ? 100 * errors / packets : 0,
  };
}

/**
 * Makes the object.
 *
 * @param client The test, at its end.
 * @param options What it says besides.
 * @param error Why the test failed, if it did.
 * @returns The object.
 */
export function iperf3Json(
  client: ThroughputClient,
  options: Iperf3JsonOptions,
  error: string | null = null,
): object {
  const { transfer, results } = client;
  const { parameters: test, flows } = transfer;
  const isUdp = test.transport === "udp";
  const local = transfer.results();
  const ends = client.streams.map((pair) => endOf(pair, isUdp));
  const first = ends.filter(({ pair }) =>
    pair.direction === ends[0]!.pair.direction
  );
  const second = ends.filter((end) => !first.includes(end));
  const shares = (side: string, of: typeof local.processor) => ({
    [`${side}_total`]: of.total,
    [`${side}_user`]: of.user,
    [`${side}_system`]: of.system,
  });
  const none = { total: 0, user: 0, system: 0 };
  return {
    start: {
      connected: flows.map(({ id, socket: { localAddr, remoteAddr } }) => ({
        socket: id,
        local_host: localAddr.hostname,
        local_port: localAddr.port,
        remote_host: remoteAddr.hostname,
        remote_port: remoteAddr.port,
      })),
      version: options.version,
      system_info: `${Deno.build.os} ${Deno.build.arch}`,
      timestamp: {
        time: options.started.toUTCString(),
        timesecs: Math.floor(options.started.getTime() / 1000),
      },
      connecting_to: {
        host: options.target.hostname,
        port: options.target.port,
      },
      cookie: client.cookie,
      ...(!isUdp && { tcp_mss_default: 0 }),
      target_bitrate: test.bitsPerSec,
      sock_bufsize: 0,
      sndbuf_actual: 0,
      rcvbuf_actual: 0,
      test_start: {
        protocol: test.transport.toUpperCase(),
        num_streams: test.parallel,
        blksize: test.blockBytes,
        omit: test.omitSec,
        duration: test.timeSec,
        bytes: test.bytes,
        blocks: test.blocks,
        reverse: test.direction === "reverse" ? 1 : 0,
        tos: 0,
        target_bitrate: test.bitsPerSec,
      },
    },
    intervals: client.intervals.map((interval) =>
      intervalJson(interval, isUdp)
    ),
    end: ends.length === 0 ? {} : {
      streams: ends.map(({ stream }) => stream),
      ...sums(first, "", isUdp),
      ...(second.length > 0 && sums(second, "_bidir_reverse", isUdp)),
      cpu_utilization_percent: {
        ...shares("host", local.processor),
        ...shares("remote", results?.processor ?? none),
      },
    },
    ...(results?.serverOutput && {
      server_output_text: results.serverOutput,
    }),
    ...(error !== null && { error: `error - ${error}` }),
  };
}

function intervalJson({ flows, ...interval }: Interval, isUdp: boolean) {
  const { startSec, endSec, omitted } = interval;
  const part = (bytes: number, isSender: boolean) => ({
    ...span(startSec, endSec, bytes),
    omitted,
    sender: isSender,
  });
  type Figures = Pick<typeof flows[number], "packets" | "errors" | "jitterSec">;
  const figures = (
    { packets, errors, jitterSec }: Figures,
    isSender: boolean,
  ) =>
    !isUdp ? {} : isSender ? { packets } : losses(errors, packets, jitterSec);
  const total = (isSender: boolean) => {
    const own = flows.filter((flow) => flow.isSender === isSender);
    const add = (key: "bytes" | keyof Figures) =>
      sum(own.map((flow) => flow[key]));
    return {
      ...part(add("bytes"), isSender),
      ...figures({
        packets: add("packets"),
        errors: add("errors"),
        jitterSec: add("jitterSec") / own.length,
      }, isSender),
    };
  };
  const [first] = flows;
  const isBoth = flows.some(({ isSender }) => isSender !== first?.isSender);
  return {
    streams: flows.map((flow) => ({
      socket: flow.id,
      ...part(flow.bytes, flow.isSender),
      ...figures(flow, flow.isSender),
    })),
    ...(first && { sum: total(first.isSender) }),
    ...(isBoth && { sum_bidir_reverse: total(!first!.isSender) }),
  };
}

/** What both sides say of a stream, in iperf3's figures. */
function endOf(pair: StreamPair, isUdp: boolean) {
  const { id, sender, receiver } = pair;
  const isSender = pair.direction === "forward";
  const here = (isSender ? sender : receiver)!;
  const figures = {
    sentBytes: sender?.bytes ?? 0,
    receivedBytes: receiver?.bytes ?? 0,
    errors: receiver ? receiver.errors - receiver.omittedErrors : 0,
    packets: here.packets - here.omittedPackets,
    jitterSec: receiver?.jitterSec ?? 0,
    seconds: here.seconds,
  };
  const { sentBytes, receivedBytes, errors, packets, jitterSec } = figures;
  const { seconds } = figures;
  const { reordered = 0, duplicate = 0 } = (!isSender && here.arrivals) || {};
  const theirs = (isSender ? receiver : sender)?.seconds || seconds;
  const stream = isUdp
    ? {
      udp: {
        socket: id,
        ...span(0, seconds, sentBytes),
        ...losses(errors, packets, jitterSec),
        out_of_order: reordered + duplicate,
        sender: isSender,
      },
    }
    : {
      sender: { socket: id, ...span(0, seconds, sentBytes), sender: isSender },
      receiver: {
        socket: id,
        ...span(0, theirs, receivedBytes),
        sender: isSender,
      },
    };
  return { pair, stream, ...figures };
}

type End = ReturnType<typeof endOf>;

/** The sums of one direction. */
function sums(ends: End[], suffix: string, isUdp: boolean): object {
  const add = (
    key: Exclude<keyof End, "pair" | "stream">,
  ) => sum(ends.map((end) => end[key]));
  const seconds = Math.max(...ends.map((end) => end.seconds));
  const total = (bytes: number, errors: number) => ({
    ...span(0, seconds, bytes),
    ...(isUdp &&
      losses(errors, add("packets"), add("jitterSec") / ends.length)),
    sender: ends[0]!.pair.direction === "forward",
  });
  return {
    ...(isUdp && { [`sum${suffix}`]: total(add("sentBytes"), add("errors")) }),
    [`sum_sent${suffix}`]: total(add("sentBytes"), 0),
    [`sum_received${suffix}`]: total(add("receivedBytes"), add("errors")),
  };
}
