import { AdmissionControl } from "../../../lib/net/admission.ts";
import { assert, assertEquals } from "@std/assert";
import { FramingError } from "../../../lib/framing/line_decoder.ts";
import { peerStreamLimits } from "../../../lib/peer/link.ts";
import { PeerMesh } from "../../../lib/peer/mesh.ts";
import {
  formatPeerMessage,
  MAX_PEER_LINE_BYTES,
  parseFirstMessage,
  parsePeerMessage,
  PeerFault,
} from "../../../lib/peer/messages.ts";
import { distinctName, foldName } from "../../../lib/peer/names.ts";
import { parseNumeric } from "../../../lib/peer/scope.ts";
import type { Target } from "../parser_fuzz.ts";
import { ENDS, ScriptedConn } from "../scripted_conn.ts";

const HELLO = "hello 2 00000000000000000000000000000001 5001 eve\n";
const TALK = "welcome\npeers 192.0.2.7:5000 [2001:db8::1]:5000\nsay hi\n";
const WORDS = [
  ...["hello 2 ", "welcome\n", "peers ", "say ", "tell ", "name ", "ping 1\n"],
  ...["pong 1\n", "bye leave\n", "bye twin\n", "bye ", " 192.0.2.1:80", "eve"],
  ...["127.0.0.1:1", "[::ffff:192.0.2.1]:80", "[fe80::1%eth0]:80"],
  ...["x".repeat(4000), "fffffffffffffffffffffffffffffffe"],
];

export const PEER_TARGETS: Target[] = [{
  name: "peer-messages",
  corpus: [HELLO, ...TALK.split(/(?<=\n)/), "tell a\r\n", "name Аdа\n"],
  words: WORDS,
  refusals: [PeerFault],
  run(input, random, text) {
    const [first = ""] = text.split(/\r|\n/);
    const line = new TextEncoder().encode(`${first}\n`);
    if (random() < 0.3) return `first: ${parseFirstMessage(input).verb}`;
    if (random() < 0.1) return parsePeerMessage(input).verb;
    const message = parsePeerMessage(line);
    assertEquals(parsePeerMessage(formatPeerMessage(message)), message);
    if (message.verb === "name") {
      const shown = distinctName(message.name, new Set([foldName("eve")]));
      assert([...shown.name].length <= 40);
    }
    return message.verb;
  },
}, {
  name: "peer-addresses",
  corpus: ["192.0.2.1:80", "[2001:db8::1]:5000", "[::ffff:192.0.2.1]:80"],
  words: [...WORDS.filter((word) => word.includes(":")), "::", "%", "0x7f.1"],
  maxBytes: 80,
  run(_input, _random, text) {
    const parsed = parseNumeric(text);
    if (parsed === null) return "none";
    assertEquals(parseNumeric(parsed.address), parsed);
    return parsed.hostname.includes(":") ? "IPv6" : "IPv4";
  },
}, {
  /** A mesh answers in its language, and forgets a peer that has gone. */
  name: "peer-mesh",
  corpus: [HELLO + TALK, HELLO + "bye leave\n", "GET / HTTP/1.1\r\n"],
  words: WORDS,
  maxBytes: 8192,
  refusals: [FramingError, PeerFault, ...ENDS],
  async run(input, random) {
    const events = new Set<string>();
    const mesh = new PeerMesh({
      name: "ada",
      port: 5000,
      admission: new AdmissionControl(),
      maxPeers: 2,
      timeoutMs: 1000,
      maxRatePerSec: 100,
      dial: () => Promise.reject(new Deno.errors.ConnectionRefused()),
      onEvent: ({ event }) => events.add(event),
    });
    const script = new ScriptedConn(input, random);
    try {
      await mesh.accept(script.stream(peerStreamLimits(1000)));
    } finally {
      assertEquals(mesh.peers, []);
      assert(mesh.missing.length <= 64);
      await mesh.leave();
    }
    const { written } = script;
    for (let at = 0; at < written.length;) {
      const end = written.indexOf(10, at) + 1;
      assert(end > 0 && end - at <= MAX_PEER_LINE_BYTES);
      parsePeerMessage(written.slice(at, end));
      at = end;
    }
    return [...events].join();
  },
}];
