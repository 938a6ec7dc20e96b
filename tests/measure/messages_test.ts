import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  formatSetup,
  isTermination,
  parseSetup,
  REPLIES,
  type Setup,
  SETUP_BYTES,
  SETUP_LIMITS,
  TERMINATION,
} from "../../lib/measure/messages.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test({
  name: "REPLIES are the bytes of the course text, each ended by one LF",
  permissions: "none",
  fn() {
    const texts = Object.fromEntries(
      Object.entries(REPLIES).map(([name, reply]) => [name, text(reply)]),
    );
    assertEquals(texts, {
      ready: "200 OK: Ready\n",
      closing: "200 OK: Closing Connection\n",
      setupError: "404 ERROR: Invalid Connection Setup Message\n",
      probeError: "404 ERROR: Invalid Measurement Message\n",
      terminationError: "404 ERROR: Invalid Connection Termination Message\n",
    });
  },
});

Deno.test({
  name: "TERMINATION is t and LF",
  permissions: "none",
  fn() {
    assertEquals(TERMINATION, Uint8Array.of(0x74, 0x0a));
  },
});

Deno.test({
  name: "formatSetup() writes plain decimals",
  permissions: "none",
  fn() {
    const cases: [Setup, string][] = [
      [{ type: "rtt", probes: 10, sizeBytes: 100, delayMs: 0 }, "rtt 10 100 0"],
      [
        { type: "tput", probes: 1_000_000, sizeBytes: 1_048_576, delayMs: 6e4 },
        "tput 1000000 1048576 60000",
      ],
      [{ type: "rtt", probes: 1, sizeBytes: 1, delayMs: 0.5 }, "rtt 1 1 0.5"],
      [
        { type: "rtt", probes: 1, sizeBytes: 1, delayMs: 100.25 },
        "rtt 1 1 100.25",
      ],
      // Not 1e-7, which no server reads.
      [
        { type: "rtt", probes: 1, sizeBytes: 1, delayMs: 1e-7 },
        "rtt 1 1 0.0000001",
      ],
    ];
    for (const [setup, fields] of cases) {
      assertEquals(text(formatSetup(setup)), `s ${fields}\n`);
    }
  },
});

Deno.test({
  name: "formatSetup() writes the delay in seconds for servers that want it so",
  permissions: "none",
  fn() {
    for (const [ms, s] of [[0, "0"], [1, "0.001"], [50, "0.05"], [6e4, "60"]]) {
      const setup = { type: "rtt", probes: 1, sizeBytes: 1 } as const;
      const message = formatSetup({ ...setup, delayMs: Number(ms) }, "s");
      assertEquals(text(message), `s rtt 1 1 ${s}\n`);
    }
  },
});

Deno.test({
  name: "parseSetup() reads what formatSetup() writes",
  permissions: "none",
  fn() {
    const random = seededRandom(6);
    for (let round = 0; round < 20_000; round++) {
      const setup: Setup = {
        type: random() < 0.5 ? "rtt" : "tput",
        probes: 1 + Math.floor(random() * SETUP_LIMITS.probes),
        sizeBytes: 1 + Math.floor(random() * SETUP_LIMITS.sizeBytes),
        delayMs: Math.floor(random() * 60_000_000) / 1000,
      };
      const message = formatSetup(setup);
      assert(message.length <= SETUP_BYTES);
      assertEquals(parseSetup(message), setup);
    }
  },
});

Deno.test({
  name: "parseSetup() takes LF, CR LF or nothing at the end",
  permissions: "none",
  fn() {
    for (const end of ["", "\n", "\r\n"]) {
      assertEquals(parseSetup(bytes(`s rtt 10 100 0${end}`)), {
        type: "rtt",
        probes: 10,
        sizeBytes: 100,
        delayMs: 0,
      });
    }
  },
});

Deno.test({
  name: "parseSetup() reads a delay with decimals",
  permissions: "none",
  fn() {
    const delays = {
      "0.0": 0,
      "0.50": 0.5,
      "1.250": 1.25,
      "60000.000": 60_000,
    };
    for (const [written, delayMs] of Object.entries(delays)) {
      const setup = parseSetup(bytes(`s rtt 1 1 ${written}\n`));
      assertEquals(setup.delayMs, delayMs);
    }
  },
});

Deno.test({
  name:
    "parseSetup() accepts each number at its limits and refuses it past them",
  permissions: "none",
  fn() {
    const limits = { probes: 50, sizeBytes: 1000, delayMs: 20 };
    const parse = (fields: string) =>
      parseSetup(bytes(`s rtt ${fields}\n`), limits);
    for (const fields of ["1 1 0", "50 1000 20", "1 1 20.0"]) parse(fields);
    const refused = {
      "0 1 0": "PROBES must be from 1 to 50: 0",
      "51 1 0": "PROBES must be from 1 to 50: 51",
      "1 0 0": "SIZE must be from 1 to 1000: 0",
      "1 1001 0": "SIZE must be from 1 to 1000: 1001",
      "1 1 20.001": "DELAY must be from 0 to 20: 20.001",
      "1 1 21": "DELAY must be from 0 to 20: 21",
    };
    for (const [fields, message] of Object.entries(refused)) {
      assertThrows(() => parse(fields), RangeError, message);
    }
  },
});

Deno.test({
  name: "parseSetup() has the limits of the protocol itself",
  permissions: "none",
  fn() {
    parseSetup(bytes("s tput 1000000 1048576 60000\n"));
    const past = [
      "s rtt 1000001 1 0",
      "s rtt 1 1048577 0",
      "s rtt 1 1 60000.1",
      `s rtt 1 1 ${"9".repeat(100)}`,
      `s rtt ${"9".repeat(100)} 1 0`, // must not wrap, nor become Infinity
    ];
    for (const line of past) {
      assertThrows(() => parseSetup(bytes(line)), RangeError);
    }
  },
});

Deno.test({
  name: "parseSetup() refuses every other spelling",
  permissions: "none",
  fn() {
    const spellings = [
      "",
      "\n",
      "\r\n",
      " ",
      "s",
      "s ",
      "t",
      "m 1 a",
      "s rtt",
      "s rtt 10",
      "s rtt 10 100",
      "s rtt 10 100 ",
      "s rtt 10 100 0 ",
      "s rtt 10 100 0 0",
      " s rtt 10 100 0",
      "s  rtt 10 100 0",
      "s rtt  10 100 0",
      "s rtt 10  100 0",
      "s rtt 10 100  0",
      "s\trtt 10 100 0",
      "s rtt 10\t100 0",
      "S rtt 10 100 0",
      "s RTT 10 100 0",
      "s throughput 10 100 0",
      "s ping 10 100 0",
      "s rtt +10 100 0",
      "s rtt -10 100 0",
      "s rtt 10 -100 0",
      "s rtt 10 100 -0",
      "s rtt 010 100 0",
      "s rtt 10 0100 0",
      "s rtt 10 100 00",
      "s rtt 10 100 01",
      "s rtt 10 100 00.5",
      "s rtt 10 100 .5",
      "s rtt 10 100 5.",
      "s rtt 10 100 1.2.3",
      "s rtt 10 100 1,5",
      "s rtt 10.0 100 0",
      "s rtt 10 100.0 0",
      "s rtt 1e1 100 0",
      "s rtt 10 100 1e3",
      "s rtt 0x0a 100 0",
      "s rtt 10 100 NaN",
      "s rtt 10 100 Infinity",
      "s rtt ten 100 0",
      "s rtt 10 100 0\0",
      "s rtt 10 100 0\r",
      "s rtt 10 100 0\r\r\n",
      "s rtt 10 100 0\nt\n",
      "s rtt 10 100 0\n\n",
      "s rtt \u0661 100 0", // a digit, but not an ASCII one
      "s\u00a0rtt 10 100 0",
      "\ufeffs rtt 10 100 0\n",
    ];
    for (const line of spellings) {
      assertThrows(
        () => parseSetup(bytes(line)),
        SyntaxError,
        "Expected s TYPE PROBES SIZE DELAY",
      );
    }
  },
});

Deno.test({
  name: "parseSetup() refuses a good line with any one byte changed to rubbish",
  permissions: "none",
  fn() {
    const good = bytes("s rtt 10 100 0\n");
    for (let at = 0; at < good.length; at++) {
      for (let byte = 0x80; byte <= 0xff; byte++) {
        const line = good.slice();
        line[at] = byte;
        assertThrows(() => parseSetup(line), SyntaxError);
      }
    }
  },
});

Deno.test({
  name: "parseSetup() never gives what its limits do not allow, on rubbish",
  permissions: "none",
  fn() {
    const random = seededRandom(7);
    const parts = [
      "s",
      "rtt",
      "tput",
      " ",
      " ",
      " ",
      "0",
      "1",
      "9",
      ".",
      "-",
      "\r",
    ];
    let accepted = 0;
    for (let round = 0; round < 50_000; round++) {
      const fields = Array.from(
        { length: Math.floor(random() * 6) },
        () => parts[Math.floor(random() * parts.length)],
      ).join("");
      const line = `s rtt 1 ${fields}\n`;
      try {
        const { sizeBytes, delayMs } = parseSetup(bytes(line));
        assert(sizeBytes >= 1 && sizeBytes <= SETUP_LIMITS.sizeBytes, line);
        assert(delayMs >= 0 && delayMs <= SETUP_LIMITS.delayMs, line);
        accepted += 1;
      } catch (error) {
        assert(error instanceof SyntaxError || error instanceof RangeError);
      }
    }
    assert(accepted > 0); // or the rubbish would show nothing
  },
});

Deno.test({
  name: "isTermination() takes t alone, with any line ending",
  permissions: "none",
  fn() {
    for (const line of ["t", "t\n", "t\r\n"]) {
      assert(isTermination(bytes(line)));
    }
    const others = [
      "",
      "\n",
      "T\n",
      "t \n",
      " t\n",
      "tt\n",
      "t\r",
      "t\0\n",
      "t\n\n",
    ];
    for (const line of others) assert(!isTermination(bytes(line)), line);
  },
});
