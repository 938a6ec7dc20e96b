#!/usr/bin/env -S deno run --allow-net
/**
 * Measurement client: round-trip time and throughput of the path to a
 * measure-server, once or over a range of sizes and delays.
 *
 * Protocol:   the course's three phases over TCP, port 10000
 * Socket:     stream, or Unix stream
 * Permission: --allow-net, to connect to the target; for unix:PATH also
 *             --allow-read=PATH --allow-write=PATH
 *
 *     $ deno task measure-client rtt 127.0.0.1 --count 100
 *     rtt to 127.0.0.1:10000 over TCP, the course protocol
 *     100 probes of 100 bytes, server delay 0 ms
 *                   RTT
 *       min     40.5 us
 *       p50      109 us
 *       ...
 *
 *     $ deno task measure-client tput 127.0.0.1 --size 32K --csv
 *     sequence,warmup,intended_ms,sent_ms,send_call_us,rtt_us
 *     1,true,0,0.090105,221.18,401.529
 *     ...
 *
 *     $ deno task measure-client sweep 127.0.0.1 --delays 0,50
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import {
  STREAM_TARGET_HELP,
  targetOf,
  TIMEOUT_OPTION,
} from "../lib/cli/client_options.ts";
import { flagOf } from "../lib/cli/options.ts";
import { noMoreOperands, UsageError } from "../lib/cli/options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";
import {
  refuseThresholds,
  REPORT_OPTIONS,
  runMeasurement,
} from "../lib/cli/run_measurement.ts";
import { runSweep } from "../lib/cli/run_sweep.ts";
import { outputOptions } from "../lib/cli/output_options.ts";
import { SWEEP_OPTIONS, sweepPlan } from "../lib/cli/sweep_options.ts";
import { measureFloor } from "../lib/measure/floor.ts";
import { measureSession } from "../lib/measure/client.ts";
import { runMetadata } from "../lib/result/run_metadata.ts";
import { ResultBuilder } from "../lib/result/builder.ts";
import type { Sample } from "../lib/stats/sample.ts";
import { type SweepStep, sweepSteps } from "../lib/result/sweep.ts";
import { formatAddress, type Target } from "../lib/net/address.ts";
import { connectWithin } from "../lib/net/connect.ts";
import { StreamConnection } from "../lib/net/stream_connection.ts";
import { formatCount } from "../lib/result/quantities.ts";
import { reporterOf } from "../lib/terminal/reporter.ts";
import { sweepReporterOf } from "../lib/terminal/sweep_reporter.ts";
import { type MeasurementType, SETUP_LIMITS } from "../lib/measure/messages.ts";

/** The payload where no size is given, in bytes. */
const DEFAULT_SIZE_BYTES = { rtt: 100, tput: 1024 };

/** How many probes warm up a sweep, if there is the time. */
const WARM_UP_PROBES = 1000;

const program = defineProgram({
  name: "measure-client",
  summary: "Measures round-trip time or throughput to a measure-server.",
  operands: "rtt|tput|sweep TARGET",
  details: [
    STREAM_TARGET_HELP,
    "rtt times each probe from just before it is written to the last byte of its echo. tput does the same with larger probes, and prints two figures of payload bytes one way over full round trips: the mean of SIZE / RTT, and PROBES * SIZE / the sum of RTTs.",
    "sweep does both for several sizes without a delay, and for several delays: tables and curves. --size is then that of the points where the delay varies. It goes on where a point fails, and exits with 1 in the end.",
    "A probe is sent when the last one was echoed, and with --interval not before its turn. Then a second column counts from the turn, so that what waited behind a stall is not hidden.",
    "--fail-if compares min, mean, stddev, p50, p90, p99, p99.9 or max of the RTT (as intended.p99 with --interval from the turn), or jitter, with a time; loss with a percentage; throughput of tput, the aggregate, with a rate such as 10M bit/s.",
    "Exit codes: 0 done, 1 the run failed, 2 misuse, 3 a --fail-if limit was crossed.",
  ],
  options: {
    count: {
      kind: "integer",
      short: "n",
      min: 1,
      max: SETUP_LIMITS.probes,
      default: "10",
      help: "how many probes to measure",
    },
    size: {
      kind: "size",
      min: 1,
      max: SETUP_LIMITS.sizeBytes,
      help: "the payload of each (100 for rtt, 1K for tput)",
    },
    delay: {
      kind: "duration",
      min: 0,
      max: SETUP_LIMITS.delayMs,
      default: "0",
      help: "have the server hold each echo for so long",
    },
    interval: {
      kind: "duration",
      short: "i",
      min: 0,
      max: 3_600_000,
      default: "0",
      help: "send a probe so often; 0 sends it after the last echo",
    },
    warmup: {
      kind: "integer",
      min: 0,
      max: 100_000,
      default: "5",
      help: "send so many probes before, and leave them out",
    },
    ...SWEEP_OPTIONS,
    ...TIMEOUT_OPTION,
    lenient: {
      kind: "flag",
      help: "accept the known dialects of other servers, and say which",
    },
    delayUnit: {
      kind: "choice",
      choices: ["ms", "s"],
      default: "ms",
      help: "the unit in which the server takes the delay",
    },
    ...REPORT_OPTIONS,
  },
  examples: [
    "rtt 127.0.0.1",
    "rtt 127.0.0.1 -n 1000 -i 10ms --fail-if 'p99>5ms'",
    "tput 127.0.0.1 --size 32K --json",
    "sweep 127.0.0.1 --delays 0,50,100",
  ],
});

/** The options that go with one measurement, and those that go with many. */
const OF_ONE = ["delay", "calibrate", "hdr", "failIf"] as const;
const OF_SWEEP = ["sizes", "delays"] as const;

/** Measures once, or sweeps; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, (run) => {
    const { options, operands, given, signal, terminal } = run;
    const [mode, targetWord, ...rest] = operands;
    if (mode !== "rtt" && mode !== "tput" && mode !== "sweep") {
      throw new UsageError(
        "say what to measure and where, as in rtt 127.0.0.1: see --help",
      );
    }
    const target = targetOf(targetWord, 10000);
    noMoreOperands(rest);
    refuseOptions(mode, given);
    const { count, delay, interval, timeout, lenient, delayUnit } = options;
    // A lenient session learns the server's dialect from one probe more.
    const warmup = Math.max(options.warmup, lenient ? 1 : 0);
    if (count + warmup > SETUP_LIMITS.probes) {
      throw new UsageError(
        `a session has ${SETUP_LIMITS.probes} probes at most, the warm-up ` +
          `included: use --count ${
            SETUP_LIMITS.probes - warmup
          }, or --warmup 0`,
      );
    }
    refuseThresholds(options.failIf, {
      throughput: mode === "tput",
      schedule: interval > 0,
      replies: false,
    });
    const output = outputOptions(options, terminal);
    const address = formatAddress(target);
    const path = target.transport === "tcp" ? "TCP" : "a Unix socket";
    const title = `${mode} to ${address} over ${path}, the course protocol\n`;
    const common = {
      count,
      interval_ms: interval,
      warmup,
      timeout_ms: timeout,
      lenient,
      delay_unit: delayUnit,
    };
    return mode === "sweep" ? sweep() : once(mode);

    async function once(mode: MeasurementType): Promise<number> {
      const { size: sizeBytes = DEFAULT_SIZE_BYTES[mode] } = options;
      const floor = options.calibrate
        ? await withContext(
          { action: "calibrate on", target: "127.0.0.1" },
          () =>
            measureFloor(
              Deno.listen({ hostname: "127.0.0.1", port: 0 }),
              (target) => dial(target, 0),
              { type: mode, sizeBytes, intervalMs: interval, signal },
            ),
        )
        : null;
      const used = { ...common, size_bytes: sizeBytes, delay_ms: delay };
      const { builder, samples } = measurement(
        { quantity: mode, sizeBytes, delayMs: delay },
        used,
        (note) => builder.note(note),
      );
      builder.floor = floor;
      const reporter = reporterOf(output, "measure", count);
      reporter.start({
        title: `${title}${formatCount(count, "probe")} of ${
          formatCount(sizeBytes, "byte")
        }, server delay ${delay} ms`,
        metadata: builder.metadata,
      });
      return await runMeasurement({
        what: `measure the path to ${address}`,
        samples,
        builder,
        reporter,
        thresholds: options.failIf,
        hdr: options.hdr,
        count,
        signal,
        terminal,
      });
    }

    async function sweep(): Promise<number> {
      const size = options.size;
      const plan = sweepPlan(
        options,
        size ? { rtt: size, tput: size } : DEFAULT_SIZE_BYTES,
      );
      const steps = sweepSteps(plan);
      const used = {
        ...common,
        sizes_bytes: plan.sizesBytes,
        delays_ms: plan.delaysMs,
        size_bytes: plan.sizeBytes,
      };
      const metadata = {
        ...runMetadata({
          mode: "sweep",
          target: address,
          started: new Date(),
          options: { given, used },
        }),
        protocol: "measure" as const,
      };
      const notes = new Set<string>();
      const reporter = sweepReporterOf(output, count, steps.length);
      reporter.start(
        `${title}${formatCount(steps.length, "point")} of ${
          formatCount(count, "probe")
        } each`,
        metadata,
      );
      return await runSweep({
        metadata,
        steps,
        warmUp: () =>
          measurement(steps[0]!, used, () => {}, WARM_UP_PROBES).samples,
        measure: (step) => measurement(step, used, (note) => notes.add(note)),
        notes,
        reporter,
        signal,
        terminal,
      });
    }

    function measurement(
      step: Omit<SweepStep, "against">,
      used: object,
      note: (text: string) => void,
      probes = count + warmup,
    ): { builder: ResultBuilder; samples: AsyncIterable<Sample> } {
      const { quantity, sizeBytes, delayMs } = step;
      const builder = new ResultBuilder({
        protocol: "measure",
        mode: quantity,
        target: address,
        sizeBytes,
        intervalMs: interval,
        options: { given, used },
      });
      const samples = measureSession(() => dial(target, delayMs), {
        setup: { type: quantity, probes, sizeBytes, delayMs },
        warmup,
        intervalMs: interval,
        delayUnit,
        ...(lenient ? { tolerate: (what) => note(`tolerated: ${what}`) } : {}),
        signal,
      });
      return { builder, samples };
    }

    async function dial(
      target: Target | Deno.NetAddr,
      delayMs: number,
    ): Promise<StreamConnection> {
      const conn = await withContext(
        { action: "connect to", target },
        () =>
          connectWithin(
            timeout,
            signal,
            // Deno types TCP and Unix targets apart; the function is the same.
            (signal) =>
              Deno.connect({ ...target, signal } as Deno.ConnectOptions),
          ),
      );
      return new StreamConnection(conn, {
        readMs: delayMs + timeout,
        writeMs: timeout,
      });
    }
  });
}

/** Refuses what would have no effect. */
function refuseOptions(mode: MeasurementType | "sweep", given: object): void {
  const [refused, goesWith] = mode === "sweep"
    ? [OF_ONE, "rtt and tput"]
    : [OF_SWEEP, "sweep"];
  const found = refused.find((name) => Object.hasOwn(given, name));
  if (found === undefined) return;
  throw new UsageError(
    `--${flagOf(found)} goes with ${goesWith}, not with ${mode}`,
  );
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
