/**
 * What a session of a STAMP sender measures, and how.
 *
 * @module
 */

import { randomSeed } from "../stats/seeded_random.ts";
import { measureResolutionUs, systemClock } from "../timing/clock.ts";
import { periodic, type Schedule } from "../timing/pacer.ts";
import type { WallClock } from "../timing/wall_clock.ts";
import { AUTHENTICATED, UNAUTHENTICATED } from "./packet.ts";
import type { RequestOptions } from "./request.ts";

/** The maximum number of probes remembered at a time; they take 60 MB. */
export const MAX_REMEMBERED = 2 ** 20;

/** What to measure, and how. */
export interface StampOptions {
  /**
   * The common part of all probes. Default: 44 bytes (112 with a key), a random
   * SSID, NTP timestamps, the resolution of the clock as their error.
   */
  request?: Partial<RequestOptions>;
  /**
   * How many probes to send after the warm-up; may be `Infinity`. Default: 10,
   * or with a duration as many as fit into it.
   */
  count?: number;
  /** For how long to send, in milliseconds. Default: `Infinity`. */
  durationMs?: number;
  /**
   * When to send; `null` sends each probe when the last one was completed.
   * Default: periodic, or `null` for an interval of 0.
   */
  schedule?: Schedule | null;
  /**
   * The mean time between probes, in milliseconds; 0 without a schedule.
   * Default: 100.
   */
  intervalMs?: number;
  /** How many warm-up probes to send first, one at a time. Default: 5. */
  warmup?: number;
  /**
   * A probe without a reply is lost after this time, in milliseconds. Default:
   * 2000.
   */
  timeoutMs?: number;
  /**
   * Leaves the processor idle between probes, and sends less precisely. Default:
   * `false`.
   */
  relaxed?: boolean;
  /**
   * Whether the process does nothing else. While no probe is outstanding, it then
   * blocks instead of keeping the processor busy. Default: `false`.
   */
  alone?: boolean;
  /**
   * Gives the time of day. Default: a clock of its own, which is timed for some
   * milliseconds; sessions whose one-way delays are compared share one.
   */
  wall?: WallClock;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/** The values of options that are not given. */
export const STAMP_DEFAULTS = {
  count: 10,
  intervalMs: 100,
  warmup: 5,
  timeoutMs: 2000,
} as const;

/** All options, each with a value. */
export interface CompleteStampOptions
  extends Required<Omit<StampOptions, "signal" | "wall">> {
  /** What each request is like. */
  request: RequestOptions;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/**
 * Sets the options that were not given to their defaults.
 *
 * @param options Those that were given.
 * @returns All of them.
 *
 * @example Usage
 * ```ts
 * import { completeStampOptions } from "./session_options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { count, request } = completeStampOptions({ count: 100 });
 * assertEquals([count, request.sizeBytes], [100, 44]);
 * ```
 */
export function completeStampOptions(
  options: StampOptions,
): CompleteStampOptions {
  const { durationMs = Infinity, request } = options;
  const { intervalMs, count } = { ...STAMP_DEFAULTS, ...options };
  return {
    ...STAMP_DEFAULTS,
    count: durationMs === Infinity ? count : options.count ?? Infinity,
    durationMs,
    schedule: intervalMs === 0 ? null : periodic(intervalMs),
    relaxed: false,
    alone: false,
    ...options,
    request: {
      sizeBytes: (request?.key ? AUTHENTICATED : UNAUTHENTICATED).bytes,
      ssid: 1 + randomSeed() % 65_535,
      format: "ntp",
      errorUs: measureResolutionUs(systemClock),
      ...request,
    },
  };
}

/**
 * How many probes a session has to remember: the outstanding ones, and as many
 * more for late and duplicate replies.
 *
 * @param options When it sends, and how long it waits.
 * @returns The number; above {@linkcode MAX_REMEMBERED} it is not possible.
 */
export function rememberedProbes(
  options: { intervalMs: number; timeoutMs: number; count: number },
): number {
  const { intervalMs, timeoutMs, count } = options;
  if (intervalMs === 0) return 1024;
  const inTwoTimeouts = Math.ceil(2 * timeoutMs / intervalMs) + 64;
  return Math.min(inTwoTimeouts, count + 64);
}
