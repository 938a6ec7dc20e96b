import { assert, assertEquals, assertThrows } from "@std/assert";
import { includesHost, parseNetworks } from "../../lib/net/networks.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const isIn = (list: string, host: string) =>
  includesHost(parseNetworks(list), host);

test("includesHost() takes an IPv4 address inside IPv6 as IPv4, in the list and of the host", () => {
  const lists = ["192.0.2.0/24", "::ffff:192.0.2.0/120", "::FFFF:c000:200/120"];
  for (const list of lists) {
    for (const host of ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"]) {
      assert(isIn(list, host), `${host} in ${list}`);
    }
    for (const host of ["192.0.3.7", "::ffff:192.0.3.7", "::192.0.2.7"]) {
      assert(!isIn(list, host), `${host} in ${list}`);
    }
  }
  const everyone = { "0.0.0.0/0": [true, false], "::/0": [false, true] };
  for (const [list, expected] of Object.entries(everyone)) {
    assertEquals([isIn(list, "::ffff:192.0.2.7"), isIn(list, "::1")], expected);
  }
});

test("includesHost() ignores the zone of a host", () => {
  assert(isIn("fe80::/10", "fe80::1%eth0.7"));
  assert(isIn("fe80::1", "fe80::1%eth0"));
  assert(!isIn("fe80::1", "fe80::2%1"));
});

test("includesHost() is true for a host in any of several networks", () => {
  const list = parseNetworks("10.0.0.0/8, 192.0.2.1 ,2001:db8::/32");
  const hosts = ["10.1.2.3", "192.0.2.1", "2001:db8:ffff::1"];
  assertEquals(hosts.map((host) => includesHost(list, host)), [
    ...[true, true, true],
  ]);
  const others = ["11.0.0.0", "192.0.2.2", "2001:db9::", "::10.1.2.3"];
  assertEquals(
    others.map((host) => includesHost(list, host)),
    others.map(() => false),
  );
  assertEquals(includesHost([], "192.0.2.1"), false);
});

test("parseNetworks() rejects what is no network, and says what is expected", () => {
  const cases: Record<string, RegExp> = {
    "": /a network such as .*, not ""/,
    "192.0.2.1,": /a network such as .*, not ""/,
    "localhost": /a network such as .*, not "localhost"/,
    "192.0.2": /not "192.0.2"/,
    "192.0.2.256": /not "192.0.2.256"/,
    "192.0.2.01": /not "192.0.2.01"/,
    "1::2::3": /not "1::2::3"/,
    "[::1]": /not "\[::1\]"/,
    "192.0.2.0/24/8": /not "192.0.2.0\/24\/8"/,
    "192.0.2.0/33": /a prefix from 0 to 32 after 192.0.2.0\/, not "33"/,
    "192.0.2.0/": /a prefix from 0 to 32 after 192.0.2.0\/, not ""/,
    "192.0.2.0/-1": /not "-1"/,
    "192.0.2.0/255.255.255.0": /not "255.255.255.0"/,
    "::/129": /a prefix from 0 to 128 after ::\/, not "129"/,
    "192.0.2.1/24": /bits after the first 24 are 0, not "192.0.2.1\/24"/,
    "2001:db8::1/64": /bits after the first 64 are 0/,
    "fe80::%eth0/64": /a network without a zone/,
  };
  for (const [text, expected] of Object.entries(cases)) {
    const error = assertThrows(() => parseNetworks(text), SyntaxError);
    assert(expected.test(error.message), `${text}: ${error.message}`);
  }
});

/** The bits of an address as text, the slow way. */
function bitsOf(host: string): string {
  const [plain = ""] = host.split("%");
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const hex = dotted === null ? plain : plain.slice(0, dotted.index) +
    [[1, 2], [3, 4]].map((pair) =>
      pair.map((part) => Number(dotted[part]).toString(16).padStart(2, "0"))
        .join("")
    ).join(":");
  const whole = plain.includes(":") ? hex : `::ffff:${hex}`;
  const [left = "", right] = whole.split("::");
  const groups = (half = "") => half === "" ? [] : half.split(":");
  const zeros = 8 - groups(left).length - groups(right).length;
  return [...groups(left), ...new Array(zeros).fill("0"), ...groups(right)]
    .map((group) => parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

test("includesHost() agrees with a comparison bit by bit, over random networks and hosts", () => {
  const random = seededRandom(15);
  const below = (count: number) => Math.floor(random() * count);
  const mapped = bitsOf("::ffff:0.0.0.0").slice(0, 96);
  /** Some way to write an address. */
  const write = (bits: string): string => {
    const groups = Array.from(
      { length: 8 },
      (_, at) => parseInt(bits.slice(16 * at, 16 * at + 16), 2).toString(16),
    );
    const bytes = [96, 104, 112, 120].map((at) =>
      parseInt(bits.slice(at, at + 8), 2)
    );
    if (bits.startsWith(mapped)) {
      return ["", "::ffff:"][below(2)]! + bytes.join(".");
    }
    if (below(4) === 0) {
      return `${groups.slice(0, 6).join(":")}:${bytes.join(".")}`;
    }
    const text = groups.join(":");
    const short = text.replace(/(^|:)0(:0)+(:|$)/, "::");
    return below(2) === 0 ? text.toUpperCase() : short;
  };
  const someBits = (count: number) =>
    Array.from({ length: count }, () => below(2)).join("");
  let inside = 0;
  for (let round = 0; round < 5000; round++) {
    const start = [mapped, "", "0".repeat(64)][below(3)]!;
    const network = start + someBits(128 - start.length);
    const length = Math.max(start === mapped ? 96 : 0, below(129));
    const cleared = network.slice(0, length) + "0".repeat(128 - length);
    const isV4 = cleared.startsWith(mapped) && length >= 96;
    const address = write(cleared);
    const isDotted = !address.includes(":");
    const list = parseNetworks(`${address}/${isDotted ? length - 96 : length}`);
    // A host that shares the prefix, except perhaps for one bit of it.
    const flip = below(2) === 0 ? below(length + 1) : -1;
    const shared = [...cleared].map((bit, at) =>
      at === flip ? `${1 - Number(bit)}` : bit
    ).join("").slice(0, length);
    const host = shared + someBits(128 - length);
    const text = write(host);
    assertEquals(bitsOf(text), host, text);
    const expected = host.startsWith(mapped) === isV4 &&
      host.slice(0, length) === cleared.slice(0, length);
    assertEquals(
      includesHost(list, text),
      expected,
      `${text} in ${address}/${length}`,
    );
    inside += Number(expected);
  }
  assert(inside > 1000 && inside < 4000, `${inside}`);
});
