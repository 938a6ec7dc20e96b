/**
 * A limit on what all clients together may have a server hold.
 *
 * @module
 */

/** What one client may hold without asking, in bytes. */
const FREE_BYTES = 16_384;

/** One client's share of a budget; given back when disposed of. */
export interface MemoryShare extends Disposable {
  /**
   * Asks for so much in all, in bytes; a share does not shrink.
   *
   * @returns Whether it was granted; if not, the share is as it was.
   */
  grow(bytes: number): boolean;
}

/**
 * A number of bytes shared by all clients of a server. Small wishes are free,
 * so that the many are not turned away for the sake of the few.
 *
 * @example Usage
 * ```ts
 * import { MemoryBudget } from "./memory_budget.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const budget = new MemoryBudget(1_000_000);
 * {
 *   using first = budget.open();
 *   using second = budget.open();
 *   assertEquals(first.grow(900_000), true);
 *   assertEquals(second.grow(900_000), false);
 *   assertEquals(second.grow(1000), true);
 * }
 * using third = budget.open();
 * assertEquals(third.grow(900_000), true);
 * ```
 */
export class MemoryBudget {
  #leftBytes: number;

  /**
   * Starts with all of it left.
   *
   * @param bytes How much there is for all clients together.
   */
  constructor(bytes: number) {
    this.#leftBytes = bytes;
  }

  /**
   * Opens a share of nothing.
   *
   * @returns The share.
   */
  open(): MemoryShare {
    let held = 0;
    return {
      grow: (bytes) => {
        const more = bytes <= FREE_BYTES ? 0 : Math.max(0, bytes - held);
        if (more > this.#leftBytes) return false;
        this.#leftBytes -= more;
        held += more;
        return true;
      },
      [Symbol.dispose]: () => {
        this.#leftBytes += held;
        held = 0;
      },
    };
  }
}
