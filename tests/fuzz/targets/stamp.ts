import { assert, assertEquals } from "@std/assert";
import { equals } from "npm:deno-std@^1.4.0/bytes/equals.js";
import { AUTHENTICATED, UNAUTHENTICATED } from "../../../lib/stamp/packet.ts";
import { StampKey } from "../../../lib/stamp/key.ts";
import { StampReflector } from "../../../lib/stamp/reflector.ts";
import { StampReplyReader, StampRequest } from "../../../lib/stamp/request.ts";
import {
  readTimestamp,
  TIMESTAMP_BYTES,
  writeTimestamp,
} from "../../../lib/stamp/timestamp.ts";
import type { Bytes } from "../mutator.ts";
import type { Target } from "../parser_fuzz.ts";

const FROM: Deno.NetAddr = {
  transport: "udp",
  hostname: "192.0.2.1",
  port: 50_000,
};
const KEY = new StampKey(new TextEncoder().encode("a key of the tests"));
const NOW = { seconds: 1_795_000_000, nanoseconds: 5e8 };
/** Each type of TLV, well-formed. */
const TLVS = [
  [0x80, 1, 0, 2, 7, 7],
  [0x80, 3, 0, 4, 0, 0, 0, 0],
  [0x80, 4, 0, 4, 0xff, 0xff, 0, 0],
  [0x80, 5, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  [0x80, 8, 0, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
];

function requestOf(key?: StampKey, sizeBytes = key ? 112 : 44): StampRequest {
  const given = { sizeBytes, ssid: 7, errorUs: 1, ...(key && { key }) };
  const request = new StampRequest({ ...given, format: "ptp" });
  request.prepare(5, NOW);
  return request;
}

function withTlvs(packet: Bytes): Bytes[] {
  return [packet, Uint8Array.from([...packet, ...TLVS.flat()])];
}

const reflectors = [false, true].flatMap((stateless) =>
  [undefined, KEY].map((key) => ({
    key,
    one: new StampReflector({ stateless, key, maxSessions: 64 }),
    other: new StampReflector({ key }),
  }))
);

export const STAMP_TARGETS: Target[] = [{
  /** A reply is as long as its request, copies it, and is not answered. */
  name: "stamp-reflector",
  corpus: [
    ...withTlvs(requestOf().bytes),
    ...withTlvs(requestOf(KEY).bytes),
    requestOf(KEY, 160).bytes,
    new Uint8Array(36),
  ],
  maxBytes: 400,
  run(input, random) {
    const { key, one, other } =
      reflectors[Math.floor(random() * reflectors.length)]!;
    const layout = key ? AUTHENTICATED : UNAUTHENTICATED;
    const isSigned = key !== undefined && input.length >= layout.bytes &&
      random() < 0.9;
    if (isSigned) key.sign(input, layout.signature!);
    const request = input.slice();
    const reply = one.answer(input, FROM);
    if (reply === null) {
      assertEquals(input, request);
      return "no reply";
    }
    const { senderSequence, senderTimestamp, timestamp, ssid } = layout;
    const copies = (at: number, from: number, count: number) =>
      equals(
        reply.subarray(at, at + count),
        request.subarray(from, from + count),
      );
    assert(reply.length === request.length && copies(senderSequence, 0, 4));
    assert(reply.length < layout.bytes || copies(ssid, ssid, 2));
    assert(copies(senderTimestamp, timestamp, TIMESTAMP_BYTES));
    if (key) assert(key.hasSigned(reply, layout.signature!));
    const flags = reply[layout.bytes] ?? 0;
    assertEquals(other.answer(reply.slice(), FROM), null);
    return `reply, ${key ? "signed" : "plain"}, flags ${flags}`;
  },
}, {
  /** A sender takes no reply that the reflector did not sign. */
  name: "stamp-sender",
  corpus: [undefined, KEY].flatMap((key) => {
    const { bytes } = requestOf(key, 180);
    return [new StampReflector({ key }).answer(bytes, FROM)!.slice()];
  }),
  maxBytes: 400,
  run(input, random) {
    const key = random() < 0.5 ? KEY : undefined;
    const request = requestOf(key, random() < 0.5 ? undefined : 180);
    const reader = new StampReplyReader(request);
    const authentic = key?.hasSigned(
      Uint8Array.from({ ...input, length: Math.max(112, input.length) }),
      AUTHENTICATED.signature!,
    );
    if (!reader.take(input)) return "ignored";
    assert(!key || authentic);
    for (
      const value of [
        ...[reader.reflectorSequence, reader.senderSequence, reader.errorUs],
        ...[reader.receivedMs(NOW.seconds), reader.sentMs(NOW.seconds)],
        reader.growthBytes,
      ]
    ) assert(Number.isFinite(value));
    return `taken, ${reader.isTwampLight}, ${reader.echoes(NOW)}, ${!!key}`;
  },
}, {
  /** A timestamp that is written again is the same, within its resolution. */
  name: "stamp-timestamp",
  corpus: [
    new Uint8Array(8),
    Uint8Array.of(0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0),
  ],
  maxBytes: 8,
  run(input, random) {
    if (input.length < TIMESTAMP_BYTES) return "too short";
    const format = random() < 0.5 ? "ntp" : "ptp";
    const ms = readTimestamp(input, 0, format, NOW.seconds);
    assert(Math.abs(ms) < 2 ** 31 * 1000 + 5000);
    const seconds = Math.floor(ms / 1000);
    const nanoseconds = Math.floor((ms - seconds * 1000) * 1e6);
    const written = new Uint8Array(8);
    const time = { seconds: NOW.seconds + seconds, nanoseconds };
    writeTimestamp(written, 0, time, format);
    const again = readTimestamp(written, 0, format, NOW.seconds);
    assert(Math.abs(again - ms) < 0.001, `${again} is not ${ms}`);
    return format;
  },
}];
