/**
 * The schema of a comparison: what each experiment measured, as named figures.
 *
 * Only readers of results load this module and valibot. Writers use
 * `import type`.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import {
  about,
  BIN_COUNTS,
  COUNT,
  DISTRIBUTION,
  ENDING,
  FIGURE,
  histogramOf,
  list,
  metadataEntries,
  NOTES,
  type Output,
  POSITIVE,
  TEXT,
  TIMELINE,
} from "./figure_schema.ts";

/** The maximum of clients, and of messages whose boundaries are compared. */
const MAX_PARTIES = 1000;

/** The same figures of both protocols. */
function both<const S extends v.GenericSchema>(figures: S) {
  return { tcp: figures, udp: figures };
}

const DIFFERENCE_US = about(
  "The difference of the medians; null if there were too few rounds",
  v.nullable(v.object({
    estimate: about("The first median minus the second", FIGURE),
    low: about("The lower end of the confidence interval", FIGURE),
    high: about("The upper end of the confidence interval", FIGURE),
    confidence_percent: FIGURE,
  })),
);

const RTT_US = about("Round-trip times", v.nullable(DISTRIBUTION));

const FIRST_BYTE = v.object(both(v.object({
  attempts: COUNT,
  answered: about("Attempts that got an answer", COUNT),
  setup_p50_us: about(
    "Until something could be sent",
    v.nullable(POSITIVE),
  ),
  first_byte_p50_us: about("Until the answer came", v.nullable(POSITIVE)),
  first_byte_max_us: v.nullable(POSITIVE),
})));

const ROUND_TRIP = v.object({
  size_bytes: about("The length of each message", COUNT),
  ...both(v.object({ sent: COUNT, received: COUNT, rtt_us: RTT_US })),
  difference_us: DIFFERENCE_US,
  rounds: v.object({
    done: COUNT,
    answered: about("Rounds in which both sides were answered", COUNT),
  }),
  loopback_p50_us: about(
    "The medians on loopback; null if that is what was measured",
    v.nullable(v.object(both(v.nullable(POSITIVE)))),
  ),
  histogram: v.nullable(histogramOf(both(BIN_COUNTS))),
});

const HEAD_OF_LINE = v.object({
  dropped: about("Messages that the emulated path dropped", COUNT),
  retransmit_ms: about(
    "How long it takes until a TCP segment is sent again",
    POSITIVE,
  ),
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
    error: about("Why it failed; null if it did not", v.nullable(TEXT)),
    figures: about("null if it failed", v.nullable(figures)),
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

const METADATA = metadataEntries(v.literal("compare"));

/** @internal What the start event of a comparison carries. */
export const COMPARE_START = v.object(METADATA);

/** @internal */
export const COMPARE = v.object({
  ...METADATA,
  ...ENDING,
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

/** What a comparison says of itself before it starts. */
export type CompareMetadata = Output<typeof COMPARE_START>;

/** A comparison's result; the object of `--json`. */
export type CompareResult = Output<typeof COMPARE>;
