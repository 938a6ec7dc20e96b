/**
 * The schema of a comparison: what each experiment measured, as named figures.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import {
  about,
  BIN_COUNTS,
  COUNT,
  DISTRIBUTION,
  FIGURE,
  histogramSchema,
  kind,
  list,
  NOTES,
  nullable,
  optional,
  type Output,
  POSITIVE,
  TEXT,
  TIMELINE,
} from "./figure_schema.ts";

/** The maximum number of clients, and of messages with compared boundaries. */
const MAX_PARTIES = 1000;

/** The same figures of both protocols. */
function both<const S extends v.GenericSchema>(figures: S) {
  return { tcp: figures, udp: figures };
}

const DIFFERENCE_US = nullable(
  "The first median minus the second; null if there were too few rounds",
  v.object({
    estimate: FIGURE,
    low: about("The lower end of the confidence interval", FIGURE),
    high: about("The upper end of the confidence interval", FIGURE),
    confidence_percent: FIGURE,
  }),
);

const RTT_US = nullable("Round-trip times", DISTRIBUTION);

const FIRST_BYTES = v.object({
  attempts: COUNT,
  answered: about("Attempts that got an answer", COUNT),
  setup_p50_us: nullable("Until something could be sent", POSITIVE),
  first_byte_p50_us: nullable("Until the answer came", POSITIVE),
  first_byte_max_us: v.nullable(POSITIVE),
});

const FIRST_BYTE = v.object({
  ...both(FIRST_BYTES),
  tls: optional("The same over TCP and TLS, on loopback", FIRST_BYTES),
});

const ROUND_TRIP = v.object({
  size_bytes: about("The length of each message", COUNT),
  ...both(v.object({ sent: COUNT, received: COUNT, rtt_us: RTT_US })),
  difference_us: DIFFERENCE_US,
  rounds: v.object({
    done: COUNT,
    answered: about("Rounds in which both sides were answered", COUNT),
  }),
  loopback_p50_us: nullable(
    "The medians on loopback; null if that is what was measured",
    v.object(both(v.nullable(POSITIVE))),
  ),
  histogram: v.nullable(histogramSchema(both(BIN_COUNTS))),
});

const HEAD_OF_LINE = v.object({
  dropped: about("Messages that the emulated path dropped", COUNT),
  retransmit_ms: about("When a TCP segment is sent again", POSITIVE),
  waited_over_ms: about("A message that takes longer has waited", POSITIVE),
  ...both(v.object({
    sent: COUNT,
    received: COUNT,
    waited: about("Messages that took longer than waited_over_ms", COUNT),
    rtt_us: RTT_US,
    timeline: TIMELINE,
  })),
});

const BOUNDARIES = v.object(both(v.object({
  sent_bytes: about("The bytes of each send", list(COUNT, MAX_PARTIES)),
  received_bytes: about("The bytes of each receive", list(COUNT, MAX_PARTIES)),
})));

const NAGLE = v.object({
  on: v.object({ count: COUNT, rtt_us: RTT_US }),
  off: v.object({ count: COUNT, rtt_us: RTT_US }),
  difference_us: DIFFERENCE_US,
});

const WAITS_US = about(
  "How long each client waited, rising",
  list(FIGURE, MAX_PARTIES),
);

const CONCURRENCY = v.object({
  delay_ms: about("How long the servers take for each client", POSITIVE),
  iterative_us: WAITS_US,
  concurrent_us: WAITS_US,
});

function experiment<const N extends string, const S extends v.GenericSchema>(
  name: N,
  figures: S,
) {
  return v.object({
    name: v.literal(name),
    where: about("Where it took place, as `on loopback`", TEXT),
    error: nullable("Why it failed, if it did", TEXT),
    figures: nullable("null if it failed", figures),
  });
}

/** @internal */
export const EXPERIMENT = v.variant("name", [
  experiment("first_byte", FIRST_BYTE),
  experiment("round_trip", ROUND_TRIP),
  experiment("head_of_line", HEAD_OF_LINE),
  experiment("boundaries", BOUNDARIES),
  experiment("nagle", NAGLE),
  experiment("concurrency", CONCURRENCY),
]);

/** @internal */
export const COMPARE = kind(v.literal("compare"), {}, {
  experiments: list(EXPERIMENT, 100),
  notes: NOTES,
});

/** An experiment of a comparison, as its event carries it. */
export type Experiment = Output<typeof EXPERIMENT>;
/** The names of the experiments. */
export type ExperimentName = Experiment["name"];
/** What one experiment measured. */
export type ExperimentFigures<N extends ExperimentName> = NonNullable<
  Extract<Experiment, { name: N }>["figures"]
>;
/** A comparison's result; the object of `--json`. */
export type CompareResult = Output<typeof COMPARE.result>;
