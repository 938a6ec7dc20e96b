#!/usr/bin/env -S deno run --unstable-net --allow-net
/**
 * STAMP sender: round-trip time, loss by direction, one-way delay and jitter of
 * the path to a stamp-server, or to any STAMP or TWAMP-Light reflector.
 *
 * Protocol:   STAMP, RFC 8762, over UDP, port 862 (the task: 8620)
 * Socket:     datagram
 * Permission: --allow-net, to reach the target; --allow-env=STAMP_HMAC_KEY or
 *             --allow-read=FILE for a key; --unstable-net outside of this folder
 *
 *     $ deno task stamp-client 127.0.0.1 --count 100 --interval 10ms
 *     rtt to 127.0.0.1:8620 over UDP, STAMP, not signed
 *     100 probes of 44 bytes, one every 10 ms
 *     ...
 *
 *     $ deno task stamp-client 127.0.0.1 --time 1m --interval 1ms --json
 *
 * @module
 */

import { attempt } from "../lib/cli/attempt.ts";
import {
  hostTargetOf,
  TARGET_HELP,
  TIMEOUT_OPTION,
} from "../lib/cli/client_options.ts";
import { noMoreWords, UsageError } from "../lib/cli/parse_options.ts";
import { defineProgram, runMain, type Stage } from "../lib/cli/run_main.ts";
import {
  outputForm,
  REPORT_OPTIONS,
  runMeasurement,
} from "../lib/cli/run_measurement.ts";
import { findKey, KEY_HELP, KEY_OPTION } from "../lib/cli/stamp_options.ts";
import { refuseThresholds } from "../lib/cli/thresholds.ts";
import { stampFloorUs } from "../lib/measure/calibration.ts";
import { ResultBuilder } from "../lib/measure/result_builder.ts";
import {
  MAX_REMEMBERED,
  rememberedProbes,
  StampSession,
} from "../lib/measure/stamp_session.ts";
import { formatAddress } from "../lib/net/address.ts";
import { localHostFor } from "../lib/net/datagram_socket.ts";
import { addressOf } from "../lib/net/lookup.ts";
import { formatCount, formatDuration } from "../lib/output/quantities.ts";
import { reporterOf } from "../lib/output/reporter.ts";
import {
  AUTHENTICATED,
  isRequestSize,
  MAX_PACKET_BYTES,
  STAMP_PORT,
  UNAUTHENTICATED,
} from "../lib/protocols/stamp.ts";
import { measureResolutionUs, systemClock } from "../lib/timing/clock.ts";
import { periodic, poisson } from "../lib/timing/schedule.ts";
import { randomSeed } from "../lib/timing/seeded_random.ts";

/** How many probes are sent where neither a count nor a time is given. */
const DEFAULT_COUNT = 10;
/** The shortest interval, in milliseconds: 20 000 probes a second. */
const MIN_INTERVAL_MS = 0.05;

const program = defineProgram({
  name: "stamp-client",
  summary: "Measures the path to a STAMP reflector, RFC 8762, over UDP.",
  words: "TARGET",
  details: [
    TARGET_HELP,
    "Probes leave on a schedule of their own, whatever became of those before. A probe is lost if no reply came within --timeout; a reply after that is late. With -i 0 each leaves when the last one was answered or lost.",
    "RTT is without the time that the reflector says it took; a second column is with it, a third counts from the moment a probe was meant to leave. One-way delays depend on two clocks, whose offset is estimated, and its bound told.",
    KEY_HELP,
    "--fail-if compares min, mean, stddev, p50, p90, p99, p99.9 or max of the RTT (as intended.p99 from the schedule), or jitter, with a time; loss with a percentage.",
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: {
    port: {
      kind: "integer",
      short: "p",
      min: 1,
      max: 65535,
      default: `${STAMP_PORT}`,
      help: "the port where TARGET names none",
    },
    count: {
      kind: "integer",
      short: "n",
      min: 1,
      max: 1e12,
      help: `how many probes to measure (${DEFAULT_COUNT}, if no --time)`,
    },
    time: {
      kind: "duration",
      short: "t",
      min: 1,
      max: 30 * 86_400_000,
      help: "for how long to send",
    },
    interval: {
      kind: "duration",
      short: "i",
      min: 0,
      max: 3_600_000,
      default: "100ms",
      help: "send a probe so often, down to 50us; 0 waits for each reply",
    },
    schedule: {
      kind: "choice",
      choices: ["periodic", "poisson"],
      default: "periodic",
      help: "send evenly, or at random with that mean interval",
    },
    seed: {
      kind: "integer",
      min: 0,
      max: 4_294_967_295,
      help: "repeat an earlier run's random schedule",
    },
    size: {
      kind: "size",
      min: UNAUTHENTICATED.bytes,
      max: MAX_PACKET_BYTES,
      help: "the length of each packet, padded (44 bytes, signed 112)",
    },
    warmup: {
      kind: "integer",
      min: 0,
      max: 100_000,
      default: "5",
      help: "send so many probes before, and leave them out",
    },
    timeout: {
      ...TIMEOUT_OPTION.timeout,
      default: "2s",
      help: "a probe is lost if its reply takes longer than this",
    },
    timestamp: {
      kind: "choice",
      choices: ["ntp", "ptp"],
      default: "ntp",
      help: "the format of timestamps",
    },
    ssid: {
      kind: "integer",
      min: 0,
      max: 65535,
      help: "the session's identifier, 0 for none; else one is picked",
    },
    relaxed: {
      kind: "flag",
      help: "send a millisecond or two late, and leave the processor idle",
    },
    ...KEY_OPTION,
    ...REPORT_OPTIONS,
  },
  examples: [
    "127.0.0.1",
    "127.0.0.1 -t 10s -i 1ms --size 1400",
    "192.0.2.1:862 -i 20ms --schedule poisson --fail-if 'loss>1%'",
  ],
});

/** Measures once; gives the exit code. */
export function main(args: string[], stage?: Stage): Promise<number> {
  return runMain(program, args, stage, async (run) => {
    const { options, words, given, signal, terminal } = run;
    const { interval, timeout, schedule, relaxed, time, warmup } = options;
    const target = hostTargetOf(words[0], options.port);
    noMoreWords(words.slice(1));
    const form = outputForm(options);
    const count = options.count ?? (time ? Infinity : DEFAULT_COUNT);
    if (interval > 0 && interval < MIN_INTERVAL_MS) {
      throw new UsageError("--interval is 0, or 50us at least");
    }
    if (interval === 0 && (relaxed || schedule === "poisson")) {
      const flag = relaxed ? "--relaxed" : "--schedule poisson";
      throw new UsageError(`${flag} goes with an --interval other than 0`);
    }
    if (options.seed !== undefined && schedule !== "poisson") {
      throw new UsageError("--seed goes with --schedule poisson");
    }
    if (
      rememberedProbes({ intervalMs: interval, timeoutMs: timeout, count }) >
        MAX_REMEMBERED
    ) {
      throw new UsageError(
        "too many probes would be under way at once: shorten --timeout, or " +
          "lengthen --interval",
      );
    }
    refuseThresholds(options.failIf, {
      throughput: false,
      schedule: interval > 0,
    });
    const { key, mode, unseen } = await findKey(options.keyFile);
    const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
    const { size = layout.bytes } = options;
    if (!isRequestSize(size, layout)) {
      throw new UsageError(
        `--size is ${layout.bytes}, or from ${
          layout.bytes + 4
        } to ${MAX_PACKET_BYTES} bytes with padding, not ${size}`,
      );
    }

    const name = formatAddress(target);
    const hostname = await attempt(
      `look up ${target.hostname}`,
      () => addressOf(target.hostname),
    );
    const { seed = randomSeed() } = options;
    const { ssid = 1 + randomSeed() % 65535 } = options;
    const format = options.timestamp;
    const errorUs = measureResolutionUs(systemClock);
    const request = { sizeBytes: size, ssid, format, errorUs, key };
    const random = schedule === "poisson";
    const floorUs = options.calibrate
      ? await attempt(
        "calibrate on loopback",
        () =>
          stampFloorUs(() => open("127.0.0.1"), {
            request,
            intervalMs: interval,
            relaxed,
            signal,
          }),
      )
      : null;

    const session = new StampSession(
      () => open(localHostFor(hostname)),
      { hostname, port: target.port },
      {
        request,
        count,
        durationMs: time ?? Infinity,
        schedule: interval === 0
          ? null
          : random
          ? poisson(interval, seed)
          : periodic(interval),
        intervalMs: interval,
        warmup,
        timeoutMs: timeout,
        relaxed,
        signal,
      },
    );
    const used = {
      count: count === Infinity ? null : count,
      time_ms: time ?? null,
      interval_ms: interval,
      schedule,
      ...(random ? { seed } : {}),
      size_bytes: size,
      warmup,
      timeout_ms: timeout,
      timestamp: format,
      ssid,
      relaxed,
      signed: key !== undefined,
    };
    const builder = new ResultBuilder({
      protocol: "stamp",
      mode: "rtt",
      target: name,
      sizeBytes: size,
      intervalMs: interval,
      arrivals: session.report,
      options: { given, used },
    });
    builder.floorUs = floorUs;
    if (unseen !== null) builder.note(`not signed: ${unseen}`);
    const expected = Math.min(
      count,
      time === undefined || interval === 0 ? Infinity : time / interval,
    );
    const reporter = reporterOf(form, "stamp", terminal, {
      total: expected,
      quiet: options.quiet,
    });
    const every = interval === 0
      ? "each after the last one's reply"
      : `one every ${formatDuration(interval * 1000)}` +
        (random ? ` on average, at random (--seed ${seed})` : "");
    reporter.start({
      title: `rtt to ${name} over UDP, STAMP, ${mode}\n` +
        (count === Infinity
          ? `probes of ${formatCount(size, "byte")}`
          : `${formatCount(count, "probe")} of ${formatCount(size, "byte")}`) +
        (time === undefined ? "" : ` for ${formatDuration(time * 1000)}`) +
        `, ${every}`,
      target: name,
      options: used,
    });
    return await runMeasurement({
      what: `measure the path to ${name}`,
      samples: session.samples(),
      builder,
      reporter,
      thresholds: options.failIf,
      hdr: options.hdr,
      count,
      signal,
      terminal,
    });
  });
}

/** Opens a socket on a free port. */
function open(hostname: string): Deno.DatagramConn {
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
