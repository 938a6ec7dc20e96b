/**
 * Each message once, and in the order in which its author sent it, although it
 * may come by several ways.
 *
 * A message is numbered by its author. What comes before its turn is kept for a
 * while; if what is missing does not come, it is given up.
 *
 * @module
 */

import type { Say } from "./messages.ts";
import { type Clock, systemClock } from "../timing/clock.ts";

/** How long a message waits for those before it, in milliseconds. */
export const PATIENCE_MS = 500;
/** How many messages of one author may wait, and of all of them. */
const MAX_WAITING = 256;
const MAX_WAITING_OF_ALL = 4096;
/** How many authors are remembered; the one longest unheard goes first. */
const MAX_AUTHORS = 1024;

interface Author {
  /** The number of the message that is due next. */
  next: number;
  /** Messages that came before their turn, and when, in that order. */
  waiting: Map<number, { message: Say; atMs: number }>;
}

/**
 * Puts messages in order.
 *
 * @example Usage
 * ```ts
 * import { Gossip } from "./gossip.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const said: string[] = [];
 * const gossip = new Gossip((message) => said.push(message.text));
 * const say = (sequence: number, text: string) =>
 *   gossip.receive({ verb: "say", origin: "ada", sequence, text });
 * assertEquals(say(1, "one"), true);
 * assertEquals(say(3, "three"), true); // before its turn
 * assertEquals(say(2, "two"), true);
 * assertEquals(say(2, "two"), false); // known already
 * assertEquals(said, ["one", "two", "three"]);
 * ```
 */
export class Gossip {
  #deliver: (message: Say) => void;
  #clock: Clock;
  /** A Map keeps order: the author longest unheard comes first. */
  #authors = new Map<string, Author>();
  #waiting = 0;

  /**
   * Nothing has come yet.
   *
   * @param deliver Is given each message, once and in order.
   * @param clock What tells the time.
   */
  constructor(deliver: (message: Say) => void, clock: Clock = systemClock) {
    this.#deliver = deliver;
    this.#clock = clock;
  }

  /** How many messages wait for others. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Takes a message. Who joins late waits once for what an author said before,
   * and then goes on without it.
   *
   * @param message The message.
   * @returns Whether it came for the first time, and is to be passed on.
   */
  receive(message: Say): boolean {
    const author = this.#authorOf(message);
    const { sequence } = message;
    if (sequence < author.next || author.waiting.has(sequence)) return false;
    if (sequence === author.next) {
      author.next += 1;
      this.#deliver(message);
      this.#deliverWaiting(author);
      return true;
    }
    author.waiting.set(sequence, { message, atMs: this.#clock.now() });
    this.#waiting += 1;
    const isMuch = author.waiting.size > MAX_WAITING ||
      this.#waiting > MAX_WAITING_OF_ALL;
    if (isMuch) this.#giveUp(author);
    return true;
  }

  /** Delivers what has waited too long, without what was before it. */
  expire(): void {
    if (this.#waiting === 0) return;
    const untilMs = this.#clock.now() - PATIENCE_MS;
    for (const author of this.#authors.values()) {
      for (const { atMs } of author.waiting.values()) {
        if (atMs > untilMs) break;
        this.#giveUp(author);
      }
    }
  }

  #authorOf({ origin }: Say): Author {
    const author = this.#authors.get(origin) ??
      { next: 1, waiting: new Map() };
    this.#authors.delete(origin);
    this.#authors.set(origin, author);
    if (this.#authors.size > MAX_AUTHORS) {
      const [name, oldest] = this.#authors.entries().next().value!;
      this.#waiting -= oldest.waiting.size;
      this.#authors.delete(name);
    }
    return author;
  }

  #deliverWaiting(author: Author): void {
    for (;;) {
      const next = author.waiting.get(author.next);
      if (next === undefined) return;
      author.waiting.delete(author.next);
      this.#waiting -= 1;
      author.next += 1;
      this.#deliver(next.message);
    }
  }

  /** What is missing before the first one that waits will not come. */
  #giveUp(author: Author): void {
    author.next = Math.min(...author.waiting.keys());
    this.#deliverWaiting(author);
  }
}
