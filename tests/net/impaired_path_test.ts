import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Impairment,
  type ImpairmentOptions,
  impairments,
} from "../../lib/net/impaired_path.ts";

const CLEAN: ImpairmentOptions = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  jitterMs: 0,
  seed: 1,
};

/** The first impairments of a path. */
function take(
  impairment: Partial<ImpairmentOptions>,
  count: number,
): Impairment[] {
  return Array.from(
    { length: count },
    impairments({ ...CLEAN, ...impairment }),
  );
}

Deno.test({
  name: "impairments() of a clean path changes nothing",
  permissions: "none",
  fn() {
    for (const fate of take({}, 1000)) {
      assertEquals(fate, { copies: 1, delayMs: 0, overtaken: false });
    }
  },
});

Deno.test({
  name: "impairments() of a share of 1 spares nobody",
  permissions: "none",
  fn() {
    assert(take({ drop: 1 }, 1000).every(({ copies }) => copies === 0));
    assert(take({ duplicate: 1 }, 1000).every(({ copies }) => copies === 2));
    assert(take({ reorder: 1 }, 1000).every(({ overtaken }) => overtaken));
    // What is lost does not arrive twice.
    const both = take({ drop: 1, duplicate: 1 }, 1000);
    assert(both.every(({ copies }) => copies === 0));
  },
});

Deno.test({
  name: "impairments() are the same for the same seed, and others for another",
  permissions: "none",
  fn() {
    const bad = { drop: 0.3, duplicate: 0.2, reorder: 0.1, jitterMs: 5 };
    assertEquals(
      take({ ...bad, seed: 9 }, 500),
      take({ ...bad, seed: 9 }, 500),
    );
    const other = take({ ...bad, seed: 10 }, 500);
    assert(
      JSON.stringify(take({ ...bad, seed: 9 }, 500)) !== JSON.stringify(other),
    );
  },
});

Deno.test({
  name: "impairments() have the shares that were asked for",
  permissions: "none",
  fn() {
    const count = 50_000;
    for (const share of [0.01, 0.3, 0.5]) {
      const drawn = take(
        { drop: share, duplicate: share, reorder: share },
        count,
      );
      const dropped = drawn.filter(({ copies }) => copies === 0).length;
      const twice = drawn.filter(({ copies }) => copies === 2).length;
      const overtaken = drawn.filter((fate) => fate.overtaken).length;
      // Five standard deviations, of a fixed sequence: this cannot flicker.
      const tolerance = 5 * Math.sqrt(count * share * (1 - share));
      assertAlmostEquals(dropped, count * share, tolerance);
      assertAlmostEquals(overtaken, count * share, tolerance);
      assertAlmostEquals(twice, count * share * (1 - share), tolerance);
    }
  },
});

Deno.test({
  name:
    "impairments() leave the other decisions as they were when one share changes",
  permissions: "none",
  fn() {
    const bad = {
      drop: 0.3,
      duplicate: 0.2,
      reorder: 0.1,
      delayMs: 9,
      jitterMs: 5,
    };
    const before = take(bad, 500);
    const noDrop = take({ ...bad, drop: 0 }, 500);
    const noJitter = take({ ...bad, jitterMs: 0 }, 500);
    for (const [index, fate] of before.entries()) {
      const spared = fate.copies === 0 ? noDrop[index]!.copies : fate.copies;
      assertEquals(noDrop[index], { ...fate, copies: spared });
      assertEquals(noJitter[index], { ...fate, delayMs: 9 });
    }
  },
});

Deno.test({
  name: "impairments() vary the delay by the jitter either way, never below 0",
  permissions: "none",
  fn() {
    const delays = take({ delayMs: 10, jitterMs: 4 }, 10_000)
      .map(({ delayMs }) => delayMs);
    assert(delays.every((ms) => ms >= 6 && ms <= 14));
    assert(Math.min(...delays) < 6.1 && Math.max(...delays) > 13.9);
    const mean = delays.reduce((sum, ms) => sum + ms, 0) / delays.length;
    assertAlmostEquals(mean, 10, 0.1);

    const short = take({ delayMs: 1, jitterMs: 4 }, 1000);
    assert(short.every(({ delayMs }) => delayMs >= 0 && delayMs <= 5));
    assert(short.some(({ delayMs }) => delayMs === 0));
  },
});
