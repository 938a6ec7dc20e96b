/**
 * The time that the set-up of a TCP connection takes: one round trip, from the
 * SYN to the SYN-ACK, as seen by `connect`. The peer needs only a port on which a
 * program listens.
 *
 * ```text
 *   connect() -- SYN ------------>  kernel of the peer
 *             <-- SYN-ACK --------
 *   resolves  -- ACK ------------>  close()
 * ```
 *
 * @module
 */

import { DeadlineError } from "../net/errors.ts";
import {
  CALIBRATION_WARMUP,
  calibrationPlan,
  rttDistribution,
} from "../stats/calibration.ts";
import type { Distribution } from "../stats/histogram.ts";
import { newSample, type Sample } from "../stats/sample.ts";
import { Pacer, periodic, type SkippedEvents } from "../timing/pacer.ts";

/** What to measure, and how. */
export interface ConnectOptions {
  /** How many connections to set up after the warm-up. */
  count: number;
  /** How many to set up first and leave out. */
  warmup: number;
  /** The time from one to the next, in milliseconds; 0 for none. */
  intervalMs: number;
  /** How long to measure after the warm-up, in milliseconds. Default: no limit. */
  durationMs?: number;
  /** Receives the slots that were missed in a pause of this process. */
  skipped?: SkippedEvents;
  /** Starts TLS on a connection, after its set-up was timed. */
  secure?: (conn: Deno.Conn, isWarmup: boolean) => Promise<Deno.Conn>;
  /** Receives notes on the figures. */
  note?: (text: string) => void;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/** After this time a SYN is sent again, in milliseconds (RFC 6298). */
const RETRANSMISSION_MS = 1000;

/**
 * Sets up connections one after the other, and closes each at once.
 *
 * @param connect Sets one up, with a deadline. Look up the host before, so that
 * the lookup is not part of the time.
 * @param options How many, and when.
 * @returns A sample for each; one that was not answered in time is lost.
 * @throws What `connect` throws, unless it is a `DeadlineError`, and what
 * `secure` throws.
 */
export async function* connectSession(
  connect: () => Promise<Deno.Conn>,
  options: ConnectOptions,
): AsyncGenerator<Sample, void, void> {
  const { count, warmup, intervalMs, skipped, note, signal } = options;
  using pacer = new Pacer(intervalMs === 0 ? null : periodic(intervalMs), {
    intervalMs,
    durationMs: options.durationMs ?? Infinity,
    closedLoop: true,
    ...(skipped && { skipped }),
  });
  for (let sequence = 1; sequence <= warmup + count; sequence++) {
    const isWarmup = sequence <= warmup;
    const intendedAtMs = isWarmup
      ? performance.now()
      : await pacer.next(signal);
    if (intendedAtMs === null || signal?.aborted) return;
    const sample = newSample(sequence, isWarmup, intendedAtMs);
    try {
      sample.sentAtMs = performance.now();
      using conn = await connect();
      sample.rttMs = performance.now() - sample.sentAtMs;
      using _secure = await options.secure?.(conn, isWarmup);
    } catch (error) {
      if (signal?.aborted) return;
      const isLost = error instanceof DeadlineError && error.wait === "connect";
      if (!isLost) throw error;
    }
    if (sample.rttMs !== null && sample.rttMs >= RETRANSMISSION_MS) {
      note?.(
        "times of a second and more mean that a SYN or its answer was lost: " +
          "the system sends the SYN again after a second, then after two more",
      );
    }
    yield sample;
  }
}

/**
 * Measures the floor: the same on loopback.
 *
 * @param listener Where to connect to; it is closed at the end.
 * @param connect Connects to it.
 * @param options The interval of the measurement to come.
 * @returns The times in microseconds; `null` if it was aborted before the first.
 */
export async function measureConnectFloor(
  listener: Deno.TcpListener,
  connect: (target: Deno.NetAddr) => Promise<Deno.Conn>,
  options: { intervalMs: number; signal: AbortSignal },
): Promise<Distribution | null> {
  const { addr } = listener;
  const accepting = (async () => {
    for await (const conn of listener) conn.close();
  })();
  try {
    return await rttDistribution(connectSession(() => connect(addr), {
      ...calibrationPlan(options.intervalMs),
      warmup: CALIBRATION_WARMUP,
      signal: options.signal,
    }));
  } finally {
    listener.close();
    await accepting;
  }
}
