/**
 * Probes all targets, each at its own interval, evenly spread, and reports what
 * happened. It stores nothing.
 *
 * One timer serves all targets. A probe that was due while this process did not
 * run counts as unknown, and so does one that was outstanding then: neither
 * counts as lost.
 *
 * @module
 */

import { errorMessage } from "../net/errors.ts";
import { sum } from "../stats/average.ts";
import type { Sample } from "../stats/sample.ts";
import { type Clock, systemClock } from "../timing/clock.ts";
import type { ProbeCounts } from "./api.ts";
import { type StampPath, StampProbes } from "./stamp_probes.ts";
import { isOwnError, streamProbe } from "./stream_probes.ts";
import { type Series, SeriesList } from "./series_list.ts";
import type { ProbeRecord, SeriesInfo, TargetSpec } from "./target.ts";

/** The longest interval of the timer, which notices pauses of this process. */
const TICK_MS = 25;
/** A pause of this length makes round trips too long. */
const PAUSE_MS = 50;
/** A pause of this length makes lost probes unknown, however few are sent. */
const LONG_PAUSE_MS = 250;
/** The maximum number of late probes sent at once: sockets queue 256 datagrams. */
const MAX_BURST = 64;
/** The maximum number of lost probes that wait for their direction. */
const MAX_LOST = 1000;
/** How long the last replies are awaited at the end. */
const LAST_REPLIES_MS = 500;
/** A step of the time of day that is noted. */
const CLOCK_STEP_MS = 1000;
/** The maximum number of connections being set up, for all targets. */
const MAX_CONNECTING = 500;
const NOT_RUNNING = "this process did not run";
/** Receives what the prober finds. */
export interface ProberReport {
  /** Called with all series, at each change. */
  series(all: SeriesInfo[]): void;
  /** Called with what happened to a probe. */
  record(record: ProbeRecord): void;
}

/** The options of a prober. */
export interface ProberOptions {
  /** Receives the results. */
  report: ProberReport;
  /** The time of day, in milliseconds. Default: the system's. */
  wallMs?: () => number;
  /** The monotonic clock. Default: the system's. */
  clock?: Clock;
  /** Sends STAMP; one that is shared is not closed. Default: its own. */
  stamp?: StampProbes;
  /** The maximum number of probes to each series. Default: no limit. */
  maxProbes?: number;
  /** Finds the addresses of a name. Default: the system's resolver. */
  addresses?: (host: string) => Promise<string[]>;
}

/** The prober's own quality since the last reading. */
export interface ProberHealth {
  /** How late each probe was sent, in milliseconds. */
  lateMs: number[];
  /** Probes that were due in a pause of this process. */
  skipped: number;
  /** The longest pause, in milliseconds. */
  pauseMs: number;
  /** Replies that our own sockets may have dropped. */
  maybeDropped: number;
  /** Steps of the time of day. */
  clockSteps: number;
}

/** Probes targets until it is disposed of. */
export class Prober implements AsyncDisposable {
  readonly #report: ProberReport;
  readonly #clock: Clock;
  readonly #wallMs: () => number;
  /** Sends STAMP. */
  readonly stamp: StampProbes;
  readonly #ownStamp: StampProbes | null;
  readonly #maxProbes: number;
  readonly #stop = new AbortController();
  readonly #list: SeriesList;
  #active: Series[] = [];
  /** The maximum lateness of a probe: a longer pause may fill a socket's queue. */
  #maxLateMs = LONG_PAUSE_MS;
  #pending = new Set<Promise<void>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTickMs: number;
  #nextChoresMs = 0;
  /** The time of day at 0 of the monotonic clock. */
  #originMs: number;
  #pauseEndMs = -Infinity;
  #longPauseEndMs = -Infinity;
  #health = noHealth();
  #dropped = 0;

  /**
   * Starts without a target.
   *
   * @param options See {@linkcode ProberOptions}.
   */
  constructor(options: ProberOptions) {
    this.#report = options.report;
    this.#clock = options.clock ?? systemClock;
    this.#wallMs = options.wallMs ?? Date.now;
    this.#maxProbes = options.maxProbes ?? Infinity;
    this.#ownStamp = options.stamp ? null : new StampProbes(this.#clock);
    this.stamp = options.stamp ?? this.#ownStamp!;
    this.#list = new SeriesList({
      clock: this.#clock,
      addresses: options.addresses,
      hello: (target) => this.stamp.hello(target),
      run: (action) => this.#run(action),
    });
    this.#lastTickMs = this.#clock.now();
    this.#originMs = this.#wallMs() - this.#lastTickMs;
    this.#timer = setTimeout(this.#tick, TICK_MS);
  }

  /**
   * Probes these targets from now on. Those that stay lose no probe.
   *
   * @param specs All targets.
   */
  setTargets(specs: TargetSpec[]): void {
    this.#list.set(specs);
    this.#changed();
    this.#list.lookUpDue(this.#clock.now());
  }

  /** Its quality since the last call. */
  takeHealth(): ProberHealth {
    const { maybeDropped } = this.stamp.queue;
    const health = {
      ...this.#health,
      maybeDropped: maybeDropped - this.#dropped,
    };
    this.#dropped = maybeDropped;
    this.#health = noHealth();
    return health;
  }

  /** Stops; the last replies are awaited for a short time. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.setTargets([]);
    const endMs = performance.now() + LAST_REPLIES_MS;
    while (this.#ownStamp?.isBusy && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#ownStamp?.[Symbol.dispose]();
    await Promise.allSettled(this.#pending);
  }

  #tick = (): void => {
    const nowMs = this.#clock.now();
    this.#noticePause(nowMs);
    if (this.#list.isChanged) this.#changed();
    let nextMs = nowMs + TICK_MS;
    for (const series of this.#active) {
      if (series.dueMs <= nowMs) this.#due(series, nowMs);
      if (series.dueMs < nextMs) nextMs = series.dueMs;
    }
    if (nowMs >= this.#nextChoresMs) {
      this.#nextChoresMs = nowMs + TICK_MS;
      this.stamp.expire(nowMs);
      this.#list.lookUpDue(nowMs);
    }
    this.#lastTickMs = nowMs;
    const leftMs = nextMs - this.#clock.now();
    this.#timer = setTimeout(this.#tick, Math.max(0, Math.floor(leftMs)));
  };

  #noticePause(nowMs: number): void {
    const pauseMs = nowMs - this.#lastTickMs - TICK_MS;
    const originMs = this.#wallMs() - nowMs;
    const stepMs = Math.abs(originMs - this.#originMs);
    // The system's clock is followed, but not its last digit.
    if (stepMs > 20) this.#originMs = originMs;
    if (stepMs > CLOCK_STEP_MS) this.#health.clockSteps += 1;
    if (pauseMs > PAUSE_MS) {
      this.#health.pauseMs = Math.max(this.#health.pauseMs, pauseMs);
      this.#pauseEndMs = nowMs;
      this.stamp.resume(nowMs);
    }
    // The monotonic clock stands still while the machine sleeps.
    if (pauseMs > this.#maxLateMs || stepMs > CLOCK_STEP_MS) {
      this.#pauseEndMs = nowMs;
      this.#longPauseEndMs = nowMs;
    }
  }

  /** Sends the probe that is due, or skips those that a pause made late. */
  #due(series: Series, nowMs: number): void {
    const { info: { intervalMs, host, address }, way, dueMs } = series;
    const lateMs = nowMs - dueMs;
    const isMissed =
      lateMs > Math.min(this.#maxLateMs, Math.max(PAUSE_MS, intervalMs));
    const count = isMissed ? Math.floor(lateMs / intervalMs) + 1 : 1;
    series.probes += count;
    series.dueMs = series.probes < this.#maxProbes
      ? dueMs + count * intervalMs
      : Infinity;
    if (isMissed) {
      this.#health.skipped += count;
      return this.#unknown(series, dueMs, NOT_RUNNING, count);
    }
    if (address === null) {
      const error = series.error ?? `${host} has no address`;
      return this.#unknown(series, dueMs, error);
    }
    this.#health.lateMs.push(lateMs);
    if (way.probe === "stamp") this.#probeStamp(series, dueMs);
    else this.#probeStream(series, way.probe, dueMs);
  }

  #probeStamp(series: Series, dueMs: number): void {
    if (series.path?.isConfused) {
      series.path.close();
      series.path = null;
    }
    const path = series.path ??= this.#openStamp(series);
    if (path.isFull) return this.#unknown(series, dueMs, "replies are missing");
    path.probe(dueMs);
  }

  #openStamp(series: Series): StampPath {
    const { info, way } = series;
    const target = { hostname: info.address!, port: way.port };
    let isAsked = false;
    const path = this.stamp.open(target, info, {
      sample: (sample, unsent) => {
        this.#complete(series, sample, unsent);
        if (sample.rttMs === null || isAsked) return;
        isAsked = true;
        this.#run(async () => {
          path.stateful = await this.stamp.hello(target);
          isAsked = path.stateful !== null;
        });
      },
      late: () => series.lostAt.pop(),
      counted: (counts) => this.#counted(series, counts),
    });
    return path;
  }

  #probeStream(
    series: Series,
    probe: "connect" | "measure",
    dueMs: number,
  ): void {
    if (this.#pending.size > MAX_CONNECTING) {
      return this.#unknown(series, dueMs, "too many connections at once");
    }
    const { info: { address, timeoutMs }, way: { port } } = series;
    const target = { hostname: address!, port };
    const sample: Partial<Sample> = { sentAtMs: this.#clock.now() };
    this.#run(async () => {
      try {
        sample.rttMs = await streamProbe(
          probe,
          target,
          timeoutMs,
          this.#stop.signal,
          await series.key,
        );
        this.#complete(series, sample as Sample);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        sample.rttMs = null;
        const isOwn = isOwnError(error);
        series.error = errorMessage(error);
        this.#complete(series, sample as Sample, isOwn ? error : undefined);
      }
    });
  }

  #complete(series: Series, sample: Sample, unsent?: unknown): void {
    const { sentAtMs, rttMs } = sample;
    if (unsent !== undefined) {
      return this.#unknown(series, sentAtMs, errorMessage(unsent));
    }
    const at = this.#secondsAt(sentAtMs);
    const isAnswered = rttMs !== null;
    if (!isAnswered && sentAtMs < this.#longPauseEndMs) {
      return this.#unknown(series, sentAtMs, NOT_RUNNING);
    }
    if (isAnswered) {
      series.answered = true;
      series.error = null;
    } else if (series.lostAt.push(at) > MAX_LOST) series.lostAt.shift();
    const isTimed = isAnswered && sentAtMs >= this.#pauseEndMs;
    this.#report.record({
      series: series.info.series,
      at,
      counts: { sent: 1, lost: isAnswered ? 0 : 1 },
      completes: true,
      rttUs: isTimed ? rttMs * 1000 : null,
      ...(isTimed && sample.forwardMs !== undefined && {
        forwardUs: sample.forwardMs * 1000,
        backwardUs: sample.backwardMs! * 1000,
      }),
      ...(!isAnswered && { error: series.error ?? "no answer" }),
    });
  }

  #unknown(series: Series, atMs: number, error: string, unknown = 1): void {
    this.#report.record({
      series: series.info.series,
      at: this.#secondsAt(atMs),
      counts: { unknown },
      completes: true,
      rttUs: null,
      error,
    });
  }

  /** The direction of a loss becomes known later, oldest first. */
  #counted(series: Series, counts: Partial<ProbeCounts>): void {
    const record = (at: number, counts: Partial<ProbeCounts>) =>
      this.#report.record({
        series: series.info.series,
        at,
        counts,
        completes: false,
        rttUs: null,
      });
    const nowAt = this.#secondsAt(this.#clock.now());
    const { lost_forward = 0, lost_backward = 0, ...others } = counts;
    if (others.duplicate || others.reordered) record(nowAt, others);
    const { lostAt } = series;
    for (let count = 0; count < lost_forward; count++) {
      record(lostAt.shift() ?? nowAt, { lost_forward: 1 });
    }
    for (let count = 0; count < lost_backward; count++) {
      record(lostAt.shift() ?? nowAt, { lost_backward: 1 });
    }
  }

  #secondsAt(ms: number): number {
    return (this.#originMs + ms) / 1000;
  }

  #changed(): void {
    this.#active = this.#list.take();
    const perMs = sum(this.#active.map(({ info }) => 1 / info.intervalMs));
    const burstMs = MAX_BURST / perMs;
    this.#maxLateMs = Math.min(LONG_PAUSE_MS, Math.max(PAUSE_MS, burstMs));
    this.#report.series(this.#active.map(({ info }) => info));
  }

  #run(action: () => Promise<void>): void {
    const pending = action().catch((error) => {
      if (!this.#stop.signal.aborted) throw error;
    }).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }
}

function noHealth(): ProberHealth {
  return { lateMs: [], skipped: 0, pauseMs: 0, maybeDropped: 0, clockSteps: 0 };
}
