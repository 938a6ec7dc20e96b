/**
 * Counts what happened to numbered probes: lost in which direction, late,
 * duplicate, reordered.
 *
 * Each reply carries two numbers: that of the probe, and the reflector's own,
 * which gives the direction of losses, see `loss_directions.ts`.
 *
 * | counter | what it counts |
 * |---|---|
 * | lost | probes without a reply in time (RFC 7680), late ones included |
 * | lost forward, lost backward | probes without any reply, by direction |
 * | late | probes whose first reply came after the deadline |
 * | duplicate | replies to a probe after its first |
 * | reordered | first replies in time after the reply to a later probe (RFC 4737) |
 *
 * Memory is bounded: probes further back than the capacity are forgotten.
 *
 * @module
 */

import { LossDirections } from "./loss_directions.ts";

/** The kind of a reply. */
export type Arrival = "first" | "late" | "duplicate" | "unknown";

/** The counters; none of them ever decreases. */
export interface ArrivalCounts {
  /** Probes that did not reach the reflector. */
  readonly lostForward: number;
  /** Probes whose reply was lost. */
  readonly lostBackward: number;
  /** Probes whose first reply came after the deadline. */
  late: number;
  /** Replies to a probe after the first. */
  duplicate: number;
  /** First replies in time after the reply to a later probe. */
  reordered: number;
}

/** The states of a probe. */
const OUTSTANDING = 0;
const ANSWERED = 1;
const LOST = 2;
const LATE = 3;
const TWO_32 = 2 ** 32;

/**
 * Follows the latest probes of a session.
 *
 * @example Usage
 * ```ts
 * import { SequenceWindow } from "./sequence_window.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const window = new SequenceWindow(8);
 * for (let probe = 0; probe < 4; probe++) window.send();
 * // Probe 1 is lost on the way there, and the reply to probe 2, which has the
 * // reflector's number 1, on the way back.
 * window.arrive(0, 0);
 * window.arrive(3, 2);
 * assertEquals(window.expire(() => true), 1);
 * assertEquals(window.expire(() => true), 2);
 * window.settle();
 * assertEquals([window.counts.lostForward, window.counts.lostBackward], [1, 1]);
 * ```
 */
export class SequenceWindow {
  /** The counters so far. */
  readonly counts: ArrivalCounts;
  /** How many probes are remembered; a power of two. */
  readonly capacity: number;
  /** The directions of losses. */
  readonly directions: LossDirections;
  /** How many probes are neither answered nor lost yet. */
  outstanding = 0;
  /** The first counted probe, and the first one after those. */
  #countedFrom: number;
  #countedTo = Infinity;
  #next = 0;
  #states: Uint8Array;
  /** All probes before this one are answered or lost. */
  #open = 0;
  /** The latest probe with a reply. */
  #latest = -1;

  /**
   * Starts without any probe.
   *
   * @param capacity How many probes are remembered at least.
   * @param uncounted How many of the first probes are not counted.
   */
  constructor(capacity: number, uncounted = 0) {
    this.capacity = 2 ** Math.ceil(Math.log2(Math.max(2, capacity)));
    this.#countedFrom = uncounted;
    this.#states = new Uint8Array(this.capacity);
    const directions = new LossDirections(
      this.capacity,
      (index) =>
        this.#states[index & this.capacity - 1] === LOST &&
        this.#isCounted(index),
    );
    this.directions = directions;
    this.counts = {
      get lostForward() {
        return directions.forward;
      },
      get lostBackward() {
        return directions.backward;
      },
      late: 0,
      duplicate: 0,
      reordered: 0,
    };
  }

  /** The index of the next probe to send. */
  get next(): number {
    return this.#next;
  }

  /** The oldest probe that may be outstanding. */
  get oldest(): number {
    return this.#open;
  }

  /** Whether another probe would overwrite an outstanding one. */
  get isFull(): boolean {
    return this.#next - this.#open >= this.capacity;
  }

  /**
   * Whether the last probe has no reply. The direction in which the last probes
   * were lost is then unknown until a later probe is answered.
   */
  get endIsOpen(): boolean {
    return this.#latest < this.#next - 1;
  }

  /** Does not count the probes sent from now on. */
  stopCounting(): void {
    this.#countedTo = this.#next;
  }

  /**
   * Counts a probe as sent.
   *
   * @returns Its index; its sequence number is that modulo 2^32.
   */
  send(): number {
    const index = this.#next++;
    const { directions } = this;
    if (index - directions.settled >= this.capacity) {
      directions.settle(directions.settled);
    }
    directions.send(index);
    this.#states[index & this.capacity - 1] = OUTSTANDING;
    this.outstanding += 1;
    return index;
  }

  /**
   * Finds the probe of a sequence number.
   *
   * @param sequence The number, modulo 2^32.
   * @returns Its index; `null` if it was not sent, or is forgotten.
   */
  find(sequence: number): number | null {
    const back = (this.#next - sequence) % TWO_32;
    const index = this.#next - (back <= 0 ? back + TWO_32 : back);
    return index < Math.max(0, this.#next - this.capacity) ? null : index;
  }

  /**
   * Counts a reply.
   *
   * @param index The probe's index, as {@linkcode find} gives it.
   * @param number The reflector's number, modulo 2^32.
   * @returns Its kind: late only if {@linkcode expire} declared the probe lost.
   */
  arrive(index: number, number: number): Arrival {
    if (index < this.#next - this.capacity || index >= this.#next) {
      return "unknown";
    }
    const slot = index & this.capacity - 1;
    const counted = this.#isCounted(index);
    const state = this.#states[slot];
    const isFirst = state === OUTSTANDING || state === LOST;
    this.directions.note(index, number, isFirst, this.#next - 1 - this.#latest);
    if (state === ANSWERED || state === LATE) {
      if (counted) this.counts.duplicate += 1;
      return "duplicate";
    }
    const overtaken = index < this.#latest;
    this.#latest = Math.max(this.#latest, index);
    if (state === LOST) {
      this.#states[slot] = LATE;
      if (counted) this.counts.late += 1;
      return "late";
    }
    this.#states[slot] = ANSWERED;
    this.outstanding -= 1;
    if (counted && overtaken) this.counts.reordered += 1;
    return "first";
  }

  /**
   * Declares the oldest outstanding probe lost, if its deadline has passed.
   *
   * @param isOverdue Whether the deadline of the probe with an index has passed.
   * @returns Its index, or `null`.
   */
  expire(isOverdue: (index: number) => boolean): number | null {
    for (; this.#open < this.#next; this.#open++) {
      const slot = this.#open & this.capacity - 1;
      if (this.#states[slot] !== OUTSTANDING) continue;
      if (!isOverdue(this.#open)) return null;
      this.#states[slot] = LOST;
      this.outstanding -= 1;
      return this.#open++;
    }
    return null;
  }

  /**
   * Counts all lost probes by direction, at the end of a session; those after
   * the last reply stay without one.
   */
  settle(): void {
    this.directions.settle(this.#next - 1);
  }

  #isCounted(index: number): boolean {
    return index >= this.#countedFrom && index < this.#countedTo;
  }
}
