import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import {
  AUTHENTICATED,
  isRequestSize,
  MAX_PACKET_BYTES,
  MIN_REQUEST_BYTES,
  type PacketLayout,
  UNAUTHENTICATED,
} from "../../lib/stamp/packet.ts";
import { isReply, reflect, ssidOf } from "../../lib/stamp/reply.ts";
import {
  type RequestOptions,
  StampReplyReader,
  StampRequest,
} from "../../lib/stamp/request.ts";
import { StampKey } from "../../lib/stamp/key.ts";
import type { TimestampFormat } from "../../lib/stamp/timestamp.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const SECRET = new TextEncoder().encode("a secret key");
const FORMATS: TimestampFormat[] = ["ntp", "ptp"];
const KEYS = [undefined, new StampKey(SECRET)];

/** 2026-01-01T00:00:00Z. */
const NEW_YEAR = 1_767_225_600;
const T1 = { seconds: NEW_YEAR, nanoseconds: 500_000_000 };
const T2 = { seconds: NEW_YEAR, nanoseconds: 750_000_000 };
const T3 = { seconds: NEW_YEAR + 1, nanoseconds: 250_000_000 };

const FIELDS = {
  sequence: 9,
  received: T2,
  sent: T3,
  errorUs: 500_000,
  requests: 10,
};

/** Bytes from hexadecimal digits; anything else between them is left out. */
function hex(text: string): Uint8Array {
  const digits = text.replaceAll(/[^0-9A-F]/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, index) => parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

function layoutOf(key: StampKey | undefined): PacketLayout {
  return key ? AUTHENTICATED : UNAUTHENTICATED;
}

/** A request with the sequence number 0x01020304, sent at T1. */
function requestOf(options: Partial<RequestOptions> = {}): StampRequest {
  const request = new StampRequest({
    sizeBytes: layoutOf(options.key).bytes,
    ssid: 0xabcd,
    format: "ntp",
    errorUs: 1e6,
    ...options,
  });
  request.prepare(0x01020304, T1);
  return request;
}

/** The reply to a request, in an array of its own. */
function replyTo(request: StampRequest): Uint8Array {
  const reply = Uint8Array.from(request.bytes);
  reflect(reply, request.layout, FIELDS, request.options.key);
  return reply;
}

// By hand, from the figures of RFC 8762, sections 4.2 and 4.3, with the SSID of
// RFC 8972. A reply's error of 0.5 s is 128 * 2^(24 - 32) s. The signatures are
// those of Python's hmac over the first 96 bytes.
const GOLDEN: Record<
  TimestampFormat,
  { key: StampKey | undefined; request: Uint8Array; reply: Uint8Array }[]
> = {
  ntp: [{
    key: undefined,
    request: hex(`
      01020304  ED003780 80000000  1980 ABCD
      00000000 00000000 00000000 00000000 00000000 00000000 00000000
    `),
    reply: hex(`
      00000009  ED003781 40000000  1880 ABCD  ED003780 C0000000
      01020304  ED003780 80000000  1980 0000  FF 000000
    `),
  }, {
    key: KEYS[1],
    request: hex(`
      01020304 00000000 00000000 00000000  ED003780 80000000  1980 ABCD
      00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000
      668BC812 E30D448C EE1BA58B C97600F6
    `),
    reply: hex(`
      00000009 00000000 00000000 00000000  ED003781 40000000  1880 ABCD 00000000
      ED003780 C0000000  00000000 00000000
      01020304 00000000 00000000 00000000
      ED003780 80000000  1980 0000 00000000
      FF 000000 00000000 00000000 00000000
      0F1D42CF 25C6966B 64231AAA AE0C0231
    `),
  }],
  ptp: [{
    key: undefined,
    request: hex(`
      01020304  6955B900 1DCD6500  5980 ABCD
      00000000 00000000 00000000 00000000 00000000 00000000 00000000
    `),
    reply: hex(`
      00000009  6955B901 0EE6B280  5880 ABCD  6955B900 2CB41780
      01020304  6955B900 1DCD6500  5980 0000  FF 000000
    `),
  }, {
    key: KEYS[1],
    request: hex(`
      01020304 00000000 00000000 00000000  6955B900 1DCD6500  5980 ABCD
      00000000 00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000
      00000000 00000000 00000000 00000000
      52EC2E61 5A7E51AE D5DDA388 587FE4D7
    `),
    reply: hex(`
      00000009 00000000 00000000 00000000  6955B901 0EE6B280  5880 ABCD 00000000
      6955B900 2CB41780  00000000 00000000
      01020304 00000000 00000000 00000000
      6955B900 1DCD6500  5980 0000 00000000
      FF 000000 00000000 00000000 00000000
      C790AC40 A0E651B8 B165F589 C40E4088
    `),
  }],
};

test("StampRequest.prepare() writes a request byte by byte, in both modes", () => {
  for (const format of FORMATS) {
    for (const { key, request } of GOLDEN[format]) {
      assertEquals(request.length, layoutOf(key).bytes);
      assertEquals(requestOf({ key, format }).bytes, request);
    }
  }
});

test("StampRequest.prepare() leaves nothing of the request before", () => {
  for (const key of KEYS) {
    const request = requestOf({ key });
    const bytes = Uint8Array.from(request.bytes);
    const late = { seconds: 2 ** 32 - 1, nanoseconds: 999_999_999 };
    request.prepare(0xffffffff, late);
    assertEquals([...request.bytes.subarray(0, 4)], [255, 255, 255, 255]);
    request.prepare(2 ** 32 + 0x01020304, T1); // modulo 2^32
    assertEquals(request.bytes, bytes);
  }
});

test("reflect() writes a reply byte by byte, in both modes and formats", () => {
  for (const format of FORMATS) {
    for (const { key, request, reply } of GOLDEN[format]) {
      const packet = Uint8Array.from(request);
      reflect(packet, layoutOf(key), FIELDS, key);
      assertEquals(packet, reply);
    }
  }
});

test("reflect() leaves nothing of the reply before, nor of reserved bytes", () => {
  const [golden] = GOLDEN.ntp;
  reflect(hex("FF".repeat(112)), AUTHENTICATED, FIELDS, KEYS[1]);
  const packet = Uint8Array.from(golden!.request);
  packet.fill(0xff, 16); // which a request should not have
  reflect(packet, UNAUTHENTICATED, FIELDS);
  assertEquals(packet, golden!.reply);
});

test("reflect() gives each length its own: what there is room for", () => {
  // 0xab all the way after the head is TWAMP-Light's padding; SSID and TLVs
  // begin to be read at 44 bytes.
  const { request, reply } = GOLDEN.ntp[0]!;
  for (let length = MIN_REQUEST_BYTES; length <= 200; length++) {
    const packet = new Uint8Array(length).fill(0xab);
    packet.set(request.subarray(0, 14));
    const sent = Uint8Array.from(packet);
    reflect(packet, UNAUTHENTICATED, FIELDS);
    assertEquals(packet.length, length);
    const expected = new Uint8Array(length);
    expected.set(reply.subarray(0, Math.min(44, length)));
    const ssid = length < 44 ? 0 : 0xab;
    if (length > 14) expected[14] = ssid;
    if (length > 15) expected[15] = ssid;
    if (length > 44) {
      expected.set(sent.subarray(44), 44);
      // 0xab is no known type, and 0xabab longer than the packet.
      expected[44] = 0xc0;
    }
    assertEquals(packet, expected, `${length} bytes`);
    assertEquals(ssidOf(sent, UNAUTHENTICATED), 0);
  }
});

test("reflect() returns padding as it came, but for the flag", () => {
  for (const key of KEYS) {
    const { bytes } = layoutOf(key);
    for (const more of [4, 5, 100, 1000]) {
      const request = requestOf({ key, sizeBytes: bytes + more });
      const head = [...request.bytes.subarray(bytes, bytes + 4)];
      const padding = more - 4 - (request.hmacTlv === null ? 0 : 20);
      assertEquals(head, [0x80, 1, padding >> 8, padding & 0xff]);
      const reply = replyTo(request);
      assertEquals(reply.length, bytes + more);
      assertEquals(reply[bytes], 0);
      assertEquals(
        reply.subarray(bytes + 1, bytes + 4 + padding),
        request.bytes.subarray(bytes + 1, bytes + 4 + padding),
      );
      // The signature is that of a bare packet.
      assertEquals(
        reply.subarray(0, bytes),
        replyTo(requestOf({ key })).subarray(0, bytes),
      );
    }
  }
});

test("StampRequest.constructor() pads at random, each request the same", () => {
  const request = requestOf({ sizeBytes: 1000 });
  const padding = Uint8Array.from(request.bytes.subarray(48));
  assert(new Set(padding).size > 100);
  request.prepare(1, T2);
  assertEquals(request.bytes.subarray(48), padding);
  const other = requestOf({ sizeBytes: 1000 });
  assert(other.bytes.subarray(48).some((byte, at) => byte !== padding[at]));
});

test("isRequestSize() allows a bare packet, or room for a TLV", () => {
  for (const key of KEYS) {
    const layout = layoutOf(key);
    for (let sizeBytes = -1; sizeBytes < 200; sizeBytes++) {
      const fits = sizeBytes === layout.bytes ||
        sizeBytes >= layout.bytes + 4;
      assertEquals(isRequestSize(sizeBytes, layout), fits, `${sizeBytes}`);
      if (fits) assertEquals(requestOf({ key, sizeBytes }).layout, layout);
      else {
        assertThrows(
          () => requestOf({ key, sizeBytes }),
          RangeError,
          `bytes, or at least 4 more: ${sizeBytes}`,
        );
      }
    }
    assertEquals(isRequestSize(MAX_PACKET_BYTES, layout), true);
    assertEquals(isRequestSize(MAX_PACKET_BYTES + 1, layout), false);
  }
  const impossible = [45, 46, 47];
  assert(impossible.every((size) => !isRequestSize(size, UNAUTHENTICATED)));
});

test("StampReplyReader.take() reads what the reflector wrote", () => {
  for (const format of FORMATS) {
    for (const { key, reply } of GOLDEN[format]) {
      const reader = new StampReplyReader(requestOf({ key, format }));
      assert(reader.take(reply));
      assertEquals(reader.reflectorSequence, 9);
      assertEquals(reader.senderSequence, 0x01020304);
      assertEquals(reader.growthBytes, 0);
      assertEquals(reader.isTwampLight, false);
      assertEquals(reader.receivedMs(NEW_YEAR), 750);
      assertEquals(reader.sentMs(NEW_YEAR), 1250);
      assertEquals(reader.receivedMs(NEW_YEAR + 10), -9250);
    }
  }
});

test("StampReplyReader.take() refuses another SSID and a wrong signature", () => {
  for (const key of KEYS) {
    for (const more of [0, 4, 20, 24, 100]) {
      const { bytes, ...at } = layoutOf(key);
      const request = requestOf({ key, sizeBytes: bytes + more });
      const reader = new StampReplyReader(request);
      const reply = replyTo(request);
      /** Whether the reply is taken after a change of a byte of its head. */
      const isTaken = (offset: number) => {
        const changed = Uint8Array.from(reply);
        changed[offset]! ^= 0x10;
        if (at.signature !== null && offset < at.signature) {
          key!.sign(changed, at.signature);
        }
        return reader.take(changed);
      };
      const refused = new Set([at.ssid, at.ssid + 1]);
      // The HMAC TLV protects the sequence number as well.
      if (key && more >= 24) {
        for (const byte of [0, 1, 2, 3]) refused.add(byte);
      }
      for (let byte = 0; key && byte < 16; byte++) {
        refused.add(at.signature! + byte);
      }
      for (let offset = 0; offset < bytes; offset++) {
        assertEquals(isTaken(offset), !refused.has(offset), `byte ${offset}`);
      }
      assert(reader.take(reply));
    }
  }
});

test("StampReplyReader.take() refuses any change that is not signed", () => {
  const request = requestOf({ key: KEYS[1] });
  const reader = new StampReplyReader(request);
  const reply = replyTo(request);
  for (let bit = 0; bit < 8 * reply.length; bit++) {
    reply[bit >> 3]! ^= 1 << (bit & 7);
    assert(!reader.take(reply), `bit ${bit}`);
    reply[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert(reader.take(reply));
  reflect(reply, AUTHENTICATED, FIELDS, new StampKey(Uint8Array.of(1)));
  assert(!reader.take(reply));
});

test("StampReplyReader.take() takes any padding of 38 bytes and more, not signed", () => {
  const request = requestOf({ sizeBytes: 64 });
  const reader = new StampReplyReader(request);
  const reply = new Uint8Array(114);
  reply.set(replyTo(request).subarray(0, 44)); // zeros for padding
  for (let length = 0; length <= reply.length; length++) {
    assertEquals(reader.take(reply.subarray(0, length)), length >= 38);
    if (length < 38) continue;
    assertEquals(reader.growthBytes, length - 64);
    assertEquals(reader.isTwampLight, length < 44);
    assert(reader.echoes(T1));
  }
});

test("StampReplyReader.take() takes signed TLVs alone, or those that it sent", () => {
  const [, key] = KEYS;
  const request = requestOf({ key, sizeBytes: 212 });
  const reader = new StampReplyReader(request);
  const reply = replyTo(request);
  assert(reader.take(reply));
  assertEquals(reader.growthBytes, 0);
  assert(reader.take(reply.subarray(0, 112)), "no TLVs");
  for (let bit = 8 * 112; bit < 8 * reply.length; bit++) {
    if (bit >> 3 === request.hmacTlv) continue; // its own flags
    reply[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(reader.take(reply), false, `bit ${bit}`);
    reply[bit >> 3]! ^= 1 << (bit & 7);
  }
  reply.set(request.bytes.subarray(112), 112); // a reflector of RFC 8762 alone
  assert(reader.take(reply));
  for (let length = 0; length < 112; length++) {
    assert(!reader.take(reply.subarray(0, length)), `${length} bytes`);
  }
});

test("StampReplyReader.take() takes an SSID of 0, as of a bare reflector", () => {
  for (const key of KEYS) {
    const layout = layoutOf(key);
    const request = requestOf({ key });
    const reply = replyTo(request);
    reply.fill(0, layout.ssid, layout.ssid + 2);
    if (key) key.sign(reply, layout.signature!);
    const reader = new StampReplyReader(request);
    assert(reader.take(reply));
    assert(reader.isTwampLight);
  }
  // A sender without one wants none.
  const request = requestOf({ ssid: 0 });
  const reply = replyTo(request);
  assert(new StampReplyReader(request).take(reply));
  reply[UNAUTHENTICATED.ssid + 1] = 1;
  assert(!new StampReplyReader(request).take(reply));
});

test("StampReplyReader.take() lets the reflector change flags of the TLV", () => {
  for (const key of KEYS) {
    const { bytes } = layoutOf(key);
    const request = requestOf({ key, sizeBytes: bytes + 10 });
    const reply = replyTo(request);
    for (let flags = 0; flags < 256; flags++) {
      reply[bytes] = flags;
      assert(new StampReplyReader(request).take(reply));
    }
  }
});

test("StampReplyReader.receivedMs() and sentMs() read the format it tells", () => {
  // A reflector may have a format of its own: RFC 8762, section 4.3.
  for (const [ours, theirs] of [["ntp", "ptp"], ["ptp", "ntp"]] as const) {
    for (const [mode, { key, reply }] of GOLDEN[theirs].entries()) {
      const { senderErrorEstimate, senderTimestamp, signature } = layoutOf(
        key,
      );
      const mixed = Uint8Array.from(reply);
      const own = GOLDEN[ours][mode]!.reply;
      mixed.set(
        own.subarray(senderTimestamp, senderErrorEstimate + 2),
        senderTimestamp,
      );
      if (key) key.sign(mixed, signature!);
      const reader = new StampReplyReader(requestOf({ key, format: ours }));
      assert(reader.take(mixed));
      assert(reader.echoes(T1));
      assertEquals(reader.receivedMs(NEW_YEAR), 750);
      assertEquals(reader.sentMs(NEW_YEAR), 1250);
    }
  }
});

test("StampReplyReader.echoes() knows T1 from any other moment", () => {
  for (const format of FORMATS) {
    for (const { key, reply } of GOLDEN[format]) {
      const reader = new StampReplyReader(requestOf({ key, format }));
      assert(reader.take(reply));
      assert(reader.echoes(T1));
      const { seconds, nanoseconds } = T1;
      assert(!reader.echoes({ seconds, nanoseconds: nanoseconds + 1 }));
      assert(!reader.echoes({ seconds, nanoseconds: nanoseconds - 1 }));
      assert(!reader.echoes({ seconds: seconds + 1, nanoseconds }));
      assert(!reader.echoes({ seconds: seconds - 1, nanoseconds }));
      assert(!reader.echoes(T2));
      assert(!reader.echoes(T3));
    }
  }
});

test("StampReplyReader.sentMs() less receivedMs() is the reflector's delay", () => {
  const random = seededRandom(862);
  for (let round = 0; round < 1000; round++) {
    const key = KEYS[round & 1];
    const request = requestOf({ key, format: FORMATS[round >> 1 & 1]! });
    const reply = Uint8Array.from(request.bytes);
    const nanoseconds = Math.floor(random() * 5e8);
    const delayNs = Math.floor(random() * 5e8);
    const received = { seconds: NEW_YEAR, nanoseconds };
    const sent = { seconds: NEW_YEAR, nanoseconds: nanoseconds + delayNs };
    const fields = { ...FIELDS, received, sent };
    reflect(reply, request.layout, fields, key);
    const reader = new StampReplyReader(request);
    assert(reader.take(reply));
    const delayMs = reader.sentMs(NEW_YEAR) - reader.receivedMs(NEW_YEAR);
    assertAlmostEquals(delayMs, delayNs / 1e6, 1e-6);
  }
});

test("isReply() tells replies of these days from requests", () => {
  for (const format of FORMATS) {
    for (const { key, request, reply } of GOLDEN[format]) {
      const layout = layoutOf(key);
      for (
        const seconds of [NEW_YEAR, NEW_YEAR - 86_000, NEW_YEAR + 86_000]
      ) {
        assertEquals(isReply(reply, layout, seconds), true);
        assertEquals(isReply(request, layout, seconds), false);
      }
      for (const seconds of [NEW_YEAR - 87_000, NEW_YEAR + 87_000]) {
        assertEquals(isReply(reply, layout, seconds), false);
      }
      const end = layout.receiveTimestamp + 8;
      assertEquals(isReply(reply.subarray(0, end), layout, NEW_YEAR), true);
    }
  }
});

test("isReply() takes no request for a reply, even where 0 is these days", () => {
  // 1900 and 1970, when an empty timestamp would be that of now.
  for (const seconds of [-2_208_988_800, 0, 2_085_978_496, 2 ** 32]) {
    for (const key of KEYS) {
      const { bytes } = requestOf({ key });
      assertEquals(isReply(bytes, layoutOf(key), seconds), false);
    }
  }
});

test("reflect() and StampReplyReader.take() take rubbish as it comes", () => {
  const random = seededRandom(2169);
  const readers = KEYS.map((key) =>
    [0, 4, 60].map((more) => {
      const sizeBytes = layoutOf(key).bytes + more;
      return new StampReplyReader(requestOf({ key, sizeBytes }));
    })
  );
  let taken = 0;
  for (let round = 0; round < 20_000; round++) {
    const key = KEYS[round & 1];
    const layout = layoutOf(key);
    const packet = Uint8Array.from(
      { length: Math.floor(random() * 250) },
      () => Math.floor(random() * 256),
    );
    for (const reader of readers[round & 1]!) {
      if (reader.take(packet) && reader.echoes(T1)) taken += 1;
    }
    isReply(packet, layout, NEW_YEAR);
    // A signed packet is whole, or it was refused before.
    const least = key ? layout.bytes : MIN_REQUEST_BYTES;
    if (packet.length < least) continue;
    const sent = Uint8Array.from(packet);
    reflect(packet, layout, FIELDS, key);
    assertEquals([...packet.subarray(0, 4)], [0, 0, 0, 9]);
    if (key) assert(key.hasSigned(packet, layout.signature!));
    const at = layout.senderSequence;
    if (packet.length >= at + 4) {
      assertEquals(packet.subarray(at, at + 4), sent.subarray(0, 4));
    }
  }
  assertEquals(taken, 0);
});
