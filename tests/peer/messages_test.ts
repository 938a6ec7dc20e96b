import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLessOrEqual,
  assertMatch,
  assertThrows,
} from "@std/assert";
import {
  formatPeerMessage,
  isPeerAddress,
  isPeerName,
  MAX_PEER_LINE_BYTES,
  MAX_TEXT_BYTES,
  parsePeerMessage,
  type PeerMessage,
  randomPeerId,
  tellPeers,
} from "../../lib/peer/messages.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { bytes, text } from "../fixtures.ts";

const ID = "0123456789abcdef0123456789abcdef";

const hello = {
  verb: "hello",
  version: 1,
  id: ID,
  address: "192.0.2.1:5000",
  name: "ada",
} as const;

/** Each message, and its line without the LF. */
const GOLDEN: [string, PeerMessage][] = [
  [`hello 1 ${ID} 192.0.2.1:5000 ada`, hello],
  [`hello 1 ${ID} [::]:1 Ωmega✓`, {
    ...hello,
    address: "[::]:1",
    name: "Ωmega✓",
  }],
  ["peers", { verb: "peers", addresses: [] }],
  ["peers 192.0.2.1:1", { verb: "peers", addresses: ["192.0.2.1:1"] }],
  ["peers host.example:65535 [2001:db8::1]:5000 [fe80::1]:9", {
    verb: "peers",
    addresses: [
      "host.example:65535",
      "[2001:db8::1]:5000",
      "[fe80::1]:9",
    ],
  }],
  [`say ${ID} 1 good morning`, {
    verb: "say",
    origin: ID,
    sequence: 1,
    text: "good morning",
  }],
  [`say ${ID} 999999999999999 `, {
    verb: "say",
    origin: ID,
    sequence: 999_999_999_999_999,
    text: "",
  }],
  [`say ${ID} 10   two spaces at both ends  `, {
    verb: "say",
    origin: ID,
    sequence: 10,
    text: "  two spaces at both ends  ",
  }],
  ["tell hi", { verb: "tell", text: "hi" }],
  ["tell ", { verb: "tell", text: "" }],
  ["tell   a  b\t ", { verb: "tell", text: "  a  b\t " }],
  ["tell one\u2028two\0three\rfour", {
    verb: "tell",
    text: "one\u2028two\0three\rfour",
  }],
  ["tell \ufeff👋", { verb: "tell", text: "\ufeff👋" }],
  ["name bob", { verb: "name", name: "bob" }],
  ["ping 7", { verb: "ping", token: "7" }],
  ["pong aZ09aZ09aZ09aZ09aZ09", {
    verb: "pong",
    token: "aZ09aZ09aZ09aZ09aZ09",
  }],
  ["bye leave", { verb: "bye", reason: "leave" }],
  ["bye twin", { verb: "bye", reason: "twin" }],
  ["bye full", { verb: "bye", reason: "full" }],
  ["bye self", { verb: "bye", reason: "self" }],
  ["bye error", { verb: "bye", reason: "error" }],
];

/** Reads a line that is written without its LF. */
function parse(line: string): PeerMessage {
  return parsePeerMessage(bytes(`${line}\n`));
}

/** What is wrong with a line. */
function fault(line: string): string {
  return assertThrows(() => parse(line), SyntaxError).message;
}

Deno.test({
  name: "formatPeerMessage() writes each message as its line",
  permissions: "none",
  fn() {
    for (const [line, message] of GOLDEN) {
      assertEquals(formatPeerMessage(message), bytes(`${line}\n`), line);
    }
  },
});

Deno.test({
  name: "parsePeerMessage() reads each line as its message",
  permissions: "none",
  fn() {
    for (const [line, message] of GOLDEN) {
      assertEquals(parse(line), message, line);
      assertEquals(parsePeerMessage(formatPeerMessage(message)), message);
    }
  },
});

Deno.test({
  name: "parsePeerMessage() takes CR LF, LF and no ending alike",
  permissions: "none",
  fn() {
    for (const [line, message] of GOLDEN) {
      assertEquals(parsePeerMessage(bytes(`${line}\r\n`)), message, line);
      assertEquals(parsePeerMessage(bytes(line)), message, line);
    }
    // Only one, and only before the LF.
    assertEquals(parse("tell a\r\r"), { verb: "tell", text: "a\r" });
    assertThrows(() => parsePeerMessage(bytes("ping 7\r")), SyntaxError);
    assertThrows(() => parsePeerMessage(bytes("ping 7\r\r\n")), SyntaxError);
    assertThrows(() => parsePeerMessage(bytes("ping 7\n\n")), SyntaxError);
  },
});

Deno.test({
  name: "parsePeerMessage() does not write to the line, nor keep it",
  permissions: "none",
  fn() {
    const line = bytes("tell hi\n");
    const before = line.slice();
    const message = parsePeerMessage(line);
    assertEquals(line, before);
    line.fill(0);
    assertEquals(message, { verb: "tell", text: "hi" });
  },
});

Deno.test({
  name: "parsePeerMessage() refuses a verb that is none",
  permissions: "none",
  fn() {
    const verbs = ["hi", "HELLO", "Say", "say\t", "constructor", "\ufefftell"];
    for (const verb of verbs) {
      assertEquals(fault(verb), `not a verb: ${JSON.stringify(verb)}`);
      assertEquals(fault(`${verb} 7`), `not a verb: ${JSON.stringify(verb)}`);
    }
    for (const line of ["", " ", " tell hi"]) {
      assertEquals(fault(line), `not a verb: ""`, line);
    }
    assertThrows(() => parsePeerMessage(new Uint8Array()), SyntaxError, "verb");
  },
});

Deno.test({
  name: "parsePeerMessage() shows no more than 40 characters of a fault",
  permissions: "none",
  fn() {
    assertEquals(fault("x".repeat(4000)), `not a verb: "${"x".repeat(40)}"`);
    assertEquals(fault("\x1b[2J\u0007"), `not a verb: "\\u001b[2J\\u0007"`);
  },
});

const NAMES_AT_FAULT = [
  "",
  "a b",
  " a",
  "a ",
  "a\tb",
  "a\u00a0b",
  "a\u2028",
  "a\0",
  "\x1b[2J",
  "\u0085",
  "a\u200bb", // zero width space
  "a\u200db", // zero width joiner
  "a\u00ad", // soft hyphen
  "\u202eada", // right to left
  "\ufeffada",
  "\u{e0041}",
  "x".repeat(33),
  "😀".repeat(33),
];

const ADDRESSES_AT_FAULT = [
  "",
  "192.0.2.1",
  "192.0.2.1:",
  "192.0.2.1:0",
  "192.0.2.1:05000",
  "192.0.2.1:65536",
  "192.0.2.1:99999",
  "192.0.2.1:100000",
  "192.0.2.1:-1",
  "192.0.2.1:5e3",
  "192.0.2.1:5000x",
  ":5000",
  "::1:5000",
  "[]:5000",
  "[:]:5000",
  "[::1]",
  "[::1]5000",
  "[::1:5000",
  "[::g]:5000",
  "[fe80::1%eth0]:5000", // a zone says nothing to others
  "[192.0.2.1]:5000",
  "[cafe]:5000",
  "[1::2::3]:5000",
  "[1:2:3:4:5:6:7:8:9]:5000",
  "[::256.0.0.1]:5000",
  "user@host:5000",
  "http://host:5000",
  "ho\tst:5000",
  "bücher:5000",
  "unix:/tmp/x",
  `${"x".repeat(254)}:5000`,
  `[${":".repeat(46)}]:5000`,
];

const IDS_AT_FAULT = [
  "",
  "0",
  ID.slice(1),
  `${ID}0`,
  ID.toUpperCase(),
  `${ID.slice(1)}g`,
  `${ID.slice(1)}\u0660`,
];

const SEQUENCES_AT_FAULT = [
  "",
  "0",
  "-1",
  "+1",
  "01",
  "1.5",
  "1e3",
  "0x10",
  "1000000000000000",
  "9".repeat(40),
  "\u0661",
  "Infinity",
  "NaN",
];

Deno.test({
  name: "parsePeerMessage() says which field of hello is at fault",
  permissions: "none",
  fn() {
    for (const version of ["", "0", "2", "10", "01", "1.0", "x"]) {
      assertEquals(
        fault(`hello ${version} ${ID} 192.0.2.1:5000 ada`),
        `not version 1: "${version}"`,
      );
    }
    for (const id of IDS_AT_FAULT) {
      assertMatch(fault(`hello 1 ${id} 192.0.2.1:5000 ada`), /^not an ID: "/);
    }
    for (const address of ADDRESSES_AT_FAULT) {
      assertMatch(fault(`hello 1 ${ID} ${address} ada`), /^not an address: "/);
    }
    for (const name of NAMES_AT_FAULT) {
      assertMatch(
        fault(`hello 1 ${ID} 192.0.2.1:5000 ${name}`),
        /^not a name: "/,
        JSON.stringify(name),
      );
    }
    assertEquals(fault("hello"), 'not version 1: ""');
    assertEquals(fault("hello 1"), 'not an ID: ""');
    assertEquals(fault(`hello 1 ${ID}`), 'not an address: ""');
    assertEquals(fault(`hello 1 ${ID} 192.0.2.1:5000`), 'not a name: ""');
  },
});

Deno.test({
  name: "parsePeerMessage() says which field of say is at fault",
  permissions: "none",
  fn() {
    for (const id of IDS_AT_FAULT) {
      assertEquals(fault(`say ${id} 1 hi`), `not an ID: "${id.slice(0, 40)}"`);
    }
    for (const sequence of SEQUENCES_AT_FAULT) {
      assertEquals(
        fault(`say ${ID} ${sequence} hi`),
        `not a sequence number: "${sequence.slice(0, 40)}"`,
      );
    }
    for (const line of ["say", "say ", `say ${ID}`, `say ${ID} 1`]) fault(line);
  },
});

Deno.test({
  name: "parsePeerMessage() says what is at fault in the short messages",
  permissions: "none",
  fn() {
    for (const name of NAMES_AT_FAULT) {
      assertMatch(fault(`name ${name}`), /^not a name: "/);
    }
    const tokens = ["", " ", "a b", "7 ", "a-b", "ä", "x".repeat(21)];
    for (const token of tokens) {
      assertEquals(fault(`ping ${token}`), `not a token: "${token}"`);
      assertEquals(fault(`pong ${token}`), `not a token: "${token}"`);
    }
    for (const reason of ["", "Leave", "leave ", "quit", "constructor"]) {
      assertEquals(fault(`bye ${reason}`), `not a reason: "${reason}"`);
    }
    for (const line of ["name", "ping", "pong", "bye"]) fault(line);
  },
});

Deno.test({
  name: "parsePeerMessage() takes 64 addresses, and each has to be one",
  permissions: "none",
  fn() {
    const addresses = Array.from({ length: 64 }, (_, at) => `h${at}:${at + 1}`);
    const line = `peers ${addresses.join(" ")}`;
    assertEquals(parse(line), { verb: "peers", addresses });
    assertEquals(fault(`${line} one.more:1`), "too many addresses");
    for (const address of ADDRESSES_AT_FAULT) {
      // Nothing at all is no addresses.
      if (address !== "") {
        assertMatch(fault(`peers ${address}`), /^not an address: "/);
      }
      assertMatch(fault(`peers a:1 ${address} b:2`), /^not an address: "/);
    }
    for (const line of ["peers  a:1", "peers a:1 ", "peers a:1  b:2"]) {
      assertEquals(fault(line), 'not an address: ""', line);
    }
  },
});

Deno.test({
  name: "parsePeerMessage() refuses what is not UTF-8, and keeps a BOM",
  permissions: "none",
  fn() {
    const rubbish = [
      [0x80],
      [0xff],
      [0xc3], // cut short
      [0xc0, 0xaf], // overlong
      [0xed, 0xa0, 0x80], // a surrogate
      [0xf5, 0x80, 0x80, 0x80],
    ];
    for (const wrong of rubbish) {
      const line = Uint8Array.of(...bytes("tell "), ...wrong, 0x0a);
      const error = assertThrows(() => parsePeerMessage(line), SyntaxError);
      assertEquals(error.message, "not UTF-8");
    }
    // None of it is left for the next line.
    assertEquals(parse("tell ok"), { verb: "tell", text: "ok" });
    assertEquals(parse("tell \ufeffok"), { verb: "tell", text: "\ufeffok" });
    assertThrows(() => parse("\ufefftell ok"), SyntaxError, "not a verb");
  },
});

Deno.test({
  name: "isPeerName() counts characters, and refuses what cannot be seen",
  permissions: "none",
  fn() {
    const names = ["a", "x".repeat(32), "😀".repeat(32), "Ада", "<&;>", "1"];
    for (const name of names) assert(isPeerName(name), name);
    for (const name of [...NAMES_AT_FAULT, "a\n", "\na", "a\r"]) {
      assert(!isPeerName(name), JSON.stringify(name));
    }
  },
});

Deno.test({
  name: "isPeerAddress() takes a host or an IPv6 address, and a port",
  permissions: "none",
  fn() {
    const addresses = [
      "a:1",
      "127.0.0.1:65535",
      "0.0.0.0:5000",
      "xn--bcher-kva.example:5000",
      `${"x".repeat(253)}:65535`,
      "[::]:5000",
      "[::1]:9",
      "[2001:DB8::ffff:192.0.2.1]:5000",
    ];
    for (const address of addresses) assert(isPeerAddress(address), address);
    for (const address of [...ADDRESSES_AT_FAULT, "a:1\n", "a:1 ", " a:1"]) {
      assert(!isPeerAddress(address), JSON.stringify(address));
    }
  },
});

Deno.test({
  name: "randomPeerId() draws 128 bits that no other draw gave",
  permissions: "none",
  fn() {
    const count = 10_000;
    const ids = new Set<string>();
    const digits = Array.from({ length: 32 }, () => new Set<string>());
    for (let drawn = 0; drawn < count; drawn++) {
      const id = randomPeerId();
      assertMatch(id, /^[0-9a-f]{32}$/);
      ids.add(id);
      [...id].forEach((digit, at) => digits[at]!.add(digit));
    }
    assertEquals(ids.size, count);
    // Each digit takes each value, the first of a small byte as well.
    assertEquals(digits.map(({ size }) => size), Array(32).fill(16));
  },
});

Deno.test({
  name: "formatPeerMessage() fits the longest legal fields into a line",
  permissions: "none",
  fn() {
    const sequence = 999_999_999_999_999;
    const name = "😀".repeat(32);
    const address = `${"x".repeat(253)}:65535`;
    const texts = ["x".repeat(MAX_TEXT_BYTES), "😀".repeat(MAX_TEXT_BYTES / 4)];
    const messages: PeerMessage[] = [
      { ...hello, address, name },
      { verb: "name", name },
      { verb: "ping", token: "x".repeat(20) },
      { verb: "peers", addresses: Array(15).fill(address) },
      {
        verb: "peers",
        addresses: Array(64).fill(
          "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
        ),
      },
      ...texts.flatMap((said): PeerMessage[] => [
        { verb: "say", origin: ID, sequence, text: said },
        { verb: "tell", text: said },
      ]),
    ];
    assertEquals(MAX_PEER_LINE_BYTES, 4096);
    for (const message of messages) {
      const line = formatPeerMessage(message);
      assertLessOrEqual(line.length, MAX_PEER_LINE_BYTES, message.verb);
      assertEquals(parsePeerMessage(line), message);
    }
  },
});

/** A line that is rubbish, or was a message before it was changed. */
function randomLine(random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  if (random() < 0.2) {
    return Uint8Array.from({ length: below(80) }, () => below(256));
  }
  const [valid] = GOLDEN[below(GOLDEN.length)]!;
  const line = [...bytes(`${valid}\n`)];
  for (let changes = below(4); changes > 0; changes--) {
    const at = below(line.length);
    const kind = below(4);
    if (kind === 0) line[at] = below(256);
    else if (kind === 1) line.splice(at, 1 + below(3));
    else if (kind === 2) line.splice(at, 0, below(128), 0x20);
    else line.push(...line.slice(at));
  }
  return Uint8Array.from(line);
}

Deno.test({
  name: "parsePeerMessage() gives a message or a SyntaxError, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(5000);
    let read = 0;
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const line = randomLine(random);
      let message;
      try {
        message = parsePeerMessage(line);
      } catch (error) {
        assertInstanceOf(error, SyntaxError, text(line)!);
        assertMatch(error.message, /^(not |too many addresses)/);
        refused += 1;
        continue;
      }
      read += 1;
      // What was read can be written, and is then the same to everybody; only
      // a CR at the end of a text is taken for a part of the line's end.
      const again = formatPeerMessage(message);
      if (again.at(-2) === 0x0d) continue;
      assertEquals(parsePeerMessage(again), message);
    }
    assertGreater(read, 2000);
    assertGreater(refused, 2000);
  },
});

Deno.test({
  name: "tellPeers() cuts a list so that each line is short enough",
  permissions: "none",
  fn() {
    assertEquals(tellPeers([]), []);
    for (const length of [1, 40, 58, 59, 253]) {
      const addresses = Array.from(
        { length: 200 },
        (_, at) => `${"h".repeat(length)}:${10_000 + at}`,
      );
      const messages = tellPeers(addresses);
      assertEquals(messages.flatMap((each) => each.addresses), addresses);
      for (const message of messages) {
        const line = formatPeerMessage(message);
        assert(line.length <= MAX_PEER_LINE_BYTES, `${line.length} bytes`);
        assertEquals(parsePeerMessage(line), message);
      }
    }
  },
});
