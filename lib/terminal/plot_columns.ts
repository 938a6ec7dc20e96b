/**
 * Slots of time made fewer, as many as there are columns.
 *
 * @module
 */

import type { TimelineFigures } from "../stats/timeline.ts";

/** What happened in the time of one column. */
export interface Column {
  /** How many probes were lost. */
  lost: number;
  /** The greatest round-trip time in microseconds; `null` without a reply. */
  maxUs: number | null;
}

/** Slots that end at a limit but for the rounding of binary fractions. */
const ROUNDING = 1e-9;

/**
 * How long a column is that fits several timelines beside one axis.
 *
 * @param timelines The timelines, each with a slot.
 * @param columns The most columns.
 * @returns Milliseconds: a multiple of the longest slot, so that none of these
 * is spread over several columns.
 *
 * @example Usage
 * ```ts
 * import { columnMsOf } from "./plot_columns.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const sent = [1, 1, 1, 1, 1];
 * const none = { lost: [], min_us: [], mean_us: [], max_us: [] };
 * assertEquals(columnMsOf([{ slot_ms: 10, sent, ...none }], 3), 20);
 * ```
 */
export function columnMsOf(
  timelines: TimelineFigures[],
  columns: number,
): number {
  const slotMs = Math.max(...timelines.map(({ slot_ms }) => slot_ms));
  const slots = Math.max(
    ...timelines.map(({ sent, slot_ms }) => sent.length * (slot_ms / slotMs)),
  );
  return slotMs * Math.ceil(slots / Math.max(columns, 1) - ROUNDING);
}

/**
 * Joins the slots of each column.
 *
 * @param timeline The timeline.
 * @param columnMs How long a column is, at least a slot.
 * @returns The columns up to the last slot.
 *
 * @example Usage
 * ```ts
 * import { mergeSlots } from "./plot_columns.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const columns = mergeSlots({
 *   slot_ms: 10,
 *   sent: [1, 2, 1],
 *   lost: [0, 1, 1],
 *   min_us: [5, 7, null],
 *   mean_us: [5, 7, null],
 *   max_us: [5, 7, null],
 * }, 20);
 * assertEquals(columns, [{ lost: 1, maxUs: 7 }, { lost: 1, maxUs: null }]);
 * ```
 */
export function mergeSlots(
  { slot_ms, sent, lost, max_us }: TimelineFigures,
  columnMs: number,
): Column[] {
  const columns: Column[] = [];
  for (let slot = 0; slot < sent.length; slot++) {
    const index = Math.floor(slot * (slot_ms / columnMs) + ROUNDING);
    const column = columns[index] ??= { lost: 0, maxUs: null };
    column.lost += lost[slot] ?? 0;
    const us = max_us[slot] ?? null;
    if (us !== null) column.maxUs = Math.max(column.maxUs ?? us, us);
  }
  return columns;
}
