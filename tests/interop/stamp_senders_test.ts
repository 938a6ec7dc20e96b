/** STAMP senders that nobody here wrote, against our reflector. */

import {
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import { type ProgramHere, run, serveHere } from "../programs.ts";
import { interopTest, scapy } from "./programs.ts";

/** How far the reflector's clock may be from Python's, in seconds. */
const CLOCK_SEC = 1;
/** The largest error stated: a busy machine takes long to wake the reflector. */
const ERROR_SEC = 5;

type ErrorEstimate = [s: number, z: number, scale: number, multiplier: number];

interface Tlv {
  flags: number;
  type: number;
  len: number;
  value: string;
}

/** What a request has that its reply is to copy. */
interface Sender {
  seq: number;
  timestamp: string;
  estimate: ErrorEstimate;
}

/** A reply, as Scapy decodes it. */
interface Reply {
  bytes: number;
  seq: number;
  /** T3, in seconds since 1970. */
  sent: number;
  estimate: ErrorEstimate;
  ssid: number;
  /** T2, in seconds since 1970. */
  received: number;
  sender: Sender;
  ttl: number;
  zeros: number[];
  tlvs: Tlv[];
  /** What the request had. */
  asked: Sender;
  /** When the request was sent, and the reply had come, in seconds since 1970. */
  between: [number, number];
}

/** Has Scapy send requests, and gives the replies. */
async function sendByScapy(
  server: ProgramHere,
  requests: object[],
): Promise<Reply[]> {
  const { code, stdout, stderr } = await run(
    scapy("stamp_sender", ...server.hostAndPort),
    requests.map((request) => JSON.stringify(request) + "\n").join(""),
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The reflector received before it sent, and both between the sender's times. */
function assertMoments(
  { received, sent, between }: Pick<Reply, "received" | "sent" | "between">,
): void {
  const [before, after] = between;
  assertLessOrEqual(received, sent);
  assertGreaterOrEqual(received, before - CLOCK_SEC);
  assertLessOrEqual(sent, after + CLOCK_SEC);
}

/** What every reply to a whole request has. */
function assertReply(reply: Reply, format: "ntp" | "ptp"): void {
  assertEquals(reply.sender, reply.asked);
  assertEquals(reply.ttl, 255);
  assertEquals(reply.zeros, [0, 0]);
  assertMoments(reply);
  assertEstimate(reply.estimate, format);
}

/**
 * The error is that of a clock that nothing synchronises, and of a program that
 * may wait for a busy processor.
 */
function assertEstimate(estimate: ErrorEstimate, format: "ntp" | "ptp"): void {
  const [s, z, scale, multiplier] = estimate;
  assertEquals([s, z], [0, format === "ptp" ? 1 : 0]);
  assertGreaterOrEqual(multiplier, 1);
  assertLessOrEqual(multiplier * 2 ** (scale - 32), ERROR_SEC);
}

for (const format of ["ntp", "ptp"] as const) {
  const ptp = format === "ptp";

  interopTest(
    ["scapy"],
    `stamp_server counts for Scapy, whose timestamps are ${format}`,
    async () => {
      await using server = await serveHere("stamp_server");
      const sequences = [0, 1, 7, 7, 2 ** 32 - 1];
      const replies = await sendByScapy(
        server,
        sequences.map((seq) => ({ seq, ssid: 0xabcd, ptp })),
      );
      assertEquals(replies.map((reply) => reply.seq), [0, 1, 2, 3, 4]);
      assertEquals(replies.map((reply) => reply.sender.seq), sequences);
      for (const reply of replies) {
        assertEquals(reply.bytes, 44);
        assertEquals(reply.ssid, 0xabcd);
        assertEquals(reply.asked.estimate, [1, ptp ? 1 : 0, 5, 200]);
        assertReply(reply, format);
      }
      // A clock that stood would not be noticed by one reply alone.
      const [first, last] = [replies[0]!, replies.at(-1)!];
      assertAlmostEquals(
        last.received - first.received,
        last.between[0] - first.between[0],
        CLOCK_SEC,
      );
    },
  );

  interopTest(
    ["scapy"],
    `stamp_server --stateless copies for Scapy, whose timestamps are ${format}`,
    async () => {
      await using server = await serveHere("stamp_server", "--stateless");
      const sequences = [5, 3, 2 ** 32 - 1];
      const replies = await sendByScapy(
        server,
        sequences.map((seq) => ({ seq, ptp })),
      );
      assertEquals(replies.map((reply) => reply.seq), sequences);
      for (const reply of replies) {
        assertEquals(reply.bytes, 44);
        assertEquals(reply.ssid, 0);
        assertReply(reply, format);
      }
    },
  );
}

interopTest(
  ["scapy"],
  "stamp_server counts each of Scapy's sessions by itself",
  async () => {
    await using server = await serveHere("stamp_server");
    const ssids = [1, 2, 2, 65_535, 0, 1];
    const replies = await sendByScapy(
      server,
      ssids.map((ssid, seq) => ({ seq, ssid })),
    );
    assertEquals(replies.map((reply) => reply.ssid), ssids);
    assertEquals(replies.map((reply) => reply.seq), [0, 0, 1, 0, 0, 1]);
    const { stderr } = await server.stop();
    assertMatch(stderr, /^received 6, reflected 6, sessions 4;/m);
  },
);

const EXTENSIONS: { title: string; tlvs: Partial<Tlv>[]; flags: number[] }[] = [
  {
    title: "no flag of padding",
    tlvs: [{ type: 1, len: 20, value: "x".repeat(20) }],
    flags: [0],
  },
  {
    title: "no flag of padding without a value",
    tlvs: [{ type: 1, len: 0, value: "" }],
    flags: [0],
  },
  {
    title: "U of a type that nobody knows",
    tlvs: [{ type: 200, len: 5, value: "hello" }],
    flags: [0x80],
  },
  {
    title: "M of padding that is longer than the packet",
    tlvs: [{ type: 1, len: 9, value: "abc" }],
    flags: [0x40],
  },
  {
    title: "the flags of each of several",
    tlvs: [
      { type: 1, len: 3, value: "abc" },
      { type: 200, len: 2, value: "de" },
      { type: 1, len: 1, value: "f" },
      { type: 201, len: 1000, value: "the rest" },
    ],
    flags: [0, 0x80, 0, 0xc0],
  },
];

for (const { title, tlvs, flags } of EXTENSIONS) {
  interopTest(["scapy"], `stamp_server tells Scapy ${title}`, async () => {
    await using server = await serveHere("stamp_server");
    const [reply] = await sendByScapy(server, [{ seq: 9, ssid: 3, tlvs }]);
    assertReply(reply!, "ntp");
    assertEquals(
      reply!.tlvs,
      tlvs.map((tlv, index) => ({ ...tlv, flags: flags[index]! }) as Tlv),
    );
    const tlvBytes = tlvs.map((tlv) => 4 + tlv.value!.length);
    assertEquals(reply!.bytes, tlvBytes.reduce((sum, one) => sum + one, 44));
  });
}

interopTest(
  ["scapy"],
  "stamp_server answers TWAMP-Light in as many bytes as it sent",
  async () => {
    await using server = await serveHere("stamp_server");
    const replies = await sendByScapy(
      server,
      [41, 42, 43].map((bytes) => ({ seq: 70 + bytes, ssid: 5, bytes })),
    );
    assertEquals(replies.map((reply) => reply.bytes), [41, 42, 43]);
    assertEquals(replies.map((reply) => reply.seq), [0, 1, 2]);
    for (const reply of replies) {
      assertReply(reply, "ntp");
      assertEquals(reply.ssid, 0); // it stood where they have padding
    }
  },
);

interopTest(
  ["scapy"],
  "stamp_server answers Scapy neither a reply nor too short a request",
  async () => {
    await using server = await serveHere("stamp_server");
    const replies = await sendByScapy(server, [
      { seq: 1 },
      { echo: true },
      { seq: 2, bytes: 35, refused: true },
      { seq: 3, bytes: 0, refused: true },
      { seq: 4 },
    ]);
    // What was answered in between would be taken for the last one's reply.
    assertEquals(replies.map((reply) => reply.sender.seq), [1, 4]);
    assertEquals(replies.map((reply) => reply.seq), [0, 1]);
    const { stderr } = await server.stop();
    assertMatch(
      stderr,
      /^received 5, reflected 2, .*too short 2, .*signed 0, replies 1,/m,
    );
  },
);
