import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { MeasurePhases } from "../../lib/measure/phases.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { pureTest as test } from "../testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const READY = "200 OK: Ready\n";
const CLOSING = "200 OK: Closing Connection\n";
const CSP_ERROR = "404 ERROR: Invalid Connection Setup Message\n";
const MP_ERROR = "404 ERROR: Invalid Measurement Message\n";
const CTP_ERROR = "404 ERROR: Invalid Connection Termination Message\n";

/** Sends each line up to the one that closes; gives the replies. */
function converse(lines: string[], phases = new MeasurePhases()): string[] {
  const replies = [];
  for (const line of lines) {
    const verdict = phases.accept(bytes(line));
    replies.push(text(verdict.reply));
    // A refusal closes, and a valid termination; nothing else does.
    const closes = verdict.refusal !== null || replies.at(-1) === CLOSING;
    assertEquals(verdict.closes, closes, line);
    if (closes) break;
  }
  return replies;
}

/** Asserts the reply to each line, after the lines that lead up to it. */
function assertReplies(lead: string[], cases: Record<string, string>): void {
  for (const [line, reply] of Object.entries(cases)) {
    const replies = converse([...lead, line]);
    assertEquals(replies.length, lead.length + 1, `before ${line}`);
    assertEquals(replies.at(-1), reply, JSON.stringify(line));
  }
}

function all(reply: string, lines: string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => [line, reply]));
}

test("MeasurePhases.accept() serves sessions, with LF or CR LF", () => {
  assertEquals(
    converse(["s rtt 2 5 0\n", "m 1 hello\n", "m 2 world\n", "t\n"]),
    [READY, "m 1 hello\n", "m 2 world\n", CLOSING],
  );
  assertEquals(
    converse(["s tput 2 5 0\r\n", "m 1 hello\r\n", "m 2 hell\r\r\n", "t\r\n"]),
    [READY, "m 1 hello\n", "m 2 hell\r\n", CLOSING],
  );
});

test("MeasurePhases.accept() answers the CSP error to all before a setup", () => {
  assertReplies(
    [],
    all(CSP_ERROR, [
      "\n",
      "\r\n",
      "t\n",
      "m 1 hello\n",
      "GET / HTTP/1.1\r\n",
      "s\n",
      "s  rtt 10 5 0\n",
      "s rtt 10 5 0 \n",
      "s rtt 010 5 0\n",
      "s rtt +10 5 0\n",
      "s rtt 10 5\n",
      "s rtt 0 5 0\n",
      "s rtt 1000001 5 0\n",
      "s rtt 10 1048577 0\n",
      "s rtt 10 5 60000.1\n",
      "S rtt 10 5 0\n",
    ]),
  );
});

test("MeasurePhases.accept() applies the limits of the protocol, or lower ones", () => {
  assertReplies([], {
    "s rtt 1 1 0\n": READY,
    "s rtt 1000000 1048576 60000\n": READY,
    "s tput 1 1 0.001\n": READY,
  });
  const limits = { probes: 10, sizeBytes: 100, delayMs: 5 };
  for (
    const [fields, reply] of [
      ["10 100 5", READY],
      ["11 100 5", CSP_ERROR],
      ["10 101 5", CSP_ERROR],
      ["10 100 5.001", CSP_ERROR],
    ]
  ) {
    const replies = converse(
      [`s rtt ${fields}\n`],
      new MeasurePhases(limits),
    );
    assertEquals(replies, [reply]);
  }
});

test("MeasurePhases.accept() answers the MP error to an invalid probe", () => {
  const lead = ["s rtt 10 5 0\n"];
  assertReplies(
    lead,
    all(MP_ERROR, [
      "\n",
      "\r\n",
      "m\n",
      "m 1\n",
      "m 1 hell\n",
      "m 1 hello!\n",
      "m 1  hello\n",
      "m  1 hello\n",
      "m 1 hello \n",
      "m 01 hello\n",
      "m +1 hello\n",
      "m 0 hello\n",
      "m 2 hello\n",
      "M 1 hello\n",
      "m 1 héllo\n", // five characters, six bytes
      "s rtt 2 1 0\n",
    ]),
  );
  const payloads = ["     ", "\0\0\0\0\0", "hell\r", "\r\r\r\r\r", "a€a"];
  const lines = payloads.map((payload) => `m 1 ${payload}\n`);
  for (const line of lines) assertReplies(lead, { [line]: line });
  assertReplies(["s rtt 10 1 0\n", "m 1 x\n", "m 2 x\n"], {
    "m 3 x\n": "m 3 x\n",
    ...all(MP_ERROR, ["m 1 x\n", "m 2 x\n", "m 4 x\n", "s rtt 2 1 0\n"]),
  });
});

test("MeasurePhases.accept() accepts t at any time after a setup", () => {
  const cases = { "t\n": CLOSING, "t \n": CTP_ERROR, "tt\n": CTP_ERROR };
  assertReplies(["s rtt 10 1 0\n"], cases);
  assertReplies(["s rtt 10 1 0\n", "m 1 x\n"], cases);
});

test("MeasurePhases.accept() accepts t or a setup after the last probe", () => {
  assertReplies(["s rtt 1 1 0\n", "m 1 x\n"], {
    "t\n": CLOSING,
    "t\r\n": CLOSING,
    "s rtt 1 1 0\n": READY,
    ...all(MP_ERROR, ["m 2 x\n", "m 1 x\n"]),
    ...all(CSP_ERROR, ["s rtt 0 1 0\n", "s\n"]),
    ...all(CTP_ERROR, ["t \n", "T\n", "\n", "x\n"]),
  });
  const phases = new MeasurePhases();
  assertEquals(
    converse(
      ["s rtt 1 1 0\n", "m 1 x\n", "s tput 2 3 0\n", "m 1 abc\n"],
      phases,
    ),
    [READY, "m 1 x\n", READY, "m 1 abc\n"],
  );
  assertEquals(phases.setup?.type, "tput");
});

test("MeasurePhases.accept() delays echoes alone", () => {
  const phases = new MeasurePhases();
  const delays = ["s rtt 2 1 12.5\n", "m 1 x\n", "m 2 x\n", "t\n"]
    .map((line) => phases.accept(bytes(line)).delayMs);
  assertEquals(delays, [0, 12.5, 12.5, 0]);
  const other = new MeasurePhases();
  other.accept(bytes("s rtt 1 1 12.5\n"));
  assertEquals(other.accept(bytes("m 1 xx\n")).delayMs, 0);
});

test("MeasurePhases.accept() copies no payload", () => {
  const phases = new MeasurePhases();
  phases.accept(bytes("s rtt 1 5 0\n"));
  const line = bytes("m 1 hello\n");
  assertStrictEquals(phases.accept(line).reply.buffer, line.buffer);
});

test("MeasurePhases.accept() gives the reason of a refusal", () => {
  const cases: [string[], string][] = [
    [["hello\n"], "Expected s TYPE PROBES SIZE DELAY"],
    [["s rtt 0 1 0\n"], "PROBES must be from 1 to 1000000: 0"],
    [["s rtt 1 1 0\n", "m 2 x\n"], "Probe 1: Expected sequence number 1"],
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
});

test("MeasurePhases.refuse() answers with the error of the phase", () => {
  const phases = new MeasurePhases();
  const refused = { delayMs: 0, closes: true, refusal: "Too long" };
  for (const reply of [CSP_ERROR, MP_ERROR]) {
    const verdict = phases.refuse("Too long");
    assertEquals(verdict, { ...refused, reply: bytes(reply) });
    phases.accept(bytes("s rtt 1 1 0\n"));
  }
});

test("MeasurePhases.maxLineBytes allows every line that can be valid", () => {
  const phases = new MeasurePhases();
  assertEquals(phases.maxLineBytes, 128);
  phases.accept(bytes("s rtt 0 1 0\n"));
  assertEquals(phases.setup, null);
  phases.accept(bytes("s rtt 1 1000 0\n"));
  assertEquals(phases.maxLineBytes, "m 1000000 ".length + 1000 + 2);
  // After a small session a new setup must still fit.
  const small = new MeasurePhases();
  small.accept(bytes("s rtt 1 1 0\n"));
  assertEquals(small.maxLineBytes, 128);
});

test("MeasurePhases.accept() echoes valid probes alone, on random lines", () => {
  const random = seededRandom(11);
  const words = ["s", "m", "t", "rtt", "1", "2", "x", " ", " ", "\r", "\0"];
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
});
