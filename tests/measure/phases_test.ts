import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { MeasurePhases } from "../../lib/measure/phases.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const READY = "200 OK: Ready\n";
const CLOSING = "200 OK: Closing Connection\n";
const CSP_ERROR = "404 ERROR: Invalid Connection Setup Message\n";
const MP_ERROR = "404 ERROR: Invalid Measurement Message\n";
const CTP_ERROR = "404 ERROR: Invalid Connection Termination Message\n";

/** Says each line up to the one that closes; gives the replies. */
function converse(lines: string[], phases = new MeasurePhases()): string[] {
  const replies = [];
  for (const line of lines) {
    const verdict = phases.accept(bytes(line));
    replies.push(text(verdict.reply));
    // What is refused closes, and so does a good termination; nothing else.
    const closes = verdict.refusal !== null || replies.at(-1) === CLOSING;
    assertEquals(verdict.closes, closes, line);
    if (closes) break;
  }
  return replies;
}

/** Asserts the reply to a line, after the lines that lead up to it. */
function assertReplies(lead: string[], cases: Record<string, string>): void {
  for (const [line, reply] of Object.entries(cases)) {
    const replies = converse([...lead, line]);
    assertEquals(replies.length, lead.length + 1, `before ${line}`);
    assertEquals(replies.at(-1), reply, JSON.stringify(line));
  }
}

Deno.test({
  name: "MeasurePhases.accept() serves a session",
  permissions: "none",
  fn() {
    assertEquals(
      converse(["s rtt 2 5 0\n", "m 1 hello\n", "m 2 world\n", "t\n"]),
      [READY, "m 1 hello\n", "m 2 world\n", CLOSING],
    );
  },
});

Deno.test({
  name: "MeasurePhases.accept() takes CR LF, and answers with LF",
  permissions: "none",
  fn() {
    assertEquals(
      converse([
        "s tput 2 5 0\r\n",
        "m 1 hello\r\n",
        "m 2 hell\r\r\n",
        "t\r\n",
      ]),
      [READY, "m 1 hello\n", "m 2 hell\r\n", CLOSING],
    );
  },
});

Deno.test({
  name: "MeasurePhases.accept() answers the CSP error to all before a setup",
  permissions: "none",
  fn() {
    const lines = [
      "\n",
      "\r\n",
      "t\n",
      "m 1 hello\n",
      "hello\n",
      "GET / HTTP/1.1\r\n",
      "s\n",
      "s  rtt 10 5 0\n",
      "s rtt 10 5  0\n",
      "s rtt 10 5 0 \n",
      "s rtt 010 5 0\n",
      "s rtt 10 05 0\n",
      "s rtt 10 5 00\n",
      "s rtt +10 5 0\n",
      "s rtt 10 -5 0\n",
      "s rtt 10 5\n",
      "s rtt 0 5 0\n",
      "s rtt 1000001 5 0\n",
      "s rtt 10 0 0\n",
      "s rtt 10 1048577 0\n",
      "s rtt 10 5 60000.1\n",
      "S rtt 10 5 0\n",
    ];
    assertReplies(
      [],
      Object.fromEntries(lines.map((line) => [line, CSP_ERROR])),
    );
  },
});

Deno.test({
  name: "MeasurePhases.accept() takes each number of a setup at its limits",
  permissions: "none",
  fn() {
    assertReplies([], {
      "s rtt 1 1 0\n": READY,
      "s rtt 1000000 1048576 60000\n": READY,
      "s tput 1 1 0.001\n": READY,
    });
  },
});

Deno.test({
  name: "MeasurePhases.accept() refuses what a server's own caps forbid",
  permissions: "none",
  fn() {
    const caps = { probes: 10, sizeBytes: 100, delayMs: 5 };
    const reply = (line: string) =>
      converse([line], new MeasurePhases(caps))[0];
    assertEquals(reply("s rtt 10 100 5\n"), READY);
    for (const fields of ["11 100 5", "10 101 5", "10 100 5.001"]) {
      assertEquals(reply(`s rtt ${fields}\n`), CSP_ERROR);
    }
  },
});

Deno.test({
  name: "MeasurePhases.accept() answers the MP error to a wrong probe",
  permissions: "none",
  fn() {
    const lines = [
      "\n",
      "\r\n",
      "m\n",
      "m 1\n",
      "m 1 \n",
      "m 1 hell\n",
      "m 1 hello!\n",
      "m 1  hello\n",
      "m  1 hello\n",
      "m 1 hello \n",
      "m 01 hello\n",
      "m +1 hello\n",
      "m -1 hello\n",
      "m 0 hello\n",
      "m 2 hello\n",
      "m 1.0 hello\n",
      "M 1 hello\n",
      "m 1 héllo\n", // five characters, six bytes
      "hello\n",
    ];
    assertReplies(
      ["s rtt 10 5 0\n"],
      Object.fromEntries(lines.map((line) => [line, MP_ERROR])),
    );
  },
});

Deno.test({
  name: "MeasurePhases.accept() echoes payloads of any bytes",
  permissions: "none",
  fn() {
    const payloads = [
      "     ",
      "\0\0\0\0\0",
      "hell\r",
      "\r\r\r\r\r",
      "a€a",
      "t m 1",
    ];
    const lines = payloads.map((payload) => `m 1 ${payload}\n`);
    assertReplies(
      ["s rtt 10 5 0\n"],
      Object.fromEntries(lines.map((line) => [line, line])),
    );
  },
});

Deno.test({
  name: "MeasurePhases.accept() refuses a probe repeated or left out",
  permissions: "none",
  fn() {
    assertReplies(["s rtt 10 1 0\n", "m 1 x\n", "m 2 x\n"], {
      "m 2 x\n": MP_ERROR,
      "m 4 x\n": MP_ERROR,
      "m 1 x\n": MP_ERROR,
      "m 3 x\n": "m 3 x\n",
    });
  },
});

Deno.test({
  name: "MeasurePhases.accept() takes an early t after a setup",
  permissions: "none",
  fn() {
    const cases = { "t\n": CLOSING, "t \n": CTP_ERROR, "tt\n": CTP_ERROR };
    assertReplies(["s rtt 10 1 0\n"], cases);
    assertReplies(["s rtt 10 1 0\n", "m 1 x\n"], cases);
  },
});

Deno.test({
  name: "MeasurePhases.accept() refuses a setup inside a session",
  permissions: "none",
  fn() {
    assertReplies(["s rtt 2 1 0\n"], { "s rtt 2 1 0\n": MP_ERROR });
    assertReplies(["s rtt 2 1 0\n", "m 1 x\n"], { "s rtt 2 1 0\n": MP_ERROR });
  },
});

Deno.test({
  name: "MeasurePhases.accept() knows what may follow the last probe",
  permissions: "none",
  fn() {
    assertReplies(["s rtt 1 1 0\n", "m 1 x\n"], {
      "t\n": CLOSING,
      "t\r\n": CLOSING,
      "m 2 x\n": MP_ERROR,
      "m 1 x\n": MP_ERROR,
      "s rtt 1 1 0\n": READY,
      "s rtt 0 1 0\n": CSP_ERROR,
      "s\n": CSP_ERROR,
      "t \n": CTP_ERROR,
      "T\n": CTP_ERROR,
      "\n": CTP_ERROR,
      "x\n": CTP_ERROR,
    });
  },
});

Deno.test({
  name: "MeasurePhases.accept() starts a new session after the last probe",
  permissions: "none",
  fn() {
    const phases = new MeasurePhases();
    assertEquals(
      converse(
        ["s rtt 1 1 0\n", "m 1 x\n", "s tput 2 3 0\n", "m 1 abc\n"],
        phases,
      ),
      [READY, "m 1 x\n", READY, "m 1 abc\n"],
    );
    assertEquals(phases.setup, {
      type: "tput",
      probes: 2,
      sizeBytes: 3,
      delayMs: 0,
    });
    assertEquals(converse(["m 2 x\n"], phases), [MP_ERROR]);
  },
});

Deno.test({
  name: "MeasurePhases.accept() holds echoes, and nothing else",
  permissions: "none",
  fn() {
    const phases = new MeasurePhases();
    const lines = ["s rtt 3 1 12.5\n", "m 1 x\n", "m 2 x\n", "t\n"];
    const delays = lines.map((line) => phases.accept(bytes(line)).delayMs);
    assertEquals(delays, [0, 12.5, 12.5, 0]);

    const other = new MeasurePhases();
    other.accept(bytes("s rtt 1 1 12.5\n"));
    assertEquals(other.accept(bytes("m 1 xx\n")).delayMs, 0);
  },
});

Deno.test({
  name: "MeasurePhases.accept() copies no payload",
  permissions: "none",
  fn() {
    const phases = new MeasurePhases();
    phases.accept(bytes("s rtt 1 5 0\n"));
    const line = bytes("m 1 hello\n");
    assertStrictEquals(phases.accept(line).reply.buffer, line.buffer);
  },
});

Deno.test({
  name: "MeasurePhases.accept() says why it refuses",
  permissions: "none",
  fn() {
    const cases: [string[], string][] = [
      [["hello\n"], "Expected s TYPE PROBES SIZE DELAY"],
      [["s rtt 0 1 0\n"], "PROBES must be from 1 to 1000000: 0"],
      [
        ["s rtt 1 1 0\n", "m 2 x\n"],
        "Probe 1: Expected sequence number 1",
      ],
      [["s rtt 1 1 0\n", "t \n"], "Expected t alone"],
      [
        ["s rtt 1 1 0\n", "m 1 x\n", "m 2 x\n"],
        "Expected no probe after probe 1",
      ],
      [["s rtt 1 1 0\n", "m 1 x\n", "x\n"], "Expected t or a setup"],
    ];
    for (const [lines, refusal] of cases) {
      const phases = new MeasurePhases();
      const verdicts = lines.map((line) => phases.accept(bytes(line)));
      assertEquals(verdicts.at(-1)!.refusal, refusal);
    }
  },
});

Deno.test({
  name: "MeasurePhases.refuse() answers with the error of the phase",
  permissions: "none",
  fn() {
    const phases = new MeasurePhases();
    const refused = { delayMs: 0, closes: true, refusal: "too long" };
    assertEquals(phases.refuse("too long"), {
      ...refused,
      reply: bytes(CSP_ERROR),
    });
    phases.accept(bytes("s rtt 1 1 0\n"));
    assertEquals(phases.refuse("too long"), {
      ...refused,
      reply: bytes(MP_ERROR),
    });
  },
});

Deno.test({
  name: "MeasurePhases.maxLineBytes has room for every line that can be right",
  permissions: "none",
  fn() {
    const phases = new MeasurePhases();
    assertEquals(phases.maxLineBytes, 128);
    phases.accept(bytes("s rtt 1 1000 0\n"));
    assertEquals(phases.maxLineBytes, "m 1000000 ".length + 1000 + 2);
    // After a small session a new setup must still fit.
    const small = new MeasurePhases();
    small.accept(bytes("s rtt 1 1 0\n"));
    assertEquals(small.maxLineBytes, 128);
  },
});

Deno.test({
  name: "MeasurePhases.setup is null until a setup was accepted",
  permissions: "none",
  fn() {
    const phases = new MeasurePhases();
    phases.accept(bytes("s rtt 0 1 0\n"));
    assertEquals(phases.setup, null);
  },
});

Deno.test({
  name: "MeasurePhases.accept() survives rubbish, and echoes none of it",
  permissions: "none",
  fn() {
    const random = seededRandom(11);
    const words = [
      "s",
      "m",
      "t",
      "rtt",
      "tput",
      "1",
      "2",
      "x",
      " ",
      " ",
      "\r",
      "\0",
    ];
    const known = [READY, CLOSING, CSP_ERROR, MP_ERROR, CTP_ERROR];
    let echoes = 0;
    for (let round = 0; round < 20_000; round++) {
      const phases = new MeasurePhases();
      let next = "s rtt 2 1 0\n";
      for (let turn = 0; turn < 4; turn++) {
        const { reply, closes } = phases.accept(bytes(next));
        if (!known.includes(text(reply))) {
          assert(/^m [12] [^\n]\n$/.test(text(reply)), next);
          echoes += 1;
        }
        if (closes) break;
        next = random() < 0.5 ? `m ${turn + 1} x\n` : Array.from(
          { length: Math.floor(random() * 5) },
          () => words[Math.floor(random() * words.length)],
        ).join("") + "\n";
      }
    }
    assert(echoes > 1000);
  },
});
