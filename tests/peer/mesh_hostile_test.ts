import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import { AdmissionControl } from "../../lib/net/admission.ts";
import { bytes, dialForReset } from "../fixtures.ts";
import { Hand, meshed, Peer, Peers, until, within } from "../peers.ts";
import { test } from "../testing.ts";

const ID = "0123456789abcdef0123456789abcdef";
const HELLO = `hello 2 ${ID} 0 eve`;
const TWICE = "peers 127.0.0.1:9";

/** An honest mesh of three, of whom the first meets the hostile peers. */
async function threePeers(options = {}): Promise<Peers> {
  const peers = new Peers("ada bob cy", {
    timeoutMs: 3000,
    maxRatePerSec: 1000,
    ...options,
  });
  await peers.join();
  return peers;
}

/** Fails unless the honest ones still chat, and none saw another one leave. */
async function assertUnharmed(peers: Peers): Promise<void> {
  const names = peers.all.map(({ mesh }) => mesh.id);
  for (const peer of peers.all) {
    const others = peers.all.length - 1;
    assert(peer.mesh.say(`after ${peer.id}`) >= others);
  }
  for (const peer of peers.all) {
    for (const other of peers.all) {
      if (other === peer) continue;
      await peer.event("said", ({ text }) => text === `after ${other.id}`);
    }
    const left = peer.heard("left").filter(({ id }) => names.includes(id));
    assertEquals([left, peer.log], [[], []]);
  }
}

const faults: [what: string, sent: (string | Uint8Array)[], why: RegExp][] = [
  ["another protocol", ["GET / HTTP/1.1"], /another protocol, .* "GET \/ /],
  ["binary rubbish", [new Uint8Array(9000)], /another protocol: it ends no/],
  ["another version", [`hello 1 ${ID} 127.0.0.1:9 eve`], /version "1"/],
  ["a name that moves the cursor", [`${HELLO}\x1b[2J`], /not a name/],
  ["no hello", ["say hi"], /another protocol, which begins "say hi"/],
  ["text before the welcome", [HELLO, "say hi"], /it sent say out of turn/],
  ["addresses before the welcome", [HELLO, "peers"], /sent peers out of turn/],
  ["two hellos", [HELLO, HELLO], /it sent hello out of turn/],
  ["two welcomes", [HELLO, "welcome", "welcome"], /sent welcome out of turn/],
  ["two lists", [HELLO, "welcome", TWICE, TWICE], /it sent peers out of turn/],
  ["an endless line", [HELLO, bytes("x".repeat(9000))], /more than 4096 bytes/],
  ["invalid UTF-8", [HELLO, Uint8Array.of(0xff, 10)], /not UTF-8/],
  ["an unknown verb", [HELLO, "shout hi"], /no line of this protocol/],
  [
    "a flood of pings",
    [HELLO, "ping 1\n".repeat(20_000)],
    /more than 1000 lines a second/,
  ],
  [
    "a flood",
    [HELLO, "welcome", "say x\n".repeat(20_000)],
    /more than 1000 lines a second/,
  ],
];
for (const [what, sent, why] of faults) {
  test(`PeerMesh drops a peer for ${what}, and the others are not harmed`, async () => {
    await using peers = await threePeers();
    const [ada] = peers.all as [Peer];
    await using hand = await Hand.to(ada, { hello: false });
    const sending = hand.say(...sent);
    assertMatch(`${(await ada.event("error")).error}`, why);
    await within(hand.ended, "the end of the hand's connection");
    await sending;
    await assertUnharmed(peers);
    assertEquals(peers.all.flatMap((peer) => peer.heard("error")).length, 1);
  });
}

test("PeerMesh shows what a peer sends as its own, whatever it claims", async () => {
  await using peers = await threePeers();
  const [ada, bob] = peers.all as [Peer, Peer];
  await using hand = await Hand.to(ada, { name: "bob" });
  await hand.say(`say ${bob.id} 999999999 I am bob`, "say bob: me too");
  await ada.event("said", ({ text }) => text === "bob: me too");
  for (const { id, name } of ada.heard("said")) {
    assertEquals([id, name], [hand.id, "bob#2"]);
  }
  await assertUnharmed(peers); // bob is not silenced
  assertEquals(bob.heard("said").length, 2); // nothing was passed on
  // A second connection with bob's ID takes nothing from him.
  await using thief = await Hand.to(ada, { id: bob.id, name: "thief" });
  await thief.line(/^(bye twin|welcome)$/);
  await thief.say("tell stolen", "say stolen", "bye leave");
  await within(thief.ended, "the end of the thief's connection");
  await assertUnharmed(peers);
  assert(!ada.heard("said").some(({ text }) => text === "stolen"));
});

test("PeerMesh drops peers that fall silent, and connections without a hello", async () => {
  await using ada = new Peer("ada", { timeoutMs: 400 });
  await using bob = new Peer("bob", { timeoutMs: 400 });
  bob.mesh.connect(ada.address);
  await meshed([ada, bob]);
  await using dead = await Hand.to(ada, { name: "dead", pongs: false });
  await using silent = await Hand.to(ada, { hello: false });
  await using slow = await Hand.to(ada, { hello: false });
  const trickle = setInterval(() => slow.say(bytes("h")), 50);
  assertEquals((await ada.event("left")).name, "dead");
  await within(
    Promise.all([dead, silent, slow].map(({ ended }) => ended)),
    "the end of all three",
  );
  clearInterval(trickle);
  const errors = ada.heard("error").map(({ error }) => `${error}`);
  assertEquals(errors.filter((e) => /it sent no hello/.test(e)).length, 2);
  assertEquals(errors.filter((e) => /Timed out/.test(e)).length, 1);
  assertEquals([ada.names, bob.names], ["bob", "ada"]);
});

test("PeerMesh drops a slow reader when 256 KiB wait for it, and no other waits", async () => {
  await using peers = await threePeers({
    maxRatePerSec: 1_000_000,
    timeoutMs: 30_000,
  });
  const [ada, bob, cy] = peers.all as [Peer, Peer, Peer];
  await using _slow = await Hand.to(ada, { id: ID, reads: false });
  await ada.event("joined", ({ id }) => id === ID);
  for (let said = 0; ada.heard("error").length === 0;) {
    for (let at = 0; at < 40; at++, said++) ada.mesh.say("x".repeat(4000));
    await until(
      () => [bob, cy].every((peer) => peer.heard("said").length === said),
      "the others hear it all the same",
    );
    assertLess(said, 5000);
  }
  assertMatch(
    `${ada.heard("error")[0]!.error}`,
    /reads too slowly: more than 262144 bytes wait/,
  );
  await ada.event("left", ({ id }) => id === ID);
  await assertUnharmed(peers);
});

test("PeerMesh dials the victim of 300 connections that announce its port twice", async () => {
  await using peers = await threePeers();
  const [ada] = peers.all as [Peer];
  const victim = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let dials = 0;
  const accepting = (async () => {
    for await (const conn of victim) {
      dials += 1;
      conn.close();
    }
  })();
  const { port } = victim.addr;
  for (let at = 0; at < 300; at++) {
    await using hand = await Hand.to(ada, { port });
    await hand.line(/^peers/);
    if (at === 99) await hand.close();
    if (at === 99) await until(() => dials === 2, "two dials");
    if (at > 99 && at % 3 === 0) await hand.say("bye leave");
    if (at % 3 === 1) await hand.say(`peers 127.0.0.1:${port}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 2500));
  victim.close();
  await accepting;
  assertEquals(dials, 2);
  await assertUnharmed(peers);
});

test("PeerMesh dials 64 of the addresses that peers of one source tell, none by name", async () => {
  await using peers = await threePeers({ route: refuseOthers });
  const [ada] = peers.all as [Peer];
  for (let at = 0; at < 10; at++) {
    await using hand = await Hand.to(ada);
    const told = Array.from(
      { length: 60 },
      (_, index) => `192.0.2.${index}:${at + 1}`,
    );
    await hand.say(
      `peers example.com:1 0.0.0.0:1 x ${told.join(" ")}`,
      "tell x",
    );
    await ada.event("told", ({ id }) => id === hand.id);
  }
  const hosts = ada.dials.map(({ address }) => address);
  const others = new Set(hosts.filter((address) => /^192/.test(address)));
  // The 64 include bob and cy, which came from the same source.
  assertEquals(others.size, 62);
  assertEquals(hosts.filter((address) => /^[ex0]/.test(address)), []);
  await assertUnharmed(peers);
});

/** No packet is to leave this machine. */
function refuseOthers(address: string): string {
  if (address.startsWith("127.0.0.1:")) return address;
  throw new Deno.errors.ConnectionRefused();
}

/** The limits of a peer, which count for this machine. */
const limited = () => ({
  admission: new AdmissionControl({
    limits: { maxPerSource: 8, maxConnectsPerSec: 1000 },
  }),
});

test("PeerMesh keeps 8 connections of a source, and dials whom its user names", async () => {
  const { admission } = limited();
  await using ada = new Peer("ada", { admission });
  const hands: Hand[] = [];
  for (let at = 0; at < 20; at++) hands.push(await Hand.to(ada));
  for (const hand of hands.slice(8)) await within(hand.ended, "its end");
  for (const hand of hands.slice(0, 8)) await hand.line(/^peers/);
  assertEquals(ada.mesh.peers.length, 8);
  assertEquals(admission.refused.tooMany, 12);
  await using bob = new Peer("bob"); // itself may still dial
  ada.mesh.connect(bob.address);
  await until(() => ada.names.includes("bob"), "bob");
  for (const hand of hands) await hand.close();
  await until(() => ada.names === "bob", "the end of the others");
  await using cy = await Hand.to(ada);
  await cy.line(/^peers/);
});

test("PeerMesh is not filled by fakes of one source that it is told of", async () => {
  const fakes: Hand[] = [];
  const listeners = Array.from(
    { length: 20 },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const accepting = listeners.map(async (listener) => {
    for await (const conn of listener) fakes.push(await Hand.on(conn));
  });
  await using ada = new Peer("ada", limited());
  await using hand = await Hand.to(ada);
  await ada.event("joined");
  const told = listeners.map(({ addr }) => `127.0.0.1:${addr.port}`);
  await hand.say(`peers ${told.join(" ")}`);
  await until(() => ada.mesh.peers.length === 8, "those it dialled");
  await until(() => ada.mesh.missing.length === 0, "the rest given up");
  assertEquals([ada.mesh.peers.length, ada.dials.length], [8, 7]);
  for (const listener of listeners) listener.close();
  await Promise.all(accepting);
  for (const fake of fakes) await fake.close();
});

test("PeerMesh survives resets, half lines and 2000 hellos, and keeps nothing of them", async () => {
  await using peers = await threePeers();
  const [ada] = peers.all as [Peer];
  for (let at = 0; at < 200; at++) {
    const socket = await dialForReset(ada);
    socket.on("error", () => {});
    socket.write(at % 2 ? "hello 2 " : `hello 2 ${ID} 0 eve\nwelcome\nsay `);
    socket.resetAndDestroy();
  }
  for (let at = 0; at < 2000; at++) {
    const hand = await Hand.to(ada, { reads: false, port: 1 + at });
    await hand.close();
  }
  await until(() => ada.connections.size === 2, "the honest two");
  await assertUnharmed(peers);
  assertGreater(ada.heard("joined").length, 1000);
  assert(ada.mesh.missing.length <= 64, `${ada.mesh.missing.length}`);
  assert(ada.dials.length <= 2 * 64);
});
