import { assertEquals, fail } from "@std/assert";
import { indexOfLf, LF, lineContent } from "../../lib/framing/line_ending.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { bytes, text } from "../fixtures.ts";
import { pureTest as test } from "../testing.ts";

test("indexOfLf() finds an LF at every offset, from every start", () => {
  for (let at = 0; at < 150; at++) {
    // 0x0b and 0x8a differ from an LF by one bit.
    const buffer = Uint8Array.from(
      { length: 150 },
      (_, index) => index === at ? LF : index % 2 ? 0x0b : 0x8a,
    );
    for (let from = 0; from <= 150; from++) {
      const expected = from <= at ? at : -1;
      if (indexOfLf(buffer, from, 150) !== expected) {
        fail(`LF at ${at}, searched from ${from}`);
      }
    }
  }
});

test("indexOfLf() agrees with indexOf() on random ranges of random bytes", () => {
  const random = seededRandom(15);
  const buffer = new Uint8Array(515); // not a multiple of four
  for (let round = 0; round < 20_000; round++) {
    const end = Math.floor(random() * buffer.length);
    for (let index = 0; index < buffer.length; index += 1 + index % 7) {
      buffer[index] = Math.floor(random() * 256);
    }
    const from = Math.floor(random() * end);
    const expected = buffer.subarray(0, end).indexOf(LF, from);
    if (indexOfLf(buffer, from, end) !== expected) {
      fail(`${buffer} from ${from} to ${end}`);
    }
  }
});

test("lineContent() strips the LF and one CR before it", () => {
  const cases = {
    "": "",
    "\n": "",
    "\r\n": "",
    "\r": "\r",
    "a": "a",
    "a\n": "a",
    "a\r\n": "a",
    "a\r\r\n": "a\r",
    "a\r": "a\r",
    "\na": "\na",
    "a\n\n": "a\n",
  };
  for (const [line, content] of Object.entries(cases)) {
    assertEquals(text(lineContent(bytes(line))), content);
  }
});
