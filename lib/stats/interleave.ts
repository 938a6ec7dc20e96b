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
 * import { interleave } from "./interleave.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const order: string[] = [];
 * const side = (name: string) => () => Promise.resolve(order.push(name));
 * await interleave(2, [side("a"), side("b")]);
 * assertEquals(order, ["a", "b", "b", "a"]);
 * ```
 */
export async function interleave<A, B>(
  rounds: number,
  sides: readonly [() => Promise<A>, () => Promise<B>],
  signal?: AbortSignal,
): Promise<[A, B][]> {
  const [one, other] = sides;
  const done: [A, B][] = [];
  for (let round = 0; round < rounds; round++) {
    const pair = round % 2 === 0
      ? await inTurn(one, other)
      : (await inTurn(other, one))?.reverse() as [A, B] | undefined;
    if (pair === undefined) break;
    done.push(pair);
  }
  return done;

  async function inTurn<X, Y>(
    first: () => Promise<X>,
    second: () => Promise<Y>,
  ): Promise<[X, Y] | undefined> {
    if (signal?.aborted) return;
    const x = await first();
    if (signal?.aborted) return;
    const y = await second();
    if (!signal?.aborted) return [x, y];
  }
}
