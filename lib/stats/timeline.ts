/**
 * Round-trip times and losses over time, in fixed memory.
 *
 * @module
 */

/** The maximum number of slots; in a long run at least half of them are in use. */
const SLOTS = 160;
/** The initial length of a slot, in milliseconds. */
const FIRST_SLOT_MS = 0.001;
/** Slot limits are equal if they differ by less than this part of a slot. */
const ROUNDING = 1e-9;

/** The probes of each slot of time; all arrays have the same length. */
export interface TimelineFigures {
  /** The length of a slot, in milliseconds. */
  slot_ms: number;
  /** How many probes were sent in each. */
  sent: number[];
  /** How many of those were lost. */
  lost: number[];
  /** The minimum round-trip time; `null` if no probe was answered. */
  min_us: (number | null)[];
  /** The mean. */
  mean_us: (number | null)[];
  /** The maximum. */
  max_us: (number | null)[];
}

/**
 * Records round-trip times in slots of time. When all slots are used, pairs of
 * them are merged, so that any duration takes the same memory.
 *
 * @example Usage
 * ```ts
 * import { Timeline } from "./timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const timeline = new Timeline();
 * timeline.record(1000, 50);
 * timeline.record(1240, null);
 * const { sent, lost } = timeline.figures();
 * assertEquals(sent.reduce((sum, count) => sum + count), 2);
 * assertEquals(lost.at(-1), 1);
 * ```
 */
export class Timeline {
  #slotMs = FIRST_SLOT_MS;
  #startMs: number | null = null;
  #used = 0;
  #total = 0;
  #sent = new Float64Array(SLOTS);
  #lost = new Float64Array(SLOTS);
  #sum = new Float64Array(SLOTS);
  #min = new Float64Array(SLOTS).fill(Infinity);
  #max = new Float64Array(SLOTS).fill(-Infinity);

  /**
   * Records one probe; allocates nothing. The first one starts the first slot.
   *
   * @param sentAtMs When it was sent.
   * @param us Its round-trip time in microseconds; `null` if it was lost.
   */
  record(sentAtMs: number, us: number | null): void {
    this.#startMs ??= sentAtMs;
    // A lost probe may be recorded after some that were sent later.
    const sinceMs = Math.max(0, sentAtMs - this.#startMs);
    while (sinceMs >= SLOTS * this.#slotMs) this.#halve();
    const slot = Math.floor(sinceMs / this.#slotMs);
    if (slot >= this.#used) this.#used = slot + 1;
    this.#sent[slot]! += 1;
    this.#total += 1;
    if (us === null) {
      this.#lost[slot]! += 1;
      return;
    }
    this.#sum[slot]! += us;
    if (us < this.#min[slot]!) this.#min[slot] = us;
    if (us > this.#max[slot]!) this.#max[slot] = us;
  }

  /**
   * The slots so far; merged while there are fewer probes than slots.
   *
   * @returns The figures of each slot up to the last one with a probe in it.
   */
  figures(): TimelineFigures {
    const used = (slots: Float64Array) => [...slots.subarray(0, this.#used)];
    const [sent, lost] = [used(this.#sent), used(this.#lost)];
    const known = (figure: (slot: number) => number) =>
      sent.map((count, slot) => count > lost[slot]! ? figure(slot) : null);
    const figures = {
      slot_ms: this.#slotMs,
      sent,
      lost,
      min_us: known((slot) => this.#min[slot]!),
      mean_us: known((slot) => this.#sum[slot]! / (sent[slot]! - lost[slot]!)),
      max_us: known((slot) => this.#max[slot]!),
    };
    let slotMs = this.#slotMs;
    for (
      let used = this.#used;
      used > this.#total;
      used = Math.ceil(used / 2)
    ) {
      slotMs *= 2;
    }
    return slotMs === this.#slotMs ? figures : mergeSlots(figures, slotMs);
  }

  #halve(): void {
    const add = (a: number, b: number) => a + b;
    this.#slotMs *= 2;
    this.#used = Math.ceil(this.#used / 2);
    halve(this.#sent, add, 0);
    halve(this.#lost, add, 0);
    halve(this.#sum, add, 0);
    halve(this.#min, Math.min, Infinity);
    halve(this.#max, Math.max, -Infinity);
  }
}

function halve(
  slots: Float64Array,
  join: (a: number, b: number) => number,
  empty: number,
): void {
  const half = slots.length / 2;
  for (let slot = 0; slot < half; slot++) {
    slots[slot] = join(slots[2 * slot]!, slots[2 * slot + 1]!);
  }
  slots.fill(empty, half);
}

/**
 * Computes the slot length with which timelines fit a number of slots.
 *
 * @param timelines The timelines; at least one.
 * @param maxSlots The maximum number of slots.
 * @returns Milliseconds: a multiple of the longest slot, so that no slot is
 * split when {@linkcode mergeSlots} is called with it.
 *
 * @example Usage
 * ```ts
 * import { commonSlotMs } from "./timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(commonSlotMs([{ slot_ms: 10, sent: [1, 1, 1, 1, 1] }], 3), 20);
 * ```
 */
export function commonSlotMs(
  timelines: Pick<TimelineFigures, "slot_ms" | "sent">[],
  maxSlots: number,
): number {
  const longestMs = Math.max(...timelines.map(({ slot_ms }) => slot_ms));
  const slots = Math.max(
    ...timelines.map(({ slot_ms, sent }) => sent.length * slot_ms / longestMs),
  );
  const merged = Math.ceil(slots / Math.max(maxSlots, 1) - ROUNDING);
  return longestMs * Math.max(merged, 1);
}

/**
 * Merges the slots of a timeline into longer ones.
 *
 * @param timeline The timeline.
 * @param slotMs The new slot length in milliseconds, at least the present one.
 * @returns A timeline with fewer slots; means are weighted by received probes.
 *
 * @example Usage
 * ```ts
 * import { mergeSlots } from "./timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const merged = mergeSlots({
 *   slot_ms: 10,
 *   sent: [1, 3, 1],
 *   lost: [0, 1, 1],
 *   min_us: [8, 6, null],
 *   mean_us: [8, 14, null],
 *   max_us: [8, 22, null],
 * }, 20);
 * assertEquals(merged, {
 *   slot_ms: 20,
 *   sent: [4, 1],
 *   lost: [1, 1],
 *   min_us: [6, null],
 *   mean_us: [12, null],
 *   max_us: [22, null],
 * });
 * ```
 */
export function mergeSlots(
  timeline: TimelineFigures,
  slotMs: number,
): TimelineFigures {
  const { slot_ms, sent, lost, min_us, mean_us, max_us } = timeline;
  const slotOf = (slot: number) =>
    Math.floor(slot * (slot_ms / slotMs) + ROUNDING);
  const length = sent.length === 0 ? 0 : slotOf(sent.length - 1) + 1;
  const counts = () => Array<number>(length).fill(0);
  const figures = () => Array<number | null>(length).fill(null);
  const merged: TimelineFigures = {
    slot_ms: slotMs,
    sent: counts(),
    lost: counts(),
    min_us: figures(),
    mean_us: figures(),
    max_us: figures(),
  };
  const received = counts();
  sent.forEach((count, from) => {
    const to = slotOf(from);
    const [min, mean, max] = [min_us[from], mean_us[from], max_us[from]];
    merged.sent[to]! += count;
    merged.lost[to]! += lost[from] ?? 0;
    if (min != null) {
      merged.min_us[to] = Math.min(merged.min_us[to] ?? min, min);
    }
    if (max != null) {
      merged.max_us[to] = Math.max(merged.max_us[to] ?? max, max);
    }
    if (mean == null) return;
    const weight = Math.max(count - (lost[from] ?? 0), 1);
    received[to]! += weight;
    const before = merged.mean_us[to] ?? mean;
    merged.mean_us[to] = before + (mean - before) * weight / received[to]!;
  });
  return merged;
}
