/**
 * The options of a comparison and of its experiments.
 *
 * @module
 */

import { isRequestSize, UNAUTHENTICATED } from "../stamp/packet.ts";
import { MIN_ROUNDS } from "../stats/bootstrap.ts";
import { TIMEOUT_OPTION } from "./client_options.ts";
import type { OptionTable, OptionValues } from "./options.ts";
import { UsageError } from "./options.ts";
import { OUTPUT_OPTIONS } from "./report.ts";

const { csv: _, ...OUTPUT } = OUTPUT_OPTIONS;

/** The longest message: it fits into an Ethernet frame. */
const MAX_SIZE_BYTES = 1400;
/** With the warm-up before it, the sequence numbers of a turn have two digits. */
const MAX_COUNT = 90;

/** The defaults without `--short`, and with it. */
const WHOLE = { rounds: 20, count: 40, delay: 50 };
const SHORT = { rounds: 10, count: 15, delay: 20 };

/** How an experiment is shown. */
export const EXPERIMENT_OUTPUT: Omit<typeof OUTPUT_OPTIONS, "csv"> = OUTPUT;

/** What an experiment may be asked for. */
export const EXPERIMENT_OPTIONS = {
  rounds: {
    kind: "integer",
    min: 1,
    max: 1000,
    help:
      `how often each side has its turn (${WHOLE.rounds}, short ${SHORT.rounds}); a verdict takes at least ${MIN_ROUNDS}`,
  },
  count: {
    kind: "integer",
    short: "n",
    min: 1,
    max: MAX_COUNT,
    help: `probes in a turn (${WHOLE.count}, short ${SHORT.count})`,
  },
  size: {
    kind: "size",
    min: UNAUTHENTICATED.bytes,
    max: MAX_SIZE_BYTES,
    default: "100",
    help: "the length of each message",
  },
  interval: {
    kind: "duration",
    short: "i",
    min: 0.1,
    max: 1000,
    default: "2ms",
    help: "time from one probe to the next",
  },
  clients: {
    kind: "integer",
    min: 1,
    max: 256,
    default: "8",
    help: "how many clients come at once",
  },
  delay: {
    kind: "duration",
    min: 0,
    max: 10_000,
    help:
      `how long a server takes for each client (${WHOLE.delay}ms, short ${SHORT.delay}ms)`,
  },
  timeout: { ...TIMEOUT_OPTION.timeout, default: "2s" },
  short: { kind: "flag", help: "the same with fewer rounds, in some seconds" },
} as const satisfies OptionTable;

/** The options of a comparison. */
export const COMPARE_OPTIONS = {
  ...EXPERIMENT_OPTIONS,
  port: {
    kind: "integer",
    short: "p",
    min: 1,
    max: 65535,
    default: "10000",
    help: "port of measure-server on HOST",
  },
  stampPort: {
    kind: "integer",
    min: 1,
    max: 65535,
    default: "8620",
    help: "port of stamp-server on HOST",
  },
  iterativePort: {
    kind: "integer",
    min: 1,
    max: 65535,
    help:
      "port of a second measure-server on HOST, one with --mode iterative; without it that experiment is on loopback",
  },
  ...EXPERIMENT_OUTPUT,
} as const satisfies OptionTable;

/** What to measure, and how often. */
export interface ExperimentPlan {
  /** How often each side has its turn. */
  rounds: number;
  /** How many probes a turn has. */
  count: number;
  /** The length of each message, in bytes. */
  sizeBytes: number;
  /** The time from one probe to the next, in milliseconds. */
  intervalMs: number;
  /** How many clients come at once. */
  clients: number;
  /** How long a server takes for each client, in milliseconds. */
  delayMs: number;
  /** The deadline of each wait, in milliseconds. */
  timeoutMs: number;
  /** Ends the experiments early. */
  signal: AbortSignal;
}

/**
 * Turns options into a plan.
 *
 * @param options The values of {@linkcode EXPERIMENT_OPTIONS}.
 * @param signal Ends the experiments early.
 * @returns The plan.
 * @throws {UsageError} If no STAMP packet has the size.
 */
export function experimentPlan(
  options: OptionValues<typeof EXPERIMENT_OPTIONS>,
  signal: AbortSignal,
): ExperimentPlan {
  const defaults = options.short ? SHORT : WHOLE;
  const { size, interval, clients, timeout } = options;
  if (!isRequestSize(size, UNAUTHENTICATED)) {
    throw new UsageError(
      `--size is ${UNAUTHENTICATED.bytes}, or from ${
        UNAUTHENTICATED.bytes + 4
      } to ${MAX_SIZE_BYTES} bytes, not ${size}`,
    );
  }
  return {
    rounds: options.rounds ?? defaults.rounds,
    count: options.count ?? defaults.count,
    sizeBytes: size,
    intervalMs: interval,
    clients,
    delayMs: options.delay ?? defaults.delay,
    timeoutMs: timeout,
    signal,
  };
}

/**
 * Writes a plan as a result states it.
 *
 * @param plan The plan.
 * @param names The options that have an effect; default all.
 * @returns The options as they take effect.
 */
export function usedOptions(
  plan: ExperimentPlan,
  names: readonly (keyof typeof EXPERIMENT_OPTIONS)[] = [
    "rounds",
    "count",
    "size",
    "interval",
    "clients",
    "delay",
    "timeout",
  ],
): Record<string, number> {
  const used: Record<string, [string, number]> = {
    rounds: ["rounds", plan.rounds],
    count: ["count", plan.count],
    size: ["size_bytes", plan.sizeBytes],
    interval: ["interval_ms", plan.intervalMs],
    clients: ["clients", plan.clients],
    delay: ["delay_ms", plan.delayMs],
    timeout: ["timeout_ms", plan.timeoutMs],
  };
  return Object.fromEntries(names.map((name) => used[name]!));
}
