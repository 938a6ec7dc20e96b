/**
 * Reproducible random numbers.
 *
 * @module
 */

/**
 * Makes a generator of uniform random numbers that depend on the seed alone:
 * mulberry32 (Tommy Ettinger, public domain). Suitable for emulating a network,
 * not for secrets.
 *
 * @param seed Any integer; its lowest 32 bits are used.
 * @returns A function that returns the next number, from 0 to below 1.
 *
 * @example Usage
 * ```ts
 * import { seededRandom } from "./seeded_random.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(seededRandom(1)(), seededRandom(1)());
 * ```
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Picks a seed for a run without one.
 *
 * @returns A random integer from 0 to 999 999: short enough to type again.
 */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000;
}
