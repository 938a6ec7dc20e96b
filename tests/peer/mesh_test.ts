import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { streamServer, turn } from "../fixtures.ts";
import { Hand, meshed, Peer, Peers, until } from "../peers.ts";

const LIMIT = { timeout: 20_000 };
const EIGHT = "ada bob cy dan eve fay gus hal";

/** Lines that tell who said them, and in which order. */
function lines(peer: Peer, count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, at) => `${peer.id} ${at + from}`);
}

/** Whether each has heard so many messages of each of the others. */
function allHeard(peers: Peer[], count: number): boolean {
  return peers.every((peer) =>
    peer.heard("said").length >= count * (peers.length - 1)
  );
}

/** Fails unless each has heard each other one's lines once and in order. */
function assertHeardInOrder(peers: Peer[], count: number): void {
  for (const peer of peers) {
    for (const author of peers) {
      if (author === peer) continue;
      assertEquals(peer.saidBy(author.id), lines(author, count));
    }
    assertEquals(peer.saidBy(peer.id), []);
  }
}

/** Fails if a peer saw another one come or go more often than once. */
function assertNoFlapping(peers: Peer[]): void {
  for (const peer of peers) {
    const joined = peer.heard("joined").map(({ name }) => name);
    assertEquals(joined.length, new Set(joined).size, joined.join(" "));
    assertEquals(peer.heard("left"), []);
    assertEquals(peer.heard("error"), []);
    assertEquals(peer.log, []);
  }
}

/** Says 20 lines over many turns, from the first that there is a connection. */
async function talkOnceJoined(peer: Peer): Promise<void> {
  await peer.event("joined");
  for (const line of lines(peer, 20)) {
    peer.mesh.say(line);
    await turn();
  }
}

for (const names of ["ada bob", "ada bob cy", EIGHT]) {
  const count = names.split(" ").length;
  Deno.test(
    `PeerMesh connects ${count} peers that know one of them, each to all others, and all hear all`,
    LIMIT,
    async () => {
      await using peers = new Peers(names);
      const all = await peers.join();
      for (let at = 0; at < 30; at++) {
        for (const peer of all) peer.mesh.say(lines(peer, 30)[at]!);
        if (at % 10 === 0) await until(() => allHeard(all, at + 1), "so many");
      }
      await until(() => allHeard(all, 30), "30 lines of each at each");
      assertHeardInOrder(all, 30);
      assertNoFlapping(all);
    },
  );
}

Deno.test(
  "PeerMesh keeps exactly one of two connections, a hundred times that two dial each other at once",
  LIMIT,
  async () => {
    let crossed = 0;
    for (let round = 0; round < 100; round++) {
      await using peers = new Peers("ada bob");
      const [ada, bob] = peers.all as [Peer, Peer];
      const talks = [ada, bob].map(talkOnceJoined);
      ada.mesh.connect(bob.address);
      bob.mesh.connect(ada.address);
      await Promise.all(talks);
      await until(() => allHeard([ada, bob], 20), "20 lines of each");
      await meshed([ada, bob]);
      assertHeardInOrder([ada, bob], 20);
      assertNoFlapping([ada, bob]);
      assertEquals([...ada.connections], [...bob.connections]);
      const sides = [ada, bob].map(({ mesh }) => mesh.peers[0]!.dialled);
      assertEquals(sides.toSorted(), ["here", "there"]);
      if (ada.mostConnections === 2 && bob.mostConnections === 2) {
        crossed += 1;
        const smaller = ada.id < bob.id ? 0 : 1;
        assertEquals(sides[smaller], "here");
      }
    }
    assertGreater(crossed, 50); // else it was not at once, and proves nothing
  },
);

Deno.test(
  "PeerMesh keeps one connection each when eight dial all others at once",
  LIMIT,
  async () => {
    await using peers = new Peers(EIGHT);
    for (const peer of peers.all) {
      for (const other of peers.all) {
        if (other !== peer) peer.mesh.connect(other.address);
      }
    }
    await meshed(peers.all);
    for (const peer of peers.all) {
      for (const line of lines(peer, 10)) peer.mesh.say(line);
    }
    await until(() => allHeard(peers.all, 10), "10 lines of each at each");
    assertHeardInOrder(peers.all, 10);
    assertNoFlapping(peers.all);
  },
);

Deno.test("PeerMesh.tell() tells one peer alone", LIMIT, async () => {
  await using peers = new Peers("ada bob cy");
  const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
  ada.mesh.tell(bob.id, "a secret");
  assertEquals((await bob.event("told")).text, "a secret");
  ada.mesh.tell("0".repeat(32), "to nobody");
  ada.mesh.say("to all");
  await cy.event("said", ({ text }) => text === "to all");
  assertEquals(cy.heard("told"), []);
  assertEquals(bob.heard("told"), [
    { event: "told", id: ada.id, name: "ada", text: "a secret" },
  ]);
});

Deno.test(
  "PeerMesh.rename() tells all, and those who come later",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob");
    const [ada, bob] = await peers.join() as [Peer, Peer];
    ada.mesh.rename("adele");
    assertEquals(await bob.event("renamed"), {
      event: "renamed",
      id: ada.id,
      name: "adele",
      before: "ada",
    });
    ada.mesh.say("hello");
    assertEquals((await bob.event("said")).name, "adele");
    await using cy = new Peer("cy");
    cy.mesh.connect(bob.address);
    await meshed([ada, bob, cy]);
    assertEquals(cy.names, "adele bob");
  },
);

Deno.test(
  "PeerMesh.rename() tells those to whom it has only said hello",
  LIMIT,
  async () => {
    await using ada = new Peer("ada");
    await using hand = await Hand.to(ada, { hello: false });
    await hand.line(/^hello .* ada$/);
    ada.mesh.rename("adele");
    await hand.say(`hello 1 ${hand.id} 127.0.0.1:9 hand`);
    await hand.line(/^name adele$/);
  },
);

Deno.test("PeerMesh.peers tells the round trip", LIMIT, async () => {
  await using peers = new Peers("ada bob");
  const [ada, bob] = await peers.join() as [Peer, Peer];
  await until(() => (ada.mesh.peers[0]?.rttMs ?? null) !== null, "a pong");
  const { rttMs, ...state } = ada.mesh.peers[0]!;
  assertGreater(rttMs!, 0);
  assertLess(rttMs!, 1000);
  assertEquals(state, {
    id: bob.id,
    name: "bob",
    address: bob.address,
    dialled: "there",
  });
});

Deno.test("PeerMesh does not connect to itself", LIMIT, async () => {
  await using ada = new Peer("ada");
  const alias = `localhost:${ada.addr.port}`;
  ada.mesh.connect(ada.address);
  ada.mesh.connect(alias);
  for (const address of [ada.address, alias]) {
    const { error } = await ada.event(
      "error",
      (event) => event.address === address,
    );
    assertMatch(`${error}`, /it is this peer itself/);
  }
  await until(() => ada.connections.size === 0, "no connection");
  await ada.mesh.introduced(AbortSignal.timeout(2000));
  assertEquals(ada.mesh.peers, []);
  assertEquals(ada.heard("joined"), []);
  assertEquals(ada.dials.map(({ address }) => address), [ada.address, alias]);
});

Deno.test(
  "PeerMesh does not connect to itself when others tell its own addresses",
  LIMIT,
  async () => {
    await using ada = new Peer("ada");
    await using hand = await Hand.to(ada);
    const alias = `localhost:${ada.addr.port}`;
    await ada.event("joined");
    await hand.say(`peers ${ada.address} ${alias}`);
    await until(() => ada.dialled(alias) === 1, "it tries the alias");
    await until(() => ada.connections.size === 1, "only the hand");
    await hand.say(`peers ${ada.address} ${alias}`, "tell me");
    await ada.event("told");
    assertEquals(ada.dials.length, 1);
    assertEquals(ada.names, "hand");
    assertEquals(ada.heard("joined").length, 1);
    assertEquals(ada.heard("error"), []);
  },
);

Deno.test(
  "PeerMesh keeps one connection to a peer that is dialled by another address",
  LIMIT,
  async () => {
    for (const first of ["ada", "bob"]) {
      await using peers = new Peers("ada bob");
      const [ada, bob] = peers.all as [Peer, Peer];
      if (first === "ada") ada.mesh.connect(bob.address);
      else bob.mesh.connect(ada.address);
      await meshed([ada, bob]);
      ada.mesh.connect(`localhost:${bob.addr.port}`);
      await until(() => ada.mostConnections === 2, "a second connection");
      for (const line of lines(ada, 5)) ada.mesh.say(line);
      for (const line of lines(bob, 5)) bob.mesh.say(line);
      await until(() => allHeard([ada, bob], 5), "5 lines of each");
      await meshed([ada, bob]);
      assertEquals([...ada.connections], [...bob.connections]);
      assertHeardInOrder([ada, bob], 5);
      assertNoFlapping([ada, bob]);
    }
  },
);

Deno.test(
  "PeerMesh keeps one of two connections, also where only one side finds the first one old",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob", (name) => ({
      timeoutMs: name === "ada" ? 200 : 5000,
    }));
    const [small, large] = peers.all.toSorted((a, b) => a.id < b.id ? -1 : 1);
    large!.mesh.connect(small!.address);
    await meshed(peers.all);
    const oldMs = performance.now() + 250;
    await until(() => performance.now() > oldMs, "a connection old for ada");
    // To bob, who finds the first one young, this one is the better.
    small!.mesh.connect(`localhost:${large!.addr.port}`);
    await until(() => small!.mostConnections === 2, "a second connection");
    await meshed(peers.all);
    assertNoFlapping(peers.all);
  },
);

Deno.test(
  "PeerMesh refuses peers beyond the most it may have",
  LIMIT,
  async () => {
    await using ada = new Peer("ada", { maxPeers: 2 });
    await using first = await Hand.to(ada, { name: "first" });
    await using second = await Hand.to(ada, { name: "second" });
    await until(() => ada.names === "first second", "two");
    await using third = await Hand.to(ada, { name: "third" });
    await third.line(/^bye full$/);
    await third.ended;
    assertEquals(ada.names, "first second");
    assertEquals(ada.heard("joined").length, 2);
    await first.say("bye leave");
    await until(() => ada.names === "second", "room");
    await using fourth = await Hand.to(ada, { name: "fourth" });
    await until(() => ada.names === "fourth second", "two again");
    ada.mesh.say("welcome");
    await Promise.all([fourth.line(/welcome$/), second.line(/welcome$/)]);
  },
);

Deno.test(
  "PeerMesh does not listen to a peer that it has refused",
  LIMIT,
  async () => {
    await using ada = new Peer("ada", { maxPeers: 1 });
    await using first = await Hand.to(ada, { name: "first" });
    await ada.event("joined");
    for (const id of [undefined, ada.id]) {
      await using refused = await Hand.to(ada, id === undefined ? {} : { id });
      await refused.line(/^bye (full|self)$/);
      await refused.say(`say ${refused.id} 1 but`, "tell but", "name listen");
      await refused.close();
      await until(() => ada.connections.size === 1, "its end");
    }
    assertEquals(ada.events.map(({ event }) => event), ["joined"]);
    assert(!first.lines.some((line) => line.startsWith("say ")));
  },
);

Deno.test(
  "PeerMesh backs off from a peer that has no room, and does not take it for one of the others",
  LIMIT,
  async () => {
    await using ada = new Peer("ada", { maxPeers: 1 });
    await using hand = await Hand.to(ada);
    await ada.event("joined");
    await using bob = new Peer("bob");
    bob.mesh.connect(ada.address);
    await until(() => bob.dialled(ada.address) === 3, "a third attempt");
    const [first, , third] = bob.dials.map(({ atMs }) => atMs);
    assertGreaterOrEqual(third! - first!, 700); // 250 and 500 at least
    assertLess(bob.heard("joined").length, 2);
    await hand.say("bye leave");
    await meshed([ada, bob]); // once there is room
  },
);

Deno.test(
  "PeerMesh.introduced() ends when there is no room for who was named",
  LIMIT,
  async () => {
    await using peers = new Peers("bob cy");
    await using ada = new Peer("ada", { maxPeers: 1 });
    for (const peer of peers.all) ada.mesh.connect(peer.address);
    await ada.event("joined");
    const late = AbortSignal.timeout(3000);
    await ada.mesh.introduced(late);
    assert(!late.aborted);
    assertEquals(ada.mesh.peers.length, 1);
  },
);

Deno.test(
  "PeerMesh dials a killed peer again, later and later, and none that left or was disconnected",
  LIMIT,
  async () => {
    await using peers = new Peers("ada killed left parted");
    const [ada, killed, left, parted] = await peers.join() as [
      Peer,
      Peer,
      Peer,
      Peer,
    ];
    await left.leave();
    ada.mesh.disconnect(parted.id);
    await ada.event("left", ({ name }) => name === "left");
    await parted.event("left", ({ name }) => name === "ada");
    await killed.die();
    await ada.event("left", ({ name }) => name === "killed");
    const diedMs = performance.now();
    const again = () =>
      ada.dials.filter(({ address, atMs }) =>
        address === killed.address && atMs > diedMs
      ).map(({ atMs }) => atMs);
    await until(() => again().length === 2, "two attempts");
    const [first, second] = again() as [number, number];
    assertGreaterOrEqual(first - diedMs, 200);
    assertGreaterOrEqual(second - first, 490);
    // Somebody who comes back is met again, also with a new ID.
    await using back = new Peer("back", { port: killed.addr.port });
    await until(() => back.names === "ada parted", "the two that missed it");
    await until(() => ada.names === "back", "one that was missed");
    // It tells them of each other, which changes nothing.
    await until(() => back.connections.size === 2, "two connections");
    for (const { address } of [left, parted]) {
      assertEquals(ada.dialled(address), 0);
    }
    assertEquals(parted.dialled(ada.address), 1);
    // The user may still want it.
    ada.mesh.connect(parted.address);
    await meshed([ada, back, parted]);
  },
);

Deno.test(
  "PeerMesh tells those who stay who is gone, when one of eight dies and another leaves",
  LIMIT,
  async () => {
    await using peers = new Peers(EIGHT, { timeoutMs: 1000 });
    const [ada, bob, ...others] = await peers.join() as [
      Peer,
      Peer,
      ...Peer[],
    ];
    const startMs = performance.now();
    await Promise.all([ada.die(), bob.leave()]);
    await meshed(others);
    assertLess(performance.now() - startMs, 1000);
    for (const peer of others) {
      const gone = peer.heard("left").map(({ name }) => name);
      assertEquals(gone.toSorted(), ["ada", "bob"]);
      for (const line of lines(peer, 5)) peer.mesh.say(line);
    }
    await until(() => allHeard(others, 5), "5 lines of each");
    assertHeardInOrder(others, 5);
  },
);

Deno.test(
  "PeerMesh.leave() sends what was said before, and ends",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob cy");
    const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
    for (const line of lines(ada, 40)) ada.mesh.say(line);
    await ada.leave();
    for (const peer of [bob, cy]) {
      await peer.event("left");
      assertEquals(peer.saidBy(ada.id), lines(ada, 40));
      assertEquals(peer.heard("error"), []);
    }
  },
);

Deno.test(
  "PeerMesh.leave() does not wait for an address that does not answer",
  LIMIT,
  async () => {
    const dialling = Promise.withResolvers<void>();
    await using ada = new Peer("ada", {
      timeoutMs: 60_000,
      dial: (_, signal) => {
        dialling.resolve();
        const unanswered = Promise.withResolvers<never>();
        signal.addEventListener(
          "abort",
          () => unanswered.reject(signal.reason),
        );
        return unanswered.promise;
      },
    });
    ada.mesh.connect("192.0.2.1:5000");
    await dialling.promise;
    const startMs = performance.now();
    await ada.leave();
    assertLess(performance.now() - startMs, 500);
    assertEquals(ada.heard("error"), []);
  },
);

Deno.test(
  "PeerMesh.leave() waits no longer than 2 s for those who do not read or never said hello",
  LIMIT,
  async () => {
    const stay = Promise.withResolvers<void>();
    await using mute = streamServer(() => stay.promise);
    await using ada = new Peer("ada", { timeoutMs: 60_000 });
    await using deaf = await Hand.to(ada, { reads: false });
    await using silent = await Hand.to(ada, { hello: false, reads: false });
    ada.mesh.connect(`127.0.0.1:${mute.addr.port}`);
    await ada.event("joined");
    await until(() => ada.connections.size === 3, "all three");
    const startMs = performance.now();
    await ada.leave();
    assertLess(performance.now() - startMs, 3000);
    assert(deaf && silent);
    stay.resolve();
  },
);

Deno.test(
  "PeerMesh.say() and tell() refuse what would be two lines, or too long a one",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob");
    const [ada, bob] = await peers.join() as [Peer, Peer];
    for (const text of ["one\ntwo", "one\rtwo", "x".repeat(4001)]) {
      assertThrows(() => ada.mesh.say(text), RangeError);
      assertThrows(() => ada.mesh.tell(bob.id, text), RangeError);
    }
    const longest = "x".repeat(4000);
    ada.mesh.say(longest);
    assertEquals((await bob.event("said")).text, longest);
    assertEquals(bob.heard("left"), []);
  },
);
