/**
 * The result of a throughput test: what the sender and the receiver of each
 * direction counted, by stream, in sum and by interval.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import {
  about,
  COUNT,
  ENDING,
  FIGURE,
  LIMIT,
  list,
  metadataEntries,
  NOTES,
  type Output,
  POSITIVE,
  TEXT,
} from "./figure_schema.ts";

const MAX_STREAMS = 128;
const DIRECTION = about(
  "forward: the client sends; reverse: the server sends",
  v.picklist(["forward", "reverse"]),
);

/** @internal */
export const AMOUNT = v.object({
  bytes: about("Payload", COUNT),
  seconds: about("How long this side measured", POSITIVE),
  bits_per_second: about("null if no time passed", v.nullable(POSITIVE)),
});

/** @internal */
export const DATAGRAMS = v.object({
  sent: about("Counted by the sender; null if unknown", v.nullable(COUNT)),
  received: about(
    "Different ones; null if the receiver does not say",
    v.nullable(COUNT),
  ),
  lost: about("Sent and not received", v.nullable(COUNT)),
  lost_percent: v.nullable(POSITIVE),
  reordered: about(
    "Came after one sent later; null if the receiver does not say",
    v.nullable(COUNT),
  ),
  duplicate: about("Copies, likewise", v.nullable(COUNT)),
  jitter_us: about(
    "Smoothed as in RFC 3550, at the receiver",
    v.nullable(POSITIVE),
  ),
});

const STREAM = v.object({
  id: about("Its number in the protocol", COUNT),
  sender: about("What the sender counted", v.nullable(AMOUNT)),
  receiver: about("What the receiver counted: goodput", v.nullable(AMOUNT)),
  datagrams: v.exactOptional(DATAGRAMS),
});

const INTERVAL = v.object({
  start_s: about("From the start of the measurement", FIGURE),
  end_s: FIGURE,
  omitted: about("Whether it counts in no figure", v.boolean()),
  bytes: about("Payload that this side sent or received", COUNT),
  bits_per_second: v.nullable(POSITIVE),
  streams_bytes: about("The bytes of each stream", list(COUNT, MAX_STREAMS)),
  datagrams: v.exactOptional(about("Sent or received", COUNT)),
  lost: v.exactOptional(about("Numbers missing, as the receiver", COUNT)),
  jitter_us: v.exactOptional(about("The mean over the streams", POSITIVE)),
});

const SHARES = v.object({ total: POSITIVE, user: POSITIVE, system: POSITIVE });

const DIRECTION_RESULT = v.object({
  direction: DIRECTION,
  sender: about("What the sender counted", v.nullable(AMOUNT)),
  receiver: about("What the receiver counted: goodput", v.nullable(AMOUNT)),
  retransmits: about(
    "Segments sent again; null if the sender cannot tell",
    v.nullable(COUNT),
  ),
  datagrams: v.exactOptional(DATAGRAMS),
  jain_index: about(
    "Fairness between the streams: 1 if all are equal",
    v.nullable(POSITIVE),
  ),
  rate_of_100_ms: about(
    "Percentiles of the rate in slots of 100 ms, on the client's side",
    v.nullable(v.object({
      count: COUNT,
      p10_bits_per_second: POSITIVE,
      p50_bits_per_second: POSITIVE,
      p90_bits_per_second: POSITIVE,
    })),
  ),
  streams: list(STREAM, MAX_STREAMS),
  intervals: list(INTERVAL),
});

const RATE = v.nullable(POSITIVE);

const SUMMARY = v.object({
  goodput_bits_per_second: about("Of two directions the slower one", RATE),
  forward_bits_per_second: v.exactOptional(RATE),
  reverse_bits_per_second: v.exactOptional(RATE),
  sent_bits_per_second: about("What the sender counted, likewise", RATE),
  p10_bits_per_second: about("Of slots of 100 ms, likewise", RATE),
  p90_bits_per_second: about("Of slots of 100 ms, likewise", RATE),
  jain_index: about("Fairness, of the worse direction", RATE),
  lost_percent: v.exactOptional(about("Of the worse direction", RATE)),
  jitter_us: v.exactOptional(about("Of the worse direction", RATE)),
});

const METADATA = {
  ...metadataEntries(v.literal("throughput")),
  protocol: v.literal("iperf3"),
  transport: v.picklist(["tcp", "udp"]),
};

/** @internal What the start event of a throughput test carries. */
export const THROUGHPUT_START = v.object(METADATA);

/** @internal An interval of one direction, as its event carries it. */
export const THROUGHPUT_INTERVAL = v.object({
  direction: DIRECTION,
  ...INTERVAL.entries,
});

/** @internal */
export const THROUGHPUT_RESULT = v.object({
  ...METADATA,
  ...ENDING,
  directions: list(DIRECTION_RESULT, 2),
  summary: SUMMARY,
  limits: v.exactOptional(
    about("The thresholds, and which were crossed", list(LIMIT, 100)),
  ),
  processor_percent: v.object({
    client: about("The share of one processor", v.nullable(SHARES)),
    server: about("null if the server does not say", v.nullable(SHARES)),
    limit: about(
      "Which side's processor was the limit, if one was",
      v.nullable(v.picklist(["client", "server"])),
    ),
  }),
  server_output: v.exactOptional(about("What the server printed", TEXT)),
  notes: NOTES,
});

/** What a throughput test says of itself before it starts. */
export type ThroughputMetadata = Output<typeof THROUGHPUT_START>;
/** The result of a throughput test; the object of `--json`. */
export type ThroughputResult = Output<typeof THROUGHPUT_RESULT>;
/** What was measured in one direction. */
export type ThroughputDirection = ThroughputResult["directions"][number];
/** What one side counted. */
export type TransferredAmount = Output<typeof AMOUNT>;
/** The datagrams of a stream or a direction. */
export type DatagramFigures = Output<typeof DATAGRAMS>;
/** The figures of the worse direction. */
export type ThroughputSummary = ThroughputResult["summary"];
/** An interval of one direction. */
export type ThroughputInterval = Output<typeof THROUGHPUT_INTERVAL>;
