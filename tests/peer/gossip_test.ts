import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
} from "@std/assert";
import type { Say } from "../../lib/peer/messages.ts";
import { Gossip, PATIENCE_MS } from "../../lib/peer/gossip.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

/** How many messages of one author may wait. */
const MAX_WAITING = 256;
/** How many authors are remembered. */
const MAX_AUTHORS = 1024;
/** The highest number that a line can carry. */
const HIGHEST = 999_999_999_999_999;

function say(origin: string, sequence: number): Say {
  return { verb: "say", origin, sequence, text: `${origin} ${sequence}` };
}

/** A gossip at which time passes when it is told to. */
function listen() {
  const clock = { ms: 1000, now: () => clock.ms };
  const said: Say[] = [];
  const gossip = new Gossip((message) => said.push(message), clock);
  return {
    gossip,
    clock,
    said,
    /** Takes messages of one author, and tells for each whether it was new. */
    receive: (origin: string, ...sequences: number[]) =>
      sequences.map((sequence) => gossip.receive(say(origin, sequence))),
    /** The numbers of what was delivered of one author. */
    heard: (origin: string) =>
      said.filter((message) => message.origin === origin)
        .map(({ sequence }) => sequence),
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

Deno.test({
  name: "Gossip.receive() delivers at once what comes in order, once",
  permissions: "none",
  fn() {
    const { gossip, said, receive } = listen();
    const first = say("ada", 1);
    assertEquals(gossip.receive(first), true);
    assert(said[0] === first, "the message itself");
    assertEquals(receive("ada", 1, 2, 2, 1, 3), [
      false,
      true,
      false,
      false,
      true,
    ]);
    assertEquals(said, [first, say("ada", 2), say("ada", 3)]);
    assertEquals(gossip.waiting, 0);
  },
});

Deno.test({
  name: "Gossip.receive() holds back what comes before its turn",
  permissions: "none",
  fn() {
    const { gossip, receive, heard } = listen();
    assertEquals(receive("ada", 3, 5, 3, 2, 5), [
      true,
      true,
      false,
      true,
      false,
    ]);
    assertEquals([heard("ada"), gossip.waiting], [[], 3]);
    assertEquals(receive("ada", 1), [true]);
    assertEquals([heard("ada"), gossip.waiting], [[1, 2, 3], 1]);
    assertEquals(receive("ada", 4, 5, 4), [true, false, false]);
    assertEquals([heard("ada"), gossip.waiting], [range(1, 5), 0]);
  },
});

Deno.test({
  name: "Gossip.receive() lets no author wait for another",
  permissions: "none",
  fn() {
    const { gossip, receive, heard } = listen();
    receive("ada", 2);
    assertEquals(receive("bob", 1, 2), [true, true]);
    assertEquals([heard("ada"), heard("bob")], [[], [1, 2]]);
    receive("ada", 1);
    assertEquals(heard("ada"), [1, 2]);
    assertEquals(gossip.waiting, 0);
  },
});

Deno.test({
  name: "Gossip delivers once and in order, whatever way copies come",
  permissions: "none",
  fn() {
    const random = seededRandom(11);
    const below = (limit: number) => Math.floor(random() * limit);
    let held = 0;
    for (let round = 0; round < 300; round++) {
      const { gossip, receive, heard } = listen();
      const authors = ["ada", "bob", "eve"].slice(0, 1 + below(3));
      const all = authors.flatMap((origin) =>
        range(1, 40).map((sequence) => say(origin, sequence))
      );
      // Each path keeps the order, and loses some; the first to lose nothing
      // is the one that makes sure that each comes at all.
      const paths = range(0, 1 + below(4)).map((path) => {
        const share = path === 0 ? 1 : random();
        return all.filter(() => random() < share);
      });
      const seen = new Set<string>();
      while (paths.some((path) => path.length > 0)) {
        const path = paths[below(paths.length)]!;
        for (let burst = below(8); burst > 0 && path.length > 0; burst--) {
          const { origin, sequence, text } = path.shift()!;
          assertEquals(receive(origin, sequence), [!seen.has(text)], text);
          seen.add(text);
        }
        held += gossip.waiting;
      }
      for (const origin of authors) assertEquals(heard(origin), range(1, 40));
      assertEquals(gossip.waiting, 0);
      for (const { origin, sequence } of all) {
        assertEquals(receive(origin, sequence), [false]);
      }
    }
    assertGreater(held, 300);
  },
});

Deno.test({
  name: "Gossip delivers once and in order in any order, and with losses",
  permissions: "none",
  fn() {
    const random = seededRandom(12);
    const below = (limit: number) => Math.floor(random() * limit);
    for (let round = 0; round < 300; round++) {
      const { gossip, clock, receive, heard } = listen();
      const arrivals = range(1, 60)
        .filter(() => random() < 0.9)
        .flatMap((sequence) => random() < 0.3 ? [sequence, sequence] : sequence)
        .map((sequence) => ({ sequence, at: sequence + below(20) }))
        .sort((one, other) => one.at - other.at);
      for (const { sequence } of arrivals) {
        receive("ada", sequence);
        clock.ms += below(60);
        gossip.expire();
      }
      clock.ms += PATIENCE_MS;
      for (const _ of arrivals) {
        gossip.expire();
        clock.ms += PATIENCE_MS;
      }
      const numbers = heard("ada");
      assertEquals(numbers, numbers.toSorted((one, other) => one - other));
      assertEquals(new Set(numbers).size, numbers.length);
      assertEquals(gossip.waiting, 0);
    }
  },
});

Deno.test({
  name: "Gossip.expire() gives up what is missing, but not too early",
  permissions: "none",
  fn() {
    assertEquals(PATIENCE_MS, 500);
    const { gossip, clock, receive, heard } = listen();
    gossip.expire();
    receive("ada", 1, 3);
    clock.ms += 100;
    receive("ada", 4);
    clock.ms += PATIENCE_MS - 101;
    gossip.expire();
    assertEquals([heard("ada"), gossip.waiting], [[1], 2]);
    clock.ms += 1;
    assertEquals(heard("ada"), [1], "nothing happens by itself");
    gossip.expire();
    assertEquals([heard("ada"), gossip.waiting], [[1, 3, 4], 0]);
    // It was given up for good, and the next one comes as ever.
    assertEquals(receive("ada", 2, 5), [false, true]);
    assertEquals(heard("ada"), [1, 3, 4, 5]);
    gossip.expire();
    assertEquals(heard("ada"), [1, 3, 4, 5]);
  },
});

Deno.test({
  name: "Gossip.expire() lets each message wait so long, and no longer",
  permissions: "none",
  fn() {
    const { gossip, clock, receive, heard } = listen();
    receive("ada", 1, 3);
    clock.ms += PATIENCE_MS - 100;
    receive("ada", 5, 6); // they came later, and wait for 4 longer
    clock.ms += 100;
    gossip.expire();
    assertEquals([heard("ada"), gossip.waiting], [[1, 3], 2]);
    receive("ada", 4);
    assertEquals([heard("ada"), gossip.waiting], [[1, 3, 4, 5, 6], 0]);
    receive("ada", 8, 10);
    clock.ms += PATIENCE_MS - 1;
    gossip.expire();
    assertEquals(heard("ada").length, 5);
    clock.ms += 1;
    gossip.expire();
    assertEquals(heard("ada"), [1, 3, 4, 5, 6, 8, 10]);
  },
});

Deno.test({
  name: "Gossip.expire() gives up only for the authors whose time it is",
  permissions: "none",
  fn() {
    const { gossip, clock, receive, heard } = listen();
    receive("ada", 2);
    clock.ms += 1;
    receive("bob", 2);
    receive("eve", 1);
    clock.ms += PATIENCE_MS - 1;
    gossip.expire();
    assertEquals([heard("ada"), heard("bob"), heard("eve")], [[2], [], [1]]);
    clock.ms += 1;
    gossip.expire();
    assertEquals([heard("bob"), gossip.waiting], [[2], 0]);
  },
});

Deno.test({
  name: "Gossip lets who joins late wait once, and not for what was before",
  permissions: "none",
  fn() {
    const { gossip, clock, receive, heard } = listen();
    assertEquals(receive("ada", 57, 58), [true, true]);
    assertEquals(heard("ada"), []);
    clock.ms += PATIENCE_MS;
    gossip.expire();
    assertEquals(heard("ada"), [57, 58]);
    assertEquals(receive("ada", 59, 56, 1, 58), [true, false, false, false]);
    assertEquals(heard("ada"), [57, 58, 59]);
  },
});

Deno.test({
  name: "Gossip takes numbers of 15 digits",
  permissions: "none",
  fn() {
    const { gossip, clock, receive, heard } = listen();
    assertEquals(receive("ada", HIGHEST, HIGHEST - 1, HIGHEST), [
      true,
      true,
      false,
    ]);
    clock.ms += PATIENCE_MS;
    gossip.expire();
    assertEquals(heard("ada"), [HIGHEST - 1, HIGHEST]);
    assertEquals(receive("ada", HIGHEST, 1, HIGHEST - 2), [
      false,
      false,
      false,
    ]);
    assertEquals(gossip.waiting, 0);
  },
});

Deno.test({
  name: "Gossip lets 256 of an author wait, then gives up what was missing",
  permissions: "none",
  fn() {
    const { gossip, receive, heard } = listen();
    receive("ada", ...range(2, MAX_WAITING + 1));
    assertEquals([heard("ada"), gossip.waiting], [[], MAX_WAITING]);
    receive("ada", MAX_WAITING + 2);
    assertEquals(heard("ada"), range(2, MAX_WAITING + 2));
    assertEquals([gossip.waiting, receive("ada", 1)], [0, [false]]);
  },
});

Deno.test({
  name: "Gossip.receive() goes not back where one comes below 256 that wait",
  permissions: "none",
  // A bug: what comes is kept below `next`, which giving up then takes back.
  fn() {
    const { gossip, clock, receive, heard } = listen();
    const waiting = range(300, 300 + MAX_WAITING - 1);
    receive("ada", ...waiting);
    assertEquals(gossip.waiting, MAX_WAITING);
    receive("ada", 5);
    clock.ms += PATIENCE_MS;
    gossip.expire();
    clock.ms += PATIENCE_MS;
    gossip.expire();
    const numbers = heard("ada");
    assertEquals(numbers, numbers.toSorted((one, other) => one - other));
    // Nor is any of them new again.
    assertEquals(receive("ada", ...waiting), waiting.map(() => false));
    assertEquals(gossip.waiting, 0);
  },
});

Deno.test({
  name: "Gossip.waiting stays bounded, whatever numbers an author takes",
  permissions: "none",
  fn() {
    const random = seededRandom(13);
    const { gossip, receive } = listen();
    for (let count = 0; count < 20_000; count++) {
      receive("eve", 1 + Math.floor(random() * HIGHEST));
      assertLessOrEqual(gossip.waiting, MAX_WAITING);
    }
    // Nor do those who leave a gap each time.
    const other = listen();
    for (let sequence = 2; sequence < 20_000; sequence += 2) {
      other.receive("eve", sequence);
      assertLessOrEqual(other.gossip.waiting, MAX_WAITING);
    }
    assertGreater(other.said.length, 9000);
  },
});

Deno.test({
  name: "Gossip forgets the author longest unheard, and what waits of it",
  permissions: "none",
  fn() {
    const { gossip, receive, heard } = listen();
    receive("ada", 1);
    receive("bob", 1, 3);
    for (let other = 2; other < MAX_AUTHORS; other++) receive(`${other}`, 2);
    assertEquals(gossip.waiting, MAX_AUTHORS - 1);
    // All are remembered still, and ada was heard of last.
    assertEquals(receive("ada", 1), [false]);
    receive("one more", 1);
    assertEquals(gossip.waiting, MAX_AUTHORS - 2, "bob's is gone");
    assertEquals(receive("ada", 1, 2), [false, true]);
    assertEquals(receive("bob", 1), [true], "bob is new");
    assertEquals(heard("ada"), [1, 2]);
  },
});

Deno.test({
  name: "Gossip.waiting stays bounded, however many authors there are",
  permissions: "none",
  fn() {
    const { gossip, clock, receive, said } = listen();
    for (let author = 0; author < 5 * MAX_AUTHORS; author++) {
      receive(`${author}`, 7, 9);
      assertLessOrEqual(gossip.waiting, 2 * MAX_AUTHORS);
    }
    assertEquals(gossip.waiting, 2 * MAX_AUTHORS);
    for (let gap = 0; gap < 2; gap++) {
      clock.ms += PATIENCE_MS;
      gossip.expire();
    }
    assertEquals([gossip.waiting, said.length], [0, 2 * MAX_AUTHORS]);
  },
});

Deno.test({
  name: "Gossip tells time by the clock of the system unless given one",
  permissions: "none",
  fn() {
    const said: number[] = [];
    const gossip = new Gossip(({ sequence }) => said.push(sequence));
    gossip.receive(say("ada", 2));
    gossip.expire();
    assertEquals([said, gossip.waiting], [[], 1]);
  },
});
