import { assertEquals, fail } from "@std/assert";
import {
  characterLength,
  incompleteTailLength,
} from "../../lib/framing/utf8.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Whether the platform's own decoder takes the bytes for whole characters. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "characterLength() knows every boundary of RFC 3629",
  permissions: "none",
  fn() {
    const cases: [number[], number][] = [
      [[0x00], 1],
      [[0x7f], 1],
      [[0x80], 0],
      [[0xbf], 0],
      [[0xc0, 0x80], 0], // an overlong NUL
      [[0xc1, 0xbf], 0],
      [[0xc2, 0x80], 2],
      [[0xdf, 0xbf], 2],
      [[0xdf, 0x7f], 0],
      [[0xdf, 0xc0], 0],
      [[0xe0, 0x9f, 0xbf], 0], // overlong
      [[0xe0, 0xa0, 0x80], 3],
      [[0xed, 0x9f, 0xbf], 3],
      [[0xed, 0xa0, 0x80], 0], // a surrogate
      [[0xee, 0x80, 0x80], 3],
      [[0xef, 0xbf, 0xbf], 3],
      [[0xf0, 0x8f, 0xbf, 0xbf], 0], // overlong
      [[0xf0, 0x90, 0x80, 0x80], 4],
      [[0xf4, 0x8f, 0xbf, 0xbf], 4],
      [[0xf4, 0x90, 0x80, 0x80], 0], // above U+10FFFF
      [[0xf5, 0x80, 0x80, 0x80], 0],
      [[0xff], 0],
      [[0xf0, 0x90, 0x80, 0x7f], 0],
      [[0xf0, 0x90, 0x20], 0],
      [[0xc2], -1],
      [[0xe0], -1],
      [[0xe0, 0xa0], -1],
      [[0xf4, 0x8f], -1],
      [[0xf4, 0x8f, 0xbf], -1],
      [[0xe0, 0x80], 0], // can become nothing any more
      [[0xed, 0xa0], 0],
    ];
    for (const [given, length] of cases) {
      const hex = given.map((byte) => byte.toString(16)).join(" ");
      assertEquals(characterLength(Uint8Array.from(given), 0), length, hex);
    }
  },
});

Deno.test({
  name: "characterLength() agrees with the platform on all pairs of bytes",
  permissions: "none",
  fn() {
    for (let pair = 0; pair < 0x10000; pair++) {
      const given = Uint8Array.of(pair >> 8, pair & 0xff);
      const whole = characterLength(given, 0) === 2 ||
        (characterLength(given, 0) === 1 && characterLength(given, 1) === 1);
      if (whole !== isUtf8(given)) fail(`${given} are taken for ${whole}`);
    }
  },
});

Deno.test({
  name: "characterLength() agrees with the platform on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(3);
    // Bytes at the edges of the ranges, so that many inputs are nearly right.
    // deno-fmt-ignore
    const edges = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2,
                   0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf3, 0xf4, 0xf5];
    for (let round = 0; round < 50_000; round++) {
      const given = Uint8Array.from(
        { length: 1 + Math.floor(random() * 4) },
        () => edges[Math.floor(random() * edges.length)]!,
      );
      let at = 0;
      while (at < given.length && characterLength(given, at) > 0) {
        at += characterLength(given, at);
      }
      const whole = at === given.length;
      if (whole !== isUtf8(given)) fail(`${given} are taken for ${whole}`);
    }
  },
});

Deno.test({
  name: "incompleteTailLength() sees a character cut after each of its bytes",
  permissions: "none",
  fn() {
    for (const character of ["é", "€", "😀"]) {
      const encoded = bytes(`a${character}`);
      for (let cut = 0; cut < encoded.length - 1; cut++) {
        const cutShort = encoded.subarray(0, 1 + cut);
        assertEquals(incompleteTailLength(cutShort), cut, character);
      }
      assertEquals(incompleteTailLength(encoded), 0, character);
    }
  },
});

Deno.test({
  name: "incompleteTailLength() holds back nothing that cannot be completed",
  permissions: "none",
  fn() {
    const cases = [
      [],
      [0x61],
      [0x80],
      [0x80, 0x80, 0x80],
      [0xff],
      [0xc1],
      [
        0xe0,
        0x80,
      ],
      [0xf5, 0x80, 0x80],
      [0xc2, 0x61],
    ];
    for (const given of cases) {
      assertEquals(incompleteTailLength(Uint8Array.from(given)), 0);
    }
  },
});
