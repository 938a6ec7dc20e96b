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
  FIGURE,
  kind,
  LIMITS,
  list,
  NOTES,
  nullable,
  optional,
  type Output,
  POSITIVE,
  PROCESSOR_LIMIT,
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
  bits_per_second: nullable("null if no time passed", POSITIVE),
});

/** @internal */
export const DATAGRAMS = v.object({
  sent: nullable("Counted by the sender", COUNT),
  received: nullable("Different ones, counted by the receiver", COUNT),
  lost: nullable("Sent and not received", COUNT),
  lost_percent: v.nullable(POSITIVE),
  reordered: nullable("Came after one sent later", COUNT),
  duplicate: nullable("Copies", COUNT),
  jitter_us: nullable("Smoothed as in RFC 3550, at the receiver", POSITIVE),
});

const SIDES = {
  sender: nullable("What the sender counted", AMOUNT),
  receiver: nullable("What the receiver counted: goodput", AMOUNT),
  datagrams: v.exactOptional(DATAGRAMS),
};

const INTERVAL = v.object({
  start_s: about("From the start of the measurement", FIGURE),
  end_s: FIGURE,
  omitted: about("Whether it counts in no figure", v.boolean()),
  bytes: about("Payload that this side sent or received", COUNT),
  bits_per_second: v.nullable(POSITIVE),
  streams_bytes: about("The bytes of each stream", list(COUNT, MAX_STREAMS)),
  datagrams: optional("Sent or received", COUNT),
  lost: optional("Numbers missing, as the receiver", COUNT),
  jitter_us: optional("The mean over the streams", POSITIVE),
});

const DIRECTION_RESULT = v.object({
  direction: DIRECTION,
  ...SIDES,
  retransmits: nullable("Segments sent again", COUNT),
  jain_index: nullable(
    "Fairness between the streams: 1 if all are equal",
    POSITIVE,
  ),
  rate_of_100_ms: nullable(
    "Percentiles of the rate in slots of 100 ms, on the client's side",
    v.object({
      count: COUNT,
      p10_bits_per_second: POSITIVE,
      p50_bits_per_second: POSITIVE,
      p90_bits_per_second: POSITIVE,
    }),
  ),
  streams: list(
    v.object({ id: about("Its number in the protocol", COUNT), ...SIDES }),
    MAX_STREAMS,
  ),
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
  lost_percent: optional("Of the worse direction", RATE),
  jitter_us: optional("Of the worse direction", RATE),
});

const SHARES = v.nullable(
  v.object({ total: POSITIVE, user: POSITIVE, system: POSITIVE }),
);

/** @internal An interval of one direction, as its event carries it. */
export const THROUGHPUT_INTERVAL = v.object({
  direction: DIRECTION,
  ...INTERVAL.entries,
});

/** @internal */
export const THROUGHPUT = kind(v.literal("throughput"), {
  protocol: v.literal("iperf3"),
  transport: v.picklist(["tcp", "udp"]),
}, {
  directions: list(DIRECTION_RESULT, 2),
  summary: SUMMARY,
  limits: LIMITS,
  processor_percent: v.object({
    client: about("The share of one processor", SHARES),
    server: about("null if the server does not say", SHARES),
    limit: PROCESSOR_LIMIT,
  }),
  server_output: optional("What the server printed", TEXT),
  notes: NOTES,
});

/** The metadata of a throughput test, known at its start. */
export type ThroughputMetadata = Output<typeof THROUGHPUT.start>;
/** The result of a throughput test; the object of `--json`. */
export type ThroughputResult = Output<typeof THROUGHPUT.result>;
/** What was measured in one direction. */
export type ThroughputDirection = ThroughputResult["directions"][number];
/** The counts of one side. */
export type TransferredAmount = Output<typeof AMOUNT>;
/** The datagrams of a stream or a direction. */
export type DatagramFigures = Output<typeof DATAGRAMS>;
/** The figures of the worse direction. */
export type ThroughputSummary = ThroughputResult["summary"];
/** An interval of one direction. */
export type ThroughputInterval = Output<typeof THROUGHPUT_INTERVAL>;
