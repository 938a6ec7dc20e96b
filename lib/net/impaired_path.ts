/**
 * Emulates an impaired path: drops, delays, duplicates and reorders datagrams.
 *
 * @module
 */

import { seededRandom } from "../stats/seeded_random.ts";
import { sleepUntil } from "../timing/sleep.ts";

/** How a path impairs datagrams; shares are from 0 to 1. */
export interface ImpairmentOptions {
  /** The share that is lost. */
  drop: number;
  /** The share that arrives twice. */
  duplicate: number;
  /** The share that is held back until the next datagram was sent. */
  reorder: number;
  /** The delay of each datagram, in milliseconds. */
  delayMs: number;
  /** The delay varies by up to this in either direction, in milliseconds. */
  jitterMs: number;
  /** The same seed gives the same impairments. */
  seed: number;
}

/** What happens to one datagram. */
export interface Impairment {
  /** How many times it arrives: 0, 1 or 2. */
  copies: number;
  /** Its delay, in milliseconds. */
  delayMs: number;
  /** Whether the next datagram overtakes it. */
  overtaken: boolean;
}

/** How long a datagram waits to be overtaken, in milliseconds. */
const OVERTAKE_MS = 100;
/** The most bytes on the way at once; further datagrams are lost. */
const CAPACITY_BYTES = 16 * 1024 * 1024;
/** The memory of one datagram on the way besides its content, in bytes. */
const OVERHEAD_BYTES = 512;

/**
 * Draws the impairments of a sequence of datagrams. Each takes four random
 * numbers in any case, so changing one share leaves the other decisions as they
 * were.
 *
 * @param options The path's shares, delays and seed.
 * @returns A function that returns the next datagram's impairment.
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
export function impairments(options: ImpairmentOptions): () => Impairment {
  const random = seededRandom(options.seed);
  const { drop, duplicate, reorder, delayMs, jitterMs } = options;
  return () => {
    const lost = random() < drop;
    const twice = random() < duplicate;
    const overtaken = random() < reorder;
    const variedMs = delayMs + (random() * 2 - 1) * jitterMs;
    return {
      copies: lost ? 0 : twice ? 2 : 1,
      delayMs: Math.max(0, variedMs),
      overtaken,
    };
  };
}

/** Sends one datagram over the real path. */
export type DatagramSender = (
  bytes: Uint8Array,
  to: Deno.Addr,
) => Promise<unknown>;

/** Sends datagrams over an impaired path. */
export class ImpairedPath {
  #next: () => Impairment;
  #sendNow: DatagramSender;
  #signal: AbortSignal | undefined;
  #travelling = new Set<Promise<void>>();
  #travellingBytes = 0;
  #sent = new EventTarget();

  /**
   * Creates the path.
   *
   * @param options How it impairs datagrams.
   * @param send Sends one datagram over the real path.
   * @param signal Drops the datagrams on the way when aborted.
   */
  constructor(
    options: ImpairmentOptions,
    send: DatagramSender,
    signal?: AbortSignal,
  ) {
    this.#next = impairments(options);
    this.#sendNow = send;
    this.#signal = signal;
  }

  /**
   * Sends one datagram, unless the path drops it.
   *
   * @param bytes Its content, copied if it has to wait.
   * @param to Its destination.
   */
  async send(bytes: Uint8Array, to: Deno.Addr): Promise<void> {
    const impairment = this.#next();
    const { copies, delayMs, overtaken } = impairment;
    if (copies === 0) return;
    if (delayMs === 0 && !overtaken) {
      return await this.#arrive(bytes, to, copies);
    }
    const cost = bytes.length + OVERHEAD_BYTES;
    if (this.#travellingBytes + cost > CAPACITY_BYTES) return;
    this.#travellingBytes += cost;
    const travel = this.#travel(bytes.slice(), to, impairment).finally(() => {
      this.#travellingBytes -= cost;
      this.#travelling.delete(travel);
    });
    this.#travelling.add(travel);
  }

  /** Waits until every datagram on the way has arrived. */
  async drain(): Promise<void> {
    await Promise.all(this.#travelling);
  }

  async #travel(
    bytes: Uint8Array,
    to: Deno.Addr,
    { copies, delayMs, overtaken }: Impairment,
  ): Promise<void> {
    await sleepUntil(performance.now() + delayMs, this.#signal);
    if (overtaken) await this.#nextSent();
    if (!this.#signal?.aborted) await this.#arrive(bytes, to, copies);
  }

  async #arrive(bytes: Uint8Array, to: Deno.Addr, copies: number) {
    await Promise.all(
      Array.from({ length: copies }, () => this.#sendNow(bytes, to)),
    );
    this.#sent.dispatchEvent(new Event("sent"));
  }

  /** Waits until another datagram is sent, but not too long. */
  async #nextSent(): Promise<void> {
    const overtaken = new AbortController();
    const { signal } = overtaken;
    this.#sent.addEventListener("sent", () => overtaken.abort(), { signal });
    await sleepUntil(performance.now() + OVERTAKE_MS, signal);
    overtaken.abort();
  }
}
