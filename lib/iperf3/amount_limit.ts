/**
 * The end of a test by its amount: bytes or blocks, over all flows.
 *
 * @module
 */

import type { TestParameters } from "./parameters.ts";

/** Counts what was sent and received towards the amount of a test. */
export class AmountLimit {
  /** Resolved when the amount was sent or received. */
  readonly reached: Promise<void>;
  /** Whether an amount applies; not in the start that is left out. */
  isActive = false;
  #test: TestParameters;
  #end = Promise.withResolvers<void>();
  #reserved = 0;
  #sent = 0;
  #received = 0;

  /**
   * Creates a limit that is not active.
   *
   * @param test The test.
   */
  constructor(test: TestParameters) {
    this.#test = test;
    this.reached = this.#end.promise;
  }

  /** Starts to count, if the test has an amount. */
  start(): void {
    this.isActive = this.#test.bytes + this.#test.blocks > 0;
  }

  /**
   * Reserves what a sender is about to send, so that all together do not exceed
   * the amount.
   *
   * @param bytes The length of a block.
   * @returns How much of it to send; 0 if the rest is reserved.
   */
  reserve(bytes: number): number {
    if (!this.isActive) return bytes;
    const { bytes: limit, blocks, transport } = this.#test;
    const left = (limit || blocks * bytes) - this.#sent - this.#reserved;
    if (left <= 0) return 0;
    const taken = transport === "udp" ? bytes : Math.min(bytes, left);
    this.#reserved += taken;
    return taken;
  }

  /**
   * Counts what was sent of a reservation.
   *
   * @param bytes How much.
   */
  addSent(bytes: number): void {
    if (!this.isActive) return;
    this.#reserved = Math.max(0, this.#reserved - bytes);
    this.#sent += bytes;
    const { bytes: limit, blocks, blockBytes } = this.#test;
    if (this.#sent >= (limit || blocks * blockBytes)) this.#end.resolve();
  }

  /**
   * Counts what was received.
   *
   * @param bytes How much; where blocks are counted, it is one.
   */
  addReceived(bytes: number): void {
    if (!this.isActive) return;
    const { bytes: limit, blocks } = this.#test;
    this.#received += limit > 0 ? bytes : 1;
    if (this.#received >= (limit || blocks)) this.#end.resolve();
  }
}
