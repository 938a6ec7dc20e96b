/**
 * The results that client and server exchange at the end of a test.
 *
 * @module
 */

import { CheckedObject } from "./json_checks.ts";
import { ERROR_NUMBER } from "./messages.ts";
import { MAX_STREAMS } from "./parameters.ts";

const MAX_COUNT = Number.MAX_SAFE_INTEGER;
const COUNT = { min: 0, max: MAX_COUNT };
const SIGNED = { min: -MAX_COUNT, max: MAX_COUNT };
const SECONDS = { min: 0, max: 1e6 };
const PERCENT = { min: 0, max: 1e5 };

/** What one side says of one stream. */
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
  /** How long the side measured, in seconds; 0 if it does not say. */
  seconds: number;
  /** What only this project's programs count; received since the start. */
  arrivals: { received: number; reordered: number; duplicate: number } | null;
}

/** Shares of one processor in percent. */
export interface ProcessorShares {
  /** Both of the others. */
  total: number;
  /** In the process itself. */
  user: number;
  /** In the system, on its behalf. */
  system: number;
}

/** What one side says of a test. */
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
  const given = new CheckedObject(value, "results", ERROR_NUMBER.results);
  const unseen = new Set(ids);
  return {
    processor: {
      total: given.number("cpu_util_total", PERCENT),
      user: given.number("cpu_util_user", PERCENT),
      system: given.number("cpu_util_system", PERCENT),
    },
    hasRetransmits: given.integer("sender_has_retransmits", SIGNED),
    streams: given.list("streams", 2 * MAX_STREAMS).map((stream) => {
      const id = stream.integer("id", COUNT);
      if (!unseen.delete(id)) {
        throw stream.invalid(`there is no stream ${id}, or it appears twice`);
      }
      const own = stream.having("received", "reordered", "duplicate");
      const start = stream.number("start_time", { ...SECONDS, missing: 0 });
      const end = stream.number("end_time", { ...SECONDS, missing: 0 });
      return {
        id,
        bytes: stream.integer("bytes", COUNT),
        retransmits: stream.integer("retransmits", { ...SIGNED, missing: -1 }),
        jitterSec: stream.number("jitter", { min: 0, max: 1e6 }),
        errors: stream.integer("errors", SIGNED),
        packets: stream.integer("packets", COUNT),
        omittedErrors: stream.integer(
          "omitted_errors",
          { ...SIGNED, missing: 0 },
        ),
        omittedPackets: stream.integer(
          "omitted_packets",
          { ...COUNT, missing: 0 },
        ),
        seconds: Math.max(0, end - start),
        arrivals: own.length < 3 ? null : {
          received: stream.integer("received", COUNT),
          reordered: stream.integer("reordered", COUNT),
          duplicate: stream.integer("duplicate", COUNT),
        },
      };
    }),
    serverOutput: given.text("server_output_text", 1024 * 1024),
  };
}
