import { assertEquals, assertRejects } from "@std/assert";
import { interleave } from "../../lib/stats/interleave.ts";
import { pureTest as test } from "../testing.ts";

/** Two sides that tell their name and how often they were asked. */
function sides(onTurn: (turn: string) => void = () => {}) {
  const order: string[] = [];
  const side = (name: string) => {
    let asked = 0;
    return async () => {
      const turn = `${name}${++asked}`;
      order.push(turn);
      await Promise.resolve();
      onTurn(turn);
      return turn;
    };
  };
  return { order, both: [side("a"), side("b")] as const };
}

test("interleave() takes turns at being first, and keeps the sides apart", async () => {
  const { order, both } = sides();
  const done = await interleave(4, both);
  assertEquals(order.join(" "), "a1 b1 b2 a2 a3 b3 b4 a4");
  assertEquals(done, [["a1", "b1"], ["a2", "b2"], ["a3", "b3"], [
    "a4",
    "b4",
  ]]);
  assertEquals(await interleave(0, both), []);
});

test("interleave() leaves out the round in which it is ended", async () => {
  for (const [last, rounds] of [["a1", 0], ["b1", 0], ["b2", 1], ["a2", 1]]) {
    const stop = new AbortController();
    const { both } = sides((turn) => {
      if (turn === last) stop.abort();
    });
    const done = await interleave(5, both, stop.signal);
    assertEquals(done.length, rounds, `ended by ${last}`);
  }
});

test("interleave() does nothing if it is ended before, and fails with a side", async () => {
  const { order, both } = sides();
  assertEquals(await interleave(2, both, AbortSignal.abort()), []);
  assertEquals(order, []);
  const { both: broken } = sides((turn) => {
    if (turn === "b2") throw new Error("broken");
  });
  await assertRejects(() => interleave(3, broken), Error, "broken");
});
