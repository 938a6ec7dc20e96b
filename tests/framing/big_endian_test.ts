import { assertEquals } from "@std/assert";
import {
  readUint16,
  readUint32,
  writeUint16,
  writeUint32,
} from "../../lib/framing/big_endian.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const random = seededRandom(1);
const VALUES = [
  ...[0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff],
  ...[0x10000, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff],
  ...Array.from({ length: 1000 }, () => random() * 2 ** 32 >>> 0),
];

test("readUint16() to writeUint32() agree with DataView, and touch no other byte", () => {
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  for (const value of VALUES) {
    for (const higherBits of [0, 2 ** 32, 5 * 2 ** 32, 2 ** 45, -(2 ** 32)]) {
      bytes.fill(0x55);
      writeUint32(bytes, 3, value + higherBits);
      assertEquals(view.getUint32(3), value);
      assertEquals(readUint32(bytes, 3), value);
      assertEquals(readUint16(bytes, 3), view.getUint16(3));
      assertEquals([bytes[2], bytes[7]], [0x55, 0x55]);
      bytes.fill(0x55);
      writeUint16(bytes, 3, value + higherBits);
      assertEquals(view.getUint16(3), value % 0x10000);
      assertEquals([bytes[2], bytes[5]], [0x55, 0x55]);
    }
  }
});
