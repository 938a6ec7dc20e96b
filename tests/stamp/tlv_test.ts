import { assert, assertEquals } from "@std/assert";
import {
  areAuthentic,
  EXTRA_PADDING,
  HMAC,
  MALFORMED,
  NOT_AUTHENTIC,
  reflectExtensions,
  TLV_HEAD_BYTES,
  UNRECOGNIZED,
  writeTlvHead,
} from "../../lib/stamp/tlv.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

/** Without a key, and in no session. */
const FACTS = { requests: null, authentic: true };
const KEY = new StampKey(Uint8Array.of(1, 2, 3));

/** The bytes after a reflector's look at them. */
function flagged(...bytes: number[]): number[] {
  const packet = Uint8Array.from(bytes);
  reflectExtensions(packet, 0, FACTS);
  return [...packet];
}

/** A TLV as a sender makes it, of a value of so many bytes. */
function tlv(type: number, length: number): number[] {
  const value = Array.from({ length }, (_, index) => index & 0xff);
  return [UNRECOGNIZED, type, length >> 8, length & 0xff, ...value];
}

test("reflectExtensions() takes U from padding and leaves it to the unknown", () => {
  assertEquals(flagged(0x80, 1, 0, 2, 7, 8), [0, 1, 0, 2, 7, 8]);
  assertEquals(flagged(0x80, 1, 0, 0), [0, 1, 0, 0]);
  for (let type = 0; type < 256; type++) {
    const flags = type === EXTRA_PADDING ? 0 : [3, 4, 5, 8].includes(type) // their lengths are others
      ? MALFORMED
      : UNRECOGNIZED;
    assertEquals(flagged(...tlv(type, 1))[0], flags, `type ${type}`);
  }
});

test("reflectExtensions() sets flags anew, whatever the sender set", () => {
  for (let flags = 0; flags < 256; flags++) {
    assertEquals(flagged(flags, 1, 0, 0), [0, 1, 0, 0]);
    assertEquals(flagged(flags, 2, 0, 0), [0x80, 2, 0, 0]);
    assertEquals(flagged(flags, 1, 0, 1), [0x40, 1, 0, 1]);
    assertEquals(flagged(flags, 2, 0, 1), [0xc0, 2, 0, 1]);
  }
});

test("reflectExtensions() flags a TLV that is too long by one or by all", () => {
  assertEquals(MALFORMED, 0x40);
  assertEquals(flagged(0x80, 1, 0, 3, 7, 8), [0x40, 1, 0, 3, 7, 8]);
  assertEquals(flagged(0x80, 1, 255, 255, 7), [0x40, 1, 255, 255, 7]);
  assertEquals(flagged(0x80, 9, 0, 3, 7, 8), [0xc0, 9, 0, 3, 7, 8]);
  // 0x0100 is 256, not 1.
  assertEquals(flagged(0x80, 1, 1, 0, 7), [0x40, 1, 1, 0, 7]);
});

test("reflectExtensions() looks at each TLV up to the first malformed one", () => {
  const lengths = [0, 5, 300, 1];
  const types = [1, 77, 1, 0];
  const tlvs = types.map((type, index) => tlv(type, lengths[index]!));
  const expected = tlvs.map((bytes, index) => [
    types[index] === 1 ? 0 : 0x80,
    ...bytes.slice(1),
  ]);
  assertEquals(flagged(...tlvs.flat()), expected.flat());
  // What follows it cannot be told apart any more.
  const broken = [0x80, 1, 0, 50, 0x80, 1, 0, 0];
  assertEquals(
    flagged(...tlvs.flat(), ...broken),
    [...expected.flat(), 0x40, ...broken.slice(1)],
  );
});

test("reflectExtensions() flags one to three bytes that are no head", () => {
  assertEquals(flagged(), []);
  assertEquals(flagged(0x80), [0xc0]);
  assertEquals(flagged(0x80, 1), [0x40, 1]);
  assertEquals(flagged(0x80, 1, 0), [0x40, 1, 0]);
  assertEquals(flagged(0x80, 2), [0xc0, 2]);
  assertEquals(flagged(0x80, 2, 0), [0xc0, 2, 0]);
  assertEquals(flagged(...tlv(1, 0), 0), [0, 1, 0, 0, 0xc0]);
});

test("reflectExtensions() starts where it is told, even past the end", () => {
  const packet = Uint8Array.of(0x80, 1, 0, 0, 0x80, 1, 0, 0);
  reflectExtensions(packet, 4, FACTS);
  assertEquals([...packet], [0x80, 1, 0, 0, 0, 1, 0, 0]);
  for (const at of [8, 9, 44, 112]) {
    reflectExtensions(packet, at, FACTS);
    assertEquals([...packet], [0x80, 1, 0, 0, 0, 1, 0, 0]);
  }
});

test("reflectExtensions() gets through thousands of empty TLVs", () => {
  const count = 16_365; // 65 460 bytes
  const packet = new Uint8Array(count * TLV_HEAD_BYTES);
  for (let at = 0; at < packet.length; at += TLV_HEAD_BYTES) {
    packet[at] = UNRECOGNIZED;
    packet[at + 1] = at % 8 === 0 ? EXTRA_PADDING : 200;
  }
  reflectExtensions(packet, 0, FACTS);
  for (let at = 0; at < packet.length; at += TLV_HEAD_BYTES) {
    assertEquals(packet[at], at % 8 === 0 ? 0 : UNRECOGNIZED);
  }
});

test("reflectExtensions() changes only flags, on rubbish", () => {
  const random = seededRandom(8972);
  let heads = 0;
  for (let round = 0; round < 10_000; round++) {
    const packet = Uint8Array.from(
      { length: Math.floor(random() * 120) },
      // Low bytes make TLVs that fit.
      () => Math.floor(random() * (random() < 0.95 ? 3 : 256)),
    );
    // Of the types that are known, padding alone keeps its value.
    for (const [at, byte] of packet.entries()) {
      if ([3, 4, 5, 8].includes(byte)) packet[at] = 9;
    }
    const before = Uint8Array.from(packet);
    const from = Math.floor(random() * 60);
    reflectExtensions(packet, from, FACTS);

    // The same walk, with a DataView, from what was sent.
    const expected = Uint8Array.from(before);
    const view = new DataView(before.buffer);
    let at = from;
    while (at < before.length) {
      heads += 1;
      const left = before.length - at;
      const isKnown = left > 1 && view.getUint8(at + 1) === 1;
      const length = left < 4 ? Infinity : 4 + view.getUint16(at + 2);
      expected[at] = (isKnown ? 0 : 128) + (length > left ? 64 : 0);
      at += length;
    }
    assertEquals(packet, expected);
  }
  assert(heads > 10_000);
});

test("reflectExtensions() tells what is known of the timestamps: software", () => {
  assertEquals(
    flagged(...tlv(3, 4)),
    [0, 3, 0, 4, 0, 2, 0, 2],
  );
});

test("reflectExtensions() sets RP of a Class of Service, and leaves U", () => {
  // DSCP1 46, and what a sender should not set: DSCP2 63, ECN 3, RP 3.
  assertEquals(
    flagged(0x80, 4, 0, 4, 46 << 2 | 3, 0xff, 7, 8),
    [0x80, 4, 0, 4, 46 << 2 | 3, 0xfd, 7, 8],
  );
});

test("reflectExtensions() counts the session's requests, if there is one", () => {
  const counters = [0, 0, 1, 9, ...new Array(8).fill(0xff)];
  for (
    const [requests, flags, counted] of [
      [0x01020304, 0, [1, 2, 3, 4, 1, 2, 3, 4]],
      [null, UNRECOGNIZED, counters.slice(4)],
    ] as const
  ) {
    const packet = Uint8Array.of(0x80, 5, 0, 12, ...counters);
    reflectExtensions(packet, 0, { requests, authentic: true });
    const expected = [flags, 5, 0, 12, ...counters.slice(0, 4), ...counted];
    assertEquals([...packet], expected);
  }
});

/** A packet of a sequence number and TLVs, and its HMAC TLVs signed. */
function signed(...tlvs: number[][]): Uint8Array {
  const packet = Uint8Array.of(0, 0, 0, 9, ...tlvs.flat());
  let at = 4;
  for (const { length, 1: type } of tlvs) {
    if (type === HMAC && length === 20) KEY.sign(packet, at + 4, 4);
    at += length;
  }
  return packet;
}

const HMAC_TLV = tlv(HMAC, 16);
const AUTHENTIC: [string, number[][], boolean][] = [
  ["nothing", [], true],
  ["padding alone", [tlv(1, 5)], true],
  ["padding twice", [tlv(1, 5), tlv(1, 0)], true],
  ["an HMAC alone", [HMAC_TLV], true],
  ["an HMAC after others", [tlv(1, 5), tlv(3, 4), HMAC_TLV], true],
  ["an HMAC before padding", [tlv(5, 12), HMAC_TLV, tlv(1, 9)], true],
  ["an HMAC before another TLV", [HMAC_TLV, tlv(3, 4)], false],
  ["two HMACs", [HMAC_TLV, HMAC_TLV], false],
  ["no HMAC", [tlv(1, 5), tlv(3, 4)], false],
  ["half an HMAC", [tlv(3, 4), HMAC_TLV.slice(0, 12)], false],
  ["a short HMAC", [tlv(3, 4), tlv(HMAC, 15)], false],
  ["a byte too many", [HMAC_TLV, [1]], false],
];
for (const [what, tlvs, expected] of AUTHENTIC) {
  test(`areAuthentic() judges ${what}`, () => {
    const packet = signed(...tlvs);
    assertEquals(areAuthentic(packet, 4, KEY), expected);
    if (!tlvs.includes(HMAC_TLV)) return;
    packet[3]! ^= 1; // another sequence number
    assertEquals(areAuthentic(packet, 4, KEY), false);
  });
}

test("reflectExtensions() signs the TLVs of a reply", () => {
  const packet = signed(tlv(3, 4), tlv(99, 1), HMAC_TLV, tlv(1, 2));
  packet[3] = 200; // the reflector's own number
  const facts = { requests: null, key: KEY };
  reflectExtensions(packet, 4, { ...facts, authentic: true });
  assertEquals([packet[4], packet[12], packet[17], packet[37]], [0, 128, 0, 0]);
  assert(areAuthentic(packet, 4, KEY));
});

test("reflectExtensions() changes only flags if the TLVs are not authentic", () => {
  const packet = signed(tlv(3, 4), tlv(99, 1), HMAC_TLV, tlv(1, 2));
  const expected = packet.slice();
  for (const at of [4, 17, 37]) expected[at] = NOT_AUTHENTIC;
  expected[12] = NOT_AUTHENTIC | UNRECOGNIZED;
  reflectExtensions(packet, 4, { requests: 1, key: KEY, authentic: false });
  assertEquals(packet, expected);
});

test("writeTlvHead() makes one known TLV of the rest of a packet", () => {
  for (const paddingBytes of [0, 1, 255, 256, 65_459]) {
    const packet = new Uint8Array(44 + 4 + paddingBytes).fill(0x55);
    writeTlvHead(packet, 44, EXTRA_PADDING, packet.length);
    assertEquals(
      [...packet.subarray(44, 48)],
      [0x80, 1, paddingBytes >> 8, paddingBytes & 0xff],
    );
    packet.fill(0x55, 44, 48);
    assert(packet.every((byte) => byte === 0x55));
  }
});
