/**
 * The direction in which probes were lost, by the two sequence numbers of each
 * reply.
 *
 * The reflector numbers its replies in the order in which it sends them. If
 * numbers are missing between two replies, as many of the probes between them
 * were lost on the way back; the others never reached the reflector. Probes are
 * classified some time later, because late replies may still arrive.
 *
 * A probe that was sent after a reply had arrived must get a higher number than
 * that reply. If it does not, the reflector restarted its count: it was restarted,
 * or forgot the session. The directions of later losses are unknown then.
 *
 * @module
 */

/** How many reflector numbers are remembered for each probe. */
const NUMBERS_PER_PROBE = 4;
const TWO_32 = 2 ** 32;

/**
 * Classifies lost probes by direction.
 *
 * @example Usage
 * ```ts
 * import { LossDirections } from "./loss_directions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Of the probes 0 to 3, probe 1 was lost on the way there, and the reply to
 * // probe 2, which had the reflector's number 1, on the way back.
 * const directions = new LossDirections(4, (index) => index === 1 || index === 2);
 * for (let index = 0; index < 4; index++) directions.send(index);
 * directions.note(0, 0, true, 3);
 * directions.note(3, 2, true, 1);
 * directions.settle(3);
 * assertEquals([directions.forward, directions.backward], [1, 1]);
 * ```
 */
export class LossDirections {
  /** Probes that did not reach the reflector. */
  forward = 0;
  /** Probes whose reply was lost. */
  backward = 0;
  /** Whether the two numbers of some reply differed. */
  numbersDiffer = false;
  /** Whether a number was impossible; directions are unknown then. */
  numbersJumped = false;
  /** Whether the reflector restarted its count; no later loss has a direction. */
  countRestarted = false;
  #isLost: (index: number) => boolean;
  /** The probe that each reflector number answered, plus 1. */
  #answered: Float64Array;
  /** The highest reflector number when each probe was sent. */
  #highestBefore: Float64Array;
  /** The highest reflector number. */
  #maxNumber = -1;
  /** All reflector numbers up to this one are processed. */
  #number = -1;
  /** How many of them are missing, after the last closed gap. */
  #missing = 0;
  /** The reflector number that closed the last gap. */
  #closed = -1;
  /** All probes before this one are processed. */
  #settled = 0;
  /** How many of them have no reply, and no direction yet. */
  #gap = 0;

  /**
   * Starts without any reply.
   *
   * @param capacity How many probes are remembered, a power of two.
   * @param isLost Whether the probe with an index is lost, and is counted.
   */
  constructor(capacity: number, isLost: (index: number) => boolean) {
    this.#answered = new Float64Array(capacity * NUMBERS_PER_PROBE);
    this.#highestBefore = new Float64Array(capacity);
    this.#isLost = isLost;
  }

  /** All probes before this one are processed. */
  get settled(): number {
    return this.#settled;
  }

  /**
   * Notes that a probe is sent.
   *
   * @param index The probe.
   */
  send(index: number): void {
    const slot = index & this.#highestBefore.length - 1;
    this.#highestBefore[slot] = this.#maxNumber;
  }

  /**
   * Remembers which probe a reflector number answered.
   *
   * @param index The probe.
   * @param number The reflector number, modulo 2^32.
   * @param isFirst Whether it is the first reply to that probe.
   * @param sent How many probes were sent after the latest one with a reply.
   */
  note(index: number, number: number, isFirst: boolean, sent: number): void {
    if (this.countRestarted) return;
    if (number !== index % TWO_32) this.numbersDiffer = true;
    // The full number is the one nearest to the highest so far.
    const near = Math.max(0, this.#maxNumber);
    const whole = near + (number - near % TWO_32 | 0);
    const slot = index & this.#highestBefore.length - 1;
    if (whole <= this.#highestBefore[slot]!) {
      this.countRestarted = true;
      return;
    }
    if (this.#maxNumber < 0 && whole >= sent * NUMBERS_PER_PROBE) {
      this.#startAt(index, whole);
    }
    if (whole <= this.#number) {
      const wasMissing = isFirst && whole > this.#closed && this.#missing > 0;
      if (wasMissing) this.#missing -= 1; // it was only late
      return;
    }
    if (whole - this.#number > this.#answered.length) {
      // After an outage: all earlier numbers are processed, and no more replies
      // can be missing than probes were sent.
      if (this.#number < this.#maxNumber || whole - this.#number > sent) {
        this.numbersJumped = true;
        return;
      }
      this.#missing += whole - 1 - this.#number;
      this.#number = whole - 1;
    }
    this.#answered[whole & this.#answered.length - 1] = index + 1;
    if (whole > this.#maxNumber) this.#maxNumber = whole;
  }

  /**
   * Classifies the probes up to one.
   *
   * @param index The probe; no more replies to it or earlier ones may follow.
   */
  settle(index: number): void {
    this.#processNumbers(index);
    if (this.#settled <= index) this.#settleProbes(index + 1);
  }

  /**
   * The count goes on from an earlier session: it does not tell how the probes
   * before the first reply were lost.
   */
  #startAt(index: number, number: number): void {
    this.#number = number - 1;
    this.#settled = index;
  }

  /** Processes numbers in order, until one answered a later probe than this. */
  #processNumbers(index: number): void {
    const mask = this.#answered.length - 1;
    while (this.#settled <= index && this.#number < this.#maxNumber) {
      const slot = this.#number + 1 & mask;
      const answered = this.#answered[slot]! - 1;
      if (answered > index) return; // a late reply may still come before it
      this.#number += 1;
      this.#answered[slot] = 0;
      if (answered < 0) this.#missing += 1;
      else if (answered >= this.#settled) this.#closeGap(answered);
    }
  }

  /** A probe has a reply: the lost ones before it get their direction. */
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
