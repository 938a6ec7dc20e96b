/**
 * The sender of a STAMP session: sends probes on a schedule, independently of
 * their replies, and yields a sample of each.
 *
 * ```text
 *   schedule -> OutstandingProbes.send() -> socket
 *   socket -> OutstandingProbes.reply() -> SampleQueue -> reader
 *   timer -> OutstandingProbes.expire() -> SampleQueue -> reader
 * ```
 *
 * @module
 */

import { formatAddress } from "../net/address.ts";
import {
  DatagramSocket,
  isFrom,
  receiveDatagram,
} from "../net/datagram_socket.ts";
import { isDisconnect } from "../net/errors.ts";
import { type Sample, SampleQueue } from "../stats/sample.ts";
import { Pacer, type SkippedEvents } from "../timing/pacer.ts";
import { nextTurn } from "../timing/sleep.ts";
import { WallClock } from "../timing/wall_clock.ts";
import { OutstandingProbes, type ReplyStats } from "./outstanding_probes.ts";
import { StampReplyReader, StampRequest } from "./request.ts";
import {
  type CompleteStampOptions,
  completeStampOptions,
  MAX_REMEMBERED,
  rememberedProbes,
  type StampOptions,
} from "./session_options.ts";

/** How long to wait for a warm-up probe or a probe of directions. */
const SHORT_WAIT_MS = 500;
/** How often to measure how late a datagram is read. */
const WAKE_UPS = 8;
/** A timer that is later than this was delayed by a pause of this process. */
const MAX_LATE_MS = 50;
/** How often a probe of directions is sent again. */
const TRIES = 5;
/** The first sequence number of the probes that detect a stateful reflector. */
const DETECTION_SEQUENCE = 1000;

/** One session with a reflector. */
export class StampSession {
  /** What is known of the replies beside the samples; complete at the end. */
  readonly replyStats: ReplyStats;
  /** The slots that were missed in a pause of this process. */
  readonly skipped: SkippedEvents = { count: 0, longestPauseMs: 0 };
  #open: () => Deno.DatagramConn;
  #target: { transport: "udp"; hostname: string; port: number };
  #options: CompleteStampOptions;
  #outstanding: OutstandingProbes;
  #wall: WallClock;
  #queue = new SampleQueue();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;
  #wake: (() => void) | null = null;
  #stop = new AbortController();
  /** The longest time that a reply took. */
  #maxReplyMs = 0;
  /** How many measured probes were lost, and when the last of them was sent. */
  #lost = 0;
  #lastLostMs = -Infinity;

  /**
   * Prepares a session; nothing is sent yet.
   *
   * @param open Opens a socket; called a second time only if probes were lost,
   * to find out whether the reflector is stateful.
   * @param target The reflector's address.
   * @param given What to measure; see {@linkcode StampOptions} for the defaults.
   * @throws {RangeError} If too many probes would be outstanding.
   */
  constructor(
    open: () => Deno.DatagramConn,
    target: { hostname: string; port: number },
    given: StampOptions = {},
  ) {
    const options = completeStampOptions(given);
    this.#open = open;
    this.#target = { transport: "udp", ...target };
    this.#options = options;
    const capacity = rememberedProbes(options);
    if (capacity > MAX_REMEMBERED) {
      throw new RangeError(
        `Cannot remember more than ${MAX_REMEMBERED} probes: ${capacity}`,
      );
    }
    const { warmup, timeoutMs } = options;
    const wall = given.wall ?? new WallClock();
    this.#wall = wall;
    const stepUs = options.request.errorUs;
    const request = {
      ...options.request,
      errorUs: stepUs === null ? null : stepUs + wall.errorMs * 1000,
    };
    this.#outstanding = new OutstandingProbes(
      { request, capacity: capacity + warmup, warmup, timeoutMs },
      wall,
    );
    this.replyStats = {
      counts: this.#outstanding.window.counts,
      faults: this.#outstanding.faults,
      queue: this.#outstanding.queue,
      directionsKnown: null,
      countRestarted: false,
      outstanding: 0,
      strays: { count: 0, from: "" },
      failedSends: 0,
      failure: null,
    };
  }

  /**
   * Measures, once.
   *
   * @returns The samples, each when its reply arrived or its deadline passed.
   */
  async *samples(): AsyncGenerator<Sample, void, void> {
    const { signal } = this.#options;
    const socket = this.#open();
    const stop = () => {
      this.#stop.abort();
      this.#notify();
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
    const { warmup, schedule, count } = this.#options;
    const { signal } = this.#stop;
    for (let count = 0; count < WAKE_UPS; count++) {
      await this.#outstanding.queue.measureWakeUp();
    }
    for (let sent = 0; sent < warmup && !signal.aborted; sent++) {
      await this.#sendAndWait(socket);
    }
    const { window } = this.#outstanding;
    using pacer = new Pacer(schedule, {
      ...this.#options,
      skipped: this.skipped,
      isIdle: this.#options.alone ? () => window.outstanding === 0 : undefined,
    });
    for (let sent = 0; sent < count && !signal.aborted; sent++) {
      const beforeMs = performance.now();
      const intendedMs = await pacer.next(signal);
      if (signal.aborted || intendedMs === null) break;
      // When late, no timer is awaited; yield so that replies are read.
      if (intendedMs < beforeMs) await nextTurn();
      while (this.#outstanding.window.isFull && !signal.aborted) {
        await this.#change();
      }
      await this.#sendProbe(socket, intendedMs);
      if (schedule === null) await this.#allCompleted();
    }
    await this.#allCompleted();
    if (signal.aborted) await this.#awaitLastReplies();
    else await this.#findDirections(socket);
    this.#outstanding.window.settle();
  }

  /** Sends a probe, and waits a short time for its reply. */
  async #sendAndWait(socket: Deno.DatagramConn): Promise<void> {
    const nowMs = performance.now();
    await this.#sendProbe(socket, nowMs);
    await this.#allCompleted(nowMs + SHORT_WAIT_MS);
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
      if (this.#maxReplyMs === 0) throw error;
      this.replyStats.failedSends += 1;
      this.replyStats.failure = error;
    }
    this.#outstanding.sent(performance.now());
    if (this.#timer === undefined) this.#startTimer();
  }

  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let known = ""; // the source that was compared with the target before
    for (;;) {
      let received;
      try {
        received = await receiveDatagram(
          socket,
          buffer,
          this.#outstanding.queue,
        );
      } catch (error) {
        if (isDisconnect(error)) return;
        throw error;
      }
      const atMs = performance.now();
      const [bytes, from] = received;
      if (from.hostname !== known || from.port !== this.#target.port) {
        if (!isFrom(from, this.#target)) {
          this.#countStray(from);
          continue;
        }
        known = from.hostname;
      }
      this.#declareLost(atMs);
      const sample = this.#outstanding.reply(bytes, atMs);
      if (sample !== null) {
        this.#maxReplyMs = Math.max(this.#maxReplyMs, atMs - sample.sentAtMs);
        this.#queue.push(sample);
      }
      this.#notify();
    }
  }

  #countStray(from: Deno.NetAddr): void {
    const { strays } = this.replyStats;
    if (strays.count++ === 0) strays.from = formatAddress(from);
  }

  #onLost = (sample: Sample): void => {
    if (!sample.warmup) this.#lost += 1;
    this.#lastLostMs = sample.sentAtMs;
    this.#queue.push(sample);
  };

  #expire = (): void => {
    this.#declareLost(performance.now());
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    if (this.#outstanding.window.outstanding > 0) this.#startTimer();
    this.#notify();
  };

  #startTimer(): void {
    const leftMs = this.#outstanding.deadlineMs - performance.now();
    this.#timer = setTimeout(this.#expire, Math.max(1, leftMs));
    this.#timerDueMs = performance.now() + leftMs;
  }

  /** After a pause, the replies that arrived in it are read first. */
  #declareLost(nowMs: number): void {
    if (nowMs - this.#timerDueMs > MAX_LATE_MS) {
      this.#outstanding.resume(nowMs);
      this.#timerDueMs = Infinity;
    }
    this.#outstanding.expire(nowMs, this.#onLost);
  }

  /** Waits until no probe is outstanding, or a time is reached. */
  #allCompleted(
    untilMs = Infinity,
    signal: AbortSignal | null = this.#stop.signal,
  ): Promise<void> {
    const { window } = this.#outstanding;
    return this.#waitWhile(() => window.outstanding > 0, untilMs, signal);
  }

  /** Waits as long as lost probes may turn out to be late: another timeout. */
  async #lateReplies(): Promise<void> {
    const { counts } = this.#outstanding.window;
    await this.#waitWhile(
      () => counts.late < this.#lost,
      this.#lastLostMs + 2 * this.#options.timeoutMs,
      this.#stop.signal,
    );
  }

  /** Waits while a condition holds, until a time is reached. */
  async #waitWhile(
    holds: () => boolean,
    untilMs: number,
    signal: AbortSignal | null,
  ): Promise<void> {
    if (!holds()) return;
    const leftMs = Math.max(0, untilMs - performance.now());
    const timer = untilMs === Infinity ? undefined : setTimeout(
      () => this.#notify(),
      Math.ceil(leftMs), // timers cut off fractions
    );
    while (holds() && !signal?.aborted && performance.now() < untilMs) {
      await this.#change();
    }
    clearTimeout(timer);
  }

  /** Resolves at the next reply, lost probe or abort. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake = resolve);
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** After an interruption, waits for the replies that are about to arrive. */
  async #awaitLastReplies(): Promise<void> {
    const graceMs = Math.min(SHORT_WAIT_MS, 2 * this.#maxReplyMs + 20);
    await this.#allCompleted(performance.now() + graceMs, null);
    this.replyStats.outstanding = this.#outstanding.window.outstanding;
  }

  /**
   * Finds out what the replies alone do not tell: the direction in which the
   * last probes were lost, for which a later probe has to be answered; and, if
   * all sequence numbers agree, whether the reflector is stateful.
   */
  async #findDirections(socket: Deno.DatagramConn): Promise<void> {
    const { window } = this.#outstanding;
    const { replyStats } = this;
    await this.#lateReplies();
    if (this.#lost === window.counts.late) {
      replyStats.directionsKnown = true;
      return;
    }
    if (this.#maxReplyMs === 0) return; // the reflector never replied
    this.#outstanding.stopMeasuring();
    for (let tries = 0; tries < TRIES && window.endIsOpen; tries++) {
      await this.#sendAndWait(socket);
    }
    const { numbersJumped, countRestarted } = window.directions;
    replyStats.countRestarted = countRestarted;
    if (numbersJumped || countRestarted) return; // they do not count our probes
    replyStats.directionsKnown = window.directions.numbersDiffer ||
      await this.#detectStatefulReflector();
  }

  /**
   * Sends requests from another port, and so in another session, that do not
   * start at 0: a stateful reflector replies with numbers from 0, a stateless
   * one with copies of ours. Gives `null` if it did not reply.
   */
  async #detectStatefulReflector(): Promise<boolean | null> {
    using socket = new DatagramSocket(this.#open());
    const { signal } = this.#stop;
    const request = new StampRequest(this.#options.request);
    const reader = new StampReplyReader(request);
    const wall = this.#wall;
    for (let tries = 0; tries < TRIES && !signal.aborted; tries++) {
      wall.read(performance.now());
      request.prepare(DETECTION_SEQUENCE + tries, wall);
      // A failed send counts as lost.
      await socket.send(request.bytes, this.#target).catch(() => {});
      const reply = await socket.receiveFrom(
        this.#target,
        SHORT_WAIT_MS,
        signal,
      );
      if (reply !== null && reader.take(reply)) {
        return reader.reflectorSequence !== reader.senderSequence;
      }
    }
    return null;
  }
}
