/**
 * Adds up samples to a result, in constant memory.
 *
 * @module
 */

import { measureResolutionUs, systemClock } from "../timing/clock.ts";
import { Histogram } from "../stats/histogram.ts";
import { Jitter } from "../stats/jitter.ts";
import { ProcessorTime } from "../timing/processor_time.ts";
import { Timeline, type TimelineFigures } from "../stats/timeline.ts";
import { arrivalFigures, arrivalNotes } from "./reply_figures.ts";
import { labelOf } from "./run_metadata.ts";
import { OneWay } from "../stats/one_way.ts";
import type {
  Heading,
  ProbeCounts,
  Quality,
  Result,
  ResultLabel,
  SendRate,
  Series,
  Throughput,
} from "./result.ts";
import { rounded } from "./rounding.ts";
import type { Sample } from "../stats/sample.ts";

/** How many bins a histogram has at most. */
const BINS = 16;

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
  #heading: Heading;
  #started = new Date();
  #probes: ProbeCounts = { sent: 0, received: 0, lost: 0, warmup: 0 };
  #rtt = new Histogram();
  #fromIntended = new Histogram();
  #lateness = new Histogram();
  #sendCall = new Histogram();
  #jitter = new Jitter();
  #withReflector = new Histogram();
  #oneWay = new OneWay();
  #firstSentMs = Infinity;
  #lastSentMs = -Infinity;
  #floorUs: number | null = null;
  #processor = new ProcessorTime();
  #timeline = new Timeline();
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

  /** What the result says of itself. */
  get label(): ResultLabel {
    const { protocol, ...heading } = this.#heading;
    return { ...labelOf({ ...heading, started: this.#started }), protocol };
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

  /** What happened over time so far. */
  get timeline(): TimelineFigures {
    return this.#timeline.figures();
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
    const { sequence, intendedAtMs, sentAtMs, rttMs } = sample;
    this.#probes.sent += 1;
    const latenessMs = Math.max(0, sentAtMs - intendedAtMs);
    this.#lateness.record(latenessMs * 1000);
    this.#sendCall.record(sample.sendCallMs * 1000);
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
    this.#sumBitsPerSec += this.#heading.sizeBytes * 8 / seconds;
    const { reflectorMs = 0, forwardMs, backwardMs } = sample;
    if (this.#heading.arrivals === undefined) return;
    this.#withReflector.record(rttUs + reflectorMs * 1000);
    if (forwardMs === undefined || backwardMs === undefined) return;
    this.#oneWay.record(sequence, forwardMs, backwardMs);
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
   * Tells what was measured on loopback; nothing is taken off for it.
   *
   * @param us The median round-trip time there.
   */
  set floorUs(us: number | null) {
    this.#floorUs = us;
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
  result(): Result {
    const { mode, intervalMs, arrivals } = this.#heading;
    const paced = intervalMs > 0;
    return {
      ...this.label,
      probes: { ...this.#probes, ...(arrivals && arrivalFigures(arrivals)) },
      probes_per_second: rounded(this.#rate()),
      rtt_us: rounded(this.#rtt.distribution()),
      ...(arrivals && {
        rtt_with_reflector_us: rounded(this.#withReflector.distribution()),
      }),
      ...(paced && {
        rtt_from_intended_us: rounded(this.#fromIntended.distribution()),
      }),
      jitter_us: rounded(this.#jitter.figures()),
      ...(arrivals && { one_way: rounded(this.#oneWay.result()) }),
      ...(mode === "tput" && { throughput: this.#throughput() }),
      quality: this.#quality(paced),
      series: this.#series(),
    };
  }

  #series(): Series {
    const edges = this.#rtt.binEdges(BINS);
    const percentiles = this.#rtt.percentiles();
    return {
      histogram: edges && {
        edges_us: rounded(edges),
        count: this.#rtt.counts(edges),
      },
      percentiles: percentiles && {
        ...percentiles,
        us: rounded(percentiles.us),
      },
      timeline: rounded(this.#timeline.figures()),
    };
  }

  #quality(paced: boolean): Quality {
    const lateness = this.#lateness.distribution();
    const sendCall = this.#sendCall.distribution();
    return {
      clock_resolution_us: measureResolutionUs(systemClock),
      ...(paced && {
        send_lateness_us: rounded(
          lateness &&
            { p50: lateness.p50, p99: lateness.p99, max: lateness.max },
        ),
      }),
      send_call_us: rounded(
        sendCall && { p50: sendCall.p50, p99: sendCall.p99 },
      ),
      processor_percent: rounded(this.#processor.percent()),
      floor_us: rounded(this.#floorUs),
      notes: [...this.#notes, ...this.#observations(paced)],
    };
  }

  #rate(): SendRate {
    const { intervalMs } = this.#heading;
    const gaps = this.#probes.sent - 1;
    const elapsedMs = this.#lastSentMs - this.#firstSentMs;
    return {
      asked: intervalMs > 0 ? 1000 / intervalMs : null,
      achieved: gaps > 0 && elapsedMs > 0 ? gaps * 1000 / elapsedMs : null,
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
    const { received, lost } = this.#probes;
    const { arrivals } = this.#heading;
    if (received > 0 && received < 1000) {
      notes.push(`p99.9 of fewer than 1000 samples is their maximum`);
    }
    const lateUs = this.#lateness.percentile(99);
    if (paced && lateUs !== null && lateUs > this.#heading.intervalMs * 1000) {
      notes.push(
        `the schedule was not kept: probes left late, after a late ${
          this.#heading.arrivals
            ? "timer or on a busy machine"
            : "echo or timer"
        }, so read the figures from the intended time`,
      );
    }
    const clocks = this.#oneWay.result();
    if (clocks !== null && clocks.clock_offset_us === null) {
      notes.push(
        "the two clocks drifted against each other, or one was set: one-way " +
          "delays are unknown, and their jitter holds only for a short while",
      );
    }
    if (arrivals) notes.push(...arrivalNotes(arrivals, lost));
    return notes;
  }
}

/** A rate, or `null` where the clock saw no time pass, or nothing came. */
function finite(rate: number): number | null {
  return Number.isFinite(rate) ? Math.round(rate) : null;
}
