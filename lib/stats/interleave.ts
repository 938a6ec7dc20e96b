/**
 * Interleaves two measurements.
 *
 * @module
 */

/**
 * Runs two measurements in rounds, so that a drift of the machine or the path
 * affects both. The one that runs first alternates.
 *
 * @param rounds How many rounds.
 * @param sides Measure one side each, once.
 * @param signal Ends it after the current measurement.
 * @returns The results of both in each completed round.
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
