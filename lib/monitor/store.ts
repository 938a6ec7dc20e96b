/**
 * The store: one SQLite file with slots of five lengths, and events.
 *
 * | slot | kept |
 * |---|---|
 * | 10 s | 48 h |
 * | 1 min | 14 d |
 * | 10 min | 180 d |
 * | 1 h | 5 y |
 * | 1 d | for ever |
 *
 * Measurements are added to a slot of each length in one transaction, so all
 * lengths agree at any moment, and late measurements need no second pass. The
 * slots of one moment are neighbours in the file: a minute of 1000 targets is
 * written to a few pages.
 *
 * @module
 */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { COUNTERS, type ProbeCounts } from "./api.ts";
import { DELAYS, Slot } from "./slot.ts";

const DAY = 86_400;
/** The lengths of slots, and how long they are kept, in seconds. */
export const TIERS = [
  { slot: 10, kept: 2 * DAY },
  { slot: 60, kept: 14 * DAY },
  { slot: 600, kept: 180 * DAY },
  { slot: 3600, kept: 5 * 365 * DAY },
  { slot: DAY, kept: Infinity },
] as const;

/** Each migrates the schema from the version that is its index to the next. */
const MIGRATIONS = [
  `CREATE TABLE series (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE slot (
     tier INTEGER NOT NULL, t INTEGER NOT NULL, series INTEGER NOT NULL,
     ${COUNTERS.map((name) => `${name} INTEGER NOT NULL`).join(", ")},
     ${DELAYS.map((name) => `${name} BLOB`).join(", ")},
     PRIMARY KEY (tier, t, series)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE event (
     kind TEXT NOT NULL, series INTEGER NOT NULL, start REAL NOT NULL,
     until REAL, data TEXT NOT NULL, PRIMARY KEY (kind, series, start)
   ) STRICT;
   CREATE INDEX event_start ON event (kind, start);`,
];
const COLUMNS = [...COUNTERS, ...DELAYS];
const RESULT_CODES: Record<number, string> = {
  5: "another program has locked the database",
  8: "the file may not be written",
  10: "the disk failed to read or write",
  11: "the file is damaged; move it away to start a new one",
  13: "the disk is full",
  14: "the file cannot be opened; check that the folder exists and who owns it",
  26: "the file is no database",
};
/** How many expired slots are deleted at a time. */
const DELETED_AT_A_TIME = 5000;
/** How long to wait for another program's lock, in milliseconds. */
const BUSY_MS = 200;

/** Measurements of one target to add to a slot of 10 s. */
export interface Addition {
  /** The target's `id`. */
  series: string;
  /** The start of the slot, in Unix seconds. */
  t: number;
  /** What to add. */
  slot: Slot;
}

/** An event that has a duration, such as an outage. */
export interface StoredEvent {
  /** Its kind, as in `outage`. */
  kind: string;
  /** The target's `id`. */
  series: string;
  /** Its start, in Unix seconds; with kind and series it names the event. */
  start: number;
  /** Its end; `null` while it lasts. */
  end: number | null;
  /** What else is known. */
  data: unknown;
}

/** Part of a span, from one time to another, in Unix seconds. */
export interface Span {
  /** The start. */
  from: number;
  /** The end, not included. */
  to: number;
}

/** How a store is opened. */
export interface StoreOptions {
  /** Reads only, beside the monitor that writes. */
  readOnly?: boolean;
  /** The maximum size of the file, in bytes. */
  maxBytes?: number;
}

/** Why the store failed, as the second half of a sentence. */
export function storeFailure(error: unknown): string {
  const { errcode, message } = error as { errcode?: number; message: string };
  return RESULT_CODES[(errcode ?? 0) & 255] ?? message;
}

/**
 * An open store.
 *
 * @example Usage
 * ```ts
 * import { Store } from "./store.ts";
 * import { Slot } from "./slot.ts";
 * import { assertEquals } from "@std/assert";
 *
 * using store = new Store(":memory:");
 * const slot = new Slot();
 * slot.sent = 10;
 * store.add([{ series: "a~stamp~4", t: 1_800_000_000, slot }]);
 * const day = { from: 1_800_000_000, to: 1_800_086_400 };
 * const [[, hour] = []] = store.slots("a~stamp~4", 3600, day);
 * assertEquals(hour?.sent, 10);
 * ```
 */
export class Store implements Disposable {
  #db: DatabaseSync;
  #ids = new Map<string, number>();
  #get: StatementSync;
  #put: StatementSync;
  #putEvent: StatementSync;

  /**
   * Opens or creates a store.
   *
   * @param path The file; SQLite keeps two more beside it.
   * @param options `readOnly` opens it beside the monitor that writes it;
   * `maxBytes` limits the size of the file.
   * @throws {RangeError} If a newer version of the program has written it.
   */
  constructor(
    path: string,
    { readOnly = false, maxBytes = Infinity }: StoreOptions = {},
  ) {
    this.#db = new DatabaseSync(path, { readOnly });
    try {
      this.#db.exec(`PRAGMA busy_timeout=${BUSY_MS}; PRAGMA temp_store=MEMORY`);
      if (!readOnly) this.#migrate();
      if (maxBytes < Infinity) {
        const pages = Math.ceil(maxBytes / this.#pragma("page_size"));
        this.#db.exec(`PRAGMA max_page_count=${pages}`);
      }
    } catch (error) {
      this.#db.close();
      throw error;
    }
    const key = "tier=? AND t=? AND series=?";
    this.#get = this.#db.prepare(`SELECT ${COLUMNS} FROM slot WHERE ${key}`);
    this.#put = this.#db.prepare(
      `INSERT OR REPLACE INTO slot (tier, t, series, ${COLUMNS})
       VALUES (?, ?, ?, ${COLUMNS.map(() => "?")})`,
    );
    this.#putEvent = this.#db.prepare(
      "INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?)",
    );
  }

  #migrate(): void {
    this.#db.exec(
      "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    );
    const version = this.#pragma("user_version");
    if (version > MIGRATIONS.length) {
      throw new RangeError(
        `a newer version of the program has written it (schema ${version}; this one knows ${MIGRATIONS.length})`,
      );
    }
    for (let step = version; step < MIGRATIONS.length; step++) {
      this.#transaction(() => {
        this.#db.exec(MIGRATIONS[step]!);
        this.#db.exec(`PRAGMA user_version=${step + 1}`);
      });
    }
  }

  /** The number of a series; `null` if nothing was kept of it. */
  #find(key: string): number | null {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const row = this.#db.prepare("SELECT id FROM series WHERE key=?").get(key);
    if (row === undefined) return null;
    this.#ids.set(key, row.id as number);
    return row.id as number;
  }

  /** The number of a series, which is added if it is new. */
  #id(key: string): number {
    const found = this.#find(key);
    if (found !== null) return found;
    const insert = this.#db.prepare("INSERT INTO series (key) VALUES (?)");
    const id = Number(insert.run(key).lastInsertRowid);
    this.#ids.set(key, id);
    return id;
  }

  /** The `id` of each target that the store has measurements of. */
  keys(): string[] {
    return this.#db.prepare("SELECT key FROM series ORDER BY id").all()
      .map(({ key }) => key as string);
  }

  /**
   * Adds measurements to the slots of all lengths, or to none if it fails.
   *
   * @param additions The measurements.
   * @param events Events that started, changed or ended.
   */
  add(additions: Iterable<Addition>, events: Iterable<StoredEvent> = []): void {
    this.#transaction(() => {
      for (const { slot: seconds } of TIERS) {
        const sums = new Map<string, { id: number; t: number; slot: Slot }>();
        for (const { series, t, slot } of additions) {
          const start = Math.floor(t / seconds) * seconds;
          const key = `${start} ${series}`;
          const id = this.#id(series);
          const sum = sums.get(key);
          if (sum) sum.slot.merge(slot);
          else {
            const stored = this.#slot(seconds, start, id);
            stored.merge(slot);
            sums.set(key, { id, t: start, slot: stored });
          }
        }
        for (const { id, t, slot } of sums.values()) {
          this.#put.run(
            seconds,
            t,
            id,
            ...COUNTERS.map((name) => slot[name]),
            ...DELAYS.map((name) =>
              slot[name].count === 0 ? null : slot[name].encode()
            ),
          );
        }
      }
      for (const { kind, series, start, end, data } of events) {
        this.#putEvent.run(
          kind,
          this.#id(series),
          start,
          end,
          JSON.stringify(data),
        );
      }
    });
  }

  #slot(seconds: number, t: number, id: number, into = new Slot()): Slot {
    const row = this.#get.get(seconds, t, id);
    if (row === undefined) return into;
    into.count(row as unknown as ProbeCounts);
    for (const name of DELAYS) {
      const bytes = row[name] as Uint8Array | null;
      if (bytes !== null) into[name].mergeEncoded(bytes);
    }
    return into;
  }

  /**
   * Reads the slots of a span, merged into columns.
   *
   * @param series The target's `id`.
   * @param seconds The length of the slots, one of {@linkcode TIERS}.
   * @param span The span; it starts at the start of a slot.
   * @param step The length of a column: a multiple of the slot's.
   * @returns The start of each column, and its content, empty where nothing was
   * kept.
   */
  *slots(
    series: string,
    seconds: number,
    { from, to }: Span,
    step = seconds,
  ): Generator<[t: number, slot: Slot]> {
    const id = this.#find(series);
    for (let start = from; start < to; start += step) {
      const column = new Slot();
      for (let t = start; t < Math.min(to, start + step); t += seconds) {
        if (id !== null) this.#slot(seconds, t, id, column);
      }
      yield [start, column];
    }
  }

  /**
   * Reads events.
   *
   * @param kind Their kind.
   * @param span They overlap this span.
   * @param limit The maximum number of events.
   * @returns The newest first.
   */
  events(
    kind: string,
    { from, to }: Span = { from: 0, to: Infinity },
    limit = 1000,
  ): StoredEvent[] {
    return this.#db.prepare(
      `SELECT kind, key AS series, start, until AS "end", data FROM event
       JOIN series ON series.id=event.series WHERE kind=? AND start<? AND ifnull(until, 1e15)>?
       ORDER BY start DESC LIMIT ?`,
    ).all(kind, Math.min(to, 1e15), from, limit)
      .map((row) => ({
        ...row as unknown as StoredEvent,
        data: JSON.parse(row.data as string),
      }));
  }

  /**
   * Deletes expired slots, some at a time.
   *
   * @param now The time, in Unix seconds.
   * @returns Whether there are more.
   */
  prune(now: number): boolean {
    let isMore = false;
    for (const { slot, kept } of TIERS) {
      if (kept === Infinity) continue;
      const { changes } = this.#db.prepare(
        `DELETE FROM slot WHERE (tier, t, series) IN (SELECT tier, t, series
         FROM slot WHERE tier=? AND t<? LIMIT ?)`,
      ).run(slot, Math.floor(now - kept), DELETED_AT_A_TIME);
      isMore ||= changes === DELETED_AT_A_TIME;
    }
    this.#db.exec("PRAGMA incremental_vacuum(1000)");
    return isMore;
  }

  /** The size of the file, in bytes. */
  bytes(): number {
    return this.#pragma("page_count") * this.#pragma("page_size");
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#db.close();
  }

  #pragma(name: string): number {
    const row = this.#db.prepare(`PRAGMA ${name}`).get()!;
    return Object.values(row)[0] as number;
  }

  #transaction(action: () => void): void {
    this.#db.prepare("BEGIN IMMEDIATE").run(); // exec() gives no error code
    try {
      action();
      this.#db.prepare("COMMIT").run();
    } catch (error) {
      this.#ids.clear(); // new ones are rolled back
      try {
        this.#db.exec("ROLLBACK");
      } catch { /* SQLite has rolled back already */ }
      throw error;
    }
  }
}
