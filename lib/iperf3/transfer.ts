/**
 * The part of a test in which data flows: what each flow has moved, when the test
 * ends, and what happened in each interval.
 *
 * A flow is a TCP connection or a UDP flow; this side sends on it or receives. A
 * flow counts in fields of numbers, so that a block allocates nothing.
 *
 * @module
 */

import { Histogram } from "../stats/histogram.ts";
import { ProcessorTime } from "../timing/processor_time.ts";
import { sleepUntil } from "../timing/sleep.ts";
import type { DatagramCounts } from "./datagrams.ts";
import type { TestParameters } from "./parameters.ts";
import type { ProcessorShares } from "./results.ts";

/** How long a bin of the rate is, in milliseconds. */
const BIN_MS = 100;
/**
 * After so long without data, what was under way has arrived: longer than the
 * 40 ms for which an acknowledgement can be delayed.
 */
const QUIET_MS = 50;
/** How long to wait for data under way at most, in milliseconds. */
const SETTLE_MS = 500;
/** A last interval shorter than this share is left out. */
const MIN_INTERVAL_SHARE = 0.1;
/** How many intervals are kept. */
const MAX_INTERVALS = 10_000;

/** What a flow has moved. */
export interface FlowFigures {
  /** Payload, in bytes. */
  bytes: number;
  /** Datagrams sent, or different ones received; 0 with TCP. */
  datagrams: number;
  /** Numbers up to the highest one that were not received. */
  missing: number;
  /** Datagrams that came after one with a higher number. */
  reordered: number;
  /** Copies. */
  duplicate: number;
  /** Lost by iperf3's arithmetic. */
  errors: number;
  /** Datagrams sent, or the highest number received. */
  packets: number;
  /** Late datagrams and copies, by iperf3's arithmetic. */
  outOfOrder: number;
  /** The jitter of RFC 1889, in seconds; the present one, not a difference. */
  jitterSec: number;
}

/** One flow of a test. */
export class Flow {
  /** Its number in the protocol. */
  readonly id: number;
  /** Whether this side sends. */
  readonly isSender: boolean;
  /** Payload so far, in bytes. */
  bytes = 0;
  /** Datagrams sent so far. */
  datagrams = 0;
  /** When the last data was received, by the monotonic clock. */
  lastMs = 0;
  /** What was received, with datagrams. */
  readonly counts: DatagramCounts | null;
  /** The figures at the end of the start that is left out. */
  base: FlowFigures;

  /**
   * Creates a flow that has moved nothing.
   *
   * @param id Its number.
   * @param isSender Whether this side sends.
   * @param counts Counts datagrams, as the receiver of them.
   */
  constructor(id: number, isSender: boolean, counts: DatagramCounts | null) {
    this.id = id;
    this.isSender = isSender;
    this.counts = counts;
    this.base = this.total();
  }

  /** What it has moved since the test began. */
  total(): FlowFigures {
    const { counts, datagrams } = this;
    return {
      bytes: this.bytes,
      datagrams: counts?.received ?? datagrams,
      missing: counts?.missing ?? 0,
      reordered: counts?.reordered ?? 0,
      duplicate: counts?.duplicate ?? 0,
      errors: counts?.errors ?? 0,
      packets: counts?.packets ?? datagrams,
      outOfOrder: counts?.outOfOrder ?? 0,
      jitterSec: counts?.jitterSec ?? 0,
    };
  }

  /** What it has moved since the start that is left out. */
  measured(): FlowFigures {
    return difference(this.total(), this.base);
  }
}

function difference(now: FlowFigures, before: FlowFigures): FlowFigures {
  return {
    bytes: now.bytes - before.bytes,
    datagrams: now.datagrams - before.datagrams,
    missing: now.missing - before.missing,
    reordered: now.reordered - before.reordered,
    duplicate: now.duplicate - before.duplicate,
    errors: now.errors - before.errors,
    packets: now.packets - before.packets,
    outOfOrder: now.outOfOrder - before.outOfOrder,
    jitterSec: now.jitterSec,
  };
}

/** What happened in one interval, on this side. */
export interface Interval {
  /** Its start in seconds; the measurement, or the start left out, begins at 0. */
  startSec: number;
  /** Its end, likewise. */
  endSec: number;
  /** Whether it belongs to the start that is left out. */
  omitted: boolean;
  /** What each flow moved in it. */
  flows: (FlowFigures & Pick<Flow, "id" | "isSender">)[];
}

/** Numbers a flow by the order in which it was opened: 1, 3, 4, 5 and so on. */
export function flowId(index: number): number {
  return index === 0 ? 1 : index + 2;
}

/** How a transfer is observed. */
export interface TransferOptions {
  /** The length of an interval, in seconds; 0 for none. */
  intervalSec: number;
  /** Called at the end of each interval. */
  onInterval?: (interval: Interval) => void;
  /** Called ten times a second while data flows. */
  onTick?: (transfer: Transfer) => void;
}

/** All flows of a test while data flows. */
export class Transfer {
  /** The flows, in the order in which they were opened. */
  readonly flows: Flow[] = [];
  /** Whether senders may send. */
  isRunning = false;
  /** Whether what arrives is counted: from the start until it has settled. */
  isCounting = false;
  /** The intervals so far. */
  readonly intervals: Interval[] = [];
  /** Rates of 100 ms each, in kbit/s: sent by this side, and received. */
  readonly bins = { sent: new Histogram(), received: new Histogram() };
  /** Aborted when senders have to stop. */
  readonly stopped: AbortSignal;
  /** Resolved when bytes or blocks have reached their limit. */
  readonly limitReached: Promise<void>;
  /** Whether bytes or blocks are limited. */
  readonly isLimited: boolean;
  /** What is measured. */
  readonly parameters: TestParameters;
  #options: TransferOptions;
  #stop = new AbortController();
  #limit = Promise.withResolvers<void>();
  #reserved = 0;
  #sent = 0;
  #received = 0;
  #startMs = 0;
  #fromMs = 0;
  #endMs = 0;
  #isOmitting = false;
  #processor = new ProcessorTime();
  #shares: ProcessorShares | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ticks = 0;
  #lastTick = { ms: 0, sent: 0, received: 0 };
  #progressMs = 0;
  #intervalStartMs = 0;
  #intervalBase: FlowFigures[] = [];

  /**
   * Creates a transfer without flows.
   *
   * @param parameters What is measured.
   * @param options How it is observed.
   */
  constructor(parameters: TestParameters, options: TransferOptions) {
    this.parameters = parameters;
    this.isLimited = parameters.bytes > 0 || parameters.blocks > 0;
    this.#options = options;
    this.stopped = this.#stop.signal;
    this.limitReached = this.#limit.promise;
  }

  /** How long was measured, in seconds. */
  get seconds(): number {
    return Math.max(0, this.#endMs - this.#fromMs) / 1000;
  }

  /** For how long a flow was measured, in seconds. */
  secondsOf(flow: Flow): number {
    const endMs = flow.isSender ? this.#endMs : Math.max(
      this.#endMs,
      flow.lastMs,
    );
    return Math.max(0, endMs - this.#fromMs) / 1000;
  }

  /** How long nothing was sent or received, in milliseconds. */
  get silentMs(): number {
    return this.isRunning ? this.#lastTick.ms - this.#progressMs : 0;
  }

  /** How much of a processor this process used. */
  get processor(): ProcessorShares {
    return this.#shares ?? this.#processor.shares() ??
      { total: 0, user: 0, system: 0 };
  }

  /** Lets senders send, and starts the clocks. */
  start(): void {
    const nowMs = performance.now();
    this.isRunning = this.isCounting = true;
    this.#isOmitting = this.parameters.omitSec > 0;
    this.#startMs = this.#fromMs = this.#endMs = nowMs;
    this.#processor = new ProcessorTime();
    this.#lastTick = { ms: nowMs, ...this.#moved() };
    this.#progressMs = nowMs;
    this.#startInterval(nowMs);
    this.#wait();
  }

  /** Stops senders; receivers go on counting until {@linkcode settle}. */
  stop(): void {
    clearTimeout(this.#timer);
    if (!this.isRunning) return;
    const nowMs = performance.now();
    this.isRunning = false;
    this.#endMs = nowMs;
    this.#shares = this.#processor.shares();
    const { intervalSec } = this.#options;
    const share = (nowMs - this.#intervalStartMs) / 1000 / intervalSec;
    if (intervalSec > 0 && share >= MIN_INTERVAL_SHARE) {
      this.#endInterval(nowMs);
    }
    this.#stop.abort();
  }

  /** Waits until what was under way has arrived, then counts nothing more. */
  async settle(): Promise<void> {
    const untilMs = performance.now() + SETTLE_MS;
    const hasReceivers = this.flows.some(({ isSender }) => !isSender);
    for (let before = -1; hasReceivers && before !== this.#moved().received;) {
      before = this.#moved().received;
      if (performance.now() >= untilMs) break;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
    this.isCounting = false;
  }

  /**
   * Reserves what a sender is about to send.
   *
   * @param bytes The length of a block.
   * @returns How much of it to send; 0 if the limit is reached.
   */
  reserve(bytes: number): number {
    if (!this.isLimited || this.#isOmitting) return bytes;
    const { bytes: limit, blocks, transport } = this.parameters;
    const left = blocks > 0
      ? blocks * bytes - this.#sent - this.#reserved
      : limit - this.#sent - this.#reserved;
    if (left <= 0) return 0;
    const taken = transport === "udp" ? bytes : Math.min(bytes, left);
    this.#reserved += taken;
    return taken;
  }

  /**
   * Counts what was sent of a reservation.
   *
   * @param bytes How much.
   */
  addSent(bytes: number): void {
    if (!this.isLimited || this.#isOmitting) return;
    this.#reserved = Math.max(0, this.#reserved - bytes);
    this.#sent += bytes;
    const { bytes: limit, blocks, blockBytes } = this.parameters;
    if (this.#sent >= (blocks > 0 ? blocks * blockBytes : limit)) {
      this.#limit.resolve();
    }
  }

  /**
   * Counts what was received.
   *
   * @param bytes How much.
   */
  addReceived(bytes: number): void {
    if (!this.isLimited || this.#isOmitting) return;
    const { bytes: limit, blocks } = this.parameters;
    this.#received += blocks > 0 ? 1 : bytes;
    if (this.#received >= (blocks > 0 ? blocks : limit)) this.#limit.resolve();
  }

  /** Payload of all flows so far: sent by this side, and received. */
  #moved(): { sent: number; received: number } {
    let sent = 0;
    let received = 0;
    for (const flow of this.flows) {
      if (flow.isSender) sent += flow.bytes;
      else received += flow.bytes;
    }
    return { sent, received };
  }

  #wait(): void {
    this.#ticks += 1;
    const dueMs = this.#startMs + this.#ticks * BIN_MS;
    this.#timer = setTimeout(
      () => this.#tick(),
      Math.max(0, dueMs - performance.now()),
    );
  }

  #tick(): void {
    const nowMs = performance.now();
    const { parameters: { omitSec }, bins } = this;
    const elapsedMs = nowMs - this.#lastTick.ms;
    const moved = this.#moved();
    if (!this.#isOmitting && elapsedMs >= BIN_MS / 2) {
      bins.sent.record((moved.sent - this.#lastTick.sent) * 8 / elapsedMs);
      bins.received.record(
        (moved.received - this.#lastTick.received) * 8 / elapsedMs,
      );
    }
    const { sent, received } = this.#lastTick;
    if (moved.sent > sent || moved.received > received) {
      this.#progressMs = nowMs;
    }
    this.#lastTick = { ms: nowMs, ...moved };
    // The timer may be a fraction of a millisecond early.
    const isDue = (fromMs: number, seconds: number) =>
      nowMs - fromMs >= seconds * 1000 - 1;
    const { intervalSec } = this.#options;
    const isOmitOver = this.#isOmitting && isDue(this.#startMs, omitSec);
    if (
      intervalSec > 0 &&
      (isOmitOver || isDue(this.#intervalStartMs, intervalSec))
    ) {
      this.#endInterval(nowMs);
      this.#startInterval(nowMs);
    }
    if (isOmitOver) this.#endOmit(nowMs);
    this.#options.onTick?.(this);
    if (this.isRunning) this.#wait();
  }

  #endOmit(nowMs: number): void {
    this.#isOmitting = false;
    this.#fromMs = nowMs;
    this.#startMs = nowMs;
    this.#ticks = 0;
    for (const flow of this.flows) {
      flow.counts?.resetJitter();
      flow.base = flow.total();
    }
    this.#reserved = this.#sent = this.#received = 0;
  }

  #startInterval(nowMs: number): void {
    this.#intervalStartMs = nowMs;
    this.#intervalBase = this.flows.map((flow) => flow.total());
  }

  #endInterval(nowMs: number): void {
    const interval: Interval = {
      startSec: (this.#intervalStartMs - this.#fromMs) / 1000,
      endSec: (nowMs - this.#fromMs) / 1000,
      omitted: this.#isOmitting,
      flows: this.flows.map((flow, index) => ({
        id: flow.id,
        isSender: flow.isSender,
        ...difference(flow.total(), this.#intervalBase[index]!),
      })),
    };
    if (this.intervals.length < MAX_INTERVALS) this.intervals.push(interval);
    this.#options.onInterval?.(interval);
  }
}

/** How long a wait has to be to end when the transfer stops. */
const LONG_WAIT_MS = 5;
/** How much faster than its rate a sender catches up. */
const CATCH_UP = 4;

/**
 * Spaces blocks evenly. After a delay it catches up at a multiple of the rate,
 * not in a burst.
 */
export class Pace {
  #gapMs: number;
  #burst: number;
  #left: number;
  #intendedMs: number;
  #sentMs = -Infinity;
  #stopped: AbortSignal;

  /**
   * Starts now.
   *
   * @param transfer The transfer, which has a rate.
   */
  constructor({ parameters, stopped }: Transfer) {
    const { blockBytes, bitsPerSec, burst } = parameters;
    this.#gapMs = blockBytes * burst * 8000 / bitsPerSec;
    this.#left = this.#burst = burst;
    this.#intendedMs = performance.now();
    this.#stopped = stopped;
  }

  /** Waits until the next block may be sent; returns at once within a burst. */
  async next(): Promise<void> {
    if (this.#left > 0 && this.#left < this.#burst) {
      this.#left -= 1;
      return;
    }
    this.#left = this.#burst - 1;
    const dueMs = Math.max(
      this.#intendedMs,
      this.#sentMs + this.#gapMs / CATCH_UP,
    );
    this.#intendedMs += this.#gapMs;
    const nowMs = performance.now();
    this.#sentMs = Math.max(dueMs, nowMs);
    if (dueMs <= nowMs) return;
    const isLong = dueMs - nowMs > LONG_WAIT_MS;
    await sleepUntil(dueMs, isLong ? this.#stopped : undefined);
  }
}
