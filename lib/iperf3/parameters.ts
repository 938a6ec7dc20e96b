/**
 * The parameters of a test, which the client sends and the server checks.
 *
 * @module
 */

import { CheckedObject } from "./json_checks.ts";
import { ERROR_NUMBER, Iperf3Error } from "./messages.ts";

/** The most streams of one direction. */
export const MAX_STREAMS = 128;
/** The longest test and the longest start left out, in seconds. */
export const MAX_TIME_SEC = 86_400;
/** The longest start that is left out, in seconds. */
export const MAX_OMIT_SEC = 600;
/** The largest block of a TCP stream, in bytes. */
export const MAX_BLOCK_BYTES = 1024 * 1024;
/** The smallest datagram, in bytes: its header with a 64-bit counter. */
export const MIN_DATAGRAM_BYTES = 16;
/** The largest datagram, in bytes. */
export const MAX_DATAGRAM_BYTES = 65_507;
/** The most datagrams sent at once. */
export const MAX_BURST = 1000;
/** The highest rate of a stream, in bit/s. */
export const MAX_RATE = 1e13;
/** The block of a TCP test whose client names none, in bytes. */
const DEFAULT_BLOCK_BYTES = 128 * 1024;
/** The datagram of a UDP test whose client names none, in bytes. */
const DEFAULT_DATAGRAM_BYTES = 1460;
const MAX_COUNT = Number.MAX_SAFE_INTEGER;

/** Which sides send: the client, the server, or both. */
export type Direction = "forward" | "reverse" | "both";

/** What a test is to do. */
export interface TestParameters {
  /** Over what. */
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
  const given = new CheckedObject(value, "parameters", ERROR_NUMBER.parameters);
  if (given.flag("sctp")) {
    throw new Iperf3Error(
      "refused",
      "the client asks for SCTP, which this server does not offer",
      ERROR_NUMBER.parameters,
    );
  }
  const isUdp = given.flag("udp");
  const bytes = given.integer("num", { min: 0, max: MAX_COUNT, missing: 0 });
  const blocks = given.integer(
    "blockcount",
    { min: 0, max: MAX_COUNT, missing: 0 },
  );
  const isReverse = given.flag("reverse");
  given.flag("tcp");
  return {
    transport: isUdp ? "udp" : "tcp",
    direction: given.flag("bidirectional")
      ? "both"
      : isReverse
      ? "reverse"
      : "forward",
    parallel: given.integer(
      "parallel",
      { min: 1, max: MAX_STREAMS, missing: 1 },
    ),
    timeSec: given.integer(
      "time",
      { min: 0, max: MAX_TIME_SEC, missing: bytes + blocks > 0 ? 0 : 10 },
    ),
    omitSec: given.integer("omit", { min: 0, max: MAX_OMIT_SEC, missing: 0 }),
    bytes,
    blocks,
    blockBytes: given.integer(
      "len",
      isUdp
        ? {
          min: MIN_DATAGRAM_BYTES,
          max: MAX_DATAGRAM_BYTES,
          missing: DEFAULT_DATAGRAM_BYTES,
        }
        : { min: 1, max: MAX_BLOCK_BYTES, missing: DEFAULT_BLOCK_BYTES },
    ),
    bitsPerSec: given.number(
      "bandwidth",
      { min: 0, max: MAX_RATE, missing: 0 },
    ),
    burst: Math.max(
      1,
      given.integer("burst", { min: 0, max: MAX_BURST, missing: 1 }),
    ),
    counters64: given.flag("udp_counters_64bit"),
    noDelay: given.flag("nodelay"),
    serverOutput: given.flag("get_server_output"),
    authToken: given.text("authtoken"),
    ignored: given.having(
      ...["window", "MSS", "congestion", "TOS", "flowlabel", "fqrate"],
      ...["dont_fragment", "zerocopy", "server_affinity", "mptcp", "gso"],
    ),
  };
}
