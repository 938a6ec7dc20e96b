import { assert, assertEquals } from "@std/assert";
import {
  EXTRA_PADDING,
  flagExtensions,
  MALFORMED,
  TLV_HEAD_BYTES,
  UNRECOGNIZED,
  writePaddingHead,
} from "../../lib/stamp/tlv.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, permissions: "none", fn });
}

/** The bytes after a reflector's look at them. */
function flagged(...bytes: number[]): number[] {
  const packet = Uint8Array.from(bytes);
  flagExtensions(packet, 0);
  return [...packet];
}

/** A TLV as a sender makes it, of a value of so many bytes. */
function tlv(type: number, length: number): number[] {
  const value = Array.from({ length }, (_, index) => index & 0xff);
  return [UNRECOGNIZED, type, length >> 8, length & 0xff, ...value];
}

test("flagExtensions() takes U from padding and leaves it to the unknown", () => {
  assertEquals(flagged(0x80, 1, 0, 2, 7, 8), [0, 1, 0, 2, 7, 8]);
  assertEquals(flagged(0x80, 1, 0, 0), [0, 1, 0, 0]);
  for (let type = 0; type < 256; type++) {
    const flags = type === EXTRA_PADDING ? 0 : UNRECOGNIZED;
    assertEquals(flagged(...tlv(type, 1))[0], flags, `type ${type}`);
  }
});

test("flagExtensions() sets flags anew, whatever the sender set", () => {
  for (let flags = 0; flags < 256; flags++) {
    assertEquals(flagged(flags, 1, 0, 0), [0, 1, 0, 0]);
    assertEquals(flagged(flags, 2, 0, 0), [0x80, 2, 0, 0]);
    assertEquals(flagged(flags, 1, 0, 1), [0x40, 1, 0, 1]);
    assertEquals(flagged(flags, 2, 0, 1), [0xc0, 2, 0, 1]);
  }
});

test("flagExtensions() flags a TLV that is too long by one or by all", () => {
  assertEquals(MALFORMED, 0x40);
  assertEquals(flagged(0x80, 1, 0, 3, 7, 8), [0x40, 1, 0, 3, 7, 8]);
  assertEquals(flagged(0x80, 1, 255, 255, 7), [0x40, 1, 255, 255, 7]);
  assertEquals(flagged(0x80, 9, 0, 3, 7, 8), [0xc0, 9, 0, 3, 7, 8]);
  // 0x0100 is 256, not 1.
  assertEquals(flagged(0x80, 1, 1, 0, 7), [0x40, 1, 1, 0, 7]);
});

test("flagExtensions() looks at each TLV up to the first malformed one", () => {
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

test("flagExtensions() flags one to three bytes that are no head", () => {
  assertEquals(flagged(), []);
  assertEquals(flagged(0x80), [0xc0]);
  assertEquals(flagged(0x80, 1), [0x40, 1]);
  assertEquals(flagged(0x80, 1, 0), [0x40, 1, 0]);
  assertEquals(flagged(0x80, 2), [0xc0, 2]);
  assertEquals(flagged(0x80, 2, 0), [0xc0, 2, 0]);
  assertEquals(flagged(...tlv(1, 0), 0), [0, 1, 0, 0, 0xc0]);
});

test("flagExtensions() starts where it is told, even past the end", () => {
  const packet = Uint8Array.of(0x80, 1, 0, 0, 0x80, 1, 0, 0);
  flagExtensions(packet, 4);
  assertEquals([...packet], [0x80, 1, 0, 0, 0, 1, 0, 0]);
  for (const at of [8, 9, 44, 112]) {
    flagExtensions(packet, at);
    assertEquals([...packet], [0x80, 1, 0, 0, 0, 1, 0, 0]);
  }
});

test("flagExtensions() gets through thousands of empty TLVs", () => {
  const count = 16_365; // 65 460 bytes
  const packet = new Uint8Array(count * TLV_HEAD_BYTES);
  for (let at = 0; at < packet.length; at += TLV_HEAD_BYTES) {
    packet[at] = UNRECOGNIZED;
    packet[at + 1] = at % 8 === 0 ? EXTRA_PADDING : 200;
  }
  flagExtensions(packet, 0);
  for (let at = 0; at < packet.length; at += TLV_HEAD_BYTES) {
    assertEquals(packet[at], at % 8 === 0 ? 0 : UNRECOGNIZED);
  }
});

test("flagExtensions() changes only flags, on rubbish", () => {
  const random = seededRandom(8972);
  let heads = 0;
  for (let round = 0; round < 10_000; round++) {
    const packet = Uint8Array.from(
      { length: Math.floor(random() * 120) },
      // Low bytes make TLVs that fit.
      () => Math.floor(random() * (random() < 0.95 ? 3 : 256)),
    );
    const before = Uint8Array.from(packet);
    const from = Math.floor(random() * 60);
    flagExtensions(packet, from);

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

test("writePaddingHead() makes one known TLV of the rest of a packet", () => {
  for (const paddingBytes of [0, 1, 255, 256, 65_459]) {
    const packet = new Uint8Array(44 + 4 + paddingBytes).fill(0x55);
    writePaddingHead(packet, 44);
    assertEquals(
      [...packet.subarray(44, 48)],
      [0x80, 1, paddingBytes >> 8, paddingBytes & 0xff],
    );
    packet.fill(0x55, 44, 48);
    assert(packet.every((byte) => byte === 0x55));
    writePaddingHead(packet, 44);
    flagExtensions(packet, 44);
    assertEquals(packet[44], 0);
  }
});
