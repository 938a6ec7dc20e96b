/**
 * Two things measured by turns.
 *
 * @module
 */

/**
 * Runs two measurements in rounds, so that a drift of the machine or the path
 * meets both. Who is first alternates as well.
 *
 * @param rounds How many rounds.
 * @param sides Measures the one, and the other.
 * @param signal Ends it after the measurement under way.
 * @returns What each round gave of both; a round that was not finished is left
 * out.
 *
 * @example Usage
 * ```ts
 * import { alternate } from "./alternation.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const order: string[] = [];
 * const side = (name: string) => () => Promise.resolve(order.push(name));
 * await alternate(2, [side("a"), side("b")]);
 * assertEquals(order, ["a", "b", "b", "a"]);
 * ```
 */
export async function alternate<A, B>(
  rounds: number,
  sides: readonly [() => Promise<A>, () => Promise<B>],
  signal?: AbortSignal,
): Promise<[A, B][]> {
  const [one, other] = sides;
  const done: [A, B][] = [];
  for (let round = 0; round < rounds && !signal?.aborted; round++) {
    let pair: [A, B];
    if (round % 2 === 0) {
      const first = await one();
      pair = [first, await other()];
    } else {
      const first = await other();
      pair = [await one(), first];
    }
    if (!signal?.aborted) done.push(pair);
  }
  return done;
}
