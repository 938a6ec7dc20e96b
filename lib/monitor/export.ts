/**
 * What was kept of a target, a row a slot.
 *
 * @module
 */

import { csvFields } from "../result/formats.ts";
import { COUNTERS, type DelayFigures } from "./api.ts";
import { DELAYS } from "./slot.ts";
import { type Span, type Store, TIERS } from "./store.ts";

const FIGURES = [
  "count",
  "min_us",
  "mean_us",
  "p50_us",
  "p90_us",
  "p95_us",
  "p99_us",
  "max_us",
] as const satisfies (keyof DelayFigures)[];

/** One slot. */
export type ExportRow = Record<string, string | number | null>;

/** The names of the columns, in their order. */
export const EXPORT_COLUMNS: string[] = [
  ...["time", "target", "seconds"],
  ...COUNTERS,
  ...DELAYS.flatMap((delay) => FIGURES.map((figure) => `${delay}_${figure}`)),
];

/**
 * Reads the shortest slots that are kept of a span.
 *
 * @param store The store.
 * @param id The target's `id`.
 * @param span The span, in Unix seconds.
 * @param now The time.
 * @returns The slots in which something was measured.
 */
export function* exportRows(
  store: Store,
  id: string,
  span: Span,
  now: number,
): Generator<ExportRow> {
  const tier = TIERS.find(({ kept }) => span.from > now - kept) ??
    TIERS.at(-1)!;
  const from = Math.floor(span.from / tier.slot) * tier.slot;
  for (const [t, slot] of store.slots(id, tier.slot, { from, to: span.to })) {
    if (slot.sent + slot.unknown === 0) continue;
    const figures = slot.figures();
    const row: ExportRow = {
      time: new Date(t * 1000).toISOString(),
      ...{ target: id, seconds: tier.slot },
      ...slot.counts(),
    };
    for (const delay of DELAYS) {
      for (const figure of FIGURES) {
        row[`${delay}_${figure}`] = figures[delay]?.[figure] ?? null;
      }
    }
    yield row;
  }
}

/**
 * Writes rows as CSV.
 *
 * @param row A row; `null` for the line of the names.
 * @returns A line, without its end.
 */
export function csvLine(row: ExportRow | null): string {
  return csvFields(
    EXPORT_COLUMNS.map((name) => row === null ? name : row[name] ?? ""),
  );
}
