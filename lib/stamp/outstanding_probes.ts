/**
 * The outstanding probes of a STAMP session: requests out, replies and deadlines
 * in, samples out. No IO.
 *
 * @module
 */

import { QueueWatch } from "../net/queue_watch.ts";
import {
  type ArrivalCounts,
  SequenceWindow,
} from "../stats/sequence_window.ts";
import type { Sample } from "../stats/sample.ts";
import type { WallClock } from "../timing/wall_clock.ts";
import {
  type RequestOptions,
  StampReplyReader,
  StampRequest,
} from "./request.ts";

/** The common attributes of the probes of a session. */
export interface OutstandingOptions {
  /** The common part of all requests. */
  request: RequestOptions;
  /** How many probes are remembered, at least. */
  capacity: number;
  /** How many of the first probes are warm-up. */
  warmup: number;
  /** A probe without a reply is lost after this time, in milliseconds. */
  timeoutMs: number;
}

/** Counters of replies that give no sample, or not a full one. */
export interface ReplyFaults {
  /** Replies whose content does not answer a request that was sent. */
  corrupt: number;
  /** Replies whose reflector took a negative time, or more than the RTT. */
  implausible: number;
  /** Replies shorter than their requests. */
  short: number;
  /** Replies longer than their requests. */
  long: number;
  /** Replies of a TWAMP-Light reflector. */
  twampLight: number;
}

/** What a session knows of its replies beside the samples. */
export interface ReplyStats {
  /** Counters by direction, and of late, duplicate and reordered replies. */
  counts: Readonly<ArrivalCounts>;
  /** Counters of faulty replies. */
  faults: Readonly<ReplyFaults>;
  /** How many replies our own socket may have dropped; `null` if unknown. */
  queue: { readonly maybeDropped: number } | null;
  /**
   * Whether the counters by direction are valid: `false` if the reflector copies
   * sequence numbers, `null` if that is unknown.
   */
  directionsKnown: boolean | null;
  /** Whether the reflector restarted its count; later directions are unknown. */
  countRestarted: boolean;
  /** Probes outstanding at an interruption; they count in no figure. */
  outstanding: number;
  /** Datagrams from other sources than the target, and the first source. */
  strays: { count: number; from: string };
  /** How many calls to send failed. */
  failedSends: number;
  /** The last error of these. */
  failure: unknown;
}

/** How long it takes to read all replies that arrived in a pause. */
const DRAIN_MS = 20;

/** The probes of a session that have no reply yet, and those a while before. */
export class OutstandingProbes {
  /** Counters of faulty replies. */
  readonly faults: ReplyFaults = {
    corrupt: 0,
    implausible: 0,
    short: 0,
    long: 0,
    twampLight: 0,
  };
  /** Watches the socket, for replies that are missing. */
  readonly queue: QueueWatch;
  /** The sequence numbers, and the counters of their replies. */
  readonly window: SequenceWindow;
  #options: OutstandingOptions;
  #wall: WallClock;
  #request: StampRequest;
  #reader: StampReplyReader;
  #intendedMs: Float64Array;
  #sentMs: Float64Array;
  #sendCallMs: Float64Array;
  /** The reflector's next number. */
  #expected: number | null = null;
  #measuredTo = Infinity;
  #drainedMs = -Infinity;
  #fromSeconds: number;
  #nowMs = 0;

  /**
   * Starts without any probe.
   *
   * @param options The common attributes of all probes.
   * @param wall Gives the time of day.
   * @param queue Watches the socket, if it is shared with other sessions.
   */
  constructor(
    options: OutstandingOptions,
    wall: WallClock,
    queue: QueueWatch = new QueueWatch(),
  ) {
    this.queue = queue;
    this.#options = options;
    this.#wall = wall;
    this.#request = new StampRequest(options.request);
    this.#reader = new StampReplyReader(this.#request);
    this.window = new SequenceWindow(options.capacity, options.warmup);
    const { capacity } = this.window;
    this.#intendedMs = new Float64Array(capacity);
    this.#sentMs = new Float64Array(capacity);
    this.#sendCallMs = new Float64Array(capacity);
    wall.read(performance.now());
    this.#fromSeconds = wall.seconds;
  }

  /** The deadline of the oldest outstanding probe, in milliseconds. */
  get deadlineMs(): number {
    return this.#deadline(this.window.oldest);
  }

  /** Makes no samples of the probes sent from now on. */
  stopMeasuring(): void {
    this.#measuredTo = this.window.next;
    this.window.stopCounting();
  }

  /**
   * Prepares the next probe; it counts as sent.
   *
   * @param intendedMs When it should have been sent.
   * @param nowMs When it is sent.
   * @returns The datagram to send, valid until the next one is prepared.
   */
  send(intendedMs: number, nowMs: number): Uint8Array<ArrayBuffer> {
    const index = this.window.send();
    const slot = this.#slot(index);
    this.#intendedMs[slot] = intendedMs;
    this.#sentMs[slot] = nowMs;
    this.#sendCallMs[slot] = NaN;
    this.#wall.read(nowMs);
    this.#request.prepare(index, this.#wall);
    return this.#request.bytes;
  }

  /**
   * Completes the probe prepared last.
   *
   * @param nowMs When the call that sent it returned.
   */
  sent(nowMs: number): void {
    const slot = this.#slot(this.window.next - 1);
    this.#sendCallMs[slot] = nowMs - this.#sentMs[slot]!;
  }

  /**
   * Takes a reply.
   *
   * @param bytes The datagram.
   * @param atMs When it arrived.
   * @returns The sample of the probe, if this is the first reply to it, in time,
   * and the probe is measured.
   */
  reply(bytes: Uint8Array, atMs: number): Sample | null {
    const reader = this.#reader;
    const index = reader.take(bytes)
      ? this.window.find(reader.senderSequence)
      : null;
    if (index === null) return this.#corrupt();
    const slot = this.#slot(index);
    const sentMs = this.#sentMs[slot]!;
    this.#wall.read(sentMs);
    if (!reader.echoes(this.#wall)) return this.#corrupt();
    const arrival = this.window.arrive(index, reader.reflectorSequence);
    if (arrival !== "first") return null;
    const number = reader.reflectorSequence;
    this.#expected = this.#expected === null
      ? number + 1
      : this.queue.compare(number, this.#expected, bytes.length);
    const { growthBytes } = reader;
    if (growthBytes < 0) this.faults.short += 1;
    if (growthBytes > 0) this.faults.long += 1;
    if (reader.isTwampLight) this.faults.twampLight += 1;
    if (index >= this.#measuredTo) return null;
    const sample = this.#sample(index);
    const elapsedMs = atMs - sentMs;
    const receivedMs = reader.receivedMs(this.#fromSeconds);
    const repliedMs = reader.sentMs(this.#fromSeconds);
    const reflectorMs = repliedMs - receivedMs;
    if (!(reflectorMs >= 0 && reflectorMs <= elapsedMs)) {
      this.faults.implausible += 1;
      sample.rttMs = elapsedMs;
      return sample;
    }
    const { seconds, nanoseconds } = this.#wall;
    const wallMs = (seconds - this.#fromSeconds) * 1000 + nanoseconds / 1e6;
    sample.rttMs = elapsedMs - reflectorMs;
    sample.reflectorMs = reflectorMs;
    sample.forwardMs = receivedMs - wallMs;
    sample.backwardMs = wallMs + elapsedMs - repliedMs;
    // Ours may be off by the call that sent, and by the wait to be read.
    sample.clockErrorMs = reader.errorUs / 1000 + sample.sendCallMs! +
      this.queue.lateMs;
    return sample;
  }

  /**
   * Declares all probes lost whose deadline has passed.
   *
   * @param nowMs The time.
   * @param onLost Receives the sample of each that is measured.
   */
  expire(nowMs: number, onLost: (sample: Sample) => void): void {
    this.#nowMs = nowMs;
    for (;;) {
      const index = this.window.expire(this.#isOverdue);
      if (index === null) return;
      if (index < this.#measuredTo) onLost(this.#sample(index));
    }
  }

  /**
   * Extends deadlines after a pause of this process, so that replies that arrived
   * in it are read.
   *
   * @param nowMs The end of the pause.
   */
  resume(nowMs: number): void {
    this.#drainedMs = nowMs + DRAIN_MS;
  }

  #isOverdue = (index: number): boolean => this.#deadline(index) <= this.#nowMs;

  #deadline(index: number): number {
    const sentMs = this.#sentMs[this.#slot(index)]!;
    return Math.max(sentMs + this.#options.timeoutMs, this.#drainedMs);
  }

  #slot(index: number): number {
    return index & this.window.capacity - 1;
  }

  #corrupt(): null {
    this.faults.corrupt += 1;
    return null;
  }

  #sample(index: number): Sample {
    const slot = this.#slot(index);
    return {
      sequence: index,
      warmup: index < this.#options.warmup,
      intendedAtMs: this.#intendedMs[slot]!,
      sentAtMs: this.#sentMs[slot]!,
      // Unknown if the reply arrived before the call returned.
      sendCallMs: this.#sendCallMs[slot]! || 0,
      rttMs: null,
    };
  }
}
