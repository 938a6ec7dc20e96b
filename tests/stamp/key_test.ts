import { assert, assertEquals } from "@std/assert";
import { SIGNATURE_BYTES, StampKey } from "../../lib/stamp/key.ts";
import { pureTest as test } from "../testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const filled = (byte: number, length: number) =>
  new Uint8Array(length).fill(byte);

/** Some data with the signature after it, in hexadecimal digits. */
function signatureOf(secret: Uint8Array, data: Uint8Array): string {
  const packet = new Uint8Array(data.length + SIGNATURE_BYTES);
  packet.set(data);
  new StampKey(secret).sign(packet, data.length);
  assertEquals(packet.subarray(0, data.length), data);
  return Array.from(
    packet.subarray(data.length),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join("");
}

test("StampKey.sign() gives the test vectors of RFC 4868", () => {
  // Section 2.7.2.1, AUTH256-1 to -4.
  const counting = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
  const vectors: [Uint8Array, Uint8Array, string][] = [
    [
      filled(0x0b, 32),
      bytes("Hi There"),
      "198a607eb44bfbc69903a0f1cf2bbdc5",
    ],
    [
      bytes("JefeJefeJefeJefeJefeJefeJefeJefe"),
      bytes("what do ya want for nothing?"),
      "167f928588c5cc2eef8e3093caa0e87c",
    ],
    [
      filled(0xaa, 32),
      filled(0xdd, 50),
      "cdcb1220d1ecccea91e53aba3092f962",
    ],
    [counting, filled(0xcd, 50), "372efcf9b40b35c2115b1346903d2ef4"],
  ];
  for (const [secret, data, signature] of vectors) {
    assertEquals(signatureOf(secret, data), signature);
  }
});

test("StampKey.sign() takes keys of other lengths, as RFC 4231 has them", () => {
  const short = signatureOf(
    bytes("Jefe"),
    bytes("what do ya want for nothing?"),
  );
  assertEquals(short, "5bdcc146bf60754e6a042426089575c7");
  // Longer than a block of SHA-256.
  const long = signatureOf(
    filled(0xaa, 131),
    bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
  );
  assertEquals(long, "60e431591ee0b67f0d8a26aacbf5b77f");
});

test("StampKey.sign() neither signs nor changes what comes after", () => {
  const key = new StampKey(bytes("a secret"));
  const packet = filled(0x55, 120);
  key.sign(packet, 96);
  assertEquals(packet.subarray(0, 96), filled(0x55, 96));
  assertEquals(packet.subarray(112), filled(0x55, 8));
  packet.fill(0x66, 112);
  assert(key.hasSigned(packet, 96));
});

test("StampKey.hasSigned() notices any one bit, in data and signature", () => {
  const key = new StampKey(bytes("a secret"));
  const packet = Uint8Array.from({ length: 112 }, (_, index) => index);
  assert(!key.hasSigned(packet, 96));
  key.sign(packet, 96);
  assert(key.hasSigned(packet, 96));
  for (let bit = 0; bit < 112 * 8; bit++) {
    packet[bit >> 3]! ^= 1 << (bit & 7);
    assert(!key.hasSigned(packet, 96), `bit ${bit}`);
    packet[bit >> 3]! ^= 1 << (bit & 7);
  }
  assert(key.hasSigned(packet, 96));
});

test("StampKey.hasSigned() knows its own secret from others", () => {
  const packet = new Uint8Array(112);
  new StampKey(bytes("a secret")).sign(packet, 96);
  for (const other of ["b secret", "a secre", "a secret ", "A secret"]) {
    assert(!new StampKey(bytes(other)).hasSigned(packet, 96), other);
  }
  assert(new StampKey(bytes("a secret")).hasSigned(packet, 96));
});

test("StampKey.constructor() keeps the secret, whatever becomes of its array", () => {
  const secret = bytes("a secret");
  const key = new StampKey(secret);
  const packet = new Uint8Array(112);
  key.sign(packet, 96);
  secret.fill(0);
  assert(key.hasSigned(packet, 96));
});
