/**
 * Probes all targets, each at its own interval, evenly spread, and tells what
 * happened. It keeps nothing.
 *
 * One timer serves all targets. A probe whose time passed while this process did
 * not run is unknown, and so is the fate of those that were outstanding; neither
 * is ever lost.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { errorMessage } from "../net/errors.ts";
import { resolveHost } from "../net/connect.ts";
import type { Sample } from "../stats/sample.ts";
import { type Clock, systemClock } from "../timing/clock.ts";
import type { ProbeCounts } from "./api.ts";
import { type StampPath, StampProbes } from "./stamp_probes.ts";
import { isOwnError, streamProbe } from "./stream_probes.ts";
import type {
  ProbePort,
  ProbeRecord,
  SeriesInfo,
  TargetSpec,
} from "./target.ts";

/** Names are looked up again after this time. */
const LOOKUP_MS = 60_000;
/** How many names are looked up at a time. */
const LOOKUPS = 8;
/** The timer fires at least so often, to notice pauses of this process. */
const TICK_MS = 25;
/** A pause of this length makes round trips too long. */
const PAUSE_MS = 50;
/** At any rate a pause of this length makes lost probes unknown. */
const LONG_PAUSE_MS = 250;
/** So many late probes may be sent at once: sockets queue 256 datagrams. */
const MAX_BURST = 64;
/** Of so many lost probes the times are remembered until they have a direction. */
const MAX_LOST = 1000;
/** How long the last replies are awaited at the end. */
const LAST_REPLIES_MS = 500;
/** A step of the time of day that is noted. */
const CLOCK_STEP_MS = 1000;
/** Connections being set up at a time, for all targets. */
const MAX_CONNECTING = 500;
const NOT_RUNNING = "this process did not run";
/** The part of an interval from one target to the next: the golden ratio. */
const SPREAD = (Math.sqrt(5) - 1) / 2;

/** Receives what the prober finds. */
export interface ProberReport {
  /** The targets as they are now; called at each change. */
  series(all: SeriesInfo[]): void;
  /** What happened to a probe. */
  record(record: ProbeRecord): void;
}

/** What the prober needs from outside. */
export interface ProberOptions {
  /** Receives what it finds. */
  report: ProberReport;
  /** The time of day, in milliseconds. Default: the system's. */
  wallMs?: () => number;
  /** The monotonic clock. Default: the system's. */
  clock?: Clock;
  /** Sends STAMP; one that is shared is not closed. Default: its own. */
  stamp?: StampProbes;
  /** Sends at most so many probes to each series. */
  maxProbes?: number;
  /** Finds the addresses of a name. Default: the system's resolver. */
  addresses?: (host: string) => Promise<string[]>;
}

/** How well the prober works, since the last reading. */
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

/** A target with its series; both change with its name's addresses. */
interface Target {
  spec: TargetSpec;
  phase: number;
  series: Map<4 | 6, Series>;
  lookedUpMs: number;
  removed: boolean;
}

interface Series {
  info: SeriesInfo;
  key: TargetSpec["key"];
  way: ProbePort;
  dueMs: number;
  path: StampPath | null;
  /** How many were due. */
  probes: number;
  /** Whether any probe was answered. */
  answered: boolean;
  /** When the lost probes were sent that have no direction yet. */
  lostAt: number[];
  error: string | null;
}

/** Probes targets until it is disposed of. */
export class Prober implements AsyncDisposable {
  readonly #report: ProberReport;
  readonly #clock: Clock;
  readonly #wallMs: () => number;
  readonly #addresses: (host: string) => Promise<string[]>;
  /** Sends STAMP. */
  readonly stamp: StampProbes;
  readonly #ownStamp: StampProbes | null;
  readonly #maxProbes: number;
  readonly #stop = new AbortController();
  #targets = new Map<string, Target>();
  #active: Series[] = [];
  /** A probe that is later is not sent; a longer pause may fill a socket's queue. */
  #maxLateMs = LONG_PAUSE_MS;
  #pending = new Set<Promise<void>>();
  #lookups: Target[] = [];
  #looking = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastTickMs: number;
  #nextChoresMs = 0;
  /** Many names are looked up at the start; their series are told together. */
  #isChanged = false;
  /** The time of day at 0 of the monotonic clock. */
  #originMs: number;
  #pauseEndMs = -Infinity;
  #longPauseEndMs = -Infinity;
  #nextPhase = 0;
  #nextSeries = 0;
  #health = noHealth();
  #dropped = 0;

  /**
   * Starts without a target.
   *
   * @param options What it needs.
   */
  constructor(options: ProberOptions) {
    this.#report = options.report;
    this.#clock = options.clock ?? systemClock;
    this.#wallMs = options.wallMs ?? Date.now;
    this.#addresses = options.addresses ?? addressesOf;
    this.#maxProbes = options.maxProbes ?? Infinity;
    this.#ownStamp = options.stamp ? null : new StampProbes(this.#clock);
    this.stamp = options.stamp ?? this.#ownStamp!;
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
    const before = this.#targets;
    this.#targets = new Map();
    for (const spec of specs) {
      const key = JSON.stringify([
        spec.name,
        spec.host,
        spec.ways,
        spec.family,
      ]);
      const target = before.get(key) ?? {
        spec,
        phase: this.#nextPhase++ * SPREAD % 1,
        series: new Map(),
        lookedUpMs: -Infinity,
        removed: false,
      };
      before.delete(key);
      this.#targets.set(key, target);
      const { intervalMs, timeoutMs } = target.spec;
      const isRetimed = spec.intervalMs !== intervalMs ||
        spec.timeoutMs !== timeoutMs;
      target.spec = spec;
      for (const series of target.series.values()) {
        series.info = { ...series.info, ...infoOf(spec) };
        series.key = spec.key;
        if (!isRetimed) continue;
        series.path?.close();
        series.path = null;
        series.dueMs = this.#firstDueMs(target, series.info.family);
      }
    }
    for (const target of before.values()) {
      target.removed = true;
      for (const { path } of target.series.values()) path?.close();
    }
    this.#changed();
    this.#lookUpDue(this.#clock.now());
  }

  /** How well it works; the figures since the last call. */
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
    if (this.#isChanged) this.#changed();
    let nextMs = nowMs + TICK_MS;
    for (const series of this.#active) {
      if (series.dueMs <= nowMs) this.#due(series, nowMs);
      if (series.dueMs < nextMs) nextMs = series.dueMs;
    }
    if (nowMs >= this.#nextChoresMs) {
      this.#nextChoresMs = nowMs + TICK_MS;
      this.stamp.expire(nowMs);
      this.#lookUpDue(nowMs);
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

  /** Sends the probe that is due, or leaves out what a pause has made late. */
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

  /** Directions become known some time later, of the oldest lost probes first. */
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

  /** Looks names up whose time has come, a few at a time. */
  #lookUpDue(nowMs: number): void {
    for (const target of this.#targets.values()) {
      if (nowMs - target.lookedUpMs < LOOKUP_MS) continue;
      target.lookedUpMs = nowMs;
      this.#lookups.push(target);
    }
    while (this.#looking < LOOKUPS && this.#lookups.length > 0) {
      const target = this.#lookups.shift()!;
      this.#looking += 1;
      this.#run(async () => {
        await this.#lookUp(target);
        this.#looking -= 1;
      });
    }
  }

  async #lookUp(target: Target): Promise<void> {
    const { host, family: only } = target.spec;
    let found: string[] = [];
    let error: string | null = null;
    try {
      found = await this.#addresses(host);
    } catch (failure) {
      error = errorMessage(failure);
    }
    let isChanged = false;
    for (const family of only === undefined ? [4, 6] as const : [only]) {
      const series = target.series.get(family);
      const known = series?.info.address ?? null;
      const addresses = found.filter((address) =>
        address.includes(":") === (family === 6)
      );
      const address = addresses.includes(known!)
        ? known
        : addresses[0] ?? (error === null ? null : known);
      // Without any address one series stands for the target.
      const isNeeded = address !== null || series?.answered ||
        found.length === 0 && (series ?? target.series.size === 0);
      if (!isNeeded) {
        isChanged ||= target.series.delete(family);
        continue;
      }
      const { ways } = target.spec;
      if (series) series.error = error;
      const isSettled = series?.answered || ways.length === 1;
      if (series && address === known && isSettled) continue;
      const way = address === null
        ? series?.way ?? ways.at(-1)!
        : await this.#firstThatAnswers(ways, address);
      if (target.removed) return;
      if (series && address === known && way.port === series.way.port) continue;
      series?.path?.close();
      target.series.set(
        family,
        this.#newSeries(target, family, address, way, error),
      );
      isChanged = true;
    }
    if (isChanged) this.#isChanged = true;
  }

  #newSeries(
    target: Target,
    family: 4 | 6,
    address: string | null,
    way: ProbePort,
    error: string | null,
  ): Series {
    const before = target.series.get(family);
    const id = `${target.spec.name}~${way.probe}~${family}`;
    const isSame = before?.info.id === id;
    return {
      info: {
        ...infoOf(target.spec),
        id,
        series: isSame ? before.info.series : this.#nextSeries++,
        way,
        family,
        address,
      },
      key: target.spec.key,
      way,
      dueMs: isSame ? before.dueMs : this.#firstDueMs(target, family),
      path: null,
      probes: 0,
      answered: false,
      lostAt: [],
      error,
    };
  }

  async #firstThatAnswers(
    ways: ProbePort[],
    hostname: string,
  ): Promise<ProbePort> {
    const stamp = ways.filter(({ probe }) => probe === "stamp");
    if (ways.length === 1 || stamp.length === 0) return ways[0]!;
    const answers = await Promise.all(
      stamp.map(({ port }) => this.stamp.hello({ hostname, port })),
    );
    return stamp.find((_, index) => answers[index] !== null) ?? ways.at(-1)!;
  }

  /** Each target has its own place in the interval, whatever others there are. */
  #firstDueMs({ spec: { intervalMs }, phase }: Target, family: 4 | 6): number {
    const nowMs = this.#clock.now();
    const offsetMs = (phase + (family === 6 ? 0.5 : 0)) % 1 * intervalMs;
    return nowMs + intervalMs - (nowMs - offsetMs) % intervalMs;
  }

  #changed(): void {
    this.#isChanged = false;
    this.#active = [...this.#targets.values()]
      .flatMap(({ series }) => [...series.values()]);
    const perMs = this.#active.reduce(
      (sum, { info }) => sum + 1 / info.intervalMs,
      0,
    );
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

function infoOf(spec: TargetSpec) {
  const { name, group, labels, host, intervalMs, timeoutMs } = spec;
  return { name, group, labels, host, intervalMs, timeoutMs };
}

/** The addresses of a name; of `localhost` only IPv4, where servers listen. */
async function addressesOf(host: string): Promise<string[]> {
  if (host === "localhost" || /^[0-9.]+$|:/.test(host)) {
    return [await resolveHost(host)];
  }
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
