/**
 * A bad path on purpose: drops, delays, duplicates and reorders datagrams.
 *
 * @module
 */

import { seededRandom } from "../stats/seeded_random.ts";
import { sleepUntil } from "../timing/sleep.ts";

/** What a path does to the datagrams sent over it; shares are from 0 to 1. */
export interface ImpairmentOptions {
  /** The share that is lost. */
  drop: number;
  /** The share that arrives twice. */
  duplicate: number;
  /** The share that is held back until the next datagram has been sent. */
  reorder: number;
  /** How long each is delayed, in milliseconds. */
  delayMs: number;
  /** The delay varies by up to so much either way, in milliseconds. */
  jitterMs: number;
  /** The same seed gives the same fate to the same sequence of datagrams. */
  seed: number;
}

/** What happens to one datagram. */
export interface Impairment {
  /** How often it arrives: 0, 1 or 2. */
  copies: number;
  /** How late it is, in milliseconds. */
  delayMs: number;
  /** Whether the next datagram overtakes it. */
  overtaken: boolean;
}

/** How long a datagram waits to be overtaken, in milliseconds. */
const OVERTAKE_MS = 100;
/** The most bytes that may be on the way at once; what comes on top is lost. */
const CAPACITY_BYTES = 16 * 1024 * 1024;
/** What one datagram costs beside its content, in bytes. */
const OVERHEAD_BYTES = 512;

/**
 * Decides the fate of each datagram of a sequence. Four random numbers are
 * drawn for each, whatever comes of it, so that changing one share leaves the
 * other decisions as they were.
 *
 * @param impairment The path's shares and its seed.
 * @returns A function that gives the next datagram's fate.
 *
 * @example Usage
 * ```ts
 * import { impairments } from "./impaired_path.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const clean = { drop: 0, duplicate: 0, reorder: 0, delayMs: 0, jitterMs: 0 };
 * const next = impairments({ ...clean, drop: 0.5, seed: 1 });
 * const copies = Array.from({ length: 8 }, () => next().copies);
 * assertEquals(copies, [1, 1, 0, 0, 0, 0, 1, 1]);
 * ```
 */
export function impairments(impairment: ImpairmentOptions): () => Impairment {
  const random = seededRandom(impairment.seed);
  const { drop, duplicate, reorder, delayMs, jitterMs } = impairment;
  return () => {
    const lost = random() < drop;
    const twice = random() < duplicate;
    const overtaken = random() < reorder;
    const varied = delayMs + (random() * 2 - 1) * jitterMs;
    return {
      copies: lost ? 0 : twice ? 2 : 1,
      delayMs: Math.max(0, varied),
      overtaken,
    };
  };
}

/** Sends datagrams over a path with a given impairment. */
export class ImpairedPath {
  #send: (bytes: Uint8Array, to: Deno.Addr) => Promise<unknown>;
  #nextImpairment: () => Impairment;
  #travelling = new Set<Promise<void>>();
  #travellingBytes = 0;
  #sent = new EventTarget();
  #signal: AbortSignal | undefined;

  /**
   * Opens the path.
   *
   * @param impairment What the path does.
   * @param send Sends one datagram for good.
   * @param signal Loses what is still on the way when aborted.
   */
  constructor(
    impairment: ImpairmentOptions,
    send: (bytes: Uint8Array, to: Deno.Addr) => Promise<unknown>,
    signal?: AbortSignal,
  ) {
    this.#nextImpairment = impairments(impairment);
    this.#send = send;
    this.#signal = signal;
  }

  /**
   * Sends one datagram, or does not.
   *
   * @param bytes Its content, copied if it has to wait.
   * @param to Where to.
   */
  async send(bytes: Uint8Array, to: Deno.Addr): Promise<void> {
    const { copies, delayMs, overtaken } = this.#nextImpairment();
    if (copies === 0) return;
    if (delayMs === 0 && !overtaken) {
      return await this.#arrive(bytes, to, copies);
    }
    const cost = bytes.length + OVERHEAD_BYTES;
    if (this.#travellingBytes + cost > CAPACITY_BYTES) return;
    this.#travellingBytes += cost;
    const travel = this.#travel(bytes.slice(), to, copies, delayMs, overtaken)
      .finally(() => {
        this.#travellingBytes -= cost;
        this.#travelling.delete(travel);
      });
    this.#travelling.add(travel);
  }

  /** Waits until everything on the way has arrived. */
  async drain(): Promise<void> {
    await Promise.all(this.#travelling);
  }

  async #travel(
    bytes: Uint8Array,
    to: Deno.Addr,
    copies: number,
    delayMs: number,
    overtaken: boolean,
  ): Promise<void> {
    await sleepUntil(performance.now() + delayMs, this.#signal);
    if (overtaken) await this.#nextSent();
    if (!this.#signal?.aborted) await this.#arrive(bytes, to, copies);
  }

  async #arrive(bytes: Uint8Array, to: Deno.Addr, copies: number) {
    await Promise.all(
      Array.from({ length: copies }, () => this.#send(bytes, to)),
    );
    this.#sent.dispatchEvent(new Event("sent"));
  }

  /** Waits until another datagram was sent, or long enough. */
  async #nextSent(): Promise<void> {
    const overtaken = new AbortController();
    this.#sent.addEventListener("sent", () => overtaken.abort(), {
      once: true,
      signal: overtaken.signal,
    });
    await sleepUntil(performance.now() + OVERTAKE_MS, overtaken.signal);
    overtaken.abort();
  }
}
