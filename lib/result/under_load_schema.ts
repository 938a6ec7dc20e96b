/**
 * The result of a run under load: the figures of each phase and what they were
 * computed from. `down` is from the target, `up` to it.
 *
 * @module
 */

import * as v from "npm:valibot@^1.1.0";
import {
  about,
  COUNT,
  DISTRIBUTION,
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
import { GRADE_NAMES, LOAD_NAMES } from "./under_load_judge.ts";

const MAX_TARGETS = 8;
const MAX_PHASES = 20;
/** A file must not cause an endless chart. */
const MAX_PHASE_MS = 600_000;
const NAME = v.picklist(["idle", ...LOAD_NAMES, "rest", "cooldown"]);
const GRADE = nullable(
  "By the increase of the median, in the table of dslreports.com",
  v.picklist(GRADE_NAMES),
);

const bothWays = <const S extends v.GenericSchema>(figure: S) =>
  v.object({ down: v.nullable(figure), up: v.nullable(figure) });

const COUNTS = v.object({
  sent: COUNT,
  lost: about("Not answered within 3 s", COUNT),
  lost_up: nullable("On the way there; null if unknown", COUNT),
  lost_down: nullable("On the way back; null if unknown", COUNT),
  late: about("Answered after 3 s", COUNT),
  reordered: about("Answered after a later probe", COUNT),
  duplicate: about("Copies of replies", COUNT),
  not_sent: about("The program did not run at their time", COUNT),
});

const OUTCOME = nullable(
  "Quality of outcome: 0 is useless, 100 perfect; the requirements are our own",
  v.object({
    call: POSITIVE,
    gaming: POSITIVE,
    video: POSITIVE,
    web: POSITIVE,
  }),
);

const LOAD = v.object({
  increase_us: nullable(
    "Median and p95 of the RTT, less the idle median",
    v.object({ p50: FIGURE, p95: FIGURE }),
  ),
  one_way_us: about(
    "The part of the increase in each direction",
    bothWays(FIGURE),
  ),
  peak_us: nullable("The highest mean of 400 ms", FIGURE),
  ramp_peak_us: nullable("The same before the window", FIGURE),
  recovery_ms: nullable(
    "From the end of the load until the RTT is back; null if it was not",
    POSITIVE,
  ),
  queue_bytes: about("Increase times goodput", bothWays(POSITIVE)),
  confidence: about(
    "high if goodput and RTT were stable",
    v.picklist(["low", "medium", "high"]),
  ),
  grade: GRADE,
});

const PROBE_LISTS = {
  at_ms: about("When each was sent", list(POSITIVE)),
  rtt_us: about("null if it was lost", list(v.nullable(POSITIVE))),
  up_us: optional(
    "The way there by two clocks, less a constant",
    list(v.nullable(FIGURE)),
  ),
  down_us: optional("The way back", list(v.nullable(FIGURE))),
};

const isEven = (lists: { at_ms: number[] }) =>
  (Object.values(lists) as unknown[][])
    .every(({ length }) => length === lists.at_ms.length);
const UNEVEN = "lists of different lengths";
/** @internal Probes of one kind. */
export const LOAD_PROBES = v.pipe(
  v.object(PROBE_LISTS),
  v.check((lists) => isEven(lists), UNEVEN),
);

/** @internal What was recorded of a phase, as its event carries it. */
export const PHASE_RECORD = v.pipe(
  v.object({
    name: NAME,
    streams: about("Of each direction, at its end", COUNT),
    start_ms: about("From the start of the run", POSITIVE),
    end_ms: POSITIVE,
    rates: about(
      "Bins of 100 ms on this side, in bit/s; `up` is what sockets took",
      v.pipe(
        v.object({
          at_ms: about("The end of each", list(POSITIVE)),
          down: list(POSITIVE),
          up: list(POSITIVE),
        }),
        v.check((lists) => isEven(lists), UNEVEN),
      ),
    ),
    delivered_bits_per_second: nullable(
      "What the server received in the whole phase; null if it does not say",
      POSITIVE,
    ),
    probes: LOAD_PROBES,
    counts: COUNTS,
    connects: LOAD_PROBES,
    also: list(LOAD_PROBES, MAX_TARGETS),
  }),
  v.check(
    ({ start_ms, end_ms }) =>
      end_ms >= start_ms && end_ms - start_ms <= MAX_PHASE_MS,
    "a start and an end that no phase has",
  ),
);

const PHASE = v.object({
  name: NAME,
  start_ms: POSITIVE,
  end_ms: POSITIVE,
  window_ms: about(
    "What the figures cover",
    v.object({ from: POSITIVE, to: POSITIVE }),
  ),
  goodput: about(
    "In bit/s; p10 and p90 of bins of 100 ms, null where the bins do not tell",
    bothWays(v.object({
      mean: POSITIVE,
      p10: v.nullable(POSITIVE),
      p90: v.nullable(POSITIVE),
    })),
  ),
  rtt_us: v.nullable(DISTRIBUTION),
  counts: COUNTS,
  connect_us: nullable("Set-up of connections", DISTRIBUTION),
  also_us: about(
    "RTT of further targets",
    list(v.nullable(DISTRIBUTION), MAX_TARGETS),
  ),
  rpm: nullable(
    "Round trips a minute, of UDP and connect probes, not of HTTP",
    POSITIVE,
  ),
  outcome: OUTCOME,
  load: v.exactOptional(LOAD),
});

const SUMMARY = v.object({
  increase_us: nullable("Of the median, in the worst phase", FIGURE),
  increase_down_us: nullable("While the target sent alone", FIGURE),
  increase_up_us: nullable("While this side sent alone", FIGURE),
  increase_both_us: nullable("While both sent", FIGURE),
  rpm: nullable("Of the worst load phase", POSITIVE),
  grade: GRADE,
  lost_percent: nullable("In the worst load phase", POSITIVE),
  outcome: OUTCOME,
});

const LATE = v.object({ p50: FIGURE, p99: FIGURE, max: FIGURE });

/** @internal */
export const UNDER_LOAD = kind(v.literal("under-load"), {
  protocol: v.literal("iperf3"),
  transport: about("Of the load", v.picklist(["tcp", "udp"])),
  probe: about("What the RTT is of", v.picklist(["stamp", "connect"])),
  also: about("Further targets", list(TEXT, MAX_TARGETS)),
}, {
  phases: list(PHASE, MAX_PHASES),
  load: about("The figures of the run", SUMMARY),
  limits: LIMITS,
  instrument: v.object({
    load_lag_us: nullable("How late timers beside the load were", LATE),
    probe_lag_us: nullable("How late probes were sent", LATE),
    maybe_dropped_here: about("Replies that this program dropped", COUNT),
    processor_percent: about(
      "Of one processor, in the busiest phase",
      v.object({ client: v.nullable(POSITIVE), server: v.nullable(POSITIVE) }),
    ),
    limit: PROCESSOR_LIMIT,
  }),
  series: about(
    "What the figures were computed from",
    list(PHASE_RECORD, MAX_PHASES),
  ),
  notes: NOTES,
});

/** The metadata of a run under load, known at its start. */
export type UnderLoadMetadata = Output<typeof UNDER_LOAD.start>;
/** The result of a run under load; the object of `--json`. */
export type UnderLoadResult = Output<typeof UNDER_LOAD.result>;
/** The figures of a phase. */
export type LoadPhase = UnderLoadResult["phases"][number];
/** What was recorded of a phase. */
export type PhaseRecord = Output<typeof PHASE_RECORD>;
/** Probes of one kind; all lists have the same length. */
export type LoadProbes = Output<typeof LOAD_PROBES>;
