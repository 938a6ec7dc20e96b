import { assert, assertEquals } from "@std/assert";
import { isSuccess, learnEchoForm } from "../../lib/measure/dialects.ts";
import { ProbeBuilder } from "../../lib/measure/probe.ts";
import { pureTest as test } from "../testing.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("learnEchoForm() learns the forms in which servers echo", () => {
  const cases: [string, number | null, string][] = [
    ["m 7 abc\n", 0, "\n"],
    ["m 7 abc", 0, ""],
    ["m 7 abc\r\n", 0, "\r\n"],
    ["m 7 abc \n", 0, " \n"],
    ["m 7 abc\0", 0, "\0"],
    ["m 6 abc\n", -1, "\n"],
    ["m 0 abc\n", -7, "\n"],
    ["m 1000007 abc\n", 1_000_000, "\n"],
    ["abc\n", null, "\n"],
    ["abc", null, ""],
  ];
  for (const [reply, sequenceOffset, ending] of cases) {
    assertEquals(
      learnEchoForm(bytes(reply), 7, 3),
      { sequenceOffset, ending: bytes(ending) },
      JSON.stringify(reply),
    );
  }
});

test("learnEchoForm() refuses what is no echo of the probe", () => {
  const replies = [
    "",
    "\n",
    "404 ERROR: Invalid Measurement Message\n",
    "200 OK: Ready\n",
    "m 7 abd\n",
    "m 7 ab\n",
    "m 7 abcd\n",
    "m 7  abc\n",
    "m 07 abc\n",
    "m -7 abc\n",
    "m 7abc\n",
    "m 12345678 abc\n",
    "M 7 abc\n",
    "7 abc\n",
    "ab\n",
    "abcx",
    "m 7 abc\nm 8 abc\n",
    "ABC\n",
  ];
  for (const reply of replies) {
    assertEquals(learnEchoForm(bytes(reply), 7, 3), null, reply);
  }
});

test("learnEchoForm() gives a form that predicts the server's next echo", () => {
  for (const sizeBytes of [1, 13, 26, 1000]) {
    const server = new ProbeBuilder(sizeBytes, bytes(" \n"));
    const form = learnEchoForm(server.message(0), 1, sizeBytes)!;
    const builder = new ProbeBuilder(sizeBytes, form.ending);
    assertEquals(
      builder.message(2 + form.sequenceOffset!),
      server.message(1),
    );
  }
});

test("learnEchoForm() keeps no view of the reply", () => {
  const reply = bytes("m 1 abc\n");
  const form = learnEchoForm(reply, 1, 3)!;
  reply.fill(0);
  assertEquals(form.ending, bytes("\n"));
});

test("isSuccess() looks at the number alone", () => {
  for (
    const reply of [
      "200",
      "200 OK: Ready\n",
      "200 Ready",
      "200\0",
      "200: READY \n",
    ]
  ) {
    assert(isSuccess(bytes(reply)), reply);
  }
  for (
    const reply of [
      "",
      "20",
      "2000",
      "404 ERROR",
      " 200",
      "OK 200",
      "\n200",
      "200ok",
    ]
  ) {
    assert(!isSuccess(bytes(reply)), reply);
  }
});
