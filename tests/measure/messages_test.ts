import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  formatSetup,
  isTermination,
  parseSetup,
  ProtocolError,
  REPLIES,
  type Setup,
  SETUP_BYTES,
  SETUP_LIMITS,
  TERMINATION,
} from "../../lib/measure/messages.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("REPLIES and TERMINATION are the bytes of the course text", () => {
  const texts = Object.entries(REPLIES)
    .map(([name, reply]) => [name, text(reply)]);
  assertEquals(Object.fromEntries(texts), {
    ready: "200 OK: Ready\n",
    closing: "200 OK: Closing Connection\n",
    setupError: "404 ERROR: Invalid Connection Setup Message\n",
    probeError: "404 ERROR: Invalid Measurement Message\n",
    terminationError: "404 ERROR: Invalid Connection Termination Message\n",
  });
  assertEquals(text(TERMINATION), "t\n");
});

test("formatSetup() writes plain decimals, the delay in ms or s", () => {
  const most = SETUP_LIMITS;
  const cases: [Omit<Setup, "type">, ms: string, s: string][] = [
    [{ probes: 10, sizeBytes: 100, delayMs: 0 }, "10 100 0", "10 100 0"],
    [most, "1000000 1048576 60000", "1000000 1048576 60"],
    [{ probes: 1, sizeBytes: 1, delayMs: 0.5 }, "1 1 0.5", "1 1 0.0005"],
    [{ probes: 1, sizeBytes: 1, delayMs: 100.25 }, "1 1 100.25", "1 1 0.10025"],
    // Not 1e-7, which no server reads.
    [{ probes: 1, sizeBytes: 1, delayMs: 1e-7 }, "1 1 0.0000001", "1 1 0"],
  ];
  for (const [numbers, ms, s] of cases) {
    assertEquals(
      text(formatSetup({ type: "rtt", ...numbers })),
      `s rtt ${ms}\n`,
    );
    const inSeconds = formatSetup({ type: "tput", ...numbers }, "s");
    assertEquals(text(inSeconds), `s tput ${s}\n`);
  }
});

test("parseSetup() reads what formatSetup() writes, with any line ending", () => {
  const random = seededRandom(6);
  for (let round = 0; round < 10_000; round++) {
    const setup: Setup = {
      type: random() < 0.5 ? "rtt" : "tput",
      probes: 1 + Math.floor(random() * SETUP_LIMITS.probes),
      sizeBytes: 1 + Math.floor(random() * SETUP_LIMITS.sizeBytes),
      delayMs: Math.floor(random() * 60_000_000) / 1000,
    };
    const message = formatSetup(setup);
    assert(message.length <= SETUP_BYTES);
    const ending = ["", "\n", "\r\n"][round % 3];
    assertEquals(parseSetup(bytes(text(message).trimEnd() + ending)), setup);
  }
  const delays = {
    "0.0": 0,
    "0.50": 0.5,
    "1.250": 1.25,
    "60000.000": 60_000,
  };
  for (const [written, delayMs] of Object.entries(delays)) {
    assertEquals(
      parseSetup(bytes(`s rtt 1 1 ${written}\n`)).delayMs,
      delayMs,
    );
  }
});

test("parseSetup() accepts numbers up to their limits", () => {
  const limits = { probes: 50, sizeBytes: 1000, delayMs: 20 };
  const parse = (fields: string) =>
    parseSetup(bytes(`s rtt ${fields}\n`), limits);
  for (const fields of ["1 1 0", "50 1000 20", "1 1 20.0"]) parse(fields);
  const rejected = {
    "0 1 0": "PROBES must be from 1 to 50: 0",
    "51 1 0": "PROBES must be from 1 to 50: 51",
    "1 0 0": "SIZE must be from 1 to 1000: 0",
    "1 1001 0": "SIZE must be from 1 to 1000: 1001",
    "1 1 20.001": "DELAY must be from 0 to 20: 20.001",
    "1 1 21": "DELAY must be from 0 to 20: 21",
  };
  for (const [fields, message] of Object.entries(rejected)) {
    assertThrows(() => parse(fields), RangeError, message);
  }
  parseSetup(bytes("s tput 1000000 1048576 60000\n"));
  const huge = "9".repeat(100); // must not wrap, nor become Infinity
  for (
    const fields of ["1000001 1 0", "1 1048577 0", "1 1 60000.1"]
      .concat(`${huge} 1 0`, `1 1 ${huge}`)
  ) {
    assertThrows(() => parseSetup(bytes(`s rtt ${fields}`)), RangeError);
  }
});

test("parseSetup() rejects every other spelling", () => {
  const spellings = [
    ..."| |s|s |t|m 1 a|s rtt|s rtt 10|s rtt 10 100|s rtt 10 100 ".split("|"),
    ..."s rtt 10 100 0 |s rtt 10 100 0 0| s rtt 10 100 0".split("|"),
    ..."s  rtt 10 100 0|s rtt  10 100 0|s rtt 10 100  0".split("|"),
    ..."s\trtt 10 100 0|s rtt 10\t100 0|S rtt 10 100 0".split("|"),
    ..."s RTT 10 100 0|s ping 10 100 0|s rtt ten 100 0".split("|"),
    ..."s rtt +10 100 0|s rtt -10 100 0|s rtt 10 100 -0".split("|"),
    ..."s rtt 010 100 0|s rtt 10 0100 0|s rtt 10 100 00".split("|"),
    ..."s rtt 10 100 00.5|s rtt 10 100 .5|s rtt 10 100 5.".split("|"),
    ..."s rtt 10 100 1.2.3|s rtt 10 100 1,5|s rtt 10.0 100 0".split("|"),
    ..."s rtt 1e1 100 0|s rtt 10 100 1e3|s rtt 0x0a 100 0".split("|"),
    ..."s rtt 10 100 NaN|s rtt 10 100 Infinity|s rtt 10 100 0\0".split("|"),
    ..."s rtt 10 100 0\r|s rtt 10 100 0\r\r\n|s rtt 10 100 0\n\n".split("|"),
    "\n",
    "\r\n",
    "s rtt 10 100 0\nt\n",
    "s rtt \u0661 100 0", // a digit, but not an ASCII one
    "s\u00a0rtt 10 100 0",
    "\ufeffs rtt 10 100 0\n",
  ];
  for (const line of spellings) {
    const message = "Expected s TYPE PROBES SIZE DELAY";
    assertThrows(() => parseSetup(bytes(line)), SyntaxError, message);
  }
  const valid = bytes("s rtt 10 100 0\n");
  for (let at = 0; at < valid.length; at++) {
    for (let byte = 0x80; byte <= 0xff; byte++) {
      const line = valid.slice();
      line[at] = byte;
      assertThrows(() => parseSetup(line), SyntaxError);
    }
  }
});

test("parseSetup() never exceeds its limits, on random fields", () => {
  const random = seededRandom(7);
  const parts = ["s", "rtt", " ", " ", " ", "0", "1", "9", ".", "-", "\r"];
  let accepted = 0;
  for (let round = 0; round < 50_000; round++) {
    const fields = Array.from(
      { length: Math.floor(random() * 6) },
      () => parts[Math.floor(random() * parts.length)],
    ).join("");
    try {
      const { sizeBytes, delayMs } = parseSetup(bytes(`s rtt 1 ${fields}\n`));
      assert(sizeBytes >= 1 && sizeBytes <= SETUP_LIMITS.sizeBytes, fields);
      assert(delayMs >= 0 && delayMs <= SETUP_LIMITS.delayMs, fields);
      accepted += 1;
    } catch (error) {
      assert(error instanceof SyntaxError || error instanceof RangeError);
    }
  }
  assert(accepted > 0);
});

test("isTermination() accepts t alone, with any line ending", () => {
  for (const line of ["t", "t\n", "t\r\n"]) assert(isTermination(bytes(line)));
  for (
    const line of ["", "\n", "T\n", "t \n", " t\n", "tt\n", "t\r", "t\n\n"]
  ) {
    assert(!isTermination(bytes(line)), line);
  }
});

test("ProtocolError keeps the expected and a copy of the received bytes", () => {
  const reply = bytes("m 2 ".padEnd(500, "x"));
  const error = new ProtocolError("the echo of probe 1", reply, "dialect");
  reply.fill(0);
  assertEquals(error.expected, "the echo of probe 1");
  assertEquals(error.hint, "dialect");
  const kept = "m 2 ".padEnd(200, "x");
  assertEquals(text(error.reply!), kept);
  assertEquals(
    error.message,
    `Expected the echo of probe 1, received "${kept}"`,
  );
  const closed = new ProtocolError("an echo", null);
  assertEquals([closed.reply, closed.hint], [null, null]);
  assertEquals(
    closed.message,
    "Expected an echo, but the peer closed the connection",
  );
});
