/** Signed STAMP packets, with Python's own hmac as the judge. */

import {
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import type { MeasurementResult } from "../../lib/result/schema.ts";
import { run, script, serve, type Server } from "../programs.ts";
import { interopTest, python } from "./programs.ts";
import { ScratchFolder } from "../scratch.ts";

const KEY = "the key of both";
const NO_FILE = ["--unstable-net", "--allow-net=127.0.0.1"];
/** How far the reflector's clock may be from Python's, in seconds. */
const CLOCK_SEC = 1;

/** Where our programs find the key. */
const PLACES = ["file", "environment"] as const;
type Place = typeof PLACES[number];

/** A reply, as Python decodes it. */
interface Reply {
  bytes: number;
  isSigned: boolean;
  isZeroElsewhere: boolean;
  seq: number;
  /** T3, in seconds since 1970. */
  sent: number;
  ssid: number;
  /** T2, in seconds since 1970. */
  received: number;
  /** Whether the sender's fields are what was sent. */
  copies: boolean;
  senderSeq: number;
  ttl: number;
  /** The TLVs. */
  rest: string;
  /** Whether they end with an HMAC TLV, and it is right. */
  isRestSigned: boolean;
  /** When the request was sent, and the reply had come, in seconds since 1970. */
  between: [number, number];
}

/** Gives the command line of one of our scripts that has the key. */
async function withKey<T>(
  place: Place,
  name: string,
  args: string[],
  use: (command: string[]) => Promise<T>,
): Promise<T> {
  if (place === "environment") {
    return await use(["env", `STAMP_HMAC_KEY=${KEY}`, ...script(name, args)]);
  }
  using folder = new ScratchFolder();
  const file = folder.file("key", `${KEY}\n`);
  const words = [...args, "--key-file", file];
  const flags = [...NO_FILE, `--allow-read=${file}`];
  return await use(script(name, words, flags));
}

function serveSigned(place: Place, ...args: string[]): Promise<Server> {
  return withKey(place, "stamp_server", ["--port", "0", ...args], serve);
}

/** Has Python send requests, and gives the replies. */
async function send(server: Server, requests: object[]): Promise<Reply[]> {
  const { code, stdout, stderr } = await run(
    python("stamp_signed_sender", ...server.hostAndPort, KEY),
    requests.map((request) => JSON.stringify(request) + "\n").join(""),
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** A reply is right, but for its numbers and its length. */
function assertReply(reply: Reply): void {
  const { isSigned, isZeroElsewhere, copies, ttl } = reply;
  assertEquals({ isSigned, isZeroElsewhere, copies, ttl }, {
    isSigned: true,
    isZeroElsewhere: true,
    copies: true,
    ttl: 255,
  });
  const { received, sent, between: [before, after] } = reply;
  assertLessOrEqual(received, sent);
  assertGreaterOrEqual(received, before - CLOCK_SEC);
  assertLessOrEqual(sent, after + CLOCK_SEC);
}

for (const place of PLACES) {
  interopTest(
    ["python3"],
    `stamp_server signs as Python does, with the key in its ${place}`,
    async () => {
      await using server = await serveSigned(place);
      const rest = "80010004deadbeef"; // Extra Padding
      const replies = await send(server, [
        { seq: 40, ssid: 7, key: KEY },
        { seq: 41, ssid: 7, key: KEY, rest },
        { seq: 42, ssid: 8, key: KEY },
      ]);
      replies.forEach(assertReply);
      assertEquals(replies.map((reply) => reply.bytes), [112, 120, 112]);
      assertEquals(replies.map((reply) => reply.senderSeq), [40, 41, 42]);
      assertEquals(replies.map((reply) => reply.seq), [0, 1, 0]);
      assertEquals(replies.map((reply) => reply.ssid), [7, 7, 8]);
      assertEquals(replies[1]!.rest, "00010004deadbeef");
    },
  );

  interopTest(
    ["python3"],
    `stamp_client signs as Python does, with the key in its ${place}`,
    async () => {
      await using reflector = await serve(
        python("stamp_signed_reflector", KEY),
      );
      const { probes, rtt_us } = await measure(place, reflector);
      assertEquals([probes.sent, probes.received, probes.corrupt], [8, 8, 0]);
      assertEquals(rtt_us!.count, 8);
      assertEquals(reflector.stderr.text, "");
    },
  );
}

/** Measures the path to a reflector of signed packets. */
async function measure(
  place: Place,
  reflector: Server,
  ...args: string[]
): Promise<MeasurementResult> {
  const words = ["-n", "8", "-i", "5ms", "--timeout", "1s", "--json"];
  const { code, stdout, stderr } = await withKey(
    place,
    "stamp_client",
    [reflector.address, ...words, ...args],
    (command) => run(command),
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout);
}

interopTest(
  ["python3"],
  "stamp_server with a key answers nothing that is not signed with it",
  async () => {
    await using server = await serveSigned("environment", "--stateless");
    const replies = await send(server, [
      { seq: 1, refused: true },
      { seq: 2, key: "another key", refused: true },
      { seq: 3, key: KEY, bytes: 111, refused: true },
      { seq: 4, key: KEY, bytes: 44, refused: true },
      { seq: 5, key: KEY },
    ]);
    // What was answered before would be taken for the last one's reply.
    assertEquals(replies.map((reply) => reply.senderSeq), [5]);
    assertEquals(replies[0]!.seq, 5);
    assertReply(replies[0]!);
    const { stderr } = await server.stop();
    assertMatch(
      stderr,
      /^received 5, reflected 1, .*too short 2, .*signed 2, replies 0,/m,
    );
  },
);

interopTest(
  ["python3"],
  "stamp_server checks and signs TLVs as Python does",
  async () => {
    await using server = await serveSigned("environment");
    const rest = "80030004000000008005000c000000010000000000000000";
    const replies = await send(server, [
      { seq: 40, key: KEY, rest, restKey: KEY },
      { seq: 41, key: KEY, rest, restKey: "another key" },
      { seq: 42, key: KEY, rest },
    ]);
    const counted = "000300040002000200" +
      "05000c000000010000000100000001" + "00080010";
    assertEquals(replies[0]!.rest.slice(0, -32), counted);
    assertEquals(replies[0]!.isRestSigned, true);
    const flagged = rest.replaceAll("8003", "2003").replaceAll("8005", "2005");
    assertEquals(replies[1]!.rest.slice(0, -32), flagged + "20080010");
    assertEquals(replies[1]!.isRestSigned, false);
    assertEquals(replies[2]!.rest, flagged);
    for (const reply of replies) assertReply(reply);
  },
);

interopTest(
  ["python3"],
  "stamp_client measures with signed and padded packets",
  async () => {
    await using reflector = await serve(python("stamp_signed_reflector", KEY));
    const { probes } = await measure("file", reflector, "--size", "200");
    assertEquals([probes.received, probes.corrupt], [8, 0]);
    assertEquals(reflector.stderr.text, "");
  },
);

interopTest(
  ["python3"],
  "stamp_client takes no reply that is signed with another key",
  async () => {
    await using reflector = await serve(
      python("stamp_signed_reflector", KEY, "--sign-with", "another key"),
    );
    const args = ["--warmup", "0", "--timeout", "200ms"];
    const command = [reflector.address, "-n", "5", "-i", "5ms", ...args];
    const { stdout } = await withKey(
      "environment",
      "stamp_client",
      [...command, "--json"],
      (words) => run(words),
    );
    const { probes } = JSON.parse(stdout) as MeasurementResult;
    assertEquals([probes.received, probes.lost], [0, 5]);
    assertEquals(probes.corrupt, 5);
    assertEquals(reflector.stderr.text, "");
  },
);
