/**
 * At most so many answers a second to one source.
 *
 * @module
 */

import { type Clock, systemClock } from "../timing/clock.ts";

/** How many sources are remembered; the one longest unheard goes first. */
const MAX_SOURCES = 4096;
/** How many answers are remembered of all of them together: 8 MiB. */
const MAX_ANSWERS = 2 ** 20;

/**
 * Looks back over the last second, so that no second, wherever it starts, has
 * more answers than allowed. Its memory is bounded whatever addresses are
 * forged: the times of at most a second's answers for each source remembered.
 *
 * @example Usage
 * ```ts
 * import { RateLimiter } from "./rate_limiter.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const limiter = new RateLimiter(2, { now: () => 0 });
 * const allowed = [1, 2, 3].map(() => limiter.allow("192.0.2.1"));
 * assertEquals(allowed, [true, true, false]);
 * ```
 */
export class RateLimiter {
  #perSecond: number;
  #clock: Clock;
  /** A Map keeps order: the source longest unheard comes first. */
  #sources = new Map<string, Answers>();
  #latest: string | null = null;
  #room = 0;

  /**
   * Nobody was answered yet.
   *
   * @param perSecond How many answers a second one source may have, at most
   * 2 ** 20.
   * @param clock What tells the time.
   */
  constructor(perSecond: number, clock: Clock = systemClock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /**
   * Asks for one answer.
   *
   * @param source The source's address.
   * @returns Whether it may be given; if so, it is counted.
   */
  allow(source: string): boolean {
    const nowMs = this.#clock.now();
    const answers = this.#sources.get(source) ?? new Answers();
    if (source !== this.#latest) {
      this.#latest = source;
      this.#room += answers.room;
      this.#forget(source);
      this.#sources.set(source, answers);
      this.#forgetOldest();
    }
    answers.forgetUntil(nowMs - 1000);
    if (answers.count >= this.#perSecond) return false;
    this.#room -= answers.room;
    answers.add(nowMs);
    this.#room += answers.room;
    return true;
  }

  #forgetOldest(): void {
    for (const source of this.#sources.keys()) {
      if (this.#sources.size <= MAX_SOURCES && this.#room <= MAX_ANSWERS) {
        return;
      }
      if (source !== this.#latest) this.#forget(source);
    }
  }

  #forget(source: string): void {
    this.#room -= this.#sources.get(source)?.room ?? 0;
    this.#sources.delete(source);
  }
}

/** When one source was answered, in a ring that grows as it has to. */
class Answers {
  count = 0;
  #timesMs = new Float64Array(4);
  #first = 0;

  /** How many it can hold; a power of two. */
  get room(): number {
    return this.#timesMs.length;
  }

  add(nowMs: number): void {
    if (this.count === this.room) {
      const grown = new Float64Array(2 * this.room);
      for (let index = 0; index < this.count; index++) {
        grown[index] = this.#timesMs[this.#slot(index)]!;
      }
      this.#timesMs = grown;
      this.#first = 0;
    }
    this.#timesMs[this.#slot(this.count)] = nowMs;
    this.count += 1;
  }

  forgetUntil(untilMs: number): void {
    while (this.count > 0 && this.#timesMs[this.#first]! <= untilMs) {
      this.#first = this.#slot(1);
      this.count -= 1;
    }
  }

  #slot(index: number): number {
    return this.#first + index & this.room - 1;
  }
}
