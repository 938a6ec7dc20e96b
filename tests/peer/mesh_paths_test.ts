import { assertEquals } from "@std/assert";
import { Hand, Peer, Peers, until } from "../peers.ts";
import { TcpRelay } from "../tcp_relay.ts";

const LIMIT = { timeout: 20_000 };

Deno.test(
  "PeerMesh hears once and in order what comes by two ways, one of which stalls",
  LIMIT,
  async () => {
    await using relay = new TcpRelay();
    const routes = new Map<string, string>();
    await using peers = new Peers("ada bob cy", (name) => ({
      timeoutMs: 5000,
      route: (address) => name === "cy" && routes.get(address) || address,
    }));
    const [ada, bob, cy] = peers.all as [Peer, Peer, Peer];
    routes.set(ada.address, relay.to(ada.address));
    cy.mesh.connect(ada.address);
    await cy.event("joined");
    bob.mesh.connect(cy.address);
    await until(
      () => peers.all.every(({ mesh }) => mesh.peers.length === 2),
      "a mesh",
    );
    let said = 0;
    for (const stalled of [false, true, false, true, false]) {
      if (stalled) relay.stall();
      else relay.resume();
      for (let at = 0; at < 30; at++) ada.mesh.say(`${++said}`);
      await until(
        () => cy.heard("said").length === said,
        "all by the other way",
      );
    }
    const expected = Array.from({ length: said }, (_, at) => `${at + 1}`);
    // What was held has come as well once an answer to a later line has.
    cy.mesh.tell(ada.id, "over");
    await ada.event("told");
    ada.mesh.tell(cy.id, "and back");
    await cy.event("told");
    for (const peer of [bob, cy]) {
      assertEquals(peer.saidBy(ada.id), expected);
      assertEquals(peer.heard("left"), []);
    }
  },
);

Deno.test(
  "PeerMesh hears and passes on once what is said twice, and goes on after a gap",
  LIMIT,
  async () => {
    await using peers = new Peers("ada bob");
    const [ada, bob] = await peers.join() as [Peer, Peer];
    await using one = await Hand.to(ada, { name: "one" });
    await using two = await Hand.to(ada, { name: "two" });
    await using ear = await Hand.to(bob, { name: "ear" });
    const numbers = [1, 2, 1, 2, 4, 4, 5];
    for (const hand of [one, two]) {
      for (const at of numbers) await hand.say(`say ${one.id} ${at} no. ${at}`);
    }
    // Number 3 never comes, and is waited for.
    await bob.event("said", ({ sequence }) => sequence === 5);
    await ada.event("said", ({ sequence }) => sequence === 5);
    for (const peer of [ada, bob]) {
      assertEquals(peer.saidBy(one.id), ["no. 1", "no. 2", "no. 4", "no. 5"]);
    }
    await ear.line(/ no\. 5$/);
    const passedOn = ear.lines.filter((line) => line.startsWith("say "));
    assertEquals(passedOn.length, 4);
  },
);

Deno.test(
  "PeerMesh splits when the path does, and is one again when it is mended",
  LIMIT,
  async () => {
    await using relay = new TcpRelay();
    const west = ["ada", "bob"];
    const across = new Map<string, string>();
    const sides = new Map<string, boolean>();
    await using peers = new Peers("ada bob cy dan", (name) => ({
      timeoutMs: 400,
      route: (address) =>
        sides.get(address) === west.includes(name)
          ? address
          : across.get(address)!,
    }));
    const [ada, bob, cy, dan] = peers.all as [Peer, Peer, Peer, Peer];
    for (const { address } of peers.all) {
      sides.set(address, address === ada.address || address === bob.address);
      across.set(address, relay.to(address));
    }
    for (const peer of [bob, cy, dan]) peer.mesh.connect(ada.address);
    const together = () =>
      peers.all.every(({ mesh }) => mesh.peers.length === 3);
    await until(together, "one mesh");
    relay.stall();
    await until(
      () => peers.all.every(({ mesh }) => mesh.peers.length === 1),
      "two meshes",
      2000,
    );
    assertEquals([ada, bob, cy, dan].map(({ names }) => names), [
      "bob",
      "ada",
      "dan",
      "cy",
    ]);
    ada.mesh.say("west");
    cy.mesh.say("east");
    assertEquals((await bob.event("said")).text, "west");
    assertEquals((await dan.event("said")).text, "east");
    relay.resume();
    await until(together, "one mesh again");
    for (const peer of peers.all) peer.mesh.say(`${peer.id} again`);
    for (const peer of peers.all) {
      for (const other of peers.all) {
        if (other === peer) continue;
        await peer.event("said", ({ text }) => text === `${other.id} again`);
      }
      const again = peer.heard("said").filter(({ text }) => /again/.test(text));
      assertEquals(again.length, 3);
    }
  },
);

Deno.test(
  "PeerMesh takes the relay's address that a peer announces",
  LIMIT,
  async () => {
    await using relay = new TcpRelay();
    await using ada = new Peer("ada", { timeoutMs: 400 });
    const port = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const own = port.addr.port;
    port.close();
    const announced = relay.to(`127.0.0.1:${own}`);
    await using bob = new Peer("bob", {
      port: own,
      address: announced,
      timeoutMs: 400,
      route: (address) => out.get(address) ?? address,
    });
    const out = new Map([[ada.address, relay.to(ada.address)]]);
    bob.mesh.connect(ada.address);
    await ada.event("joined", ({ address }) => address === announced);
    await bob.event("joined");
    relay.stall();
    await Promise.all([ada.event("left"), bob.event("left")]);
    await until(() => ada.dialled(announced) > 0, "ada dials the relay");
    relay.resume();
    await until(
      () => [ada, bob].every(({ mesh }) => mesh.peers.length === 1),
      "they have met again",
    );
    bob.mesh.tell(ada.id, "back");
    ada.mesh.tell(bob.id, "back");
    await Promise.all([ada.event("told"), bob.event("told")]);
  },
);
