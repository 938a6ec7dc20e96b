/**
 * What happened over time, in fixed memory.
 *
 * @module
 */

/** How many slots there are at most; of a long run at least half are in use. */
const SLOTS = 160;
/** How long a slot is at first, in milliseconds. */
const FIRST_SLOT_MS = 0.001;

/** What happened in each slot of time; all arrays are equally long. */
export interface TimelineFigures {
  /** How long a slot is, in milliseconds. */
  slot_ms: number;
  /** How many probes were sent in each. */
  sent: number[];
  /** How many of those were lost. */
  lost: number[];
  /** The least round-trip time of those answered; `null` if none was. */
  min_us: (number | null)[];
  /** Their mean. */
  mean_us: (number | null)[];
  /** The greatest. */
  max_us: (number | null)[];
}

/**
 * Sorts round-trip times into slots of time. When the slots are used up, each
 * two become one, so that any length of time takes the same memory.
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
   * Records one probe; allocates nothing. Time starts with the first one.
   *
   * @param sentAtMs When it was sent.
   * @param us Its round-trip time in microseconds; `null` if it was lost.
   */
  record(sentAtMs: number, us: number | null): void {
    this.#startMs ??= sentAtMs;
    // One that was lost may be recorded after some that were sent later.
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
   * What happened so far. Where probes were fewer than slots, several slots are
   * given as one.
   *
   * @returns The figures of each slot up to the last one with a probe in it.
   */
  figures(): TimelineFigures {
    if (this.#used > this.#total) return this.#halved().figures();
    const used = (slots: Float64Array) => [...slots.subarray(0, this.#used)];
    const [sent, lost] = [used(this.#sent), used(this.#lost)];
    const known = (figure: (slot: number) => number) =>
      sent.map((count, slot) => count > lost[slot]! ? figure(slot) : null);
    return {
      slot_ms: this.#slotMs,
      sent,
      lost,
      min_us: known((slot) => this.#min[slot]!),
      mean_us: known((slot) => this.#sum[slot]! / (sent[slot]! - lost[slot]!)),
      max_us: known((slot) => this.#max[slot]!),
    };
  }

  #halved(): Timeline {
    const copy = new Timeline();
    copy.#slotMs = this.#slotMs;
    copy.#used = this.#used;
    copy.#total = this.#total;
    copy.#sent = this.#sent.slice();
    copy.#lost = this.#lost.slice();
    copy.#sum = this.#sum.slice();
    copy.#min = this.#min.slice();
    copy.#max = this.#max.slice();
    copy.#halve();
    return copy;
  }

  #halve(): void {
    const add = (a: number, b: number) => a + b;
    this.#slotMs *= 2;
    this.#used = Math.ceil(this.#used / 2);
    merge(this.#sent, add, 0);
    merge(this.#lost, add, 0);
    merge(this.#sum, add, 0);
    merge(this.#min, Math.min, Infinity);
    merge(this.#max, Math.max, -Infinity);
  }
}

function merge(
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
