/**
 * The options of a STAMP sender: which probes to send, and when.
 *
 * @module
 */

import {
  type CompleteStampOptions,
  completeStampOptions,
  MAX_REMEMBERED,
  rememberedProbes,
  STAMP_DEFAULTS,
} from "../stamp/session.ts";
import { formatCount, formatDuration } from "../result/quantities.ts";
import {
  AUTHENTICATED,
  isRequestSize,
  MAX_PACKET_BYTES,
  STAMP_PORT,
  UNAUTHENTICATED,
} from "../stamp/packet.ts";
import type { StampKey } from "../stamp/key.ts";
import { poisson } from "../timing/pacer.ts";
import { randomSeed, seededRandom } from "../stats/seeded_random.ts";
import { TIMEOUT_OPTION } from "./client_options.ts";
import type { OptionTable, OptionValues } from "./options.ts";
import { UsageError } from "./options.ts";

/** The shortest interval, in milliseconds: 20 000 probes a second. */
const MIN_INTERVAL_MS = 0.05;

/** The options of a STAMP sender. */
export const SENDER_OPTIONS = {
  port: {
    kind: "integer",
    short: "p",
    min: 1,
    max: 65535,
    default: `${STAMP_PORT}`,
    help: "the port if TARGET has none; the task sets 8620",
  },
  count: {
    kind: "integer",
    short: "n",
    min: 1,
    max: 1e12,
    help: `how many probes to measure (${STAMP_DEFAULTS.count} without --time)`,
  },
  time: {
    kind: "duration",
    short: "t",
    min: 1,
    max: 30 * 86_400_000,
    help: "how long to send",
  },
  interval: {
    kind: "duration",
    short: "i",
    min: 0,
    max: 3_600_000,
    default: `${STAMP_DEFAULTS.intervalMs}ms`,
    help: "time between probes, at least 50us; 0 waits for each reply",
  },
  schedule: {
    kind: "choice",
    choices: ["periodic", "poisson"],
    default: "periodic",
    help: "send at even or at random intervals (with that mean)",
  },
  seed: {
    kind: "integer",
    min: 0,
    max: 4_294_967_295,
    help: "repeat the random schedule of an earlier run",
  },
  size: {
    kind: "size",
    min: UNAUTHENTICATED.bytes,
    max: MAX_PACKET_BYTES,
    help: "length of each packet with padding (44 bytes, signed 112)",
  },
  warmup: {
    kind: "integer",
    min: 0,
    max: 100_000,
    default: `${STAMP_DEFAULTS.warmup}`,
    help: "probes to send first and leave out",
  },
  timeout: {
    ...TIMEOUT_OPTION.timeout,
    default: `${STAMP_DEFAULTS.timeoutMs / 1000}s`,
    help: "a probe is lost if its reply takes longer than this",
  },
  timestamp: {
    kind: "choice",
    choices: ["ntp", "ptp"],
    default: "ntp",
    help: "format of the timestamps",
  },
  ssid: {
    kind: "integer",
    min: 0,
    max: 65535,
    help: "session identifier, 0 for none; random by default",
  },
  relaxed: {
    kind: "flag",
    help: "spare the processor, and send a millisecond or two late",
  },
} as const satisfies OptionTable;

/** What the options ask for. */
export interface SenderPlan {
  /** The options of the session. */
  session: CompleteStampOptions;
  /** The options as they take effect. */
  used: object;
  /** How many probes to expect; `Infinity` if unknown. */
  expected: number;
  /** The plan in words, for one line. */
  summary: string;
}

/**
 * Turns the options into a plan.
 *
 * @param options The values of {@linkcode SENDER_OPTIONS}.
 * @param key Signs the probes.
 * @returns The plan.
 * @throws {UsageError} If the options contradict each other.
 */
export function senderPlan(
  options: OptionValues<typeof SENDER_OPTIONS>,
  key: StampKey | undefined,
): SenderPlan {
  const { interval, timeout, time, warmup, relaxed, timestamp } = options;
  const random = options.schedule === "poisson";
  if (interval > 0 && interval < MIN_INTERVAL_MS) {
    throw new UsageError("--interval is 0, or 50us at least");
  }
  if (interval === 0 && (relaxed || random)) {
    const flag = relaxed ? "--relaxed" : "--schedule poisson";
    throw new UsageError(`${flag} needs an --interval other than 0`);
  }
  if (options.seed !== undefined && !random) {
    throw new UsageError("--seed needs --schedule poisson");
  }
  const { seed = randomSeed(), ssid } = options;
  const sizeBytes = packetSize(options.size, key);
  const session = completeStampOptions({
    request: {
      sizeBytes,
      format: timestamp,
      key,
      ...(ssid !== undefined && { ssid }),
    },
    ...(options.count !== undefined && { count: options.count }),
    durationMs: time ?? Infinity,
    ...(random && { schedule: poisson(interval, seededRandom(seed)) }),
    intervalMs: interval,
    warmup,
    timeoutMs: timeout,
    relaxed,
  });
  if (rememberedProbes(session) > MAX_REMEMBERED) {
    throw new UsageError(
      "too many probes would be outstanding at once: shorten --timeout, or " +
        "lengthen --interval",
    );
  }
  const { count, request } = session;
  return {
    session,
    used: {
      count: count === Infinity ? null : count,
      time_ms: time ?? null,
      interval_ms: interval,
      schedule: options.schedule,
      ...(random ? { seed } : {}),
      size_bytes: sizeBytes,
      warmup,
      timeout_ms: timeout,
      timestamp,
      ssid: request.ssid,
      relaxed,
      signed: key !== undefined,
    },
    expected: Math.min(
      count,
      time === undefined || interval === 0 ? Infinity : time / interval,
    ),
    summary: [
      count === Infinity ? "probes" : formatCount(count, "probe"),
      `of ${formatCount(sizeBytes, "byte")}`,
      ...(time === undefined ? [] : [`for ${formatDuration(time * 1000)}`]),
    ].join(" ") +
      (interval === 0
        ? ", each after the reply to the one before"
        : `, one every ${formatDuration(interval * 1000)}`) +
      (random ? ` on average, at random (--seed ${seed})` : ""),
  };
}

function packetSize(asked: number | undefined, key?: StampKey): number {
  const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
  const size = asked ?? layout.bytes;
  if (isRequestSize(size, layout)) return size;
  throw new UsageError(
    `--size is ${layout.bytes}, or with padding from ${
      layout.bytes + 4
    } to ${MAX_PACKET_BYTES} bytes, not ${size}`,
  );
}
