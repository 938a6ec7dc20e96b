/**
 * Which series are probed: for each target the addresses of its name, and the
 * port that answers there. Both change while the prober runs.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { resolveHost } from "../net/connect.ts";
import { errorMessage } from "../net/errors.ts";
import type { Clock } from "../timing/clock.ts";
import type { StampPath } from "./stamp_probes.ts";
import type { ProbePort, SeriesInfo, TargetSpec } from "./target.ts";

/** Names are looked up again after this time. */
const LOOKUP_MS = 60_000;
/** How many names are looked up at a time. */
const LOOKUPS = 8;
/** The part of an interval from one target to the next: the golden ratio. */
const SPREAD = (Math.sqrt(5) - 1) / 2;

/** A target with its series; both change with its name's addresses. */
interface Target {
  spec: TargetSpec;
  phase: number;
  series: Map<4 | 6, Series>;
  lookedUpMs: number;
  removed: boolean;
}

/** One address family of a target, as the prober probes it. */
export interface Series {
  /** What others know of it. */
  info: SeriesInfo;
  /** The key that a measure server must hold, if there is one. */
  key: TargetSpec["key"];
  /** How it is probed. */
  way: ProbePort;
  /** When the next probe is due. */
  dueMs: number;
  /** The STAMP session, if there is one. */
  path: StampPath | null;
  /** How many probes were due. */
  probes: number;
  /** Whether any probe was answered. */
  answered: boolean;
  /** When the lost probes were sent that have no direction yet. */
  lostAt: number[];
  /** Why the last lookup or the last probe failed; `null` if it did not. */
  error: string | null;
}

/** The options of a list of series. */
export interface SeriesListOptions {
  /** The monotonic clock. */
  clock: Clock;
  /** Finds the addresses of a name. Default: the system's resolver. */
  addresses: ((host: string) => Promise<string[]>) | undefined;
  /** Asks a reflector; `null` if it does not answer. */
  hello(target: { hostname: string; port: number }): Promise<boolean | null>;
  /** Runs an action that the prober waits for at its end. */
  run(action: () => Promise<void>): void;
}

/** The series of all targets. */
export class SeriesList {
  readonly #options: SeriesListOptions;
  readonly #addresses: (host: string) => Promise<string[]>;
  #targets = new Map<string, Target>();
  #lookups: Target[] = [];
  #looking = 0;
  #nextPhase = 0;
  #nextSeries = 0;
  /** Many names are looked up at the start; their series are taken together. */
  isChanged = false;

  /**
   * Starts without a target.
   *
   * @param options See {@linkcode SeriesListOptions}.
   */
  constructor(options: SeriesListOptions) {
    this.#options = options;
    this.#addresses = options.addresses ?? resolveAddresses;
  }

  /** Takes all series as they are now. */
  take(): Series[] {
    this.isChanged = false;
    return [...this.#targets.values()]
      .flatMap(({ series }) => [...series.values()]);
  }

  /**
   * Sets the targets; the series of those that stay go on.
   *
   * @param specs All targets.
   */
  set(specs: TargetSpec[]): void {
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
        series.info = { ...series.info, ...targetInfo(spec) };
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
  }

  /**
   * Looks names up whose time has come, a few at a time.
   *
   * @param nowMs The time.
   */
  lookUpDue(nowMs: number): void {
    for (const target of this.#targets.values()) {
      if (nowMs - target.lookedUpMs < LOOKUP_MS) continue;
      target.lookedUpMs = nowMs;
      this.#lookups.push(target);
    }
    while (this.#looking < LOOKUPS && this.#lookups.length > 0) {
      const target = this.#lookups.shift()!;
      this.#looking += 1;
      this.#options.run(async () => {
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
    if (isChanged) this.isChanged = true;
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
        ...targetInfo(target.spec),
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
      stamp.map(({ port }) => this.#options.hello({ hostname, port })),
    );
    return stamp.find((_, index) => answers[index] !== null) ?? ways.at(-1)!;
  }

  /** Each target has a fixed place in its interval, independent of the others. */
  #firstDueMs({ spec: { intervalMs }, phase }: Target, family: 4 | 6): number {
    const nowMs = this.#options.clock.now();
    const offsetMs = (phase + (family === 6 ? 0.5 : 0)) % 1 * intervalMs;
    return nowMs + intervalMs - (nowMs - offsetMs) % intervalMs;
  }
}

function targetInfo(spec: TargetSpec) {
  const { name, group, labels, host, intervalMs, timeoutMs } = spec;
  return { name, group, labels, host, intervalMs, timeoutMs };
}

/** The addresses of a name; of `localhost` only IPv4, where servers listen. */
async function resolveAddresses(host: string): Promise<string[]> {
  if (host === "localhost" || /^[0-9.]+$|:/.test(host)) {
    return [await resolveHost(host)];
  }
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
