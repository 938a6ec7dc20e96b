/** Our peer with one that is ncat, and speaks the protocol by hand. */

import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { Program, type Server, serveScript } from "../programs.ts";
import { interopTest, serveNcat } from "./programs.ts";

const EVE = "0".repeat(31) + "1";
const HELLO = `hello 2 ${EVE} 0 eve\nwelcome\n`;
const OUR_HELLO = /^hello 2 [0-9a-f]{32} (\d+) ada\n/;
/** How many pings are sent in three times the timeout. */
const PINGS = 12;

function servePeer(name: string, ...args: string[]): Promise<Server> {
  return serveScript("peer", "--name", name, "--timeout", "1s", ...args);
}

function dialByHand(peer: Server, ...flags: string[]): Program {
  return new Program(["ncat", ...flags, ...peer.hostAndPort]);
}

/** Reads so many pings, and answers each. */
async function answerPings(hand: Program, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const upToIt = new RegExp(`(?:[^]*?^ping (\\w+)\n){${number}}`, "m");
    const [, token] = await hand.heard(upToIt);
    await hand.write(`pong ${token}\n`);
  }
}

/** From the hello to the goodbye, with ada at one end and ncat at the other. */
async function converse(ada: Server, bob: Server, hand: Program) {
  await hand.write(HELLO);
  const [, port] = await hand.heard(OUR_HELLO);
  assertEquals(port, ada.port);
  await ada.heard(/^\* eve joined, 127\.0\.0\.1:\d+$/m);
  const [, told] = await hand.heard(/^peers (.*)$/m);
  assertEquals(told, bob.address);

  await hand.write("say good morning ß\n");
  await ada.heard(/^eve: good morning ß$/m);
  await hand.write(`tell only you\nname eva\n`);
  await ada.heard(/^eve, to you alone: only you\n\* eve is now called eva$/m);

  const startMs = performance.now();
  await answerPings(hand, PINGS);
  assertEquals(performance.now() - startMs > 2000, true);
  assertNotMatch(ada.stdout.text, /^\* \S+ left$/m);

  await ada.write("first  words\n/msg eva for you\n/name eda\n");
  await hand.heard(
    /^say first {2}words\n[^]*^tell for you\n[^]*^name eda$/m,
  );
  await hand.write("ping token7\n");
  await hand.heard(/^pong token7$/m);

  await hand.write("bye leave\n");
  await ada.heard(/^\* eva left$/m);
  await hand.closeInput();
  await hand.ended();
  for (const peer of [ada, bob]) {
    await peer.closeInput();
    const { code, stdout, stderr } = await peer.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertEquals(
      stdout.match(/good morning ß/g)?.length,
      peer === ada ? 1 : undefined, // nothing is relayed
    );
    assertNotMatch(stdout, /\r/);
  }
  assertNotMatch(bob.stdout.text, /only you|for you/);
}

/** Waits until ada and bob know each other. */
async function joinBob(ada: Server): Promise<Server> {
  const bob = await servePeer("bob", "--connect", ada.address);
  await bob.heard(/^\* ada joined, /m);
  await ada.heard(/^\* bob joined, /m);
  return bob;
}

for (const flags of [[], ["-C"]]) {
  interopTest(
    ["ncat"],
    `peer takes ${["ncat", ...flags].join(" ")} for a peer that dials`,
    async () => {
      await using ada = await servePeer("ada");
      await using bob = await joinBob(ada);
      await using hand = dialByHand(ada, ...flags);
      await converse(ada, bob, hand);
    },
  );

  interopTest(
    ["ncat"],
    `peer dials ${["ncat -l", ...flags].join(" ")} as a peer`,
    async () => {
      await using hand = await serveNcat(...flags);
      await using ada = await servePeer("ada");
      await using bob = await joinBob(ada);
      await ada.write(`/connect ${hand.address}\n`);
      await converse(ada, bob, hand);
    },
  );
}

interopTest(["ncat"], "peer dials ncat -l by --connect", async () => {
  await using hand = await serveNcat();
  // Longer than the test: ncat answers no ping.
  await using ada = await servePeer(
    "ada",
    ...["--timeout", "30s", "--connect", hand.address],
  );
  await hand.heard(OUR_HELLO);
  await hand.write(`${HELLO}peers\n`); // else ada waits for whom else to dial
  await ada.heard(/^\* eve joined, /m);
  await ada.write("hello\n");
  await hand.heard(/^say hello$/m);
  await ada.closeInput();
  await hand.heard(/^bye leave$/m);
  await hand.closeInput();
  assertEquals((await ada.ended()).code, 0);
});

interopTest(["ncat"], "peer drops ncat if it answers no ping", async () => {
  await using ada = await servePeer("ada");
  await using hand = dialByHand(ada);
  await hand.write(HELLO);
  await ada.heard(/^\* eve joined, /m);
  await hand.heard(/^ping \w+$/m);
  await ada.heard(/^\* eve left$/m);
});

interopTest(["ncat"], "peer tells ncat off if it says no hello", async () => {
  await using ada = await servePeer("ada");
  await using hand = dialByHand(ada);
  await hand.write("say hello\n");
  await hand.heard(/^bye error$/m);
  const said = await ada.heard(/^! .*$/m, "stderr");
  assertMatch(
    said[0],
    /^! 127\.0\.0\.1:\d+: not connected: it speaks another protocol, which begins "say hello"$/,
  );
  assertNotMatch(ada.stdout.text, /joined|: hello/);
});
