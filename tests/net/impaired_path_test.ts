import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertNotEquals,
} from "@std/assert";
import {
  type Impairment,
  type ImpairmentOptions,
  impairments,
} from "../../lib/net/impaired_path.ts";
import { bytes, datagramClient, datagramServer, text } from "../fixtures.ts";
import { pureTest, test, timedTest } from "../testing.ts";

const COUNT = 60;
const CLEAN: ImpairmentOptions = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  jitterMs: 0,
  seed: 1,
};
const BAD = {
  drop: 0.3,
  duplicate: 0.2,
  reorder: 0.1,
  delayMs: 9,
  jitterMs: 5,
};

/** The impairments of the first datagrams of a path. */
function draw(
  options: Partial<ImpairmentOptions>,
  count: number,
): Impairment[] {
  return Array.from({ length: count }, impairments({ ...CLEAN, ...options }));
}

pureTest("impairments() of the extreme shares are certain", () => {
  const clean = { copies: 1, delayMs: 0, overtaken: false };
  const cases: [Partial<ImpairmentOptions>, Partial<Impairment>][] = [
    [{}, {}],
    [{ drop: 1 }, { copies: 0 }],
    [{ duplicate: 1 }, { copies: 2 }],
    [{ reorder: 1 }, { overtaken: true }],
    [{ delayMs: 7 }, { delayMs: 7 }],
    [{ drop: 1, duplicate: 1 }, { copies: 0 }],
  ];
  for (const [options, expected] of cases) {
    for (const drawn of draw(options, 1000)) {
      assertEquals(drawn, { ...clean, ...expected });
    }
  }
});

pureTest("impairments() have the requested shares and delays", () => {
  const count = 50_000;
  for (const share of [0.01, 0.3, 0.5]) {
    const shares = { drop: share, duplicate: share, reorder: share };
    const drawn = draw(shares, count);
    const counts = [
      drawn.filter(({ copies }) => copies === 0).length,
      drawn.filter(({ overtaken }) => overtaken).length,
      drawn.filter(({ copies }) => copies === 2).length / (1 - share),
    ];
    // Five standard deviations; the seed is fixed.
    const tolerance = 5 * Math.sqrt(count * share * (1 - share));
    for (const found of counts) {
      assertAlmostEquals(found, count * share, tolerance);
    }
  }
  for (
    const [delayMs, min, max, mean] of [[10, 6, 14, 10], [1, 0, 5, 1.5625]]
  ) {
    const delays = draw({ delayMs: delayMs!, jitterMs: 4 }, count)
      .map((drawn) => drawn.delayMs);
    assertAlmostEquals(Math.min(...delays), min!, 0.01);
    assertAlmostEquals(Math.max(...delays), max!, 0.01);
    const total = delays.reduce((sum, ms) => sum + ms, 0);
    assertAlmostEquals(total / count, mean!, 0.05);
  }
});

pureTest(
  "impairments() repeat with their seed, and do not depend on other shares",
  () => {
    const before = draw(BAD, 500);
    assertEquals(draw(BAD, 500), before);
    assertNotEquals(draw({ ...BAD, seed: 2 }, 500), before);
    const noDrop = draw({ ...BAD, drop: 0 }, 500);
    const noJitter = draw({ ...BAD, jitterMs: 0 }, 500);
    for (const [index, drawn] of before.entries()) {
      const copies = drawn.copies === 0 ? noDrop[index]!.copies : drawn.copies;
      assertEquals(noDrop[index], { ...drawn, copies });
      assertEquals(noJitter[index], { ...drawn, delayMs: 9 });
    }
  },
);

/** The replies that arrive of the requests 1 to COUNT, in order. */
function predicted(options: ImpairmentOptions): string[] {
  const arrived: string[] = [];
  let held: string[] = [];
  for (const [index, { copies, overtaken }] of draw(options, COUNT).entries()) {
    const replies = Array(copies).fill(`${index + 1}`);
    if (overtaken) held.push(...replies);
    else if (copies > 0) {
      arrived.push(...replies, ...held);
      held = [];
    }
  }
  return [...arrived, ...held];
}

const PATHS: Partial<ImpairmentOptions>[] = [
  { drop: 0.3 },
  { duplicate: 0.3 },
  { reorder: 0.3 },
  { drop: 0.3, duplicate: 0.3 },
  { reorder: 0.3, drop: 0.3 },
  { reorder: 0.3, duplicate: 0.4 },
  { drop: 0.2, duplicate: 0.3, delayMs: 20 },
  { delayMs: 100 }, // one after the other that would take 6 s
];
for (const path of PATHS) {
  test(`ImpairedPath does exactly what its seed says: ${JSON.stringify(path)}`, async () => {
    for (const seed of [1, 2]) {
      const impairment = { ...CLEAN, ...path, seed };
      const expected = predicted(impairment);
      await using server = datagramServer((datagram) => datagram, {
        impairment,
      });
      using client = datagramClient();
      const startMs = performance.now();
      for (let number = 1; number <= COUNT; number++) {
        await client.send(bytes(`${number}`), server.addr);
      }
      const received: (string | null)[] = [];
      while (received.length < expected.length) {
        const reply = await client.receiveFrom(server.addr, 4000);
        received.push(text(reply));
        if (reply === null) break;
      }
      assertEquals(received, expected);
      assertGreaterOrEqual(performance.now() - startMs, impairment.delayMs);
      server.abort();
      await server.served; // everything on the way has arrived
      assertEquals(await client.receive(10), null);
    }
  });
}

timedTest("ImpairedPath varies the delay by its seed", async () => {
  const impairment = { ...CLEAN, delayMs: 50, jitterMs: 50, seed: 7 };
  const delays = draw(impairment, COUNT).map(({ delayMs }) => delayMs);
  await using server = datagramServer((datagram) => datagram, { impairment });
  using client = datagramClient();
  const sentAtMs: number[] = [];
  for (let index = 0; index < COUNT; index++) {
    sentAtMs.push(performance.now());
    await client.send(bytes(`${index}`), server.addr);
  }
  const order: number[] = [];
  while (order.length < COUNT) {
    const reply = await client.receiveFrom(server.addr, 4000);
    const index = Number(text(reply));
    assertGreaterOrEqual(performance.now() - sentAtMs[index]!, delays[index]!);
    order.push(index);
  }
  // Of two requests the second one's reply comes second if it is delayed more.
  for (let one = 0; one < COUNT; one++) {
    for (let other = one + 1; other < COUNT; other++) {
      if (delays[other]! - delays[one]! > 5) {
        assert(
          order.indexOf(one) < order.indexOf(other),
          `${one} before ${other}`,
        );
      }
    }
  }
  assertNotEquals(order, order.toSorted((one, other) => one - other));
});
