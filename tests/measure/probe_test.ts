import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  checkProbe,
  maxProbeBytes,
  ProbeBuilder,
} from "../../lib/measure/probe.ts";
import { SETUP_LIMITS } from "../../lib/measure/messages.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array | null) =>
  bytes && new TextDecoder().decode(bytes);

/** The echo of a line, or the reason of its refusal. */
function check(line: string, sequence: number, sizeBytes: number) {
  const { echo, refusal } = checkProbe(bytes(line), sequence, sizeBytes);
  return { echo: text(echo), refusal };
}

test("checkProbe() echoes the whole message, whatever the payload", () => {
  const payloads = [
    "x",
    "hello",
    " ",
    "     ",
    " x ",
    "m 2 a",
    "t",
    "\0\0\0\0",
    "\r",
    "ab\r",
    "\r\r\r",
    "a\rb",
    "é€😀",
  ];
  for (const payload of payloads) {
    const line = `m 1 ${payload}\n`;
    const { length } = bytes(payload);
    assertEquals(check(line, 1, length), { echo: line, refusal: null });
  }
});

test("checkProbe() echoes bytes of every value but LF", () => {
  const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    .filter((byte) => byte !== 0x0a);
  const line = Uint8Array.of(...bytes("m 1 "), ...payload, 0x0a);
  assertEquals(checkProbe(line, 1, 255).echo, line);
});

test("checkProbe() gives a view of the line and copies nothing", () => {
  const line = bytes("m 1 abc\n");
  assertStrictEquals(checkProbe(line, 1, 3).echo, line);
  const withCr = bytes("m 1 abc\r\n");
  assertStrictEquals(checkProbe(withCr, 1, 3).echo!.buffer, withCr.buffer);
});

test("checkProbe() strips one CR that the size has no room for", () => {
  assertEquals(check("m 1 abc\r\n", 1, 3).echo, "m 1 abc\n");
  assertEquals(check("m 1 abc\r\n", 1, 4).echo, "m 1 abc\r\n");
  assertEquals(check("m 1 ab\r\r\n", 1, 3).echo, "m 1 ab\r\n");
  assertEquals(check("m 1 ab\r\r\n", 1, 4).echo, "m 1 ab\r\r\n");
  assertEquals(check("m 1 ab\r\r\n", 1, 2).echo, null);
});

test("checkProbe() refuses a payload that is wrong by one either way", () => {
  for (const sizeBytes of [1, 2, 5, 1000]) {
    const payload = "x".repeat(sizeBytes);
    for (const off of [-1, 1]) {
      assertEquals(check(`m 1 ${payload}\n`, 1, sizeBytes + off), {
        echo: null,
        refusal: `Expected a payload of ${sizeBytes + off} bytes: ${sizeBytes}`,
      });
    }
  }
});

test("checkProbe() counts bytes, never characters", () => {
  assertEquals(
    check("m 1 é\n", 1, 1).refusal,
    "Expected a payload of 1 bytes: 2",
  );
  assertEquals(check("m 1 é\n", 1, 2).refusal, null);
});

test("checkProbe() refuses every other spelling", () => {
  const start = "Expected m and one space";
  const number = "Expected sequence number 10";
  const space = "Expected one space after the sequence number";
  const cases: [string, string][] = [
    ["", start],
    ["\n", start],
    ["\r\n", start],
    ["m", start],
    ["m\n", start],
    [" m 10 abc\n", start],
    ["M 10 abc\n", start],
    ["m\t10 abc\n", start],
    ["t\n", start],
    ["s rtt 1 1 0\n", start],
    ["m  10 abc\n", number],
    ["m \n", number],
    ["m 1 abc\n", number],
    ["m 9 abc\n", number],
    ["m 11 abc\n", number],
    ["m 0 abc\n", number],
    ["m 010 abc\n", number],
    ["m +10 abc\n", number],
    ["m -10 abc\n", number],
    ["m abc\n", number],
    ["m 10\n", space],
    ["m 10abc\n", space],
    ["m 100 abc\n", space],
    ["m 10.0 abc\n", space],
    ["m 10\tabc\n", space],
    ["m 10 \n", "Expected a payload of 3 bytes: 0"],
    ["m 10  abc\n", "Expected a payload of 3 bytes: 4"],
    ["m 10 abc \n", "Expected a payload of 3 bytes: 4"],
    ["m 10 ab\n", "Expected a payload of 3 bytes: 2"],
  ];
  for (const [line, refusal] of cases) {
    assertEquals(check(line, 10, 3), { echo: null, refusal }, line);
  }
});

test("checkProbe() knows each number from its neighbours", () => {
  const numbers = [1, 9, 10, 11, 99, 100, 101, 110, 999_999, 1_000_000];
  for (const sent of numbers) {
    for (const due of numbers) {
      const { echo } = checkProbe(bytes(`m ${sent} x\n`), due, 1);
      assertEquals(echo !== null, sent === due, `${sent} for ${due}`);
    }
  }
});

test("checkProbe() echoes only what is exact, on rubbish", () => {
  const random = seededRandom(8);
  const letters = ["m", " ", "1", "2", "a", "\r", "\0", "é"];
  let echoes = 0;
  for (let round = 0; round < 50_000; round++) {
    const rest = Array.from(
      { length: Math.floor(random() * 7) },
      () => letters[Math.floor(random() * letters.length)],
    ).join("");
    const line = (random() < 0.8 ? "m 1 " : "m ") + rest + "\n";
    const encoded = bytes(line);
    const exact = line.startsWith("m 1 ") &&
      (encoded.length === 8 ||
        (encoded.length === 9 && line.endsWith("\r\n")));
    const { echo } = checkProbe(encoded, 1, 3);
    if ((echo !== null) !== exact) throw new Error(JSON.stringify(line));
    if (echo === null) continue;
    assertEquals([echo.length, echo.at(-1)], [8, 0x0a]);
    echoes += 1;
  }
  assert(echoes > 1000);
});

test("maxProbeBytes() is the length of the longest probe with CR LF", () => {
  const longest = new ProbeBuilder(5).message(SETUP_LIMITS.probes);
  assertEquals(maxProbeBytes(5), longest.length + 1);
});

test("ProbeBuilder.message() writes m, the number and the payload", () => {
  const builder = new ProbeBuilder(3);
  for (const sequence of [1, 9, 10, 123, 1_000_000, 9_999_999, 2, 0]) {
    assertEquals(text(builder.message(sequence)), `m ${sequence} abc\n`);
  }
});

test("ProbeBuilder.message() passes the check of the server", () => {
  for (const sizeBytes of [1, 2, 26, 27, 1000]) {
    const builder = new ProbeBuilder(sizeBytes);
    for (let sequence = 1; sequence <= 1100; sequence++) {
      const message = builder.message(sequence);
      assertStrictEquals(
        checkProbe(message, sequence, sizeBytes).echo,
        message,
      );
    }
  }
});

test("ProbeBuilder.payload() is the alphabet over and over, with the ending", () => {
  assertEquals(
    text(new ProbeBuilder(28).payload()),
    "abcdefghijklmnopqrstuvwxyzab\n",
  );
  assertEquals(text(new ProbeBuilder(1, bytes(" \r\n")).payload()), "a \r\n");
  assertEquals(text(new ProbeBuilder(2, bytes("")).message(7)), "m 7 ab");
});
