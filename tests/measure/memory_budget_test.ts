import { assertEquals } from "@std/assert";
import { MemoryBudget } from "../../lib/measure/memory_budget.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const FREE = 16_384;

Deno.test({
  name: "MemoryShare.grow() is granted up to the last byte of the budget",
  permissions: "none",
  fn() {
    const budget = new MemoryBudget(200_000);
    using first = budget.open();
    using second = budget.open();
    assertEquals(first.grow(100_000), true);
    assertEquals(second.grow(100_001), false);
    assertEquals(second.grow(100_000), true);
    assertEquals(first.grow(100_001), false);
  },
});

Deno.test({
  name: "MemoryShare.grow() is free for small wishes, even of an empty budget",
  permissions: "none",
  fn() {
    const budget = new MemoryBudget(0);
    for (let clients = 0; clients < 1000; clients++) {
      assertEquals(budget.open().grow(FREE), true);
    }
    assertEquals(budget.open().grow(FREE + 1), false);
  },
});

Deno.test({
  name: "MemoryShare.grow() counts what is held already, and does not shrink",
  permissions: "none",
  fn() {
    const budget = new MemoryBudget(300_000);
    using share = budget.open();
    using other = budget.open();
    assertEquals(share.grow(200_000), true);
    assertEquals(share.grow(200_000), true);
    for (const bytes of [10, 70_000]) assertEquals(share.grow(bytes), true);
    assertEquals(other.grow(100_001), false);
    assertEquals(share.grow(300_000), true);
    assertEquals(other.grow(100_000), false);
  },
});

Deno.test({
  name: "MemoryShare.grow() leaves a share as it was when it refuses",
  permissions: "none",
  fn() {
    const budget = new MemoryBudget(200_000);
    {
      using share = budget.open();
      assertEquals(share.grow(100_000), true);
      assertEquals(share.grow(300_000), false);
      using other = budget.open();
      assertEquals(other.grow(100_000), true);
    }
    using all = budget.open();
    assertEquals(all.grow(200_000), true);
    assertEquals(all.grow(200_001), false);
  },
});

Deno.test({
  name: "MemoryShare gives back once, however often it is disposed of",
  permissions: "none",
  fn() {
    const budget = new MemoryBudget(100_000);
    const share = budget.open();
    share.grow(100_000);
    share[Symbol.dispose]();
    share[Symbol.dispose]();
    using next = budget.open();
    assertEquals(next.grow(100_001), false);
    assertEquals(next.grow(100_000), true);
  },
});

Deno.test({
  name: "MemoryBudget is whole again once all shares are given back",
  permissions: "none",
  fn() {
    const random = seededRandom(13);
    const total = 10_000_000;
    const budget = new MemoryBudget(total);
    for (let round = 0; round < 200; round++) {
      using shares = new DisposableStack();
      let heldBytes = 0;
      for (let clients = 0; clients < 10; clients++) {
        const share = shares.use(budget.open());
        const wish = FREE + 1 + Math.floor(random() * total / 4);
        const fits = heldBytes + wish <= total;
        assertEquals(share.grow(wish), fits);
        if (fits) heldBytes += wish;
      }
    }
    using all = budget.open();
    assertEquals(all.grow(total), true);
  },
});
