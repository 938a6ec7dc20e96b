/**
 * Adds up samples to a result, in constant memory.
 *
 * @module
 */

import { measureResolutionUs, systemClock } from "../timing/clock.ts";
import type { SkippedEvents } from "../timing/pacer.ts";
import { ProcessorTime } from "../timing/processor_time.ts";
import { Histogram } from "../stats/histogram.ts";
import { Jitter } from "../stats/jitter.ts";
import { OneWay, type OneWayResult } from "../stats/one_way.ts";
import type { Sample } from "../stats/sample.ts";
import { Timeline, type TimelineFigures } from "../stats/timeline.ts";
import type { ReplyStats } from "../stamp/outstanding_probes.ts";
import type { TimedSeries } from "./figures.ts";
import { measurementNotes } from "./notes.ts";
import { roundFigures } from "./quantities.ts";
import type { Threshold } from "./thresholds.ts";
import { runMetadata } from "./run_metadata.ts";
import type {
  MeasurementMetadata,
  MeasurementResult,
  ProbeCounts,
} from "./schema.ts";

/** The maximum number of bins of a histogram: the rows of a drawing. */
const BINS = 12;

/** What is known of a measurement before it starts. */
export interface MeasurementSetup {
  /** The protocol spoken. */
  protocol: MeasurementResult["protocol"];
  /** What is measured. */
  mode: MeasurementResult["mode"];
  /** The target as `HOST:PORT`. */
  target: string;
  /** The payload of each probe, in bytes; with STAMP, the whole packet. */
  sizeBytes: number;
  /** The mean time from one probe to the next, in milliseconds; 0 for none. */
  intervalMs: number;
  /** The slots that were missed; complete at the end. */
  skipped?: SkippedEvents;
  /** The reply statistics of a datagram session; complete at the end. */
  replies?: ReplyStats;
  /** The thresholds to compare the result with. */
  thresholds?: Threshold[];
  /** Whether one-way delays use the clocks as they are; default `false`. */
  clocksTrusted?: boolean;
  /** Whether the connection is encrypted; default `false`. */
  tls?: boolean;
  /** The options as they were given, and as they take effect. */
  options: { given: object; used: object };
}

/**
 * Adds up samples to a result, in constant memory.
 *
 * @example Usage
 * ```ts
 * import { ResultBuilder } from "./builder.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const builder = new ResultBuilder({
 *   protocol: "measure",
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
  #setup: MeasurementSetup;
  #started = new Date();
  #probes = { sent: 0, received: 0, lost: 0, warmup: 0 };
  #rtt = new Histogram();
  #fromIntended = new Histogram();
  #lateness = new Histogram();
  #sendCall = new Histogram();
  #jitter = new Jitter();
  #withReflector = new Histogram();
  #handshake = new Histogram();
  #oneWay: OneWay;
  #timed: Record<TimedSeries, Histogram> = {
    rtt: this.#rtt,
    reflector: this.#withReflector,
    intended: this.#fromIntended,
  };
  #firstSentMs = Infinity;
  #lastSentMs = -Infinity;
  #processor = new ProcessorTime();
  #timeline = new Timeline();
  #clockStepUs = measureResolutionUs(systemClock);
  #sumSeconds = 0;
  #sumBitsPerSec = 0;
  #notes = new Set<string>();

  /** The RTT measured on loopback, if it was; it is not subtracted. */
  floor: { p50: number; p99: number } | null = null;

  /**
   * Starts without samples; the wall clock dates the result.
   *
   * @param setup What is known before the start.
   */
  constructor(setup: MeasurementSetup) {
    this.#setup = setup;
    this.#oneWay = new OneWay({
      trusted: setup.clocksTrusted ?? false,
      ...(this.#clockStepUs !== null && { stepUs: this.#clockStepUs }),
    });
  }

  /** The metadata of the result. */
  get metadata(): MeasurementMetadata {
    const { protocol } = this.#setup;
    return {
      ...runMetadata({ ...this.#setup, started: this.#started }),
      protocol,
    };
  }

  /** The counters so far. */
  get probes(): Readonly<ProbeCounts> {
    return this.#probes;
  }

  /**
   * A percentile so far.
   *
   * @param percent From 0 to 100.
   * @returns The round-trip time in microseconds; `null` before a reply.
   */
  percentileUs(percent: number): number | null {
    return this.#rtt.percentile(percent);
  }

  /** The timeline so far. */
  get timeline(): TimelineFigures {
    return this.#timeline.figures();
  }

  /**
   * Adds one sample; allocates nothing.
   *
   * @param sample The sample; it is not kept.
   */
  add(sample: Sample): void {
    if (sample.warmup) {
      this.#probes.warmup += 1;
      return;
    }
    const { sequence, intendedAtMs, sentAtMs, rttMs } = sample;
    this.#probes.sent += 1;
    const latenessMs = Math.max(0, sentAtMs - intendedAtMs);
    this.#lateness.record(latenessMs * 1000);
    if (sample.sendCallMs > 0) this.#sendCall.record(sample.sendCallMs * 1000);
    if (sentAtMs < this.#firstSentMs) this.#firstSentMs = sentAtMs;
    if (sentAtMs > this.#lastSentMs) this.#lastSentMs = sentAtMs;
    const rttUs = rttMs === null ? null : rttMs * 1000;
    this.#timeline.record(sentAtMs, rttUs);
    if (rttMs === null || rttUs === null) {
      this.#probes.lost += 1;
      return;
    }
    this.#probes.received += 1;
    this.#rtt.record(rttUs);
    this.#fromIntended.record(rttUs + latenessMs * 1000);
    this.#jitter.record(sequence, rttUs);
    const seconds = rttMs / 1000;
    this.#sumSeconds += seconds;
    this.#sumBitsPerSec += this.#setup.sizeBytes * 8 / seconds;
    if (this.#setup.protocol !== "stamp") return;
    const { reflectorMs = 0, forwardMs, backwardMs } = sample;
    this.#withReflector.record(rttUs + reflectorMs * 1000);
    if (forwardMs === undefined || backwardMs === undefined) return;
    this.#oneWay.record(sample, forwardMs, backwardMs);
  }

  /**
   * Adds a note on the quality of the measurement; the same text only once.
   *
   * @param text A sentence without a capital and a period.
   */
  note(text: string): void {
    this.#notes.add(text);
  }

  /**
   * Adds the time of a TLS handshake, which is in no other figure.
   *
   * @param durationMs The time, in milliseconds.
   */
  addHandshake(durationMs: number): void {
    this.#handshake.record(durationMs * 1000);
  }

  /** The round-trip times as text, in the form of HdrHistogram's own tools. */
  percentileFile(): string {
    return this.#rtt.percentileFile();
  }

  /**
   * The result of what was added so far.
   *
   * @returns The result.
   */
  result(): MeasurementResult {
    const { mode, protocol, intervalMs, replies, skipped } = this.#setup;
    const isPaced = intervalMs > 0;
    const isStamp = protocol === "stamp";
    const oneWay = this.#oneWay.result();
    const result: MeasurementResult = {
      ...this.metadata,
      ended: "complete",
      ...roundFigures({
        probes: {
          ...this.#probes,
          ...(isPaced && skipped && { not_sent: skipped.count }),
          ...(replies && replyCounts(replies)),
        },
        probes_per_second: this.#rate(),
        rtt_us: this.#rtt.distribution(),
        ...(isStamp && {
          rtt_with_reflector_us: this.#withReflector.distribution(),
        }),
        ...(isPaced && {
          rtt_from_intended_us: this.#fromIntended.distribution(),
        }),
        jitter_us: this.#jitter.figures(),
        ...(isStamp && { one_way: oneWay }),
        ...(this.#setup.tls && {
          tls: { handshake_us: this.#handshake.distribution() },
        }),
        ...(mode === "tput" && { throughput: this.#throughput() }),
        quality: this.#quality(oneWay),
      }),
      series: this.#series(),
    };
    const { thresholds = [] } = this.#setup;
    if (thresholds.length === 0) return result;
    const percentileUs = (series: TimedSeries, percent: number) =>
      this.#timed[series].percentile(percent);
    const limits = thresholds.map(({ judge }) =>
      judge({ ...result, percentileUs })
    );
    return { ...result, limits: roundFigures(limits) };
  }

  #series(): MeasurementResult["series"] {
    const edges = this.#rtt.binEdges(BINS);
    const percentiles = this.#rtt.percentiles();
    return {
      histogram: edges &&
        { edges_us: roundFigures(edges), count: this.#rtt.counts(edges) },
      percentiles: percentiles &&
        { ...percentiles, us: roundFigures(percentiles.us) },
      timeline: roundFigures(this.timeline),
      ...(this.#setup.protocol === "stamp" && {
        one_way: roundFigures(this.#oneWay.timelines()),
      }),
    };
  }

  #quality(oneWay: OneWayResult | null): MeasurementResult["quality"] {
    const { replies, skipped, intervalMs } = this.#setup;
    const p50AndP99 = (from: { p50: number; p99: number } | null) =>
      from && { p50: from.p50, p99: from.p99 };
    const lateness = this.#lateness.distribution();
    const dropped = replies ? maybeDropped(replies, this.#probes) : null;
    return {
      clock_resolution_us: this.#clockStepUs,
      ...(intervalMs > 0 && {
        send_lateness_us: lateness &&
          { p50: lateness.p50, p99: lateness.p99, max: lateness.max },
      }),
      send_call_us: p50AndP99(this.#sendCall.distribution()),
      processor_percent: this.#processor.percent(),
      ...(replies && { maybe_dropped_here: dropped }),
      floor_us: p50AndP99(this.floor),
      notes: [
        ...this.#notes,
        ...measurementNotes({
          lost: this.#probes.lost,
          intervalUs: intervalMs * 1000,
          latenessP99Us: lateness && lateness.p99,
          oneWay,
          skipped,
          replies,
          maybeDropped: dropped,
        }),
      ],
    };
  }

  #rate(): MeasurementResult["probes_per_second"] {
    const { intervalMs } = this.#setup;
    const gaps = this.#probes.sent - 1;
    const elapsedMs = this.#lastSentMs - this.#firstSentMs;
    return {
      asked: intervalMs > 0 ? 1000 / intervalMs : null,
      achieved: gaps > 0 && elapsedMs > 0 ? gaps * 1000 / elapsedMs : null,
    };
  }

  #throughput(): NonNullable<MeasurementResult["throughput"]> {
    const { received } = this.#probes;
    const bits = received * this.#setup.sizeBytes * 8;
    return {
      per_probe_mean_bits_per_second: finite(this.#sumBitsPerSec / received),
      aggregate_bits_per_second: finite(bits / this.#sumSeconds),
    };
  }
}

/** How many of the lost replies our own socket may have dropped. */
function maybeDropped(
  { queue, counts, directionsKnown }: ReplyStats,
  { lost }: ProbeCounts,
): number | null {
  const lostBackward = directionsKnown ? counts.lostBackward : lost;
  return queue && Math.min(queue.maybeDropped, lostBackward);
}

/** The counters that only datagrams have. */
function replyCounts({ counts, directionsKnown, faults }: ReplyStats) {
  const { lostForward, lostBackward, late, duplicate, reordered } = counts;
  return {
    lost_forward: directionsKnown ? lostForward : null,
    lost_backward: directionsKnown ? lostBackward : null,
    late,
    duplicate,
    reordered,
    corrupt: faults.corrupt,
  };
}

/** A rate; `null` if no time passed by the clock, or no reply came. */
function finite(rate: number): number | null {
  return Number.isFinite(rate) ? Math.round(rate) : null;
}
