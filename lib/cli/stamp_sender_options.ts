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
} from "../stamp/session_options.ts";
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
import { clientOptions, SOURCE_OPTION } from "./client_options.ts";
import { choice, duration, flag, integer, size } from "./option.ts";
import { type OptionValues, UsageError, usedOptions } from "./options.ts";

/** The shortest interval, in milliseconds: 20 000 probes a second. */
const MIN_INTERVAL_MS = 0.05;

const REACH = clientOptions(
  STAMP_PORT,
  `${STAMP_DEFAULTS.timeoutMs / 1000}s`,
);

/** The options of a STAMP sender. */
export const SENDER_OPTIONS = {
  ...REACH,
  port: { ...REACH.port, help: `${REACH.port.help}; the task sets 8620` },
  timeout: {
    ...REACH.timeout,
    help: "a probe is lost if its reply takes longer than this",
  },
  ...SOURCE_OPTION,
  count: integer(
    `how many probes to measure (${STAMP_DEFAULTS.count} without --time)`,
    { short: "n", max: 1e12 },
  ),
  time: duration("how long to send", { short: "t", max: 30 * 86_400_000 }),
  interval: duration(
    "time between probes, at least 50us; 0 waits for each reply",
    { short: "i", min: 0, default: `${STAMP_DEFAULTS.intervalMs}ms` },
  ),
  schedule: choice(
    ["periodic", "poisson"],
    "send at even or at random intervals (with that mean)",
    { default: "periodic" },
  ),
  seed: integer("repeat the random schedule of an earlier run", {
    min: 0,
    max: 2 ** 32 - 1,
  }),
  size: size("length of each packet with padding (44 bytes, signed 112)", {
    min: UNAUTHENTICATED.bytes,
    max: MAX_PACKET_BYTES,
  }),
  warmup: integer("probes to send first and leave out", {
    min: 0,
    max: 100_000,
    default: `${STAMP_DEFAULTS.warmup}`,
  }),
  timestamp: choice(["ntp", "ptp"], "format of the timestamps", {
    default: "ntp",
  }),
  ssid: integer("session identifier, 0 for none; random by default", {
    min: 0,
    max: 65535,
  }),
  relaxed: flag(
    "do not spin: use less processor time, and send 1 to 2 ms late",
  ),
};

/** The options that a result states. */
const USED = [
  ...["count", "time", "interval", "schedule", "seed", "size", "warmup"],
  ...["timeout", "timestamp", "ssid", "relaxed"],
] as (keyof typeof SENDER_OPTIONS)[];

/** The plan that the options describe. */
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
      ...usedOptions(SENDER_OPTIONS, {
        ...options,
        count,
        size: sizeBytes,
        ssid: request.ssid,
        seed,
      }, USED.filter((name) => random || name !== "seed")),
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
