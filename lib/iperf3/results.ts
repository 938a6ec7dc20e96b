/**
 * The results that client and server exchange at the end of a test.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import {
  checked,
  ERROR_NUMBER,
  integerIn,
  Iperf3Error,
  numberIn,
} from "./messages.ts";
import { MAX_STREAMS } from "./parameters.ts";

/** What one side reports of one stream. */
export interface StreamResult {
  /** Its number. */
  id: number;
  /** Payload sent or received, without the start that was left out. */
  bytes: number;
  /** Segments sent again; -1 if unknown. */
  retransmits: number;
  /** The jitter seen by a receiver of datagrams, in seconds. */
  jitterSec: number;
  /** Lost datagrams by iperf3's arithmetic, since the start. */
  errors: number;
  /** Datagrams sent, or the highest number received, since the start. */
  packets: number;
  /** How many of the errors belong to the start that was left out. */
  omittedErrors: number;
  /** How many of the packets belong to the start that was left out. */
  omittedPackets: number;
  /** How long the side measured, in seconds; 0 if unknown. */
  seconds: number;
  /**
   * What a receiver of this project counts besides: different datagrams since the
   * start, late ones, and copies.
   */
  arrivals: { received: number; reordered: number; duplicate: number } | null;
}

/** Shares of one processor in percent. */
export interface ProcessorShares {
  /** User and system time together. */
  total: number;
  /** In the process itself. */
  user: number;
  /** In the system, on its behalf. */
  system: number;
}

/** What one side reports of a test. */
export interface TestResults {
  /** How much of a processor it used. */
  processor: ProcessorShares;
  /** Whether it counts retransmits; -1 as a receiver. */
  hasRetransmits: number;
  /** Its streams. */
  streams: StreamResult[];
  /** What the server printed, if it was asked for. */
  serverOutput: string | null;
}

/**
 * Writes results as iperf3 does, with keys of our own behind them.
 *
 * @param results The results.
 * @returns What to send as JSON.
 */
export function formatResults(results: TestResults): object {
  const { processor, serverOutput } = results;
  return {
    cpu_util_total: processor.total,
    cpu_util_user: processor.user,
    cpu_util_system: processor.system,
    sender_has_retransmits: results.hasRetransmits,
    streams: results.streams.map((stream) => ({
      id: stream.id,
      bytes: stream.bytes,
      retransmits: stream.retransmits,
      jitter: stream.jitterSec,
      errors: stream.errors,
      omitted_errors: stream.omittedErrors,
      packets: stream.packets,
      omitted_packets: stream.omittedPackets,
      start_time: 0,
      end_time: stream.seconds,
      ...stream.arrivals,
    })),
    ...(serverOutput !== null && { server_output_text: serverOutput }),
  };
}

const SIGNED = integerIn(-Number.MAX_SAFE_INTEGER);
const COUNT = integerIn(0);
const SECONDS = v.optional(numberIn(0, 1e6), 0);
const PERCENT = numberIn(0, 1e5);

const STREAM = v.pipe(
  v.object({
    id: COUNT,
    bytes: COUNT,
    retransmits: v.optional(SIGNED, -1),
    jitter: numberIn(0, 1e6),
    errors: SIGNED,
    packets: COUNT,
    omitted_errors: v.optional(SIGNED, 0),
    omitted_packets: v.optional(COUNT, 0),
    start_time: SECONDS,
    end_time: SECONDS,
    received: v.exactOptional(COUNT),
    reordered: v.optional(COUNT, 0),
    duplicate: v.optional(COUNT, 0),
  }),
  v.transform((said): StreamResult => ({
    id: said.id,
    bytes: said.bytes,
    retransmits: said.retransmits,
    jitterSec: said.jitter,
    errors: said.errors,
    packets: said.packets,
    omittedErrors: said.omitted_errors,
    omittedPackets: said.omitted_packets,
    seconds: Math.max(0, said.end_time - said.start_time),
    arrivals: said.received === undefined ? null : {
      received: said.received,
      reordered: said.reordered,
      duplicate: said.duplicate,
    },
  })),
);

/** The results on the wire, and what they mean. */
const RESULTS = v.pipe(
  v.object({
    cpu_util_total: PERCENT,
    cpu_util_user: PERCENT,
    cpu_util_system: PERCENT,
    sender_has_retransmits: SIGNED,
    streams: v.pipe(v.array(STREAM), v.maxLength(2 * MAX_STREAMS)),
    server_output_text: v.optional(v.string()),
  }),
  v.transform((said): TestResults => ({
    processor: {
      total: said.cpu_util_total,
      user: said.cpu_util_user,
      system: said.cpu_util_system,
    },
    hasRetransmits: said.sender_has_retransmits,
    streams: said.streams,
    serverOutput: said.server_output_text ?? null,
  })),
);

/**
 * Checks the results that a peer sent.
 *
 * @param value The value of its JSON.
 * @param ids The numbers of the streams.
 * @returns The results.
 * @throws {Iperf3Error} If a field is missing, has another type, or is out of
 * range, and for a stream that does not exist or appears twice.
 *
 * @example Usage
 * ```ts
 * import { parseResults } from "./results.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => parseResults({ streams: [] }, [1]), Error, "cpu_util_total");
 * ```
 */
export function parseResults(value: unknown, ids: number[]): TestResults {
  const number = ERROR_NUMBER.results;
  const results = checked(RESULTS, value, "results", number);
  const unseen = new Set(ids);
  for (const { id } of results.streams) {
    if (unseen.delete(id)) continue;
    throw new Iperf3Error(
      "malformed",
      `the peer's results are invalid: stream ${id} is unknown or repeated`,
      number,
    );
  }
  return results;
}
