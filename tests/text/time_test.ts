import { AdmissionControl } from "../../lib/net/admission.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  clockOffset,
  formatTime,
  MAX_TIME_REPLIES_PER_SEC,
  parseTime,
  TIME_FORMATS,
  timeDatagrams,
  timeStreams,
} from "../../lib/text/time.ts";
import {
  bytes,
  datagramClient,
  datagramServer,
  exchange,
  streamServer,
  text,
} from "../fixtures.ts";
import { pureTest, test } from "../testing.ts";

const SHAPES = {
  ctime: /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\r\n$/,
  iso: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\r\n$/,
  rfc868: /^[^]{4}$/,
};

/** Fails unless a message is a time since a moment. */
function assertTime(
  message: Uint8Array,
  format: keyof typeof SHAPES,
  sinceMs: number,
): void {
  assertMatch(new TextDecoder("latin1").decode(message), SHAPES[format]);
  const received = parseTime(message, new Date());
  assert(received !== null);
  assertGreaterOrEqual(received.fromMs + received.resolutionMs, sinceMs);
  assertLessOrEqual(received.fromMs, Date.now());
}

test("timeStreams() sends the time, and ends the stream", async () => {
  for (const format of TIME_FORMATS) {
    await using server = streamServer(timeStreams(format));
    const startMs = Date.now();
    for (const request of ["", "what time?\n", new Uint8Array(1_000_000)]) {
      assertTime(await exchange(server, request), format, startMs);
    }
  }
});

test("timeStreams() reads the clock for each client", async () => {
  await using server = streamServer(timeStreams("iso"), { mode: "iterative" });
  const first = text(await exchange(server, ""))!;
  while (new Date().toISOString() <= first); // until the clock has moved
  assert(text(await exchange(server, ""))! > first);
});

test("timeDatagrams() replies to a datagram as long as the reply, at a limited rate", async () => {
  for (const format of TIME_FORMATS) {
    await using server = datagramServer(timeDatagrams(format), {
      admission: new AdmissionControl({
        limits: { maxDatagramsPerSec: MAX_TIME_REPLIES_PER_SEC },
      }),
    });
    using client = datagramClient();
    const startMs = Date.now();
    const startedMs = performance.now();
    const replyBytes = formatTime(new Date(), format).length;
    for (const short of [0, replyBytes - 1]) {
      await client.send(new Uint8Array(short), server.addr);
      assertEquals(await client.receive(50), null);
    }
    // The short ones took tokens too.
    await new Promise((resolve) => setTimeout(resolve, 250));
    for (let count = 0; count < 100; count++) {
      await client.send(new Uint8Array(replyBytes), server.addr);
    }
    let replies = 0;
    for (
      let reply;
      (reply = await client.receive(replies < 2 ? 10_000 : 50)) !== null;
    ) {
      assertTime(reply.bytes, format, startMs);
      replies += 1;
    }
    const seconds = (performance.now() - startedMs) / 1000;
    assertGreaterOrEqual(replies, 2);
    // The burst, and the tokens that came in meanwhile.
    assertLessOrEqual(replies, 2 + Math.ceil(seconds * 10));
    assertEquals(server.log, []);
  }
});

const big32 = (value: number) =>
  Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

const FORMATTED: [Date, keyof typeof SHAPES, Uint8Array][] = [
  // Dates of the local time zone, whichever that is.
  [new Date(1970, 0, 1), "ctime", bytes("Thu Jan  1 00:00:00 1970\r\n")],
  [
    new Date(2024, 1, 29, 9, 8, 7),
    "ctime",
    bytes("Thu Feb 29 09:08:07 2024\r\n"),
  ],
  [
    new Date(1999, 11, 31, 23, 59, 59, 999),
    "ctime",
    bytes("Fri Dec 31 23:59:59 1999\r\n"),
  ],
  [
    new Date(Date.UTC(2026, 10, 21, 12, 0, 0, 7)),
    "iso",
    bytes("2026-11-21T12:00:00.007Z\r\n"),
  ],
  [new Date(0), "rfc868", Uint8Array.of(0x83, 0xaa, 0x7e, 0x80)],
  [new Date(999), "rfc868", big32(2_208_988_800)], // not rounded up
];
/** The moments that RFC 868 counts itself, and the overflow of its 32 bits. */
const RFC868_MOMENTS: [seconds: number, moment: string][] = [
  [0, "1900-01-01T00:00:00Z"],
  [1, "1900-01-01T00:00:01Z"],
  [2_208_988_800, "1970-01-01T00:00:00Z"],
  [2_398_291_200, "1976-01-01T00:00:00Z"],
  [2_524_521_600, "1980-01-01T00:00:00Z"],
  [2_629_584_000, "1983-05-01T00:00:00Z"],
  [2 ** 32 - 1, "2036-02-07T06:28:15Z"],
  [0, "2036-02-07T06:28:16Z"],
  [1, "2036-02-07T06:28:17Z"],
];
pureTest("formatTime() writes each format", () => {
  for (const [date, format, message] of FORMATTED) {
    assertEquals(formatTime(date, format), message);
  }
  for (const [seconds, moment] of RFC868_MOMENTS) {
    assertEquals(formatTime(new Date(moment), "rfc868"), big32(seconds));
  }
});

pureTest("parseTime() places RFC 868's seconds near the given moment", () => {
  const decadeMs = 3.2e11;
  for (const [seconds, moment] of RFC868_MOMENTS) {
    const fromMs = Date.parse(moment);
    // A view into a larger buffer.
    const message = Uint8Array.of(9, 9, ...big32(seconds), 9).subarray(2, 6);
    for (const offMs of [-decadeMs, 0, decadeMs]) {
      assertEquals(parseTime(message, new Date(fromMs + offMs)), {
        text: `${seconds} (seconds since 1900)`,
        fromMs,
        resolutionMs: 1000,
      });
    }
  }
});

pureTest(
  "parseTime() reads what formatTime() writes, to its resolution",
  () => {
    const random = seededRandom(9);
    for (let round = 0; round < 2000; round++) {
      // From 1970 to 2096, across the overflow of the 32 bits.
      const date = new Date(Math.floor(random() * 4e12));
      for (const format of TIME_FORMATS) {
        const received = parseTime(formatTime(date, format), date)!;
        const resolutionMs = format === "iso" ? 1 : 1000;
        assertEquals(received.resolutionMs, resolutionMs);
        const ms = date.getTime();
        // A local time that occurs twice, when clocks are put back, is
        // ambiguous by half an hour or an hour.
        const offMs = format === "ctime"
          ? (ms - received.fromMs) % 1_800_000
          : ms - received.fromMs;
        assertEquals(offMs, ms % resolutionMs, `${date} as ${format}`);
      }
    }
  },
);

pureTest("parseTime() accepts the variants that servers send", () => {
  const near = new Date();
  for (const end of ["", "\n", "\r\n", " \r\n", "\0", "\r\n\0\0"]) {
    const line = "1970-01-01T00:00:00.000Z";
    const received = parseTime(bytes(line + end), near);
    assertEquals(received, { text: line, fromMs: 0, resolutionMs: 1 });
  }
  const fromMs = new Date(1970, 0, 1).getTime();
  for (const day of [" 1", "1", "01"]) {
    const line = `Thu Jan ${day} 00:00:00 1970`;
    const received = parseTime(bytes(line), near);
    assertEquals(received, { text: line, fromMs, resolutionMs: 1000 });
  }
  const seconds = parseTime(bytes("1970-01-01T00:00:05Z\n"), near);
  assertEquals([seconds?.fromMs, seconds?.resolutionMs], [5000, 1000]);
});

pureTest(
  "parseTime() returns null for other text and for impossible times",
  () => {
    const messages = [
      "",
      "\n",
      "now",
      "hello world",
      "1970-01-01",
      "1970-01-01T00:00:00",
      "1970-01-01T00:00:00+01:00",
      "1970-13-01T00:00:00Z",
      "1970-02-31T00:00:00Z",
      "1970-01-01T00:00:00.0001Z",
      "x1970-01-01T00:00:00Z",
      "Thu Foo  1 00:00:00 1970",
      "Thu Jan  1 00:00 1970",
      "Thu Jan   1 00:00:00 1970",
      "Thu Jan  1 00:00:00 1970 UTC",
      "Sat Feb 31 00:00:00 1970",
      "Wed Dec  0 00:00:00 1970",
      "Thu Jan  1 25:00:00 1970",
      "Thu Jan  1 00:61:00 1970",
      "Thu Jan  1 00:00:99 1970",
      "\x1b[2JThu Jan  1 00:00:00 1970",
      "200 OK: Ready",
    ];
    for (const message of messages) {
      assertEquals(parseTime(bytes(message), new Date(0)), null, message);
    }
  },
);

pureTest("parseTime() never returns NaN for a damaged message", () => {
  const random = seededRandom(10);
  for (let round = 0; round < 20_000; round++) {
    const message = bytes("Thu Jan  1 00:00:00 1970\r\n");
    for (let changes = 0; changes < 3; changes++) {
      message[Math.floor(random() * message.length)] = 0x20 +
        Math.floor(random() * 96);
    }
    const received = parseTime(message, new Date(0));
    assert(Number.isFinite(received?.fromMs ?? 0), text(message)!);
  }
});

pureTest("clockOffset() agrees with examples computed by hand", () => {
  // time, resolution, requested, round trip -> offset, bound
  const cases = [
    [1000, 0, 1000, 0, 0, 0],
    [1005, 0, 1000, 10, 0, 5],
    [1000, 1, 990, 20, 0.5, 10.5],
    [10_000, 1000, 9990, 20, 500, 510],
    [5000, 1000, 9000, 0, -3500, 500],
  ] as const;
  for (
    const [fromMs, resolutionMs, atMs, tripMs, offsetMs, boundMs] of cases
  ) {
    const received = { text: "", fromMs, resolutionMs };
    assertEquals(clockOffset(received, atMs, tripMs), { offsetMs, boundMs });
  }
});

pureTest("clockOffset() has the true offset within its bound", () => {
  const random = seededRandom(14);
  for (let round = 0; round < 20_000; round++) {
    const trueMs = (random() - 0.5) * 1e7;
    const atMs = 1e12 + random() * 1e6;
    const tripMs = random() * 500;
    // The server reads its clock at any time in between, and truncates it.
    const readMs = atMs + random() * tripMs + trueMs;
    const resolutionMs = random() < 0.5 ? 1 : 1000;
    const fromMs = Math.floor(readMs / resolutionMs) * resolutionMs;
    const received = { text: "", fromMs, resolutionMs };
    const { offsetMs, boundMs } = clockOffset(received, atMs, tripMs);
    assert(Math.abs(offsetMs - trueMs) <= boundMs + 1e-3);
  }
});
