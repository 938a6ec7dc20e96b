import { assert, assertEquals } from "@std/assert";
import { isIP } from "node:net";
import { FramingError } from "../../../lib/framing/line_decoder.ts";
import { includesHost, parseNetworks } from "../../../lib/net/networks.ts";
import { KeyError, SharedKey } from "../../../lib/net/shared_key.ts";
import { prefixOf, sourceOf } from "../../../lib/net/source.ts";
import type { Target } from "../parser_fuzz.ts";
import { ENDS, ScriptedConn } from "../scripted_conn.ts";

const HOSTS = [
  ...["192.0.2.1", "192.0.2.255", "10.0.0.1", "127.0.0.1", "0.0.0.0", "::1"],
  ...["::ffff:192.0.2.1", "::ffff:c000:201", "2001:db8::1", "fe80::1%eth0"],
  ...["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "64:ff9b::192.0.2.1"],
];
const MAPPED = 0xffffn << 32n;

/** The 128 bits of an address, IPv4 inside IPv6. */
function bitsOf(host: string): bigint {
  if (isIP(host) === 4) {
    return host.split(".").reduce((sum, part) => sum << 8n | BigInt(part), 0n) |
      MAPPED;
  }
  const written = new URL(`http://[${host.split("%")[0]}]`).hostname;
  const [left = [], right = []] = written.slice(1, -1).split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array(8 - left.length - right.length).fill("0");
  return [...left, ...zeros, ...right]
    .reduce((sum, group) => sum << 16n | BigInt(`0x${group}`), 0n);
}

const isV4 = (bits: bigint) => bits >> 32n === 0xffffn;

const SECRET = new TextEncoder().encode("a key of the tests");
const shared = await SharedKey.import(SECRET);
const NONCE = `key 1 ${"0a".repeat(32)}\n`;
const PROOF = `key ${"0b".repeat(32)}\n`;

export const NET_TARGETS: Target[] = [{
  /** Hosts are in a list of networks or not, as by whole numbers. */
  name: "networks",
  corpus: [
    ...["192.0.2.0/24,2001:db8::/32", "::ffff:192.0.2.0/120,10.0.0.0/8"],
    ...["::1, 127.0.0.1", "::/0", "0.0.0.0/0", "1:2:3:4:5:6:192.0.2.1"],
  ],
  words: [...HOSTS, "/0", "/32", "/96", "/128", ",", "::", "%eth0"],
  maxBytes: 200,
  refusals: [SyntaxError],
  run(_input, random, text) {
    const list = parseNetworks(text);
    const expected = text.split(",").map((one) => {
      const [host = "", bits] = one.trim().split("/");
      const width = BigInt(isIP(host) === 4 ? 32 : 128);
      const shift = width - BigInt(bits ?? width);
      const network = bitsOf(host);
      return { network, shift, isV4: isV4(network) && shift <= 32n };
    });
    const named = text.split(",").map((one) => one.trim().split("/")[0]!);
    const hosts = [...HOSTS, ...named];
    const host = hosts[Math.floor(random() * hosts.length)]!;
    const bits = bitsOf(host);
    const isIn = expected.some(({ network, shift, isV4: ofV4 }) =>
      ofV4 === isV4(bits) && network >> shift === bits >> shift
    );
    assertEquals(includesHost(list, host), isIn, `${host} in ${text}`);
    assert(sourceOf(host) !== "" && prefixOf(host) !== "");
    return isIn ? "inside" : "outside";
  },
}, {
  /** Without the key there is no proof of it, on either side. */
  name: "shared-key",
  corpus: [NONCE + PROOF, NONCE + PROOF.replace("\n", "\r\n"), "s rtt 1 1 0\n"],
  words: [NONCE, PROOF, "key 1 ", "key ", "0".repeat(64), "\n"],
  maxBytes: 500,
  refusals: [KeyError, FramingError, ...ENDS],
  async run(input, random) {
    const isServer = random() < 0.5;
    const script = new ScriptedConn(input, random);
    using connection = script.stream();
    try {
      await (isServer
        ? shared.verify(connection, "measure")
        : shared.prove(connection, "peer"));
    } finally {
      const lines = isServer ? 1 : 2;
      assert(script.written.length <= lines * NONCE.length);
    }
    throw new Error("A proof was accepted");
  },
}];
