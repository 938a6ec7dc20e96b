import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { formatAddress } from "../../lib/net/address.ts";
import { turn } from "../fixtures.ts";
import { Hand, meshed, Peer, Peers, until } from "../peers.ts";
import { test } from "../testing.ts";

const EIGHT = "ada bob cy dan eve fay gus hal";

/** Lines that tell who said them, and in which order. */
function lines(peer: Peer, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${peer.id} ${at}`);
}

/** Waits until each heard so many lines of each other one, and in order. */
async function allHeard(peers: Peer[], count: number): Promise<void> {
  await until(
    () =>
      peers.every((peer) =>
        peer.heard("said").length >= count * (peers.length - 1)
      ),
    `${count} lines of each at each`,
  );
  for (const peer of peers) {
    for (const author of peers) {
      const expected = author === peer ? [] : lines(author, count);
      assertEquals(peer.saidBy(author.id), expected);
    }
  }
}

/** Fails if a peer saw another one come or go more often than once. */
function assertNoFlapping(peers: Peer[]): void {
  for (const peer of peers) {
    assertEquals(peer.heard("joined").length, peers.length - 1);
    assertEquals([peer.heard("left"), peer.heard("error"), peer.log], [
      [],
      [],
      [],
    ]);
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
  test(`PeerMesh connects ${count} peers that know one of them, each to all others, and all hear all`, async () => {
    await using peers = new Peers(names);
    const all = await peers.join();
    for (let at = 0; at < 30; at++) {
      for (const peer of all) {
        assertEquals(peer.mesh.say(lines(peer, 30)[at]!), count - 1);
      }
    }
    await allHeard(all, 30);
    assertNoFlapping(all);
  });
}

test("PeerMesh joins two meshes through one connection", async () => {
  await using one = new Peers("ada bob cy");
  await using other = new Peers("dan eve fay");
  const [[ada], [dan]] = [await one.join(), await other.join()];
  ada!.mesh.connect(dan!.address);
  await meshed([...one.all, ...other.all]);
  assertNoFlapping([...one.all, ...other.all]);
});

test("PeerMesh keeps exactly one of two connections, a hundred times that two dial each other at once", async () => {
  let crossed = 0;
  for (let round = 0; round < 100; round++) {
    await using peers = new Peers("ada bob");
    const [ada, bob] = peers.all as [Peer, Peer];
    const talks = [ada, bob].map(talkOnceJoined);
    ada.mesh.connect(bob.address);
    bob.mesh.connect(ada.address);
    await Promise.all(talks);
    await allHeard([ada, bob], 20);
    await meshed([ada, bob]);
    assertNoFlapping([ada, bob]);
    assertEquals([...ada.connections], [...bob.connections]);
    const dialled = [ada, bob].map(({ mesh }) => mesh.peers[0]!.dialled);
    assertEquals(dialled.filter((address) => address === null).length, 1);
    if (ada.mostConnections + bob.mostConnections === 4) crossed += 1;
  }
  assertGreater(crossed, 50); // else it was not at once, and proves nothing
});

test("PeerMesh keeps one connection each when eight dial all others at once", async () => {
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
  await allHeard(peers.all, 10);
  assertNoFlapping(peers.all);
});

test("PeerMesh keeps one connection to a peer that is dialled by another address", async () => {
  for (const first of [0, 1]) {
    await using peers = new Peers("ada bob");
    const [ada, bob] = peers.all as [Peer, Peer];
    peers.all[first]!.mesh.connect(peers.all[1 - first]!.address);
    await meshed(peers.all);
    ada.mesh.connect(`localhost:${bob.addr.port}`);
    for (const peer of peers.all) {
      for (const line of lines(peer, 5)) peer.mesh.say(line);
    }
    await until(() => ada.mostConnections === 2, "a second connection");
    await allHeard(peers.all, 5);
    await meshed(peers.all);
    await until(() => ada.mesh.missing.length === 0, "nothing to dial");
    assertNoFlapping(peers.all);
  }
});

test("PeerMesh.tell() tells one peer alone", async () => {
  await using peers = new Peers("ada bob cy");
  const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
  ada.mesh.tell(bob.id, "a secret");
  ada.mesh.tell("0".repeat(32), "to no peer");
  ada.mesh.say("to all");
  await cy.event("said");
  await bob.event("said");
  assertEquals(cy.heard("told"), []);
  assertEquals(bob.heard("told"), [
    { event: "told", id: ada.id, name: "ada", text: "a secret" },
  ]);
});

test("PeerMesh.rename() tells all, those who have not joined, and those who come later", async () => {
  await using peers = new Peers("ada bob");
  const [ada, bob] = await peers.join() as [Peer, Peer];
  await using hand = await Hand.to(ada, { hello: false });
  await hand.line(/^hello .* ada$/);
  ada.mesh.rename("adele");
  assertEquals(await bob.event("renamed"), {
    ...{ event: "renamed", id: ada.id },
    ...{ name: "adele", before: "ada" },
  });
  ada.mesh.say("hello");
  assertEquals((await bob.event("said")).name, "adele");
  await hand.line(/^name adele$/);
  await hand.close();
  await using cy = new Peer("cy");
  cy.mesh.connect(bob.address);
  await meshed([ada, bob, cy]);
  assertEquals(cy.names, "adele bob");
});

test("PeerMesh numbers names that look like one in use, also its own", async () => {
  await using ada = new Peer("ada");
  await using bob = await Hand.to(ada, { name: "bob" });
  await ada.event("joined");
  await using fake = await Hand.to(ada, { name: "ВОВ" }); // Cyrillic
  await using self = await Hand.to(ada, { name: "Аdа" });
  await until(() => ada.names === "bob Аdа#2 ВОВ#2", () => ada.names);
  await fake.say("say hi", "tell hi", "name B0b", "say hi");
  await ada.event("said", ({ name }) => name === "B0b#2");
  assertEquals(ada.heard("told").map(({ name }) => name), ["ВОВ#2"]);
  assertEquals(ada.heard("renamed")[0]!.before, "ВОВ#2");
  await bob.say("bye leave");
  await until(() => ada.names === "B0b#2 Аdа#2", "bob's end");
  await self.say("name cy", "name B0b#2"); // the second is not allowed
  await ada.event("left", ({ name }) => name === "cy");
});

test("PeerMesh.peers tells the round trip", async () => {
  await using peers = new Peers("ada bob");
  const [ada, bob] = await peers.join() as [Peer, Peer];
  await until(() => (ada.mesh.peers[0]?.rttMs ?? null) !== null, "a pong");
  const { rttMs, id, name, address, dialled } = ada.mesh.peers[0]!;
  assert(rttMs! > 0 && rttMs! < 5000);
  assertEquals([id, name, address], [bob.id, "bob", bob.address]);
  assertEquals(dialled, null);
});

test("PeerMesh does not connect to itself, nor to an echo", async () => {
  await using ada = new Peer("ada");
  const addresses = [ada.address, `localhost:${ada.addr.port}`];
  for (const address of addresses) ada.mesh.connect(address);
  for (const address of addresses) {
    const { error } = await ada.event(
      "error",
      (event) => event.address === address,
    );
    assertMatch(`${error}`, /it is this peer itself/);
  }
  await until(() => ada.connections.size === 0, "no connection");
  await ada.mesh.introduced(AbortSignal.timeout(5000));
  assertEquals([ada.mesh.peers, ada.mesh.missing, ada.heard("joined")], [
    [],
    [],
    [],
  ]);
  assertEquals(ada.dials.length, 2);
});

test("PeerMesh refuses peers beyond the most it may have, and lets them in when there is room", async () => {
  await using ada = new Peer("ada", { maxPeers: 2 });
  await using first = await Hand.to(ada, { name: "first" });
  await using second = await Hand.to(ada, { name: "second" });
  await until(() => ada.names === "first second", "two");
  await using third = await Hand.to(ada, { name: "third" });
  await third.line(/^bye full$/);
  await third.say("say but", "tell but", "name listen");
  await third.close();
  await using bob = new Peer("bob");
  bob.mesh.connect(ada.address);
  assertMatch(`${(await bob.event("error")).error}`, /has no room/);
  assertEquals(ada.heard("joined").length, 2);
  await first.say("bye leave");
  await until(() => ada.names === "bob second", "bob, on a later attempt");
  await using mute = holdOpen();
  ada.mesh.connect(mute.address);
  await until(() => ada.dials.length === 1, "a dial");
  assertEquals(ada.mesh.say("welcome"), 2);
  await second.line(/^say welcome$/);
  assertEquals(ada.events.filter(({ event }) => event === "said"), []);
});

/** An address where a connection is accepted and nothing happens. */
function holdOpen() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const conn = listener.accept().catch(() => null);
  return {
    address: formatAddress(listener.addr),
    async [Symbol.asyncDispose]() {
      listener.close();
      (await conn)?.close();
    },
  };
}

test("PeerMesh.introduced() waits for the told peers, and no longer than the timeout", async () => {
  await using peers = new Peers(EIGHT);
  const all = await peers.join();
  await using ida = new Peer("ida");
  ida.mesh.connect(all[3]!.address);
  await ida.mesh.introduced(new AbortController().signal);
  assertEquals(ida.mesh.say("to all"), 8);

  await using mute = holdOpen();
  await using joe = new Peer("joe", { timeoutMs: 200 });
  joe.mesh.connect(mute.address);
  await joe.mesh.introduced(new AbortController().signal);
  assertEquals(joe.mesh.peers, []);
});

test("PeerMesh dials a killed peer again, and none that left or was parted from", async () => {
  await using peers = new Peers("ada killed left parted cy");
  const [ada, killed, left, parted, cy] = await peers.join() as [
    ...[Peer, Peer, Peer, Peer, Peer],
  ];
  await left.leave();
  ada.mesh.disconnect(parted.id);
  await ada.event("left", ({ name }) => name === "left");
  await ada.event("left", ({ name }) => name === "parted");
  await parted.event("left", ({ name }) => name === "ada");
  await killed.die();
  await ada.event("left", ({ name }) => name === "killed");
  // To ada its address was only announced, so that it is dialled twice.
  await until(() => ada.dials.length === 2, "two attempts");
  // It comes back with a new ID; cy, which had dialled it, finds it.
  await using back = new Peer("back", { port: killed.addr.port });
  await until(() => back.names === "ada cy parted", () => back.names, 15_000);
  // The other side learns of it a moment later.
  for (const peer of [ada, parted]) {
    await until(() => peer.names === "back cy", () => peer.names);
  }
  for (const { address } of [left, parted]) {
    assertEquals(ada.dialled(address), 0);
  }
  ada.mesh.connect(parted.address); // the user may still want it
  await meshed([ada, back, cy, parted]);
});

test("PeerMesh finds a peer again whose connection was cut", async () => {
  await using peers = new Peers("ada bob");
  const [ada, bob] = await peers.join() as [Peer, Peer];
  for (let round = 1; round <= 3; round++) {
    bob.cut();
    await until(() => ada.heard("left").length === round, "its end");
    await until(() => bob.heard("joined").length === round + 1, "its return");
    await meshed([ada, bob]);
  }
});

test("PeerMesh tells those who stay who is gone, when one of eight dies and another leaves", async () => {
  await using peers = new Peers(EIGHT);
  const [ada, bob, ...others] = await peers.join() as [Peer, Peer, ...Peer[]];
  await Promise.all([ada.die(), bob.leave()]);
  await meshed(others);
  for (const peer of others) {
    const gone = peer.heard("left").map(({ name }) => name);
    assertEquals(gone.toSorted(), ["ada", "bob"]);
    for (const line of lines(peer, 5)) peer.mesh.say(line);
  }
  await allHeard(others, 5);
});

test("PeerMesh.disconnect() ends what is heard of a peer at once", async () => {
  await using ada = new Peer("ada");
  await using hand = await Hand.to(ada);
  await hand.line(/^peers/);
  await hand.say("say before");
  await ada.event("said");
  ada.mesh.disconnect(hand.id);
  await hand.say("say after", "name after");
  await hand.line(/^bye leave$/);
  await hand.close();
  await until(() => ada.connections.size === 0, "its end");
  const events = ada.events.map(({ event }) => event);
  assertEquals(events, ["joined", "said", "left"]);
});

test("PeerMesh.leave() sends what was said before", async () => {
  await using peers = new Peers("ada bob cy");
  const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
  for (const line of lines(ada, 40)) ada.mesh.say(line);
  await ada.leave();
  for (const peer of [bob, cy]) {
    await peer.event("left");
    assertEquals(peer.saidBy(ada.id), lines(ada, 40));
    assertEquals(peer.heard("error"), []);
  }
});

test("PeerMesh.leave() waits neither for a dial nor for those who do not read or never said hello", async () => {
  await using mute = holdOpen();
  await using ada = new Peer("ada", {
    timeoutMs: 60_000,
    dial: (_, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      ),
  });
  await using _deaf = await Hand.to(ada, { reads: false });
  await using _silent = await Hand.to(ada, { hello: false, reads: false });
  ada.mesh.connect(mute.address);
  await ada.event("joined");
  await until(() => ada.connections.size === 2, "both");
  const startMs = performance.now();
  await ada.leave();
  assertLess(performance.now() - startMs, 10_000);
  assertEquals(ada.heard("error"), []);
});

test("PeerMesh.say() and tell() reject what would be two lines, or too long a one", async () => {
  await using peers = new Peers("ada bob");
  const [ada, bob] = await peers.join() as [Peer, Peer];
  for (const text of ["one\ntwo", "one\rtwo", "x".repeat(4001)]) {
    assertThrows(() => ada.mesh.say(text), RangeError);
    assertThrows(() => ada.mesh.tell(bob.id, text), RangeError);
  }
  const longest = "x".repeat(4000);
  ada.mesh.say(longest);
  assertEquals((await bob.event("said")).text, longest);
});
