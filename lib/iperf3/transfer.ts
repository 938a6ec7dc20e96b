/**
 * The part of a test in which data flows: when it ends, and what happened in each
 * interval. Both roles use it.
 *
 * @module
 */

import { Histogram } from "../stats/histogram.ts";
import { ProcessorTime } from "../timing/processor_time.ts";
import { AmountLimit } from "./amount_limit.ts";
import {
  Flow,
  type FlowFigures,
  type FlowSocket,
  type FlowTest,
  newBlock,
  newReadBuffer,
} from "./flow.ts";
import { ERROR_NUMBER, Iperf3Error } from "./messages.ts";
import { flowCount, type TestParameters } from "./parameters.ts";
import type { ProcessorShares, TestResults } from "./results.ts";

/** The length of a bin, in milliseconds. */
export const BIN_MS = 100;
/** A test without any data for this long fails, in milliseconds. */
const SILENCE_MS = 120_000;
/**
 * After this long without data, all data under way has arrived. It is longer than
 * the 40 ms for which an acknowledgement can be delayed.
 */
const QUIET_MS = 50;
/** How long to wait for data under way at most, in milliseconds. */
const SETTLE_MS = 500;
/** A last interval shorter than this share is left out. */
const MIN_INTERVAL_SHARE = 0.1;
/** How many intervals are kept. */
const MAX_INTERVALS = 10_000;

/** What happened in about 100 ms, on this side. */
export interface Bin {
  /** Its end, in milliseconds of `performance.now()`. */
  endMs: number;
  /** How long it was, in milliseconds. */
  elapsedMs: number;
  /** Payload sent, in bytes. */
  sentBytes: number;
  /** Payload received, in bytes. */
  receivedBytes: number;
  /** Whether it belongs to the start that is left out. */
  omitted: boolean;
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
  flows: (FlowFigures & Pick<Flow, "id" | "isSender" | "jitterSec">)[];
}

/** How a transfer is observed. */
export interface TransferOptions {
  /** The length of an interval, in seconds; by default there are none. */
  intervalSec?: number;
  /** Called at the end of each interval. */
  onInterval?: (interval: Interval) => void;
  /** Called at the end of each bin of 100 ms. */
  onBin?: (bin: Bin) => void;
}

/** All flows of a test while data flows. */
export class Transfer implements FlowTest {
  /** What is measured. */
  readonly parameters: TestParameters;
  /** The flows, in the order in which they were opened. */
  readonly flows: Flow[] = [];
  /** Whether senders may send. */
  isRunning = false;
  /**
   * Whether what arrives is counted: until it has settled. The first datagrams
   * can arrive before the message that starts the test.
   */
  isCounting = true;
  /** The intervals so far. */
  readonly intervals: Interval[] = [];
  /** Rates of 100 ms each, in kbit/s: sent by this side, and received. */
  readonly bins = { sent: new Histogram(), received: new Histogram() };
  /** Rejected if the test has to end with an error. */
  readonly failed: Promise<never>;
  /** Ends the test by its amount. */
  readonly limit: AmountLimit;
  /** Whether this is the client, which alone decides when the test ends. */
  #isClient: boolean;
  #options: TransferOptions;
  #stop = new AbortController();
  #failure = Promise.withResolvers<never>();
  #loops: Promise<void>[] = [];
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
   * @param role Which side this is.
   * @param parameters What is measured.
   * @param options How it is observed.
   */
  constructor(
    role: "client" | "server",
    parameters: TestParameters,
    options: TransferOptions = {},
  ) {
    this.parameters = parameters;
    this.#isClient = role === "client";
    this.#options = options;
    this.limit = new AmountLimit(parameters);
    this.failed = this.#failure.promise;
    this.failed.catch(() => {}); // perhaps after the end
  }

  /** Aborted when senders have to stop. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** How long was measured, in seconds. */
  get seconds(): number {
    return Math.max(0, this.#endMs - this.#fromMs) / 1000;
  }

  /** Whether all flows are open. */
  get isComplete(): boolean {
    return this.flows.length === flowCount(this.parameters);
  }

  /**
   * Adds the next flow. The client sends on the first flows and, if both sides
   * send, receives on the others.
   *
   * @param socket What it sends on and receives from; closed at the end.
   * @returns The flow, which has the number 1, 3, 4, 5 and so on.
   */
  addFlow(socket: FlowSocket): Flow {
    const { direction, parallel } = this.parameters;
    const index = this.flows.length;
    const isClientSending = direction === "both"
      ? index < parallel
      : direction === "forward";
    const id = index === 0 ? 1 : index + 2;
    const flow = new Flow(
      this,
      id,
      isClientSending === this.#isClient,
      socket,
    );
    this.flows.push(flow);
    return flow;
  }

  /** Starts the flows and the clocks. */
  start(): void {
    const nowMs = performance.now();
    this.isRunning = true;
    this.#isOmitting = this.parameters.omitSec > 0;
    if (this.#isClient && !this.#isOmitting) this.limit.start();
    this.#startMs = this.#fromMs = this.#endMs = nowMs;
    this.#processor = new ProcessorTime();
    this.#lastTick = { ms: nowMs, ...this.#moved() };
    this.#progressMs = nowMs;
    this.#startInterval(nowMs);
    const block = newBlock(this.parameters);
    const buffer = newReadBuffer(this.parameters);
    this.#loops = this.flows.map((flow) =>
      flow.run(block, buffer).catch((error) => this.fail(error))
    );
    this.#wait();
  }

  /**
   * Ends the test with an error.
   *
   * @param error Why.
   */
  fail(error: unknown): void {
    this.#failure.reject(error);
  }

  /** Stops senders; receivers go on counting until {@linkcode settle}. */
  stop(): void {
    clearTimeout(this.#timer);
    if (!this.isRunning) return;
    const nowMs = performance.now();
    this.isRunning = false;
    this.#endMs = nowMs;
    this.#shares = this.#processor.shares();
    const { intervalSec = 0 } = this.#options;
    const share = (nowMs - this.#intervalStartMs) / 1000 / intervalSec;
    if (intervalSec > 0 && share >= MIN_INTERVAL_SHARE) {
      this.#endInterval(nowMs);
    }
    this.#stop.abort();
  }

  /** Waits until all data under way has arrived, then stops counting. */
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

  /** Stops at once, and closes all flows. */
  async close(): Promise<void> {
    this.stop();
    this.isCounting = false;
    for (const { socket } of this.flows) closeSocket(socket);
    await Promise.allSettled(this.#loops);
  }

  /**
   * The results of this side.
   *
   * @param serverOutput The output of the server, if the client asks for it.
   * @returns The results, so far or at the end.
   */
  results(serverOutput: string | null = null): TestResults {
    const isUdp = this.parameters.transport === "udp";
    return {
      processor: this.#shares ?? this.#processor.shares() ??
        { total: 0, user: 0, system: 0 },
      // Deno cannot read retransmits: 0 says that there is no such information.
      hasRetransmits: this.flows.some(({ isSender }) => isSender) ? 0 : -1,
      serverOutput,
      streams: this.flows.map((flow) => {
        const total = flow.total();
        const { bytes, reordered, duplicate } = flow.measured();
        const endMs = flow.isSender ? 0 : flow.lastMs;
        return {
          id: flow.id,
          bytes,
          retransmits: -1,
          jitterSec: flow.jitterSec,
          errors: total.errors,
          packets: isUdp ? total.packets : 0,
          omittedErrors: flow.base.errors,
          omittedPackets: isUdp ? flow.base.packets : 0,
          seconds:
            Math.max(0, this.#endMs - this.#fromMs, endMs - this.#fromMs) /
            1000,
          arrivals: flow.counts &&
            { received: total.received, reordered, duplicate },
        };
      }),
    };
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
    const leftMs = Math.max(0, dueMs - performance.now());
    this.#timer = setTimeout(() => this.#tick(), leftMs);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#endMs = nowMs;
    this.#endBin(nowMs);
    // The timer may be a fraction of a millisecond early.
    const isDue = (fromMs: number, seconds: number) =>
      nowMs - fromMs >= seconds * 1000 - 1;
    const { intervalSec = 0 } = this.#options;
    const isOmitOver = this.#isOmitting &&
      isDue(this.#startMs, this.parameters.omitSec);
    if (
      intervalSec > 0 &&
      (isOmitOver || isDue(this.#intervalStartMs, intervalSec))
    ) {
      this.#endInterval(nowMs);
      this.#startInterval(nowMs);
    }
    if (isOmitOver) this.#endOmit(nowMs);
    if (this.isRunning) this.#wait();
  }

  #endBin(nowMs: number): void {
    const { ms, sent, received } = this.#lastTick;
    const moved = this.#moved();
    const bin: Bin = {
      endMs: nowMs,
      elapsedMs: nowMs - ms,
      sentBytes: moved.sent - sent,
      receivedBytes: moved.received - received,
      omitted: this.#isOmitting,
    };
    this.#lastTick = { ms: nowMs, ...moved };
    if (!bin.omitted && bin.elapsedMs >= BIN_MS / 2) {
      this.bins.sent.record(bin.sentBytes * 8 / bin.elapsedMs);
      this.bins.received.record(bin.receivedBytes * 8 / bin.elapsedMs);
    }
    if (bin.sentBytes + bin.receivedBytes > 0) this.#progressMs = nowMs;
    else if (nowMs - this.#progressMs > SILENCE_MS) {
      this.fail(
        new Iperf3Error(
          "silent",
          "no data for two minutes",
          ERROR_NUMBER.noData,
        ),
      );
    }
    this.#options.onBin?.(bin);
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
    if (this.#isClient) this.limit.start();
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
        jitterSec: flow.jitterSec,
        ...flow.measured(this.#intervalBase[index]),
      })),
    };
    if (this.intervals.length < MAX_INTERVALS) this.intervals.push(interval);
    this.#options.onInterval?.(interval);
  }
}

/** Closes what the peer may have closed before. */
function closeSocket(socket: FlowSocket): void {
  try {
    socket.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
