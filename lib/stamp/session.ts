/**
 * A STAMP session's sender: probes leave on a schedule of their own, whatever
 * becomes of those before them, and replies are taken as they come.
 *
 * @module
 */

import { formatAddress } from "../net/address.ts";
import { isFrom, receiveDatagram } from "../net/datagram_socket.ts";
import { isDisconnect } from "../net/errors.ts";
import type { RequestOptions } from "./request.ts";
import { Pacer } from "../timing/pacer.ts";
import type { Schedule } from "../timing/schedule.ts";
import { nextTurn } from "../timing/sleep.ts";
import { WallClock } from "../timing/wall_clock.ts";
import type { ReplyStats } from "./reply_stats.ts";
import { SampleQueue } from "../stats/sample_queue.ts";
import type { Sample } from "../stats/sample.ts";
import { OutstandingProbes } from "./outstanding_probes.ts";
import { detectStatefulReflector } from "./stateful.ts";

/** What to measure, and how. */
export interface StampOptions {
  /** What is the same in all probes. */
  request: RequestOptions;
  /** How many to send after the warm-up; may be `Infinity`. */
  count: number;
  /** For how long to send, in milliseconds; may be `Infinity`. */
  durationMs: number;
  /** When to send; `null` sends each when the one before it came to its end. */
  schedule: Schedule | null;
  /** The mean time between probes, in milliseconds; 0 without a schedule. */
  intervalMs: number;
  /** How many to send before, one at a time, that are left out. */
  warmup: number;
  /** A reply after so many milliseconds is late. */
  timeoutMs: number;
  /** Leaves the processor idle between probes, and sends them less precisely. */
  relaxed?: boolean;
  /** Ends the session early. */
  signal?: AbortSignal;
}

/** The most probes remembered at a time: 60 MB. */
export const MAX_REMEMBERED = 2 ** 20;
/** How long one warm-up probe, or one question at the end, is waited for. */
const SHORT_WAIT_MS = 500;
/** How often a question at the end is asked again. */
const TRIES = 5;

/**
 * How many probes a session has to remember: those under way, and as many more,
 * for what comes late or twice.
 *
 * @param options When it sends, and how long it waits.
 * @returns How many; more than {@linkcode MAX_REMEMBERED} cannot be.
 */
export function rememberedProbes(
  options: { intervalMs: number; timeoutMs: number; count: number },
): number {
  const { intervalMs, timeoutMs, count } = options;
  if (intervalMs === 0) return 1024;
  const inTwoTimeouts = Math.ceil(2 * timeoutMs / intervalMs) + 64;
  return Math.min(inTwoTimeouts, count + 64);
}

/** One session with a reflector. */
export class StampSession {
  /** What is known of the replies beside the samples; complete at the end. */
  readonly report: ReplyStats;
  #open: () => Deno.DatagramConn;
  #target: { transport: "udp"; hostname: string; port: number };
  #options: StampOptions;
  #outstanding: OutstandingProbes;
  #queue = new SampleQueue();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | null = null;
  #stop = new AbortController();
  /** The longest that a reply took. */
  #greatestMs = 0;
  /** How many measured probes were not answered in time. */
  #lost = 0;

  /**
   * Nothing is sent yet.
   *
   * @param open Opens a socket; called a second time only if probes were lost,
   * to learn how the reflector counts.
   * @param target The reflector, by its address.
   * @param options What to measure.
   */
  constructor(
    open: () => Deno.DatagramConn,
    target: { hostname: string; port: number },
    options: StampOptions,
  ) {
    this.#open = open;
    this.#target = { transport: "udp", ...target };
    this.#options = options;
    const capacity = rememberedProbes(options);
    if (capacity > MAX_REMEMBERED) {
      throw new RangeError(`Cannot remember so many probes: ${capacity}`);
    }
    const { request, warmup, timeoutMs } = options;
    this.#outstanding = new OutstandingProbes(
      { request, capacity: capacity + warmup, warmup, timeoutMs },
      new WallClock(),
    );
    this.report = {
      counts: this.#outstanding.counts,
      faults: this.#outstanding.faults,
      directionsKnown: null,
      underWay: 0,
      strays: { count: 0, from: "" },
      failedSends: 0,
      failure: null,
    };
  }

  /**
   * Measures, once.
   *
   * @returns The samples, each when its reply came or its time was over.
   */
  async *samples(): AsyncGenerator<Sample, void, void> {
    const { signal } = this.#options;
    const socket = this.#open();
    const stop = () => {
      this.#stop.abort();
      this.#changed();
    };
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    const receiving = this.#receive(socket).catch((error) => {
      this.#queue.fail(error);
      stop();
    });
    const sending = this.#send(socket).then(
      () => this.#queue.end(),
      (error) => this.#queue.fail(error),
    );
    try {
      yield* this.#queue;
    } finally {
      stop();
      await sending;
      signal?.removeEventListener("abort", stop);
      clearTimeout(this.#timer);
      socket.close();
      await receiving;
    }
  }

  async #send(socket: Deno.DatagramConn): Promise<void> {
    const { warmup, schedule, relaxed = false, count, durationMs } =
      this.#options;
    const { signal } = this.#stop;
    for (let sent = 0; sent < warmup && !signal.aborted; sent++) {
      const nowMs = performance.now();
      await this.#sendProbe(socket, nowMs);
      await this.#quiet(nowMs + SHORT_WAIT_MS);
    }
    const pacer = new Pacer(schedule, { relaxed });
    let endMs = Infinity;
    for (let sent = 0; sent < count && !signal.aborted; sent++) {
      const beforeMs = performance.now();
      const intendedMs = await pacer.next(signal);
      if (sent === 0) endMs = intendedMs + durationMs;
      if (signal.aborted || Math.max(beforeMs, intendedMs) >= endMs) break;
      // Behind the schedule nothing waits, so replies would have no turn.
      if (intendedMs < beforeMs) await nextTurn();
      while (this.#outstanding.window.isFull && !signal.aborted) {
        await this.#change();
      }
      await this.#sendProbe(socket, intendedMs);
      if (schedule === null) await this.#quiet();
    }
    await this.#quiet();
    if (signal.aborted) await this.#leave();
    else await this.#askDirections(socket);
    this.#outstanding.window.settle();
  }

  async #sendProbe(
    socket: Deno.DatagramConn,
    intendedMs: number,
  ): Promise<void> {
    const bytes = this.#outstanding.send(intendedMs, performance.now());
    try {
      await socket.send(bytes, this.#target);
    } catch (error) {
      // Before the first reply, the target is wrong; later, a path may fail.
      if (this.#greatestMs === 0) throw error;
      this.report.failedSends += 1;
      this.report.failure = error;
    }
    this.#outstanding.sent(performance.now());
    this.#timer ??= setTimeout(this.#expire, this.#options.timeoutMs);
  }

  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let known = ""; // the source that was found to be the target
    for (;;) {
      let received;
      try {
        received = await receiveDatagram(socket, buffer);
      } catch (error) {
        if (isDisconnect(error)) return;
        throw error;
      }
      const atMs = performance.now();
      const [bytes, from] = received;
      if (from.hostname !== known || from.port !== this.#target.port) {
        if (!isFrom(from, this.#target)) {
          this.#stray(from);
          continue;
        }
        known = from.hostname;
      }
      this.#outstanding.expire(atMs, this.#lose);
      const sample = this.#outstanding.reply(bytes, atMs);
      if (sample !== null) {
        this.#greatestMs = Math.max(this.#greatestMs, atMs - sample.sentAtMs);
        this.#queue.push(sample);
      }
      this.#changed();
    }
  }

  #stray(from: Deno.NetAddr): void {
    const { strays } = this.report;
    if (strays.count++ === 0) strays.from = formatAddress(from);
  }

  #lose = (sample: Sample): void => {
    if (!sample.warmup) this.#lost += 1;
    this.#queue.push(sample);
  };

  #expire = (): void => {
    const { window } = this.#outstanding;
    this.#outstanding.expire(performance.now(), this.#lose);
    this.#timer = window.underWay === 0 ? undefined : setTimeout(
      this.#expire,
      Math.max(1, this.#outstanding.deadlineMs - performance.now()),
    );
    this.#changed();
  };

  /** Waits until nothing is under way any more, or a moment has come. */
  async #quiet(
    untilMs = Infinity,
    signal: AbortSignal | null = this.#stop.signal,
  ): Promise<void> {
    const { window } = this.#outstanding;
    const timer = untilMs === Infinity ? undefined : setTimeout(
      () => this.#changed(),
      Math.ceil(untilMs - performance.now()), // a timer cuts fractions off
    );
    while (
      window.underWay > 0 && !signal?.aborted && performance.now() < untilMs
    ) await this.#change();
    clearTimeout(timer);
  }

  /** Resolves when a reply came, a probe was lost, or the session is to end. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Interrupted: replies that are due any moment are waited for, no others. */
  async #leave(): Promise<void> {
    const graceMs = Math.min(SHORT_WAIT_MS, 2 * this.#greatestMs + 20);
    await this.#quiet(performance.now() + graceMs, null);
    this.report.underWay = this.#outstanding.window.underWay;
  }

  /**
   * Learns what the replies' numbers alone do not tell: which way the probes at
   * the end were lost, for which a later probe has to be answered; and, if all
   * numbers agree, whether the reflector counts by itself at all.
   */
  async #askDirections(socket: Deno.DatagramConn): Promise<void> {
    const { window } = this.#outstanding;
    const { report } = this;
    if (this.#lost === window.counts.late) {
      report.directionsKnown = true;
      return;
    }
    if (this.#greatestMs === 0) return; // nobody is there to ask
    this.#outstanding.stopMeasuring();
    for (let tries = 0; tries < TRIES && window.endIsOpen; tries++) {
      const nowMs = performance.now();
      await this.#sendProbe(socket, nowMs);
      await this.#quiet(nowMs + SHORT_WAIT_MS);
    }
    if (window.directions.numbersJumped) return; // they mean something else there
    report.directionsKnown = window.directions.numbersDiffer ||
      await detectStatefulReflector(
        this.#open,
        this.#target,
        this.#options.request,
        this.#stop.signal,
      );
  }
}
