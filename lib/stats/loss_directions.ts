/**
 * Which way probes were lost, by the two numbers of each reply.
 *
 * The far end numbers its replies in the order in which it sends them. Where
 * numbers are missing between two replies, as many of the probes between these
 * two were lost on the way back; the others never reached it. All this is worked
 * out a while later, for what is late to have come.
 *
 * @module
 */

/** How many of the far end's numbers are remembered for each probe. */
const NUMBERS_PER_PROBE = 4;
const TWO_32 = 2 ** 32;

/**
 * Follows the far end's numbers.
 *
 * @example Usage
 * ```ts
 * import { LossDirections } from "./loss_directions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Of the probes 0 to 3, 1 did not arrive; the reply to 2, the far end's 1,
 * // was lost.
 * const directions = new LossDirections(4, (index) => index === 1 || index === 2);
 * directions.note(0, 0, true, 3);
 * directions.note(3, 2, true, 1);
 * directions.settle(3);
 * assertEquals([directions.forward, directions.backward], [1, 1]);
 * ```
 */
export class LossDirections {
  /** Probes that did not reach the far end. */
  forward = 0;
  /** Probes whose reply did not come back. */
  backward = 0;
  /** Whether the two numbers of some reply differed. */
  numbersDiffer = false;
  /** Whether the far end's numbers made no sense; directions are unknown then. */
  numbersJumped = false;
  #isLost: (index: number) => boolean;
  /** The probe that each number of the far end answered, plus 1. */
  #answered: Float64Array;
  /** The greatest number of the far end. */
  #greatest = -1;
  /** All numbers of the far end up to this one are looked at. */
  #number = -1;
  /** How many of them are missing, after this one. */
  #missing = 0;
  #closed = -1;
  /** All probes before this one are looked at. */
  #settled = 0;
  /** How many of them have no reply, and no direction yet. */
  #gap = 0;

  /**
   * No number has come.
   *
   * @param capacity How many probes are remembered, a power of two.
   * @param isLost Whether the probe of an index is lost, and counts.
   */
  constructor(capacity: number, isLost: (index: number) => boolean) {
    this.#answered = new Float64Array(capacity * NUMBERS_PER_PROBE);
    this.#isLost = isLost;
  }

  /** All probes before this one are looked at. */
  get settled(): number {
    return this.#settled;
  }

  /**
   * Keeps which probe a number of the far end answered.
   *
   * @param index The probe.
   * @param number The far end's number, modulo 2^32.
   * @param isFirst Whether it is the first reply to that probe.
   * @param sent How many probes were sent after the latest that has a reply.
   */
  note(index: number, number: number, isFirst: boolean, sent: number): void {
    if (number !== index % TWO_32) this.numbersDiffer = true;
    // The number modulo 2^32 that is nearest to the greatest.
    const near = Math.max(0, this.#greatest);
    const whole = near + (number - near % TWO_32 | 0);
    if (whole <= this.#number) {
      const wasMissing = isFirst && whole > this.#closed && this.#missing > 0;
      if (wasMissing) this.#missing -= 1; // it was only late
      return;
    }
    if (whole - this.#number > this.#answered.length) {
      // After an outage all before it is looked at, and no more replies are
      // missing than probes were sent meanwhile.
      if (this.#number < this.#greatest || whole - this.#number > sent) {
        this.numbersJumped = true;
        return;
      }
      this.#missing += whole - 1 - this.#number;
      this.#number = whole - 1;
    }
    this.#answered[whole & this.#answered.length - 1] = index + 1;
    if (whole > this.#greatest) this.#greatest = whole;
  }

  /**
   * Looks at the probes up to one, and at the numbers that tell of them.
   *
   * @param index The probe; nothing comes any more of it, or of those before.
   */
  settle(index: number): void {
    this.#lookAtNumbers(index);
    if (this.#settled <= index) this.#settleProbes(index + 1);
  }

  /** In their order, until one answered a later probe than this. */
  #lookAtNumbers(index: number): void {
    const mask = this.#answered.length - 1;
    while (this.#settled <= index && this.#number < this.#greatest) {
      const slot = this.#number + 1 & mask;
      const answered = this.#answered[slot]! - 1;
      if (answered > index) return; // what is late may still come before it
      this.#number += 1;
      this.#answered[slot] = 0;
      if (answered < 0) this.#missing += 1;
      else if (answered >= this.#settled) this.#closeGap(answered);
    }
  }

  /** A probe has a reply: of those without, before it, the direction is known. */
  #closeGap(answered: number): void {
    this.#settleProbes(answered + 1);
    const backward = Math.min(this.#missing, this.#gap);
    this.backward += backward;
    this.forward += this.#gap - backward;
    this.#missing = 0;
    this.#gap = 0;
    this.#closed = this.#number;
  }

  #settleProbes(to: number): void {
    for (; this.#settled < to; this.#settled++) {
      if (this.#isLost(this.#settled)) this.#gap += 1;
    }
  }
}
