/**
 * The state of the monitor: takes the prober's records, stores them, and answers
 * the requests of the HTTP interface. It runs in a thread of its own, so that
 * neither the disk nor a reader delays a probe.
 *
 * @module
 */

import {
  type Alert,
  COUNTERS,
  type LiveEvents,
  type Outage,
  type OutageList,
  QUANTILES,
  type Series,
  type SeriesDelay,
  type TargetList,
} from "./api.ts";
import { LiveSeries } from "./live_series.ts";
import { type DELAYS, Slot } from "./slot.ts";
import {
  type Addition,
  type Span,
  type Store,
  type StoredEvent,
  storeFailure,
  TIERS,
} from "./store.ts";
import type { ProbeRecord, SeriesInfo } from "./target.ts";

/** Records are written this often, in seconds; a crash loses the last ones. */
const FLUSH = 5;
/** Expired slots are deleted this often, in seconds. */
const PRUNE = 600;
/** The maximum number of slots in memory while the store fails. */
const MAX_WAITING = 20_000;
/** The minimum age of a list of targets before it is made again, in seconds. */
const LIST = 1;
const DAY = 86_400;
/** The maximum number of columns of a chart. */
export const MAX_COLUMNS = 2000;
const SHARES = QUANTILES.map((percent) => percent / 100);

/** A listener of {@linkcode Keeper.subscribe}. */
export type Listener = <K extends keyof LiveEvents>(
  event: K,
  data: LiveEvents[K],
) => void;

/** The options of a keeper. */
export interface KeeperOptions {
  /** The store. */
  store: Store;
  /** The monitor's name. */
  name: string;
  /** The program's version. */
  version: string;
  /** Whether agents are configured. */
  mesh?: boolean;
  /** The time, in Unix seconds. Default: the system's. */
  now?: () => number;
}

/** The state of all targets. */
export class Keeper implements Disposable {
  /** The monitor's name, and whether it has agents; a reload may change them. */
  identity: { name: string; mesh: boolean };
  /** The program's version. */
  readonly version: string;
  /** How long alert rules look back, in seconds. */
  recentSeconds = 0;
  /** Slots that were dropped because the store failed for too long. */
  droppedSlots = 0;
  /** The alerts of a target that last. */
  alertsOf: (id: string) => Alert[] = () => [];
  /** Receives what each record added to a target. */
  observe: ((live: LiveSeries) => void) | null = null;
  /** The targets by the prober's numbers. */
  readonly targets: Map<number, LiveSeries> = new Map();
  #store: Store;
  /** The time, in Unix seconds. */
  readonly now: () => number;
  #listeners = new Set<Listener>();
  #outages = new Map<string, StoredEvent>();
  #failure: string | null = null;
  #flushedAt: number;
  #prunedAt: number;
  #list: { at: number; list: TargetList } | null = null;

  /**
   * Starts without a target, and ends the outages of an earlier run.
   *
   * @param options See {@linkcode KeeperOptions}.
   */
  constructor(options: KeeperOptions) {
    const { store, name, version, mesh = false } = options;
    this.identity = { name, mesh };
    this.#store = store;
    this.version = version;
    this.now = options.now ?? (() => Date.now() / 1000);
    this.#flushedAt = this.#prunedAt = this.now();
    const open = store.events("outage").filter(({ end }) => end === null);
    store.add(
      [],
      open.map((event) => {
        const { outage, seen } = event.data as OutageData;
        const ended = { ...outage, end: seen, end_unknown: true };
        return { ...event, end: seen, data: { outage: ended, seen } };
      }),
    );
  }

  /** Why the store fails; `null` if it does not. */
  get failure(): string | null {
    return this.#failure;
  }

  /** The size of the store, in bytes. */
  get storeBytes(): number {
    return this.#store.bytes();
  }

  /**
   * Sets the targets; those that are missing are no longer shown.
   *
   * @param all The targets.
   */
  setSeries(all: SeriesInfo[]): void {
    const before = new Map(this.targets);
    this.targets.clear();
    for (const info of all) {
      const known = before.get(info.series);
      before.delete(info.series);
      if (known) known.info = info;
      this.targets.set(info.series, known ?? this.#newSeries(info));
    }
    for (const gone of before.values()) {
      if (gone.state === "down") this.#end(gone.outage!);
      this.#keepPending([gone]);
    }
    this.#list = null;
    this.publish("targets", {});
  }

  #newSeries(info: SeriesInfo): LiveSeries {
    const now = this.now();
    const live = new LiveSeries(info, now);
    const from = LiveSeries.stripStart(now);
    const span = { from, to: now };
    this.#guard(() => {
      for (const [t, slot] of this.#store.slots(info.id, 60, span, 300)) {
        if (slot.sent + slot.unknown > 0) live.restore(t, slot);
      }
    });
    return live;
  }

  /**
   * Takes records.
   *
   * @param records What happened to probes.
   */
  take(records: ProbeRecord[]): void {
    for (const record of records) {
      const live = this.targets.get(record.series);
      if (live === undefined) continue;
      const wasDown = live.state === "down";
      const outage = live.take(record, this.recentSeconds);
      this.observe?.(live);
      if (outage === null) continue;
      this.#keepOutage(outage, record.at);
      if (wasDown !== (live.state === "down")) {
        this.publish("outage", { ...outage });
      }
    }
  }

  #keepOutage(outage: Outage, seen: number): void {
    const { target: series, start, end } = outage;
    const data: OutageData = { outage, seen: end ?? seen };
    const event = { kind: "outage", series, start, end, data };
    this.#outages.set(`${series} ${start}`, event);
  }

  #end(outage: Outage): void {
    outage.end = this.now();
    outage.end_unknown = true;
    this.#keepOutage(outage, outage.end);
  }

  /** Publishes, writes and prunes what is due; called about once a second. */
  tick(): void {
    const now = this.now();
    const targets = [...this.targets.values()]
      .flatMap((live) => live.takeLive() ?? []);
    if (targets.length > 0) this.publish("status", { now, targets });
    // A clock that was set back makes it write at once.
    if (Math.abs(now - this.#flushedAt) >= FLUSH) this.flush();
    if (Math.abs(now - this.#prunedAt) < PRUNE || this.#failure) return;
    this.#prunedAt = now;
    this.#guard(() => {
      if (this.#store.prune(now)) this.#prunedAt = now - PRUNE; // go on soon
    });
  }

  /** Writes what is not in the store yet; if that fails, it is kept in memory. */
  flush(): void {
    this.#flushedAt = this.now();
    const events = [...this.#outages.values()];
    const isKept = this.#keepPending(this.targets.values(), events);
    if (isKept) this.#outages.clear();
  }

  #keepPending(
    series: Iterable<LiveSeries>,
    events: StoredEvent[] = [],
  ): boolean {
    const all = [...series];
    const additions: Addition[] = all.flatMap(({ info, pending }) =>
      [...pending].map(([t, slot]) => ({ series: info.id, t, slot }))
    );
    if (this.#guard(() => this.#store.add(additions, events))) {
      for (const live of all) live.pending = new Map();
      return true;
    }
    if (additions.length > MAX_WAITING) {
      for (const { pending } of all) {
        const [oldest] = pending.keys();
        if (pending.size > 1) pending.delete(oldest!);
      }
      this.droppedSlots += all.length;
    }
    return false;
  }

  /** Runs an action on the store, and publishes whether the store fails. */
  #guard(action: () => void): boolean {
    let failure: string | null = null;
    try {
      action();
    } catch (error) {
      failure = storeFailure(error);
    }
    if (failure !== this.#failure) {
      this.#failure = failure;
      this.publish("store", { error: failure });
    }
    return failure === null;
  }

  /** The list of `/api/targets`. */
  list(): TargetList {
    const now = this.now();
    const { at, list } = this.#list ?? { at: -Infinity };
    if (list && now >= at && now - at < LIST) return list;
    const made: TargetList = {
      ...this.identity,
      version: this.version,
      now,
      store_error: this.#failure,
      targets: [...this.targets.values()]
        .map((live) => ({
          ...live.status(now),
          alerts: this.alertsOf(live.info.id),
        })),
    };
    this.#list = { at: now, list: made };
    return made;
  }

  /**
   * The answer of `/api/series`.
   *
   * @param id The target; one that is no longer configured is found, too.
   * @param span The span, in Unix seconds.
   * @param columns About how many columns.
   * @returns The columns; `null` if there is no such target.
   */
  series(id: string, span: Span, columns: number): Series | null {
    this.flush();
    if (!this.#knows(id)) return null;
    const { slot, step, from, to } = grid(span, columns, this.now());
    const all = [...this.#store.slots(id, slot, { from, to }, step)];
    const total = new Slot();
    for (const [, column] of all) total.merge(column);
    const delay = (name: typeof DELAYS[number]): SeriesDelay => {
      const quantiles = all.map(([, column]) => column[name].quantiles(SHARES));
      return {
        count: all.map(([, column]) => column[name].count),
        quantiles_us: SHARES.map((_, at) => quantiles.map((row) => row[at]!)),
      };
    };
    const isOneWay = total.forward.count > 0;
    return {
      ...{ target: id, from, to, step, slot },
      t: all.map(([t]) => t),
      counts: Object.fromEntries(
        COUNTERS.map((name) => [name, all.map(([, column]) => column[name])]),
      ) as Series["counts"],
      rtt: delay("rtt"),
      forward: isOneWay ? delay("forward") : null,
      backward: isOneWay ? delay("backward") : null,
      total: total.figures(),
      outages: this.outages({ from, to }, id).outages,
    };
  }

  #knows(id: string): boolean {
    return this.#store.keys().includes(id) ||
      [...this.targets.values()].some(({ info }) => info.id === id);
  }

  /**
   * The answer of `/api/outages`.
   *
   * @param span They overlap this span.
   * @param id Only those of this target.
   * @returns The newest first.
   */
  outages(span: Span, id?: string): OutageList {
    this.flush();
    const all = this.#store.events("outage", span, id ? 100_000 : 1000)
      .map(({ data }) => (data as OutageData).outage);
    const own = id === undefined
      ? all
      : all.filter(({ target }) => target === id);
    return { outages: own.slice(0, 1000) };
  }

  /**
   * Reads the 24 hours before this one of a target.
   *
   * @param live The target.
   * @returns A slot of all of it; empty if the store fails.
   */
  lastDay(live: LiveSeries): Slot {
    const day = new Slot();
    const hour = Math.floor(this.now() / 3600) * 3600;
    const span = { from: hour - DAY, to: hour };
    this.#guard(() => {
      const [[, slot] = []] = this.#store.slots(live.info.id, 3600, span, DAY);
      day.merge(slot!);
    });
    return day;
  }

  /**
   * Listens to what happens.
   *
   * @param listener Receives it.
   * @returns Ends it.
   */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls all listeners. */
  publish<K extends keyof LiveEvents>(event: K, data: LiveEvents[K]): void {
    for (const listener of this.#listeners) listener(event, data);
  }

  /** Writes the rest, and closes the store. */
  [Symbol.dispose](): void {
    this.flush();
    this.#store[Symbol.dispose]();
  }
}

interface OutageData {
  outage: Outage;
  /** When the last of its lost probes was sent. */
  seen: number;
}

/** Chooses the slots and the columns of a span. */
function grid(span: Span, columns: number, now: number) {
  const wanted = Math.max(1, span.to - span.from) / columns;
  const kept = TIERS.findIndex(({ kept }) => span.from > now - kept);
  const fine = TIERS.findLastIndex(({ slot }) => slot <= wanted);
  const { slot } = TIERS[Math.max(0, kept, fine)]!;
  const step = Math.max(1, Math.ceil(wanted / slot)) * slot;
  const from = Math.floor(span.from / step) * step;
  return { slot, step, from, to: Math.ceil(span.to / step) * step };
}
