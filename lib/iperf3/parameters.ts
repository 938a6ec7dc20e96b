/**
 * The parameters of a test, which the client sends and the server checks.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import { checked, ERROR_NUMBER, integerIn, numberIn } from "./messages.ts";

/** The maximum number of streams of one direction. */
export const MAX_STREAMS = 128;
/** The longest test, in seconds. */
export const MAX_TIME_SEC = 86_400;
/** The longest start that is left out, in seconds. */
export const MAX_OMIT_SEC = 600;
/** The largest block of a TCP stream, in bytes. */
export const MAX_BLOCK_BYTES = 1024 * 1024;
/** The smallest datagram, in bytes: its header with a 64-bit counter. */
export const MIN_DATAGRAM_BYTES = 16;
/** The largest datagram, in bytes. */
export const MAX_DATAGRAM_BYTES = 65_507;
/** The maximum number of datagrams sent at once. */
export const MAX_BURST = 1000;
/** The highest rate of a stream, in bit/s. */
export const MAX_RATE = 1e13;
/** The block of a TCP test whose client names none, in bytes. */
const DEFAULT_BLOCK_BYTES = 128 * 1024;
/** The datagram of a UDP test whose client names none, in bytes. */
const DEFAULT_DATAGRAM_BYTES = 1460;
/** The longest token of a user, in characters. */
const MAX_TOKEN_LENGTH = 4096;

/** Which sides send: the client, the server, or both. */
export type Direction = "forward" | "reverse" | "both";

/** The parameters of a test. */
export interface TestParameters {
  /** The transport. */
  transport: "tcp" | "udp";
  /** Which sides send. */
  direction: Direction;
  /** Streams of each direction. */
  parallel: number;
  /** How long to measure, in seconds; 0 if something else ends the test. */
  timeSec: number;
  /** How long a start to leave out, in seconds. */
  omitSec: number;
  /** How many bytes to transfer; 0 for no limit. */
  bytes: number;
  /** How many blocks to transfer; 0 for no limit. */
  blocks: number;
  /** The length of a block or a datagram, in bytes. */
  blockBytes: number;
  /** The rate of each stream, in bit/s; 0 for no limit. */
  bitsPerSec: number;
  /** How many blocks to send at once where there is a rate; 1 is even. */
  burst: number;
  /** Whether datagrams carry counters of 64 bits. */
  counters64: boolean;
  /** Whether to turn Nagle's algorithm off. */
  noDelay: boolean;
  /** Whether the server sends what it prints. */
  serverOutput: boolean;
  /** Who the client is, encrypted. */
  authToken: string | null;
  /** What the client asks for and Deno cannot set. */
  ignored: string[];
}

/**
 * Counts the flows of a test, in both directions.
 *
 * @param test The parameters.
 * @returns How many.
 */
export function flowCount({ direction, parallel }: TestParameters): number {
  return direction === "both" ? 2 * parallel : parallel;
}

/**
 * Writes parameters as iperf3 does.
 *
 * @param test The parameters.
 * @returns What to send as JSON.
 */
export function formatParameters(test: TestParameters): object {
  return {
    [test.transport]: true,
    omit: test.omitSec,
    time: test.timeSec,
    num: test.bytes,
    blockcount: test.blocks,
    parallel: test.parallel,
    len: test.blockBytes,
    pacing_timer: 1000,
    client_version: "roundtrip",
    ...(test.direction === "reverse" && { reverse: true }),
    ...(test.direction === "both" && { bidirectional: true }),
    ...(test.bitsPerSec > 0 && { bandwidth: test.bitsPerSec }),
    ...(test.burst > 1 && { burst: test.burst }),
    ...(test.noDelay && { nodelay: true }),
    ...(test.serverOutput && { get_server_output: 1 }),
    ...(test.counters64 && { udp_counters_64bit: 1 }),
    ...(test.authToken !== null && { authtoken: test.authToken }),
  };
}

const FLAG = v.optional(
  v.pipe(
    v.union([v.boolean(), v.picklist([0, 1])]),
    v.transform((value) => value === true || value === 1),
  ),
  false,
);
const COUNT = v.optional(integerIn(0), 0);

/** What Deno cannot set, by its key. */
const UNAVAILABLE = [
  ...["window", "MSS", "congestion", "TOS", "flowlabel", "fqrate"],
  ...["dont_fragment", "zerocopy", "server_affinity", "mptcp", "gso"],
];

/** The parameters on the wire, and what they mean. */
const PARAMETERS = v.pipe(
  v.looseObject({
    tcp: FLAG,
    udp: FLAG,
    sctp: FLAG,
    reverse: FLAG,
    bidirectional: FLAG,
    parallel: v.optional(integerIn(1, MAX_STREAMS), 1),
    time: v.exactOptional(integerIn(0, MAX_TIME_SEC)),
    omit: v.optional(integerIn(0, MAX_OMIT_SEC), 0),
    num: COUNT,
    blockcount: COUNT,
    len: v.exactOptional(integerIn(1, MAX_BLOCK_BYTES)),
    bandwidth: v.optional(numberIn(0, MAX_RATE), 0),
    burst: v.optional(integerIn(0, MAX_BURST), 1),
    udp_counters_64bit: FLAG,
    nodelay: FLAG,
    get_server_output: FLAG,
    authtoken: v.optional(
      v.pipe(v.string(), v.maxLength(MAX_TOKEN_LENGTH)),
    ),
  }),
  v.check(
    ({ udp, len = MIN_DATAGRAM_BYTES }) =>
      !udp || len >= MIN_DATAGRAM_BYTES && len <= MAX_DATAGRAM_BYTES,
    `len is not from ${MIN_DATAGRAM_BYTES} to ${MAX_DATAGRAM_BYTES}`,
  ),
  v.check(({ sctp }) => !sctp, "SCTP is not available"),
  v.transform((given): TestParameters => ({
    transport: given.udp ? "udp" : "tcp",
    direction: given.bidirectional
      ? "both"
      : given.reverse
      ? "reverse"
      : "forward",
    parallel: given.parallel,
    timeSec: given.time ?? (given.num + given.blockcount > 0 ? 0 : 10),
    omitSec: given.omit,
    bytes: given.num,
    blocks: given.blockcount,
    blockBytes: given.len ??
      (given.udp ? DEFAULT_DATAGRAM_BYTES : DEFAULT_BLOCK_BYTES),
    bitsPerSec: given.bandwidth,
    burst: Math.max(1, given.burst),
    counters64: given.udp_counters_64bit,
    noDelay: given.nodelay,
    serverOutput: given.get_server_output,
    authToken: given.authtoken ?? null,
    ignored: UNAVAILABLE.filter((key) => given[key] !== undefined),
  })),
);

/**
 * Checks the parameters that a client sent.
 *
 * @param value The value of its JSON.
 * @returns The parameters.
 * @throws {Iperf3Error} If a field has another type or is out of range.
 *
 * @example Usage
 * ```ts
 * import { parseParameters } from "./parameters.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(parseParameters({ tcp: true, time: 5 }).timeSec, 5);
 * assertThrows(() => parseParameters({ parallel: 1e9 }), Error, "parallel");
 * ```
 */
export function parseParameters(value: unknown): TestParameters {
  return checked(PARAMETERS, value, "parameters", ERROR_NUMBER.parameters);
}
