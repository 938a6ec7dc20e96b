import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
} from "@std/assert";
import { bytes } from "../fixtures.ts";
import { Hand, meshed, Peer, Peers, until, within } from "../peers.ts";

const LIMIT = { timeout: 20_000 };

const ID = "0123456789abcdef0123456789abcdef";

/** So many messages of one author, line by line. */
function flood(count: number, origin = ID): string {
  const said = Array.from({ length: count }, (_, at) => `${at + 1} flood`);
  return said.map((rest) => `say ${origin} ${rest}`).join("\n");
}

/** Lines with so many addresses, no two the same. */
function addresses(count: number): string[] {
  const all = Array.from(
    { length: count },
    (_, at) => `192.0.2.${at >> 8}:${(at & 255) + 1}`,
  );
  return Array.from(
    { length: Math.ceil(count / 64) },
    (_, line) => `peers ${all.slice(line * 64, (line + 1) * 64).join(" ")}`,
  );
}

const HELLO = `hello 1 ${ID} 127.0.0.1:9 eve`;

const faults: [what: string, said: (string | Uint8Array)[], why: RegExp][] = [
  ["a wrong version", [`hello 2 ${ID} 127.0.0.1:9 eve`], /not version 1: "2"/],
  ["no version", ["hello"], /not version 1: ""/],
  ["an ID that is none", ["hello 1 me 127.0.0.1:9 eve"], /not an ID: "me"/],
  ["a hello without an address", [`hello 1 ${ID} eve`], /not an address/],
  ["port 0", [`hello 1 ${ID} 127.0.0.1:0 eve`], /not an address/],
  ["port 65536", [`hello 1 ${ID} 127.0.0.1:65536 eve`], /not an address/],
  ["no name", [`hello 1 ${ID} 127.0.0.1:9 `], /not a name: ""/],
  ["a name of two words", [`${HELLO} adams`], /not a name/],
  ["a name of 33 characters", [`${HELLO}${"e".repeat(30)}`], /not a name/],
  ["a name that turns the text", [`${HELLO}\u202e`], /not a name/],
  ["no hello", [`say ${ID} 1 hi`], /it did not say hello/],
  ["another protocol", ["GET / HTTP/1.1"], /not a verb: "GET"/],
  ["an over-long hello", [`${HELLO} ${"x".repeat(4096)}`], /Line too long/],
  ["an endless line", [HELLO, bytes("x".repeat(100_000))], /Line too long/],
  ["a line of 4097 bytes", [HELLO, `tell ${"x".repeat(4091)}`], /Line too lo/],
  ["invalid UTF-8", [HELLO, bytes("tell \xff").fill(255, 5), ""], /not UTF-8/],
  ["an unknown verb", [HELLO, "shout hi"], /not a verb: "shout"/],
  ["a verb in capitals", [HELLO, "SAY hi"], /not a verb: "SAY"/],
  ["an empty line", [HELLO, ""], /not a verb: ""/],
  ["two hellos", [HELLO, HELLO], /it said hello a second time/],
  ["an address that is none", [HELLO, "peers nowhere"], /not an address/],
  ["brackets around no IPv6", [HELLO, "peers [12]:9"], /not an address/],
  ["an address with a path", [HELLO, "peers 127.0.0.1:9/x"], /not an address/],
  ["a message without a number", [HELLO, `say ${ID} hi`], /not an ID/],
  ["number 0", [HELLO, `say ${ID} 0 hi`], /not a sequence number: "0"/],
  ["a number too large", [HELLO, `say ${ID} 1${"0".repeat(15)} x`], /sequence/],
  ["a token that is none", [HELLO, "ping ?"], /not a token: "\?"/],
  ["a reason that is none", [HELLO, "bye bye"], /not a reason: "bye"/],
  [
    "65 addresses in a line",
    [HELLO, `peers${" 127.0.0.1:9".repeat(65)}`],
    /too many addresses/,
  ],
  [
    "10 000 addresses",
    [HELLO, ...addresses(10_000)],
    /more than \d+ addresses/,
  ],
  [
    "a flood of pings",
    [HELLO, "ping 1\n".repeat(3000)],
    /messages in a second/,
  ],
];
for (const [what, said, why] of faults) {
  Deno.test(
    `PeerMesh drops a peer for ${what}, and nobody else is worse off`,
    LIMIT,
    async () => {
      await using peers = new Peers("ada bob cy", {
        timeoutMs: 3000,
        maxRatePerSec: 1000,
        route: refuseTestNet,
      });
      const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
      await using hand = await Hand.to(ada, { hello: false });
      ada.mesh.say("before");
      const saying = hand.say(...said);
      const { error } = await ada.event("error");
      assertMatch(`${error}`, why);
      await within(hand.ended, "the end of the hand's connection");
      await saying;
      bob.mesh.say("after");
      await ada.event("said", ({ text }) => text === "after");
      await cy.event("said", ({ text }) => text === "after");
      await cy.event("said", ({ text }) => text === "before");
      await meshed(peers.all);
      for (const peer of peers.all) {
        assertEquals(peer.heard("left").filter(({ id }) => id !== ID), []);
        assertEquals(peer.heard("error").length, peer === ada ? 1 : 0);
        assertEquals(peer.log, []);
        assertLess(peer.dials.length, 150);
      }
    },
  );
}

/** Nobody is there, and no packet is to leave this machine. */
function refuseTestNet(address: string): string {
  if (!address.startsWith("192.0.2.")) return address;
  throw new Deno.errors.ConnectionRefused();
}

const floods = [
  ["floods, and nobody who passed it on", flood(5000), 0],
  ["floods, and nobody who chats meanwhile", flood(5000), 150],
  ["floods in another's name", flood(20_000, "f".repeat(32)), 0],
] as const;
for (const [what, said, chat] of floods) {
  Deno.test(
    `PeerMesh drops a peer that ${what}`,
    LIMIT,
    async () => {
      await using peers = new Peers("ada bob cy", {
        timeoutMs: 3000,
        maxRatePerSec: 200,
      });
      const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
      await using hand = await Hand.to(ada, { id: ID });
      await ada.event("joined", ({ id }) => id === ID);
      for (let at = 0; at < chat; at++) ada.mesh.say("chat");
      const saying = hand.say(said);
      assertMatch(
        `${(await ada.event("error")).error}`,
        /more than 200 messages in a second/,
      );
      await within(hand.ended, "the end of the hand's connection");
      await saying;
      bob.mesh.say("after");
      ada.mesh.say("after all");
      for (const peer of [ada, cy]) {
        await peer.event("said", ({ text }) => text === "after");
      }
      for (const peer of [bob, cy]) {
        await peer.event("said", ({ text }) => text === "after all");
      }
      await meshed(peers.all);
      for (const peer of peers.all) {
        assertEquals(peer.heard("left").filter(({ id }) => id !== ID), []);
        assertEquals(peer.heard("error").length, peer === ada ? 1 : 0);
      }
    },
  );
}

Deno.test(
  "PeerMesh drops a peer that stops answering pings after the timeout",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob", { timeoutMs: 400 });
    const [ada, bob] = await peers.join() as [Peer, Peer];
    await using alive = await Hand.to(ada, { name: "alive" });
    const startMs = performance.now();
    await using dead = await Hand.to(ada, { name: "dead", pongs: false });
    const { name } = await ada.event("left");
    const tookMs = performance.now() - startMs;
    assertEquals(name, "dead");
    assertGreaterOrEqual(tookMs, 390);
    assertLess(tookMs, 1500);
    await dead.ended;
    await dead.line(/^ping /);
    await until(() => alive.lines.filter(isPing).length > 8, "two timeouts");
    assertEquals(ada.names, "alive bob");
    assertEquals(bob.names, "ada");
    assertEquals(ada.heard("left").length, 1);
    assertMatch(`${ada.heard("error")[0]!.error}`, /Timed out/);
  },
);

function isPing(line: string): boolean {
  return line.startsWith("ping ");
}

Deno.test(
  "PeerMesh closes a connection on which no hello comes",
  LIMIT,
  async () => {
    await using ada = new Peer("ada", { timeoutMs: 300 });
    await using silent = await Hand.to(ada, { hello: false });
    await using slow = await Hand.to(ada, { hello: false });
    await slow.say(bytes("hello 1 "));
    await within(silent.ended, "the end of the silent one", 2000);
    await within(slow.ended, "the end of the slow one", 2000);
    await silent.line(/^hello 1 /);
    assertEquals(ada.heard("joined"), []);
    assertEquals(ada.connections.size, 0);
  },
);

Deno.test(
  "PeerMesh drops a slow reader when 256 KiB wait for it, and nobody waits",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob cy", {
      timeoutMs: 15_000,
      maxRatePerSec: 1_000_000,
    });
    const [ada, bob, cy] = await peers.join() as [Peer, Peer, Peer];
    await using slow = await Hand.to(ada, { id: ID, reads: false });
    await ada.event("joined", ({ id }) => id === ID);
    const line = "x".repeat(4000);
    let said = 0;
    let longestMs = 0;
    while (ada.heard("error").length === 0) {
      const startMs = performance.now();
      for (let at = 0; at < 40; at++) ada.mesh.say(line);
      said += 40;
      await until(
        () => [bob, cy].every((peer) => peer.heard("said").length === said),
        "the others hear it all the same",
      );
      longestMs = Math.max(longestMs, performance.now() - startMs);
    }
    assertMatch(
      `${ada.heard("error")[0]!.error}`,
      /it reads too slowly, 262144 bytes wait/,
    );
    assertLess(longestMs, 2000);
    await ada.event("left", ({ id }) => id === ID);
    assertEquals(ada.names, "bob cy");
    for (const peer of [bob, cy]) {
      assertEquals(peer.heard("left"), []);
      assertEquals(peer.heard("error"), []);
    }
    assert(slow);
  },
);

Deno.test(
  "PeerMesh gives nobody the place of a peer whose connection is old",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob", { timeoutMs: 300 });
    const [ada, bob] = await peers.join() as [Peer, Peer];
    const [connection] = ada.connections;
    const oldMs = performance.now() + 400;
    await until(() => performance.now() > oldMs, "an old connection");
    await using eve = await Hand.to(ada, { id: bob.id, name: "eve" });
    await eve.line(/^hello /);
    await eve.say("name mallory", "tell I am bob", `say ${ID} 1 seen`);
    await eve.say("bye leave");
    await within(eve.ended, "the end of eve's connection");
    ada.mesh.tell(bob.id, "for bob");
    assertEquals((await bob.event("told")).text, "for bob");
    bob.mesh.say("still here");
    assertEquals(
      (await ada.event("said", ({ id }) => id === bob.id)).name,
      "bob",
    );
    assertEquals(ada.names, "bob");
    await eve.close();
    await until(() => ada.connections.size === 1, "eve's end");
    await until(() => ada.connections.size === 1, "the end of eve's");
    assertEquals([...ada.connections], [connection]);
    assertEquals(ada.heard("left"), []);
    assertEquals(ada.heard("renamed"), []);
    assertEquals(ada.heard("told"), []);
    assert(!eve.lines.includes("tell for bob"));
  },
);

Deno.test(
  "PeerMesh forgets no peer because somebody else claimed its address and left",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob", { timeoutMs: 1000 });
    const [ada, bob] = await peers.join() as [Peer, Peer];
    await using eve = await Hand.to(ada, { address: bob.address });
    await ada.event("joined", ({ id }) => id === eve.id);
    await eve.say("bye leave");
    await ada.event("left", ({ id }) => id === eve.id);
    await bob.die();
    await ada.event("left", ({ id }) => id === bob.id);
    await until(() => ada.dialled(bob.address) > 0, "it dials bob again", 2000);
  },
);
