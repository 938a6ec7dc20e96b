/**
 * The result of a measurement: one shape for every protocol.
 *
 * A part that does not apply is absent; a figure that is unknown is `null`.
 * Durations are in microseconds, rates in bits per second.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { measureResolutionUs, systemClock } from "../timing/clock.ts";
import { type Distribution, Histogram } from "../timing/histogram.ts";
import { Jitter, type JitterFigures } from "../timing/jitter.ts";
import type { Sample } from "./sample.ts";

/** What is known of a measurement before it starts. */
export interface Heading {
  /** The protocol spoken. */
  protocol: "course";
  /** What is measured. */
  mode: "rtt" | "tput";
  /** Where to, as `HOST:PORT`. */
  target: string;
  /** The payload of each probe, in bytes. */
  sizeBytes: number;
  /** The time from one probe to the next, in milliseconds; 0 for none. */
  intervalMs: number;
  /** The options as they were written, and as they took effect. */
  options: { given: object; used: object };
}

/** Counters that cannot go negative; the first four leave the warm-up out. */
export interface ProbeCounts {
  /** How many were sent. */
  sent: number;
  /** How many were answered in time. */
  received: number;
  /** How many were not. */
  lost: number;
  /** How many were sent before, to warm up. */
  warmup: number;
}

/** The two figures that are both called throughput; `null` before a reply. */
export interface Throughput {
  /** The mean of SIZE / RTT over the probes. */
  per_probe_mean_bits_per_second: number | null;
  /** PROBES * SIZE / the sum of their RTTs. */
  aggregate_bits_per_second: number | null;
}

/** How good the measurement itself was. */
export interface Quality {
  /** The least step of the clock. */
  clock_resolution_us: number | null;
  /** How much later than intended probes were sent. */
  send_lateness_us?: { p50: number; p99: number; max: number } | null;
  /** How long the call that sends a probe takes. */
  send_call_us: { p50: number; p99: number } | null;
  /** What the instrument itself adds; not measured is `null`. */
  floor_us: number | null;
  /** What a reader of the figures should know. */
  notes: string[];
}

/** A measurement's result; the object of `--json`. */
export interface Result {
  /** The version of this shape. */
  format: 1;
  /** What made it. */
  tool: "roundtrip";
  /** Which version of that. */
  version: string;
  /** What that ran on. */
  runtime: { deno: string; os: string; arch: string };
  /** The protocol spoken. */
  protocol: Heading["protocol"];
  /** What was measured. */
  mode: Heading["mode"];
  /** Where to, as `HOST:PORT`. */
  target: string;
  /** When it started, by the wall clock. */
  started: string;
  /** The options as they were written, and as they took effect. */
  options: Heading["options"];
  /** What became of the probes. */
  probes: ProbeCounts;
  /** The round-trip times from when each probe was sent. */
  rtt_us: Distribution | null;
  /** The same from when it was meant to be sent. */
  rtt_from_intended_us?: Distribution | null;
  /** How much successive round-trip times differ. */
  jitter_us: JitterFigures | null;
  /** Only where throughput was measured. */
  throughput?: Throughput;
  /** How good the measurement itself was. */
  quality: Quality;
}

/**
 * Adds samples up to a result, in constant memory.
 *
 * @example Usage
 * ```ts
 * import { ResultBuilder } from "./result.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const builder = new ResultBuilder({
 *   protocol: "course",
 *   mode: "rtt",
 *   target: "127.0.0.1:10000",
 *   sizeBytes: 100,
 *   intervalMs: 0,
 *   options: { given: {}, used: {} },
 * });
 * const sample = { warmup: false, intendedAtMs: 0, sentAtMs: 0, sendCallMs: 0 };
 * builder.add({ ...sample, sequence: 1, rttMs: 0.25 });
 * builder.add({ ...sample, sequence: 2, rttMs: null });
 * assertEquals(builder.result().probes.lost, 1);
 * assertEquals(builder.result().rtt_us?.p50, 250);
 * ```
 */
export class ResultBuilder {
  #heading: Heading;
  #started = new Date();
  #probes: ProbeCounts = { sent: 0, received: 0, lost: 0, warmup: 0 };
  #rtt = new Histogram();
  #fromIntended = new Histogram();
  #lateness = new Histogram();
  #sendCall = new Histogram();
  #jitter = new Jitter();
  #sumSeconds = 0;
  #sumBitsPerSec = 0;
  #notes = new Set<string>();

  /**
   * Starts with no samples; the wall clock labels the result.
   *
   * @param heading What is known before the start.
   */
  constructor(heading: Heading) {
    this.#heading = heading;
  }

  /** The counters so far. */
  get probes(): Readonly<ProbeCounts> {
    return this.#probes;
  }

  /** The median so far, in microseconds. */
  get medianUs(): number | null {
    return this.#rtt.percentile(50);
  }

  /**
   * Adds one sample.
   *
   * @param sample The sample; it is not kept.
   */
  add(sample: Sample): void {
    if (sample.warmup) {
      this.#probes.warmup += 1;
      return;
    }
    this.#probes.sent += 1;
    const latenessMs = Math.max(0, sample.sentAtMs - sample.intendedAtMs);
    this.#lateness.record(latenessMs * 1000);
    this.#sendCall.record(sample.sendCallMs * 1000);
    this.#jitter.record(sample.rttMs === null ? null : sample.rttMs * 1000);
    if (sample.rttMs === null) {
      this.#probes.lost += 1;
      return;
    }
    this.#probes.received += 1;
    this.#rtt.record(sample.rttMs * 1000);
    this.#fromIntended.record((latenessMs + sample.rttMs) * 1000);
    const seconds = sample.rttMs / 1000;
    this.#sumSeconds += seconds;
    this.#sumBitsPerSec += this.#heading.sizeBytes * 8 / seconds;
  }

  /**
   * Adds a note on the measurement's quality; once, if it is said again.
   *
   * @param text One sentence.
   */
  note(text: string): void {
    this.#notes.add(text);
  }

  /**
   * The result of what was added so far.
   *
   * @returns The result.
   */
  result(): Result {
    const { protocol, mode, target, options, intervalMs } = this.#heading;
    const paced = intervalMs > 0;
    const lateness = this.#lateness.distribution();
    const sendCall = this.#sendCall.distribution();
    return {
      format: 1,
      tool: "roundtrip",
      version: config.version,
      runtime: {
        deno: Deno.version.deno,
        os: Deno.build.os,
        arch: Deno.build.arch,
      },
      protocol,
      mode,
      target,
      started: this.#started.toISOString(),
      options,
      probes: { ...this.#probes },
      rtt_us: rounded(this.#rtt.distribution()),
      ...(paced
        ? { rtt_from_intended_us: rounded(this.#fromIntended.distribution()) }
        : {}),
      jitter_us: rounded(this.#jitter.figures()),
      ...(mode === "tput" ? { throughput: this.#throughput() } : {}),
      quality: {
        clock_resolution_us: measureResolutionUs(systemClock),
        ...(paced
          ? {
            send_lateness_us: rounded(
              lateness &&
                { p50: lateness.p50, p99: lateness.p99, max: lateness.max },
            ),
          }
          : {}),
        send_call_us: rounded(
          sendCall && { p50: sendCall.p50, p99: sendCall.p99 },
        ),
        floor_us: null,
        notes: [...this.#notes, ...this.#observations(paced)],
      },
    };
  }

  #throughput(): Throughput {
    const { received } = this.#probes;
    const bits = received * this.#heading.sizeBytes * 8;
    return {
      per_probe_mean_bits_per_second: finite(this.#sumBitsPerSec / received),
      aggregate_bits_per_second: finite(bits / this.#sumSeconds),
    };
  }

  #observations(paced: boolean): string[] {
    const notes = [];
    const { received } = this.#probes;
    if (received > 0 && received < 1000) {
      notes.push(`p99.9 of fewer than 1000 samples is their maximum`);
    }
    const lateUs = this.#lateness.percentile(99);
    if (paced && lateUs !== null && lateUs > this.#heading.intervalMs * 1000) {
      notes.push(
        "the schedule was not kept: probes left late, after a late echo or a " +
          "late timer, so read the figures from the intended time",
      );
    }
    return notes;
  }
}

/** A rate, or `null` where the clock saw no time pass, or nothing came. */
function finite(rate: number): number | null {
  return Number.isFinite(rate) ? Math.round(rate) : null;
}

/** Figures to the nanosecond; more digits would claim what no clock knows. */
function rounded<T extends object | null>(figures: T): T {
  if (figures === null) return figures;
  return Object.fromEntries(
    Object.entries(figures).map((
      [key, value],
    ) => [
      key,
      typeof value === "number" ? Math.round(value * 1000) / 1000 : value,
    ]),
  ) as T;
}
