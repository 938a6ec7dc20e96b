import { assertEquals } from "@std/assert";
import {
  readUint16,
  readUint32,
  writeUint16,
  writeUint32,
} from "../../lib/framing/big_endian.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff];
const WIDE_EDGES = [
  ...EDGES,
  0x10000,
  0xffffff,
  0x1000000,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
  0xffffffff,
];

Deno.test({
  name: "readUint16() and readUint32() put the first byte first, unsigned",
  permissions: "none",
  fn() {
    const bytes = Uint8Array.of(0x80, 0x01, 0xfe, 0xff, 0x02);
    assertEquals(readUint16(bytes, 0), 0x8001);
    assertEquals(readUint16(bytes, 2), 0xfeff);
    assertEquals(readUint32(bytes, 0), 0x8001feff);
    assertEquals(readUint32(bytes, 1), 0x01feff02);
  },
});

Deno.test({
  name: "writeUint16() and writeUint32() write those bytes and no others",
  permissions: "none",
  fn() {
    const bytes = new Uint8Array(8).fill(0x55);
    writeUint16(bytes, 1, 0x8001);
    assertEquals([...bytes.subarray(0, 4)], [0x55, 0x80, 0x01, 0x55]);
    bytes.fill(0x55);
    writeUint32(bytes, 2, 0x8001feff);
    assertEquals(
      [...bytes],
      [0x55, 0x55, 0x80, 0x01, 0xfe, 0xff, 0x55, 0x55],
    );
  },
});

Deno.test({
  name: "writeUint16() and writeUint32() agree with DataView, and so do reads",
  permissions: "none",
  fn() {
    const random = seededRandom(1);
    const bytes = new Uint8Array(11);
    const view = new DataView(bytes.buffer);
    const narrow = Array.from({ length: 1000 }, () => random() * 2 ** 16 >>> 0);
    for (const value of [...EDGES, ...narrow]) {
      writeUint16(bytes, 3, value);
      assertEquals(view.getUint16(3), value);
      assertEquals(readUint16(bytes, 3), value);
    }
    const wide = Array.from({ length: 1000 }, () => random() * 2 ** 32 >>> 0);
    for (const value of [...WIDE_EDGES, ...wide]) {
      writeUint32(bytes, 5, value);
      assertEquals(view.getUint32(5), value);
      assertEquals(readUint32(bytes, 5), value);
    }
  },
});

Deno.test({
  name: "writeUint16() and writeUint32() leave out what is too high a bit",
  permissions: "none",
  fn() {
    const bytes = new Uint8Array(4);
    for (const value of EDGES) {
      writeUint16(bytes, 0, 0x70000 + value);
      assertEquals(readUint16(bytes, 0), value);
    }
    for (const value of WIDE_EDGES) {
      for (const more of [2 ** 32, 5 * 2 ** 32, 2 ** 45, -(2 ** 32)]) {
        writeUint32(bytes, 0, more + value);
        assertEquals(readUint32(bytes, 0), value);
      }
    }
  },
});
