/**
 * What a comparison is asked for.
 *
 * @module
 */

import { MAX_TURN } from "./transports.ts";
import { isRequestSize, UNAUTHENTICATED } from "../stamp/packet.ts";
import { MIN_ROUNDS } from "../stats/bootstrap.ts";
import { TIMEOUT_OPTION } from "./client_options.ts";
import type { OptionTable, OptionValues } from "./options.ts";
import { UsageError } from "./options.ts";
import { OUTPUT_OPTIONS } from "./output_options.ts";

const { csv: _, ...SHOWING } = OUTPUT_OPTIONS;

/** The longest message: one that fits into a frame of Ethernet. */
const MAX_SIZE_BYTES = 1400;

/** What is measured where nothing else is asked for. */
const WHOLE = { rounds: 20, count: 40, delay: 50 };
/** The same with `--short`. */
const SHORT = { rounds: 10, count: 15, delay: 20 };

/** The options that say so. */
export const COMPARE_OPTIONS = {
  short: { kind: "flag", help: "the same with fewer rounds, in some seconds" },
  rounds: {
    kind: "integer",
    min: 1,
    max: 1000,
    help:
      `how often both sides have their turn (${WHOLE.rounds}, short ${SHORT.rounds}); ${MIN_ROUNDS} at least for a verdict`,
  },
  count: {
    kind: "integer",
    short: "n",
    min: 1,
    max: MAX_TURN,
    help: `probes in a turn (${WHOLE.count}, short ${SHORT.count})`,
  },
  size: {
    kind: "size",
    min: UNAUTHENTICATED.bytes,
    max: MAX_SIZE_BYTES,
    default: "100",
    help: "the length of each message, as it is written or sent",
  },
  interval: {
    kind: "duration",
    short: "i",
    min: 0.1,
    max: 1000,
    default: "2ms",
    help: "send a probe so often",
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
      `how long a server takes for each of them (${WHOLE.delay}ms, short ${SHORT.delay}ms)`,
  },
  port: {
    kind: "integer",
    short: "p",
    min: 1,
    max: 65535,
    default: "10000",
    help: "where measure-server listens on HOST",
  },
  stampPort: {
    kind: "integer",
    min: 1,
    max: 65535,
    default: "8620",
    help: "where stamp-server listens on HOST",
  },
  iterativePort: {
    kind: "integer",
    min: 1,
    max: 65535,
    help:
      "where a second measure-server does, one with --mode iterative; else that part is on loopback",
  },
  timeout: { ...TIMEOUT_OPTION.timeout, default: "2s" },
  ...SHOWING,
} as const satisfies OptionTable;

/** What will be compared, and how often. */
export interface ComparePlan {
  /** How often both sides have their turn. */
  rounds: number;
  /** How many probes a turn has. */
  count: number;
  /** The length of each message. */
  sizeBytes: number;
  /** The time from one probe to the next, in milliseconds. */
  intervalMs: number;
  /** How many clients come at once. */
  clients: number;
  /** How long a server takes for each of them, in milliseconds. */
  delayMs: number;
  /** How long an answer is waited for, in milliseconds. */
  timeoutMs: number;
}

/**
 * Makes a plan of what is asked for.
 *
 * @param options The values of {@linkcode COMPARE_OPTIONS}.
 * @returns The plan.
 * @throws {UsageError} If no packet of that size can be sent.
 */
export function comparePlan(
  options: OptionValues<typeof COMPARE_OPTIONS>,
): ComparePlan {
  const usual = options.short ? SHORT : WHOLE;
  const { rounds = usual.rounds, count = usual.count } = options;
  const { delay = usual.delay, size, interval, clients, timeout } = options;
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
  };
}

/**
 * A plan as a result says it.
 *
 * @param plan The plan.
 * @param ports The ports on HOST, if there is one.
 * @returns The options as they take effect.
 */
export function usedOptions(
  plan: ComparePlan,
  ports:
    | { port: number; stampPort: number; iterativePort: number | null }
    | null,
): object {
  return {
    ...(ports && {
      port: ports.port,
      stamp_port: ports.stampPort,
      iterative_port: ports.iterativePort,
    }),
    rounds: plan.rounds,
    count: plan.count,
    size_bytes: plan.sizeBytes,
    interval_ms: plan.intervalMs,
    clients: plan.clients,
    delay_ms: plan.delayMs,
    timeout_ms: plan.timeoutMs,
  };
}
