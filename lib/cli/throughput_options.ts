/**
 * The options of the throughput client, and the test that they ask for.
 *
 * @module
 */

import { IPERF3_PORT } from "../iperf3/messages.ts";
import {
  MAX_BLOCK_BYTES,
  MAX_BURST,
  MAX_DATAGRAM_BYTES,
  MAX_OMIT_SEC,
  MAX_RATE,
  MAX_STREAMS,
  MAX_TIME_SEC,
  MIN_DATAGRAM_BYTES,
  type TestParameters,
} from "../iperf3/parameters.ts";
import { formatCount, formatRate, parseRate } from "../result/quantities.ts";
import { clientOptions } from "./client_options.ts";
import { TLS_CLIENT_OPTIONS } from "./tls_options.ts";
import { custom, duration, flag, integer, size, text } from "./option.ts";
import { type OptionValues, UsageError } from "./options.ts";
import { reportOptions } from "./run_measurement.ts";

/** Fits into a packet of Ethernet, with IPv6 and options of TCP. */
const DEFAULT_DATAGRAM_BYTES = 1400;
const DEFAULT_UDP_RATE = 1e6;
/** With a rate, a block takes at most this time, in seconds. */
const BLOCK_SEC = 0.01;
const MAX_PACED_BLOCK_BYTES = 128 * 1024;
const MIN_PACED_BLOCK_BYTES = 1400;

/** A rate, and how many blocks to send at once. */
interface Bitrate {
  bitsPerSec: number;
  burst: number;
}

function parseBitrate(text: string): Bitrate {
  const [, rate = "", burst = "1"] = /^([^/]*)(?:\/(\d{1,4}))?$/.exec(text) ??
    [];
  const bitsPerSec = parseRate(rate);
  const count = Number(burst);
  if (
    bitsPerSec === null || bitsPerSec > MAX_RATE || count < 1 ||
    count > MAX_BURST
  ) {
    throw new SyntaxError(
      `a rate in bit/s such as 800K, 10M or 1G, or RATE/BURST, not "${text}"`,
    );
  }
  return { bitsPerSec, burst: count };
}

/** An option of iperf3 that Deno does not support. */
function unavailable(what: string, short?: string) {
  const help = `not available: Deno cannot set ${what}`;
  const parse = (): never => {
    throw new SyntaxError(
      `${help}; set it for the whole system, or use iperf3 for this test`,
    );
  };
  return custom("VALUE", parse, help, { ...short !== undefined && { short } });
}

/** The options of a throughput test. */
export const THROUGHPUT_OPTIONS = {
  ...clientOptions(IPERF3_PORT),
  ...TLS_CLIENT_OPTIONS,
  udp: flag("send datagrams instead of a stream", "u"),
  bitrate: custom(
    "RATE",
    parseBitrate,
    "bit/s of each stream, or RATE/BURST; 0 for no limit",
    { short: "b" },
  ),
  reverse: flag("the server sends", "R"),
  bidir: flag("both send"),
  parallel: integer("streams of each direction", {
    short: "P",
    max: MAX_STREAMS,
    default: "1",
  }),
  time: duration("how long to measure (default 10s)", {
    short: "t",
    min: 100,
    max: MAX_TIME_SEC * 1000,
  }),
  bytes: size("end after so many bytes, instead of --time", {
    short: "n",
    max: Number.MAX_SAFE_INTEGER,
  }),
  blocks: integer("end after so many blocks, instead of --time", {
    short: "k",
    max: 1e12,
  }),
  omit: duration("leave out the start, in whole seconds", {
    short: "O",
    min: 1000,
    max: MAX_OMIT_SEC * 1000,
  }),
  length: size("size of a block (default 1M) or a datagram (default 1400)", {
    short: "l",
    max: MAX_BLOCK_BYTES,
  }),
  interval: duration("how often to print a line", {
    short: "i",
    min: 100,
    default: "1s",
  }),
  noDelay: flag("turn Nagle's algorithm off", "N"),
  getServerOutput: flag("print what the server printed"),
  username: text("NAME", "user of a server that asks for one"),
  rsaPublicKeyPath: text(
    "FILE",
    "the server's public key, to encrypt the password with",
  ),
  usePkcs1Padding: flag("encrypt as iperf3 before 3.17 does"),
  iperf3Json: flag("print the JSON object of iperf3 -J"),
  window: unavailable("the size of a socket's buffers", "w"),
  setMss: unavailable("the size of a segment", "M"),
  congestion: unavailable("the congestion control", "C"),
  tos: unavailable("the type of service", "S"),
  ...reportOptions("throughput<900M"),
};

/**
 * Builds the test that the options describe.
 *
 * @param options The options.
 * @returns The parameters.
 * @throws {UsageError} If options contradict each other.
 */
export function testParameters(
  options: OptionValues<typeof THROUGHPUT_OPTIONS>,
): TestParameters {
  const { time, bytes = 0, blocks = 0, udp, reverse, bidir } = options;
  if ([time, options.bytes, options.blocks].filter(Boolean).length > 1) {
    throw new UsageError("choose one of --time, --bytes and --blocks");
  }
  if (reverse && bidir) {
    throw new UsageError("choose one of --reverse and --bidir");
  }
  const { bitsPerSec, burst } = options.bitrate ??
    { bitsPerSec: udp ? DEFAULT_UDP_RATE : 0, burst: 1 };
  const { length } = options;
  if (
    udp && length !== undefined &&
    (length < MIN_DATAGRAM_BYTES || length > MAX_DATAGRAM_BYTES)
  ) {
    throw new UsageError(
      `--length is from ${MIN_DATAGRAM_BYTES} to ${MAX_DATAGRAM_BYTES} with --udp, not ${length}`,
    );
  }
  return {
    transport: udp ? "udp" : "tcp",
    direction: bidir ? "both" : reverse ? "reverse" : "forward",
    parallel: options.parallel,
    timeSec: bytes + blocks > 0 ? 0 : (time ?? 10_000) / 1000,
    omitSec: Math.ceil((options.omit ?? 0) / 1000),
    bytes,
    blocks,
    blockBytes: length ?? defaultLength(udp, bitsPerSec),
    bitsPerSec,
    burst,
    counters64: udp,
    noDelay: options.noDelay,
    serverOutput: options.getServerOutput,
    authToken: null,
    ignored: [],
  };
}

function defaultLength(isUdp: boolean, bitsPerSec: number): number {
  if (isUdp) return DEFAULT_DATAGRAM_BYTES;
  if (bitsPerSec === 0) return MAX_BLOCK_BYTES;
  const bytes = Math.round(bitsPerSec / 8 * BLOCK_SEC);
  return Math.min(
    Math.max(bytes, MIN_PACED_BLOCK_BYTES),
    MAX_PACED_BLOCK_BYTES,
  );
}

/**
 * Describes a test.
 *
 * @param test The test.
 * @returns Text such as `over TCP, 1 stream, forward, for 10 s`.
 */
export function describeTest(test: TestParameters): string {
  const { transport, parallel, direction, bitsPerSec, omitSec } = test;
  const size = formatCount(test.blockBytes, "byte");
  const amount = test.bytes > 0
    ? formatCount(test.bytes, "byte")
    : test.blocks > 0
    ? formatCount(test.blocks, "block")
    : `for ${test.timeSec} s`;
  return [
    `over ${transport.toUpperCase()}`,
    formatCount(parallel, "stream"),
    direction === "both" ? "both directions" : direction,
    ...(transport === "udp" ? [`datagrams of ${size}`] : []),
    ...(bitsPerSec > 0 ? [`${formatRate(bitsPerSec)} each`] : []),
    amount,
    ...(omitSec > 0 ? [`the first ${omitSec} s left out`] : []),
  ].join(", ");
}
