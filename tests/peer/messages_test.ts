import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import {
  formatPeerMessage,
  isPeerName,
  isPeerText,
  MAX_PEER_LINE_BYTES,
  MAX_TOLD_ADDRESSES,
  parseFirstMessage,
  parsePeerMessage,
  PeerFault,
  type PeerMessage,
  randomPeerId,
} from "../../lib/peer/messages.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { bytes, text } from "../fixtures.ts";
import { pureTest as test } from "../testing.ts";

const ID = "0123456789abcdef0123456789abcdef";
const HELLO = `hello 2 ${ID} 5000 eve`;

const messages: [line: string, message: PeerMessage][] = [
  [HELLO, { verb: "hello", id: ID, port: 5000, name: "eve" }],
  [`hello 2 ${ID} 0 é`, { verb: "hello", id: ID, port: 0, name: "é" }],
  ["welcome", { verb: "welcome" }],
  ["peers", { verb: "peers", addresses: [] }],
  ["peers a:1 [::1]:2", { verb: "peers", addresses: ["a:1", "[::1]:2"] }],
  ["say two  words ", { verb: "say", text: "two  words " }],
  ["say ", { verb: "say", text: "" }],
  ["tell ß\u202e", { verb: "tell", text: "ß\u202e" }],
  ["name Ада", { verb: "name", name: "Ада" }],
  ["ping 7", { verb: "ping", token: "7" }],
  ["pong aZ9", { verb: "pong", token: "aZ9" }],
  ...(["leave", "twin", "full", "self", "error"] as const).map((
    reason,
  ): [string, PeerMessage] => [`bye ${reason}`, { verb: "bye", reason }]),
];

test("parsePeerMessage() reads each message, and formatPeerMessage() writes it", () => {
  for (const [line, message] of messages) {
    for (const end of ["\n", "\r\n", ""]) {
      assertEquals(parsePeerMessage(bytes(line + end)), message);
    }
    assertEquals(text(formatPeerMessage(message)), `${line}\n`);
  }
});

const faults: [line: string | Uint8Array, why: RegExp][] = [
  ["", /no line of this protocol: ""/],
  ["SAY hi", /no line of this protocol: "SAY hi"/],
  ["shout hi", /no line of this protocol/],
  [" say hi", /no line of this protocol/],
  ["hello", /version "" of the protocol, and this peer version 2/],
  [`hello 1 ${ID} 127.0.0.1:9 eve`, /it speaks version "1"/],
  ["hello 2 me 9 eve", /not an ID: "me"/],
  [`hello 2 ${ID.toUpperCase()} 9 eve`, /not an ID/],
  [`hello 2 ${ID} 127.0.0.1:9 eve`, /not a port/],
  [`hello 2 ${ID} 65536 eve`, /not a port: "65536"/],
  [`hello 2 ${ID} 09 eve`, /not a port/],
  [`hello 2 ${ID} -1 eve`, /not a port/],
  [`hello 2 ${ID} 9`, /not a name: ""/],
  [`${HELLO} adams`, /not a name/],
  ["name", /not a name/],
  ["ping ?", /not a token: "\?"/],
  [`pong ${"1".repeat(21)}`, /not a token/],
  ["bye bye", /not a reason: "bye"/],
  [`peers${" a:1".repeat(MAX_TOLD_ADDRESSES + 1)}`, /more than 64 addresses/],
  [Uint8Array.of(0x73, 0x61, 0x79, 0x20, 0xff, 0x0a), /not UTF-8/],
];

test("parsePeerMessage() rejects anything else, and quotes at most 40 characters", () => {
  for (const [line, why] of faults) {
    const content = typeof line === "string" ? bytes(`${line}\n`) : line;
    const error = assertThrows(() => parsePeerMessage(content), PeerFault);
    assertMatch(error.message, why);
    assert(error.isFinal);
  }
  const long = bytes("x".repeat(4000));
  const { message } = assertThrows(() => parsePeerMessage(long), PeerFault);
  assert(message.length < 100, message);
});

test("parsePeerMessage() gives a message or a PeerFault for random bytes", () => {
  const random = seededRandom(7);
  let read = 0;
  for (let round = 0; round < 5000; round++) {
    const [line] = messages[Math.floor(random() * messages.length)]!;
    const content = bytes(`${line}\n`);
    for (let at = 0; at < 2; at++) {
      const index = Math.floor(random() * (content.length - 1));
      content[index] = 32 + random() * 100;
    }
    try {
      const message = parsePeerMessage(content);
      assertEquals(parsePeerMessage(formatPeerMessage(message)), message);
      read += 1;
    } catch (error) {
      if (!(error instanceof PeerFault)) throw error;
    }
  }
  assert(read > 100 && read < 4900, `${read}`);
});

test("parseFirstMessage() names another protocol by what it begins with", () => {
  for (const line of [HELLO, "bye full"]) {
    assertEquals(
      parseFirstMessage(bytes(`${line}\n`)),
      parsePeerMessage(bytes(`${line}\n`)),
    );
  }
  const others = ["GET / HTTP/1.1\r", "NICK eve", "<hi>", "say hi", "hello"];
  for (const line of [...others, "SSH-2.0-OpenSSH_9.6\r", "\x16\x03\x01"]) {
    const error = assertThrows(
      () => parseFirstMessage(bytes(`${line}\n`)),
      PeerFault,
    );
    assertEquals(
      error.message,
      `it speaks another protocol, which begins ${
        JSON.stringify(line.replace("\r", ""))
      }`,
    );
  }
  const old = bytes(`hello 1 ${ID} 127.0.0.1:9 eve\n`);
  assertThrows(() => parseFirstMessage(old), PeerFault, 'version "1"');
});

test("isPeerName() allows what is visible and cannot be mistaken for more", () => {
  const good = ["a", "7", "Ада", "x".repeat(32), "éa", "name-2_(x)", "漢字"];
  for (const name of good) assert(isPeerName(name), name);
  const bad = [
    ...["", "x".repeat(33), "a b", "a\tb", "a\u00a0b", "a\u3000b", "\x1b[2J"],
    ...["a#2", "a,", "a:", "*", "*a", "-a", "!", "a\u200b", "a\u202e"],
    ...["a\u2028", "a\u3164", "a\u2800", "a\ufe0f", "a\u{e0041}", "a\ud800"],
    ...[
      "\u0301a",
      "a\u0301\u0301\u0301\u0301",
      "a\x9b",
      "a\u00ad",
      "a\u115f",
    ],
  ];
  for (const name of bad) assert(!isPeerName(name), JSON.stringify(name));
});

test("isPeerText() allows one line that fits", () => {
  const longest = "ß".repeat(2000);
  assert(isPeerText(longest) && isPeerText(""));
  for (const no of [`${longest}y`, "a\nb", "a\rb"]) assert(!isPeerText(no));
  const line = formatPeerMessage({ verb: "tell", text: longest });
  assert(line.length <= MAX_PEER_LINE_BYTES);
  const v6 = `[${"ffff:".repeat(7)}ffff]:65535`;
  const addresses = Array<string>(MAX_TOLD_ADDRESSES).fill(v6);
  const told = formatPeerMessage({ verb: "peers", addresses });
  assert(told.length <= MAX_PEER_LINE_BYTES);
});

test("randomPeerId() draws another ID each time", () => {
  assertMatch(randomPeerId(), /^[0-9a-f]{32}$/);
  assertNotEquals(randomPeerId(), randomPeerId());
});
