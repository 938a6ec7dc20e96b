/**
 * Adds streams to a load while it runs. iperf3's protocol opens all streams at
 * the start, so those to come are open and held back: nothing is written on them,
 * and nothing read. A far side that sends fills their receive windows, and stops.
 *
 * @module
 */

import { sum } from "../stats/average.ts";
import type { ThroughputSockets } from "../iperf3/client.ts";
import type { PhaseRecord } from "../result/under_load_schema.ts";

/** The maximum number of streams of a direction. */
export const MAX_RAMP_STREAMS = 16;
/** How many bins of the rates make a second. */
const BINS = 10;
/** Another stream is added if the goodput of a second grew by this factor. */
const GROWTH = 1.05;

/** The streams of one load. */
export class Ramp {
  /** How many streams of each direction are in use. */
  streams: number;
  #gates: PromiseWithResolvers<void>[];
  #isOver = false;
  #isFull = false;
  #before = 0;

  /**
   * Starts with some streams.
   *
   * @param first How many.
   * @param max How many there will be at most.
   */
  constructor(first: number, max: number) {
    this.streams = first;
    this.#gates = Array.from(
      { length: max },
      () => Promise.withResolvers<void>(),
    );
    this.#gates.slice(0, first).forEach(({ resolve }) => resolve());
  }

  /**
   * Makes the sockets of the load: first the control connection, then the
   * streams, of one direction after the other.
   *
   * @param sockets Opens them.
   * @param isRunning Whether data flows; what is written before is not held back.
   * @returns The same, with streams that wait for their turn.
   */
  sockets(
    sockets: ThroughputSockets,
    isRunning: () => boolean,
  ): ThroughputSockets {
    let count = -1;
    return {
      ...sockets,
      connect: async () => {
        const place = count++;
        const conn = await sockets.connect();
        if (place < 0) return conn;
        const { promise } = this.#gates[place % this.#gates.length]!;
        return new Proxy(conn, {
          get: (target, key) => {
            if (key === "read") {
              return async (buffer: Uint8Array) => {
                await promise;
                return await target.read(buffer);
              };
            }
            if (key === "write") {
              return async (block: Uint8Array) => {
                if (isRunning()) await promise;
                return this.#isOver ? 0 : await target.write(block);
              };
            }
            const value = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
          },
        });
      },
    };
  }

  /**
   * Adds a stream after each second in which the goodput grew, until a second in
   * which it did not.
   *
   * @param rates The rates so far.
   */
  look({ down, up }: PhaseRecord["rates"]): void {
    if (this.#isFull || down.length === 0 || down.length % BINS > 0) return;
    const goodput = sum([...down.slice(-BINS), ...up.slice(-BINS)]);
    this.#isFull = goodput < GROWTH * this.#before ||
      this.streams === this.#gates.length;
    this.#before = goodput;
    if (!this.#isFull) this.#gates[this.streams++]!.resolve();
  }

  /** Releases the streams that were held back, so that they can be closed. */
  end(): void {
    this.#isOver = true;
    for (const { resolve } of this.#gates) resolve();
  }
}
