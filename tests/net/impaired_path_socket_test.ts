import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  type ImpairmentOptions,
  impairments,
} from "../../lib/net/impaired_path.ts";
import {
  bytes,
  datagramClient,
  datagramServer,
  type RunningServer,
  text,
} from "../fixtures.ts";

const LIMIT = { timeout: 8000 };
const COUNT = 60;

const CLEAN: ImpairmentOptions = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  jitterMs: 0,
  seed: 1,
};

/** The answers that the impairments let through, in the order in which they leave. */
function predicted(impairment: ImpairmentOptions): string[] {
  const next = impairments(impairment);
  const left: string[] = [];
  let held: string[] = [];
  for (let number = 1; number <= COUNT; number++) {
    const { copies, overtaken } = next();
    const answers = Array(copies).fill(`${number}`);
    if (overtaken) held.push(...answers);
    else if (copies > 0) {
      left.push(...answers, ...held);
      held = [];
    }
  }
  return [...left, ...held]; // what nothing overtook leaves in the end
}

/** Asks the questions 1 to COUNT in a row, and waits for so many answers. */
async function answers(
  server: RunningServer,
  expected: number,
): Promise<string[]> {
  using client = datagramClient();
  for (let number = 1; number <= COUNT; number++) {
    await client.send(bytes(`${number}`), server.addr);
  }
  const received: string[] = [];
  while (received.length < expected) {
    const answer = await client.receiveFrom(server.addr, 4000);
    if (answer === null) break;
    received.push(text(answer)!);
  }
  server.abort();
  await server.served; // everything that was on the way has arrived
  const further = await client.receive(10);
  if (further !== null) received.push(`further: ${text(further.bytes)}`);
  return received;
}

const shares: [string, Partial<ImpairmentOptions>][] = [
  ["drops", { drop: 0.3 }],
  ["duplicates", { duplicate: 0.3 }],
  ["reorders", { reorder: 0.3 }],
  ["drops and duplicates", { drop: 0.3, duplicate: 0.3 }],
  ["reorders and drops", { reorder: 0.3, drop: 0.3 }],
  ["reorders and duplicates", { reorder: 0.3, duplicate: 0.4 }],
  ["delays and drops and duplicates", {
    drop: 0.2,
    duplicate: 0.3,
    delayMs: 20,
  }],
];
for (const [what, share] of shares) {
  for (const seed of [1, 2]) {
    Deno.test(
      `ImpairedPath ${what} exactly as its seed ${seed} tells`,
      LIMIT,
      async () => {
        const impairment = { ...CLEAN, ...share, seed };
        const expected = predicted(impairment);
        await using server = datagramServer((datagram) => datagram, {
          impairment,
        });
        assertEquals(await answers(server, expected.length), expected);
      },
    );
  }
}

Deno.test("ImpairedPath of another seed has other fates", () => {
  const shared = { ...CLEAN, drop: 0.3, duplicate: 0.3, reorder: 0.3 };
  const [one, two] = [1, 2].map((seed) => predicted({ ...shared, seed }));
  assert(JSON.stringify(one) !== JSON.stringify(two));
});

Deno.test(
  "ImpairedPath delays each datagram, and all of them side by side",
  LIMIT,
  async () => {
    await using server = datagramServer((datagram) => datagram, {
      impairment: { ...CLEAN, delayMs: 100 },
    });
    const startMs = performance.now();
    const received = await answers(server, COUNT);
    assertEquals(received.length, COUNT);
    assertGreaterOrEqual(performance.now() - startMs, 100);
    assert(performance.now() - startMs < COUNT * 100 / 3); // one by one: 6 s
  },
);

Deno.test(
  "ImpairedPath varies the delay as its seed tells",
  LIMIT,
  async () => {
    const impairment = { ...CLEAN, delayMs: 50, jitterMs: 50, seed: 7 };
    const next = impairments(impairment);
    const delaysMs = Array.from({ length: COUNT }, () => next().delayMs);
    await using server = datagramServer((datagram) => datagram, { impairment });
    using client = datagramClient();
    const sentAtMs: number[] = [];
    for (let index = 0; index < COUNT; index++) {
      sentAtMs.push(performance.now());
      await client.send(bytes(`${index}`), server.addr);
    }
    const order: number[] = [];
    while (order.length < COUNT) {
      const answer = await client.receiveFrom(server.addr, 4000);
      const index = Number(text(answer));
      assertGreaterOrEqual(
        performance.now() - sentAtMs[index]!,
        delaysMs[index]!,
      );
      order.push(index);
    }
    // Far apart in their due times, two cannot have changed places.
    const place = (index: number) => order.indexOf(index);
    for (let one = 0; one < COUNT; one++) {
      for (let other = 0; other < COUNT; other++) {
        if (delaysMs[other]! - delaysMs[one]! > 60) {
          assert(place(one) < place(other), `${one} before ${other}`);
        }
      }
    }
  },
);
