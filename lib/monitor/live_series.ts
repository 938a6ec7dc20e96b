/**
 * The present state of one target: whether it answers, its last hours, its outage,
 * and what is not in the store yet.
 *
 * @module
 */

import {
  COUNTERS,
  type LiveTarget,
  type Outage,
  type ProbeCounts,
  type SpanFigures,
  type Strip,
  type TargetState,
  type TargetStatus,
} from "./api.ts";
import { OneWayVariation } from "./one_way_variation.ts";
import { Slot } from "./slot.ts";
import type { ProbeRecord, SeriesInfo } from "./target.ts";

/** This many lost probes in a row are an outage. */
const DOWN_AFTER = 3;
/** The length of the shortest slots of the store, in seconds. */
const SLOT = 10;
/** The length of a cell of the strip, in seconds, and how many there are. */
const CELL = 300;
const CELLS = 72;
const HOUR = 3600;

/** A cell that can be merged; after an hour, only what the strip shows of it. */
type Cell =
  | Slot
  | Pick<ProbeCounts, "sent" | "lost" | "unknown"> & { p50_us: number | null };

/** The state of one target, by its records. */
export class LiveSeries {
  /** Its description by the prober. */
  info: SeriesInfo;
  /** Whether it answers. */
  state: TargetState = "unknown";
  /** When that began, in Unix seconds. */
  since: number;
  /** The present outage, or the last one, whose losses may still get directions. */
  outage: Outage | null = null;
  /** Measurements that are not in the store yet, by the start of their slot. */
  pending: Map<number, Slot> = new Map();
  /** The latest slots of 10 s, for alert rules. */
  readonly recent: Map<number, Slot> = new Map();
  /** What the last record added to it. */
  added: Slot = new Slot();
  /** When the last answered probe was sent; its start before the first. */
  answeredAt: number;
  #cells = new Map<number, Cell>();
  #variation = new OneWayVariation();
  #lastRttUs: number | null = null;
  #lastAt: number | null = null;
  #lastError: string | null = null;
  #lostRun: Outage | null = null;
  #unknownRun = 0;
  #live: ProbeCounts | null = null;

  /**
   * Starts without a record.
   *
   * @param info The target.
   * @param now The time, in Unix seconds.
   */
  constructor(info: SeriesInfo, now: number) {
    this.info = info;
    this.since = now;
    this.answeredAt = now;
  }

  /** Where the strip starts at a time: the span to {@linkcode restore}. */
  static stripStart(now: number): number {
    return Math.floor(now / CELL) * CELL - (CELLS - 1) * CELL;
  }

  /**
   * Restores a cell of an earlier run.
   *
   * @param t Its start.
   * @param slot Its content.
   */
  restore(t: number, slot: Slot): void {
    this.#cells.set(t, slot);
  }

  /**
   * Takes a record.
   *
   * @param record The record.
   * @param recentSeconds How long to remember slots for alert rules.
   * @returns The outage that started, changed or ended by it, if any.
   */
  take(record: ProbeRecord, recentSeconds: number): Outage | null {
    const { at, counts, rttUs } = record;
    const counted = this.added = new Slot();
    counted.count({ ...NONE, ...counts });
    if (rttUs !== null) counted.rtt.record(rttUs);
    if (record.forwardUs !== undefined) {
      const variation = this.#variation
        .record(at * 1e6, record.forwardUs, record.backwardUs!);
      if (variation) {
        counted.forward.record(variation[0]);
        counted.backward.record(variation[1]);
      }
    }
    const t = Math.floor(at / SLOT) * SLOT;
    slotAt(this.pending, t).merge(counted);
    if (recentSeconds > 0) {
      slotAt(this.recent, t).merge(counted);
      for (const old of this.recent.keys()) {
        if (old >= at - recentSeconds) break;
        this.recent.delete(old);
      }
    }
    this.#cell(at)?.merge(counted);
    this.#live ??= { ...NONE };
    for (const key of COUNTERS) this.#live[key] += counted[key];
    return record.completes ? this.#complete(record) : this.#correct(record);
  }

  /** Its counters since the last call; `null` if no probe was completed. */
  takeLive(): LiveTarget | null {
    if (this.#live === null) return null;
    const live = {
      id: this.info.id,
      state: this.state,
      last_rtt_us: this.#lastRttUs,
      last_at: this.#lastAt,
      ...this.#live,
    };
    this.#live = null;
    return live;
  }

  /**
   * Its status, without its alerts.
   *
   * @param now The time, in Unix seconds.
   */
  status(now: number): Omit<TargetStatus, "alerts"> {
    const { info } = this;
    const { id, name, group, labels, host, family, address } = info;
    return {
      ...{ id, name, group, labels, host, family, address },
      ...info.way,
      interval_ms: info.intervalMs,
      timeout_ms: info.timeoutMs,
      state: this.state,
      since: this.since,
      last_rtt_us: this.#lastRttUs,
      last_at: this.#lastAt,
      last_error: this.#lastError,
      hour: this.#hour(now),
      strip: this.#strip(now),
    };
  }

  #hour(now: number): SpanFigures {
    const hour = new Slot();
    for (const [t, cell] of this.#cells) {
      if (cell instanceof Slot && t > now - HOUR) hour.merge(cell);
    }
    return hour.figures();
  }

  #strip(now: number): Strip {
    const t = LiveSeries.stripStart(now);
    const cells = Array.from({ length: CELLS }, (_, at) => {
      const cell = this.#cells.get(t + at * CELL) ?? EMPTY;
      return cell instanceof Slot ? reduced(cell) : cell;
    });
    return {
      t,
      step: CELL,
      sent: cells.map(({ sent }) => sent),
      lost: cells.map(({ lost }) => lost),
      unknown: cells.map(({ unknown }) => unknown),
      p50_us: cells.map(({ p50_us }) => p50_us),
    };
  }

  /** The cell of a time; cells older than an hour are reduced. */
  #cell(at: number): Slot | null {
    const t = Math.floor(at / CELL) * CELL;
    let cell = this.#cells.get(t);
    if (cell === undefined) {
      cell = new Slot();
      this.#cells.set(t, cell);
      for (const [old, kept] of this.#cells) {
        if (old < t - CELLS * CELL) this.#cells.delete(old);
        else if (old < t - HOUR && kept instanceof Slot) {
          this.#cells.set(old, reduced(kept));
        }
      }
    }
    return cell instanceof Slot ? cell : null;
  }

  #complete(record: ProbeRecord): Outage | null {
    const { at, counts: { sent = 0, lost = 0 }, rttUs } = record;
    this.#lastAt = at;
    this.#lastRttUs = rttUs;
    this.#lastError = record.error ?? null;
    if (sent === 0) {
      if (++this.#unknownRun >= DOWN_AFTER && this.state === "up") {
        this.#become("unknown", at);
      }
      return null;
    }
    this.#unknownRun = 0;
    if (lost === 0) {
      this.answeredAt = at;
      this.#lostRun = null;
      const { outage } = this;
      const ends = this.state === "down";
      if (this.state !== "up") this.#become("up", at);
      if (!ends || outage === null) return null;
      outage.end = at;
      return outage;
    }
    const run = this.#lostRun ??= {
      target: this.info.id,
      start: at,
      end: null,
      lost: 0,
      lost_forward: 0,
      lost_backward: 0,
      end_unknown: false,
    };
    run.lost += 1;
    if (run.lost < DOWN_AFTER) return null;
    if (run.lost === DOWN_AFTER) {
      this.outage = run;
      this.#become("down", run.start);
    }
    return run;
  }

  /** The directions of an outage's losses become known later. */
  #correct({ at, counts }: ProbeRecord): Outage | null {
    const { outage } = this;
    const isOfOutage = outage !== null && at >= outage.start &&
      at <= (outage.end ?? Infinity);
    if (!isOfOutage) return null;
    outage.lost_forward += counts.lost_forward ?? 0;
    outage.lost_backward += counts.lost_backward ?? 0;
    return outage;
  }

  #become(state: TargetState, at: number): void {
    this.state = state;
    this.since = at;
  }
}

const NONE: ProbeCounts = new Slot().counts();
const EMPTY = new Slot();

function slotAt(slots: Map<number, Slot>, t: number): Slot {
  let slot = slots.get(t);
  if (slot === undefined) slots.set(t, slot = new Slot());
  return slot;
}

function reduced({ sent, lost, unknown, rtt }: Slot): Exclude<Cell, Slot> {
  return { sent, lost, unknown, p50_us: rtt.quantile(0.5) };
}
