/**
 * The probes of a STAMP session while they are under way: requests out, replies
 * and deadlines in, samples out. Nothing here touches a socket.
 *
 * @module
 */

import {
  type RequestOptions,
  StampReplyReader,
  StampRequest,
} from "./request.ts";
import {
  type ArrivalCounts,
  SequenceWindow,
} from "../stats/sequence_window.ts";
import type { WallClock } from "../timing/wall_clock.ts";
import type { Sample } from "../stats/sample.ts";

/** What a session's probes have in common. */
export interface OutstandingOptions {
  /** What is the same in all requests. */
  request: RequestOptions;
  /** How many probes are remembered, at least. */
  capacity: number;
  /** How many probes come first that only warm up. */
  warmup: number;
  /** After so many milliseconds a probe is lost. */
  timeoutMs: number;
}

/** What replies were that gave no sample, or one with a reserve. */
export interface ReplyFaults {
  /** Replies whose content is not that of an answer to what was sent. */
  corrupt: number;
  /** Replies whose reflector took a negative time, or more than it had. */
  implausible: number;
  /** Replies without the padding that was sent. */
  short: number;
}

/** The probes under way. */
export class OutstandingProbes {
  /** What replies were that were not as they should be. */
  readonly faults: ReplyFaults = { corrupt: 0, implausible: 0, short: 0 };
  /** The numbers under way, and the counters of them. */
  readonly window: SequenceWindow;
  #options: OutstandingOptions;
  #wall: WallClock;
  #request: StampRequest;
  #reader: StampReplyReader;
  #intendedMs: Float64Array;
  #sentMs: Float64Array;
  #sendCallMs: Float64Array;
  #measuredTo = Infinity;
  #fromSeconds: number;
  #nowMs = 0;

  /**
   * Nothing is under way.
   *
   * @param options What all probes have in common.
   * @param wall Tells the time of day.
   */
  constructor(options: OutstandingOptions, wall: WallClock) {
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

  /** The counters by direction, and those of late replies and the like. */
  get counts(): Readonly<ArrivalCounts> {
    return this.window.counts;
  }

  /** When the oldest probe under way is lost, in milliseconds. */
  get deadlineMs(): number {
    return this.#deadlineOf(this.window.oldest);
  }

  /** No sample is made of the probes sent from now on. */
  stopMeasuring(): void {
    this.#measuredTo = this.window.next;
    this.window.stopCounting();
  }

  /**
   * Prepares the next probe; it counts as sent.
   *
   * @param intendedMs When it was meant to be sent.
   * @param nowMs When it is sent.
   * @returns The datagram to send, good until the next one is prepared.
   */
  send(intendedMs: number, nowMs: number): Uint8Array<ArrayBuffer> {
    const index = this.window.send();
    const slot = this.#slotOf(index);
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
   * @param nowMs When the call that sends it returned.
   */
  sent(nowMs: number): void {
    const slot = this.#slotOf(this.window.next - 1);
    this.#sendCallMs[slot] = nowMs - this.#sentMs[slot]!;
  }

  /**
   * Takes a reply.
   *
   * @param bytes The datagram.
   * @param atMs When it came.
   * @returns The sample of the probe it answers, if it is the first reply in
   * time to one that is measured.
   */
  reply(bytes: Uint8Array, atMs: number): Sample | null {
    const reader = this.#reader;
    const index = reader.take(bytes)
      ? this.window.find(reader.senderSequence)
      : null;
    if (index === null) return this.#corrupt();
    const slot = this.#slotOf(index);
    const sentMs = this.#sentMs[slot]!;
    this.#wall.read(sentMs);
    if (!reader.echoes(this.#wall)) return this.#corrupt();
    const arrival = this.window.arrive(index, reader.reflectorSequence);
    if (arrival !== "first") return null;
    if (!reader.isWhole) this.faults.short += 1;
    if (index >= this.#measuredTo) return null;
    const sample = this.#sampleOf(index);
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
    return sample;
  }

  /**
   * Takes all probes for lost whose time is over.
   *
   * @param nowMs The time.
   * @param lose Is given the sample of each that is measured.
   */
  expire(nowMs: number, lose: (sample: Sample) => void): void {
    this.#nowMs = nowMs;
    for (;;) {
      const index = this.window.expire(this.#isOver);
      if (index === null) return;
      if (index < this.#measuredTo) lose(this.#sampleOf(index));
    }
  }

  #isOver = (index: number): boolean => this.#deadlineOf(index) <= this.#nowMs;

  #deadlineOf(index: number): number {
    return this.#sentMs[this.#slotOf(index)]! + this.#options.timeoutMs;
  }

  #slotOf(index: number): number {
    return index & this.window.capacity - 1;
  }

  #corrupt(): null {
    this.faults.corrupt += 1;
    return null;
  }

  #sampleOf(index: number): Sample {
    const slot = this.#slotOf(index);
    return {
      sequence: index,
      warmup: index < this.#options.warmup,
      intendedAtMs: this.#intendedMs[slot]!,
      sentAtMs: this.#sentMs[slot]!,
      // Not yet known if the reply overtook the return of the call.
      sendCallMs: this.#sendCallMs[slot]! || 0,
      rttMs: null,
    };
  }
}
