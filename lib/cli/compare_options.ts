/**
 * The options of a comparison and of its experiments.
 *
 * @module
 */

import { isRequestSize, UNAUTHENTICATED } from "../stamp/packet.ts";
import { MIN_ROUNDS } from "../stats/bootstrap.ts";
import { duration, flag, integer, size } from "./option.ts";
import { type OptionValues, UsageError, usedOptions } from "./options.ts";
import { OUTPUT_OPTIONS } from "./report.ts";

/** The longest message: it fits into an Ethernet frame. */
const MAX_SIZE_BYTES = 1400;
/** After the warm-up, all sequence numbers of a turn have two digits. */
const MAX_COUNT = 90;

/** The defaults without `--short`, and with it. */
const WHOLE = { rounds: 20, count: 40, delay: 50 };
const SHORT = { rounds: 10, count: 15, delay: 20 };

const { csv: _, ...OUTPUT } = OUTPUT_OPTIONS;
/** The output options of an experiment. */
export const EXPERIMENT_OUTPUT: Omit<typeof OUTPUT_OPTIONS, "csv"> = OUTPUT;

/** The options of an experiment. */
export const EXPERIMENT_OPTIONS = {
  rounds: integer(
    `turns of each side (${WHOLE.rounds}, short ${SHORT.rounds}); a verdict needs at least ${MIN_ROUNDS}`,
    { max: 1000 },
  ),
  count: integer(`probes in a turn (${WHOLE.count}, short ${SHORT.count})`, {
    short: "n",
    max: MAX_COUNT,
  }),
  size: size("length of each message", {
    min: UNAUTHENTICATED.bytes,
    max: MAX_SIZE_BYTES,
    default: "100",
  }),
  interval: duration("time from one probe to the next", {
    short: "i",
    min: 0.1,
    max: 1000,
    default: "2ms",
  }),
  clients: integer("number of simultaneous clients", {
    max: 256,
    default: "8",
  }),
  delay: duration(
    `time that a server takes for each client (${WHOLE.delay}ms, short ${SHORT.delay}ms)`,
    { min: 0, max: 10_000 },
  ),
  timeout: duration("give up on a connection or a reply after this", {
    short: "W",
    default: "2s",
  }),
  short: flag("use fewer rounds; takes some seconds"),
};

/** The name of an option that defines the measurement. */
export type PlanOption = Exclude<keyof typeof EXPERIMENT_OPTIONS, "short">;

const PLAN_OPTIONS: PlanOption[] = [
  ...["rounds", "count", "size", "interval"] as const,
  ...["clients", "delay", "timeout"] as const,
];

/** What to measure, and how often. */
export interface ExperimentPlan {
  /** The number of turns of each side. */
  rounds: number;
  /** The number of probes in a turn. */
  count: number;
  /** The length of each message, in bytes. */
  sizeBytes: number;
  /** The time from one probe to the next, in milliseconds. */
  intervalMs: number;
  /** The number of simultaneous clients. */
  clients: number;
  /** How long a server takes for each client, in milliseconds. */
  delayMs: number;
  /** The deadline of each wait, in milliseconds. */
  timeoutMs: number;
  /** Ends the experiments early. */
  signal: AbortSignal;
  /** The options that have an effect, as a result states them. */
  used: Record<string, unknown>;
}

/**
 * Turns options into a plan.
 *
 * @param options The values of {@linkcode EXPERIMENT_OPTIONS}.
 * @param signal Ends the experiments early.
 * @param effective The options that have an effect; default all.
 * @returns The plan.
 * @throws {UsageError} If no STAMP packet has the size.
 */
export function experimentPlan(
  options: OptionValues<typeof EXPERIMENT_OPTIONS>,
  signal: AbortSignal,
  effective: readonly PlanOption[] = PLAN_OPTIONS,
): ExperimentPlan {
  const defaults = options.short ? SHORT : WHOLE;
  const { size, interval, clients, timeout } = options;
  const { rounds = defaults.rounds, count = defaults.count } = options;
  const { delay = defaults.delay } = options;
  if (!isRequestSize(size, UNAUTHENTICATED)) {
    throw new UsageError(
      `--size is ${UNAUTHENTICATED.bytes}, or from ${
        UNAUTHENTICATED.bytes + 4
      } to ${MAX_SIZE_BYTES} bytes, not ${size}`,
    );
  }
  return {
    rounds,
    count,
    sizeBytes: size,
    intervalMs: interval,
    clients,
    delayMs: delay,
    timeoutMs: timeout,
    signal,
    used: usedOptions(
      EXPERIMENT_OPTIONS,
      { ...options, rounds, count, delay },
      effective,
    ),
  };
}
