#!/usr/bin/env -S deno run --allow-net
/**
 * Measurement client: measures round-trip time or throughput to a measure-server,
 * once or over a range of sizes and delays.
 *
 * Protocol:   measure, the three phases of the course, over TCP, port 10000
 * Socket:     stream, or Unix stream
 * Permission: --allow-net, to connect to the target; for unix:PATH also
 *             --allow-read=PATH --allow-write=PATH; --allow-env=ROUNDTRIP_KEY or
 *             --allow-read=FILE for a shared key
 *
 *     $ deno task measure-client rtt 127.0.0.1 --count 100
 *     rtt to 127.0.0.1:10000 over TCP, measure protocol
 *     100 probes of 100 bytes, server delay 0 ms
 *     ...
 *     100 probes sent, 100 received, 0 lost (0 %)
 *     RTT p50 48.4 us, p99 93.1 us, max 105 us
 *
 *     $ deno task measure-client tput 127.0.0.1 --size 32K --csv
 *     sequence,warmup,intended_ms,sent_ms,send_call_us,rtt_us,time,target,run
 *     1,true,13.130855,13.352737,182.235,6504.21,2026-11-24T13:48:23.605Z,...
 *     ...
 *
 *     $ deno task measure-client sweep 127.0.0.1 --delays 0,50
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import {
  clientOptions,
  datagramRoute,
  dial,
  handshake,
  type HostTarget,
  hostTargetOf,
  reach,
  STREAM_TARGET_HELP,
  targetOf,
} from "../lib/cli/client_options.ts";
import {
  findSharedKey,
  SHARED_KEY_HELP,
  SHARED_KEY_OPTION,
} from "../lib/cli/key_options.ts";
import { choice, duration, flag, integer, size } from "../lib/cli/option.ts";
import {
  flagOf,
  noMoreOperands,
  UsageError,
  usedOptions,
} from "../lib/cli/options.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { Report } from "../lib/cli/report.ts";
import { run, type Runnable } from "../lib/cli/run.ts";
import {
  checkThresholds,
  FAIL_IF_HELP,
  REPORT_OPTIONS,
  runnableMeasurement,
} from "../lib/cli/run_measurement.ts";
import {
  runnableSweep,
  SWEEP_OPTIONS,
  sweepPlan,
} from "../lib/cli/run_sweep.ts";
import {
  clientTls,
  type StartTls,
  TLS_CLIENT_OPTIONS,
} from "../lib/cli/tls_options.ts";
import { measureSession } from "../lib/measure/client.ts";
import { connectSession, measureConnectFloor } from "../lib/measure/connect.ts";
import { measureFloor } from "../lib/measure/floor.ts";
import { type MeasurementType, SETUP_LIMITS } from "../lib/measure/messages.ts";
import { formatAddress, type Target } from "../lib/net/address.ts";
import type { SharedKey } from "../lib/net/shared_key.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { ResultBuilder } from "../lib/result/builder.ts";
import { formatCount, formatDuration } from "../lib/result/quantities.ts";
import { runMetadata } from "../lib/result/run_metadata.ts";
import { type SweepStep, sweepSteps } from "../lib/result/sweep.ts";
import type { Sample } from "../lib/stats/sample.ts";
import type { SkippedEvents } from "../lib/timing/pacer.ts";

/** The default payload, in bytes. */
const DEFAULT_SIZE_BYTES = { rtt: 100, tput: 1024 };
/** The default number of probes, and that of each point of a sweep. */
const DEFAULT_COUNT = 10;
const SWEEP_PROBES = 30;
/** The default interval of connections, long enough to spare the peer. */
const CONNECT_INTERVAL_MS = 100;

const OPTIONS = {
  count: integer(
    `how many probes (${DEFAULT_COUNT}, ${SWEEP_PROBES} at each point of a sweep, with --time any)`,
    { short: "n", max: SETUP_LIMITS.probes },
  ),
  time: duration("how long to measure", { short: "t", max: 30 * 86_400_000 }),
  size: size("payload of each probe (100 for rtt, 1K for tput)", {
    max: SETUP_LIMITS.sizeBytes,
  }),
  delay: duration("delay of each echo by the server", {
    min: 0,
    max: SETUP_LIMITS.delayMs,
    default: "0",
  }),
  interval: duration(
    "time between probes; 0 sends each after the last echo",
    { short: "i", min: 0, default: "0" },
  ),
  warmup: integer("probes to send first and leave out", {
    min: 0,
    max: 100_000,
    default: "5",
  }),
  ...SWEEP_OPTIONS,
  ...clientOptions(10000),
  ...TLS_CLIENT_OPTIONS,
  lenient: flag("accept known dialects of other servers, and note which"),
  delayUnit: choice(["ms", "s"], "unit of the delay that the server expects", {
    default: "ms",
  }),
  firstProbe: integer(
    "number of the first probe: 0 for servers that count from 0",
    { min: 0, max: 1, default: "1" },
  ),
  ...SHARED_KEY_OPTION,
  ...REPORT_OPTIONS,
};

const MODES = ["rtt", "tput", "sweep", "connect"] as const;
type Mode = (typeof MODES)[number];

/** Options that do not go with all modes. */
const ONLY_OF: [modes: Mode[], options: (keyof typeof OPTIONS)[]][] = [
  [["rtt", "tput"], ["delay"]],
  [["rtt", "tput", "connect"], ["time", "calibrate", "hdr", "failIf"]],
  [["sweep"], ["sizes", "delays"]],
  [
    ["rtt", "tput", "sweep"],
    ["size", "lenient", "delayUnit", "firstProbe", "keyFile"],
  ],
];

/** Measures once, or sweeps; returns the exit code. */
export const main = defineProgram({
  name: "measure-client",
  summary: "Measures round-trip time or throughput to a measure-server.",
  operands: "rtt|tput|sweep|connect TARGET",
  details: [
    STREAM_TARGET_HELP,
    "rtt measures each probe from just before it is written to the last byte of its echo. tput does the same with larger probes, and prints two figures of payload bytes one way over full round trips: the mean of SIZE / RTT, and PROBES * SIZE / the sum of RTTs.",
    "sweep does both for several sizes without a delay, and for several delays, and prints tables and curves. --size is then the payload of the points where the delay varies. If a point fails, the sweep goes on and exits with 1.",
    "connect measures how long the set-up of a TCP connection takes, SYN to SYN-ACK as seen by connect, to any HOST:PORT where a program listens; the peer needs no program of this project. It sets up a connection every 100 ms unless --interval is given, and closes it at once. A name is looked up once, before the first connection.",
    "A probe is sent when the one before was echoed, and with --interval not before its intended time. A second column then counts from the intended time, so that a stall of the peer is not hidden.",
    "With --tls the connection is encrypted. The TLS handshake is a figure of its own, from the connected socket to the end of the handshake; neither set-up nor round-trip times contain it.",
    SHARED_KEY_HELP,
    `${FAIL_IF_HELP} throughput of tput is compared with a rate such as 10M bit/s.`,
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: OPTIONS,
  examples: [
    "rtt 127.0.0.1",
    "rtt 127.0.0.1 -n 1000 -i 10ms --fail-if 'p99>5ms'",
    "tput 127.0.0.1 --size 32K --json",
    "sweep 127.0.0.1 --delays 0,50,100",
    "connect example.net:443 --count 100",
  ],
}, (program) => {
  const { options, operands, given, signal, terminal } = program;
  const [modeOperand, targetOperand, ...rest] = operands;
  const mode = MODES.find((mode) => mode === modeOperand);
  if (mode === undefined) {
    throw new UsageError(
      "name what to measure and the target, as in rtt 127.0.0.1: see --help",
    );
  }
  // A connection may be set up to any port, so there is no default.
  const target = mode === "connect"
    ? hostTargetOf(targetOperand, given.port === undefined ? 0 : options.port)
    : targetOf(targetOperand, options.port);
  noMoreOperands(rest);
  rejectOptions(mode, given);
  const { time, delay, timeout, lenient, delayUnit, failIf, hdr } = options;
  const interval = mode === "connect" && given.interval === undefined
    ? CONNECT_INTERVAL_MS
    : options.interval;
  // A lenient session learns the dialect of the server from one more probe.
  const warmup = Math.max(options.warmup, lenient ? 1 : 0);
  const maxCount = SETUP_LIMITS.probes - warmup;
  const defaultCount = mode === "sweep" ? SWEEP_PROBES : DEFAULT_COUNT;
  const { count = time === undefined ? defaultCount : maxCount } = options;
  if (count > maxCount) {
    throw new UsageError(
      `a session has at most ${SETUP_LIMITS.probes} probes with its ` +
        `warm-up: use --count ${maxCount}, or --warmup 0`,
    );
  }
  const expected = time === undefined
    ? count
    : Math.min(count, interval === 0 ? Infinity : time / interval);
  checkThresholds(failIf, {
    probes: true,
    throughput: mode === "tput",
    schedule: interval > 0,
    replies: false,
    clocks: false,
  });
  const address = formatAddress(target);
  const path = options.tls
    ? "TLS"
    : target.transport === "tcp"
    ? "TCP"
    : "a Unix socket";
  const startTls: StartTls = (conn, trust) => Deno.startTls(conn, trust);
  let key: SharedKey | undefined;
  const probes = time === undefined || options.count !== undefined
    ? formatCount(count, "probe")
    : "probes";
  const during = time === undefined
    ? ""
    : `, for ${formatDuration(time * 1000)}`;
  const prepare = { rtt: once, tput: once, sweep, connect: connections }[mode];
  const report = new Report(options, terminal);
  return run(async () => {
    if (mode !== "connect") key = await findSharedKey(options.keyFile);
    return await prepare(mode as MeasurementType);
  }, { report, signal });

  function title(): string {
    return `${mode} to ${address} over ${path}, measure protocol` +
      (key ? ", shared key" : "");
  }

  async function connections(): Promise<Runnable> {
    const { hostname, port } = target as HostTarget;
    if (port === 0) {
      const example = formatAddress({ transport: "tcp", hostname, port: 443 });
      throw new UsageError(`name the port as well, as in ${example}`);
    }
    const lookedUpMs = performance.now();
    const { hostname: found } = await datagramRoute(program, hostname);
    const tookMs = performance.now() - lookedUpMs;
    const skipped = { count: 0, longestPauseMs: 0 };
    const builder = builderOf("connect", 0, { address: found }, skipped);
    if (found !== hostname) {
      builder.note(
        `${hostname} is ${found}; the lookup took ${
          formatDuration(tookMs * 1000)
        } and is in no other figure`,
      );
    }
    if (options.calibrate) {
      builder.floor = await measureConnectFloor(
        Deno.listen({ hostname: "127.0.0.1", port: 0 }),
        (target) => reach(program, target, (to) => Deno.connect(to)),
        { intervalMs: interval, signal },
      );
    }
    const to = { transport: "tcp", hostname: found, port } as const;
    const secure = await clientTls(options, target, startTls);
    const timed = {
      ...program,
      onHandshake: (ms: number) => builder.addHandshake(ms),
    };
    return runnableMeasurement({
      title: `connect to ${address}, TCP: SYN to SYN-ACK, as seen by ` +
        `connect${
          secure ? ", then TLS" : ""
        }\n${probes}, each a connection${during}`,
      samples: connectSession(
        () => reach(program, to, (to) => Deno.connect(to)),
        {
          count,
          warmup,
          durationMs: time ?? Infinity,
          intervalMs: interval,
          skipped,
          ...(secure && {
            secure: (conn, isWarmup) =>
              handshake(isWarmup ? program : timed, conn, secure),
          }),
          note: (note) => builder.note(note),
          signal,
        },
      ),
      ...{ builder, count, expected, hdr },
    });
  }

  async function once(type: MeasurementType): Promise<Runnable> {
    const { size: sizeBytes = DEFAULT_SIZE_BYTES[type] } = options;
    const skipped = { count: 0, longestPauseMs: 0 };
    const builder = builderOf(
      type,
      sizeBytes,
      { size_bytes: sizeBytes, delay_ms: delay },
      skipped,
    );
    if (options.calibrate) {
      builder.floor = await withContext(
        { action: "calibrate on", target: "127.0.0.1" },
        () =>
          measureFloor(
            Deno.listen({ hostname: "127.0.0.1", port: 0 }),
            (target) => open(target, 0, null),
            { type, sizeBytes, intervalMs: interval, signal },
          ),
      );
    }
    const step = { quantity: type, sizeBytes, delayMs: delay };
    const note = (note: string) => builder.note(note);
    const size = formatCount(sizeBytes, "byte");
    return runnableMeasurement({
      title:
        `${title()}\n${probes} of ${size}, server delay ${delay} ms${during}`,
      samples: session(step, {
        probes: count + warmup,
        note,
        skipped,
        onHandshake: (ms) => builder.addHandshake(ms),
      }),
      ...{ builder, count, expected, hdr },
    });
  }

  function sweep(): Runnable {
    const { size } = options;
    const plan = sweepPlan(
      options,
      size ? { rtt: size, tput: size } : DEFAULT_SIZE_BYTES,
    );
    const steps = sweepSteps(plan);
    const swept = {
      sizes_bytes: plan.sizesBytes,
      delays_ms: plan.delaysMs,
      size_bytes: plan.sizeBytes,
    };
    const notes = new Set<string>();
    const metadata = runMetadata({
      mode: "sweep",
      target: address,
      started: new Date(),
      options: { given, used: { ...used(), ...swept } },
    });
    const points = formatCount(steps.length, "point");
    return runnableSweep({
      title: `${title()}\n${points} of ${probes} each, in rounds`,
      metadata: { ...metadata, protocol: "measure" },
      steps,
      probes: count,
      warmUp: (probes, patienceMs = 0) =>
        session(
          { ...steps[0]!, delayMs: 0 },
          { probes, note: () => {}, patienceMs },
        ),
      prepare: (step) => ({
        builder: builderOf(step.quantity, step.sizeBytes, swept),
        session: (probes) =>
          session(step, {
            probes: probes + warmup,
            note: (note) => notes.add(note),
          }),
      }),
      notes,
      signal,
    });
  }

  /** The options as they take effect, apart from what a mode adds. */
  function used(): Record<string, unknown> {
    const all = { ...options, count, interval, warmup };
    const names = [
      "count",
      "time",
      "interval",
      "warmup",
      "timeout",
      "tls",
    ] as const;
    if (mode === "connect") return usedOptions(OPTIONS, all, names);
    return {
      ...usedOptions(OPTIONS, all, [
        ...names,
        ...["lenient", "delayUnit", "firstProbe"] as const,
      ]),
      shared_key: key !== undefined,
    };
  }

  function builderOf(
    mode: MeasurementType | "connect",
    sizeBytes: number,
    further: object,
    skipped?: SkippedEvents,
  ): ResultBuilder {
    return new ResultBuilder({
      protocol: mode === "connect" ? "tcp" : "measure",
      mode,
      target: address,
      sizeBytes,
      intervalMs: interval,
      ...(skipped && { skipped }),
      thresholds: failIf,
      tls: options.tls,
      options: { given, used: { ...used(), ...further } },
    });
  }

  function session(
    { quantity, sizeBytes, delayMs }: Omit<SweepStep, "against">,
    { probes, note, skipped, onHandshake = () => {}, patienceMs = 0 }: {
      probes: number;
      note: (text: string) => void;
      skipped?: SkippedEvents;
      onHandshake?: (durationMs: number) => void;
      patienceMs?: number;
    },
  ): AsyncIterable<Sample> {
    const connect = () => open(target, delayMs + patienceMs, onHandshake);
    return measureSession(connect, {
      setup: { type: quantity, probes, sizeBytes, delayMs },
      warmup,
      durationMs: time ?? Infinity,
      intervalMs: interval,
      ...(skipped && { skipped }),
      delayUnit,
      firstProbe: options.firstProbe === 0 ? 0 : 1,
      key,
      note,
      ...(lenient ? { tolerate: (what) => note(`tolerated: ${what}`) } : {}),
      signal,
    });
  }

  async function open(
    target: Target | Deno.NetAddr,
    delayMs: number,
    onHandshake: ((durationMs: number) => void) | null,
  ): Promise<StreamConnection> {
    return new StreamConnection(
      onHandshake === null
        ? await dial(program, target, (to) => Deno.connect(to))
        : await dial(
          { ...program, onHandshake },
          target,
          (to) => Deno.connect(to),
          startTls,
        ),
      { readMs: delayMs + timeout, writeMs: timeout },
    );
  }
});

/** Rejects options that would have no effect. */
function rejectOptions(mode: Mode, given: object): void {
  for (const [modes, options] of ONLY_OF) {
    const found = options.find((name) => Object.hasOwn(given, name));
    if (found === undefined || modes.includes(mode)) continue;
    const [last, ...others] = modes.toReversed();
    const goesWith = others.length === 0
      ? last
      : `${others.toReversed().join(", ")} and ${last}`;
    throw new UsageError(
      `--${flagOf(found)} goes with ${goesWith}, not with ${mode}`,
    );
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
