import { assert, assertEquals, assertMatch } from "@std/assert";
import { SharedKey } from "../../lib/net/shared_key.ts";
import { bytes, readText, writeAll } from "../fixtures.ts";
import {
  Hand,
  Peer,
  type PeerOptions,
  Peers,
  until,
  within,
} from "../peers.ts";
import { badClients, SECRET } from "../shared_key.ts";
import { test } from "../testing.ts";

const key = await SharedKey.import(bytes(SECRET));
const otherKey = await SharedKey.import(bytes("another key of 20 by"));

test("PeerMesh with a shared key is joined by the peers that hold it", async () => {
  await using peers = new Peers("ada bob cy", { key });
  await peers.join();
  for (const peer of peers.all) assertEquals(peer.mesh.say("hi"), 2);
  for (const peer of peers.all) {
    await until(() => peer.heard("said").length === 2, "two lines");
    assertEquals([peer.heard("error"), peer.log], [[], []]);
  }
});

/** Keys of the peer that dials and of the other, and what each reports. */
const PAIRS: Record<string, [PeerOptions, PeerOptions, RegExp, RegExp]> = {
  "of which one has another key": [
    { key: otherKey },
    { key },
    /it rejected our proof of the shared key; all peers of a mesh need the/,
    /its proof of the shared key is not valid; all peers of a mesh need the/,
  ],
  "of which the one that dials has none": [
    {},
    { key },
    /requires the shared key of its mesh/,
    /did not begin the exchange of the shared key; all peers of a mesh need/,
  ],
  "of which the one that is dialled has none": [
    { key },
    {},
    /did not begin the exchange of the shared key; all peers of a mesh need/,
    /requires a shared key, and this peer has none/,
  ],
};
for (const [what, [one, other, first, second]] of Object.entries(PAIRS)) {
  test(`PeerMesh does not join two peers ${what}, and dials once`, async () => {
    await using ada = new Peer("ada", one);
    await using bob = new Peer("bob", other);
    ada.mesh.connect(bob.address);
    assertMatch(`${(await ada.event("error")).error}`, first);
    assertMatch(`${(await bob.event("error")).error}`, second);
    await until(() => ada.connections.size === 0, "the end of the connection");
    assertEquals(ada.mesh.missing, []); // nothing will be dialled again
    assertEquals(ada.dialled(bob.address), 1);
    assertEquals([ada.names, bob.names], ["", ""]);
    // The user may try again.
    ada.mesh.connect(bob.address);
    await until(() => ada.dialled(bob.address) === 2, "a second dial");
  });
}

test("PeerMesh dials a peer again that has no room before the exchange of keys", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using ada = new Peer("ada", { key });
  ada.mesh.connect(`127.0.0.1:${listener.addr.port}`);
  using conn = await listener.accept();
  await writeAll(conn, bytes("bye full\n"));
  assertMatch(`${(await ada.event("error")).error}`, /no room for another/);
  using again = await listener.accept();
  assertMatch(await readText(again, 71), /^key 1 [0-9a-f]{64}\n$/);
});

test("PeerMesh with a shared key tells a connection without proof nothing", async () => {
  await using peers = new Peers("ada bob", { key, timeoutMs: 20_000 });
  const [ada, bob] = await peers.join() as [Peer, Peer];
  await using idle = await Hand.to(ada, { hello: false });
  for (const [what, [client]] of Object.entries(badClients("peer"))) {
    await using hand = await Hand.to(ada, { hello: false });
    await hand.say(bytes(client.first));
    if (client.second) {
      const line = await hand.line(/^key 1 /);
      await hand.say(bytes(client.second(line.slice(6))));
    }
    const hello = `hello 2 ${"0".repeat(32)} 0 eve`;
    await hand.say(hello, "welcome", "say hi");
    await within(hand.ended, `the end of the client ${what}`);
    const isNonce = /^key 1 [0-9a-f]{64}$/;
    const told = hand.lines.filter((line) => !isNonce.test(line));
    // A reset can overtake the answer to a flood.
    assert(["bye key", ""].includes(told.join()), `${what}: ${told}`);
  }
  ada.mesh.rename("eva");
  await bob.event("renamed");
  assertEquals(idle.lines, []);
  assertEquals([ada.names, bob.names], ["bob", "eva"]);
  assertEquals(ada.heard("said"), []);
  assertEquals(ada.mesh.say("still here"), 1);
});

test("PeerMesh leaves while a peer does not go on with the exchange of keys", async () => {
  await using ada = new Peer("ada", { key });
  await using idle = await Hand.to(ada, { hello: false });
  await until(() => ada.connections.size === 1, "the connection");
  await within(ada.leave(), "ada's leave");
  await within(idle.ended, "the end of the connection");
  assertEquals(idle.lines, ["bye leave"]);
});
