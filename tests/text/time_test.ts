import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import { parseTime } from "../../lib/text/time_format.ts";
import {
  MAX_TIME_ANSWERS_PER_SEC,
  timeDatagrams,
  timeStreams,
} from "../../lib/text/time.ts";
import {
  bytes,
  datagramClient,
  datagramServer,
  dial,
  exchange,
  readToEnd,
  streamServer,
  text,
} from "../fixtures.ts";

const LIMIT = { timeout: 8000 };
const FORMATS = [
  ["ctime", /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\r\n$/],
  ["iso", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\r\n$/],
  ["rfc868", /^[^]{4}$/],
] as const;

/** Fails unless a message tells the time between a moment and now. */
function assertTellsTime(message: Uint8Array, askedAt: number): void {
  const told = parseTime(message, new Date());
  assert(told !== null);
  assertGreaterOrEqual(told.fromMs + told.resolutionMs, askedAt);
  assertLessOrEqual(told.fromMs, Date.now());
}

for (const [format, shape] of FORMATS) {
  Deno.test(
    `timeStreams() tells who connects the time, and ends the stream: ${format}`,
    LIMIT,
    async () => {
      await using server = streamServer(timeStreams(format));
      const askedAt = Date.now();
      using conn = await dial(server);
      const message = await readToEnd(conn);
      assertMatch(new TextDecoder("latin1").decode(message), shape);
      assertTellsTime(message, askedAt);
    },
  );

  Deno.test(
    `timeDatagrams() answers an empty datagram: ${format}`,
    LIMIT,
    async () => {
      await using server = datagramServer(timeDatagrams(format), {
        mayGrow: true,
        maxRatePerSec: MAX_TIME_ANSWERS_PER_SEC,
      });
      using client = datagramClient();
      const askedAt = Date.now();
      await client.send(bytes(""), server.addr);
      const message = await client.receiveFrom(server.addr, 4000);
      assertTellsTime(message!, askedAt);
    },
  );
}

Deno.test(
  "timeStreams() tells the time to a client that has sent data",
  LIMIT,
  async () => {
    await using server = streamServer(timeStreams("iso"));
    const message = await exchange(server, new Uint8Array(1_000_000));
    assertMatch(text(message)!, FORMATS[1][1]);
  },
);

Deno.test("timeStreams() tells each client its own time", LIMIT, async () => {
  await using server = streamServer(timeStreams("iso"), { mode: "iterative" });
  const first = text(await exchange(server, ""));
  while (new Date().toISOString() <= first!); // the clock moves on
  assert(text(await exchange(server, ""))! > first!);
});

Deno.test(
  "timeDatagrams() answers one source at most ten times a second",
  LIMIT,
  async () => {
    await using server = datagramServer(timeDatagrams("ctime"), {
      mayGrow: true,
      maxRatePerSec: MAX_TIME_ANSWERS_PER_SEC,
    });
    using client = datagramClient();
    const startMs = performance.now();
    for (let count = 0; count < 100; count++) {
      await client.send(bytes(""), server.addr);
    }
    let answers = 0;
    // No longer than a token takes to come again: then it has seen them all.
    while (await client.receive(100) !== null) answers += 1;
    const seconds = (performance.now() - startMs) / 1000;
    assertGreaterOrEqual(answers, 10);
    assertLessOrEqual(answers, 10 + Math.ceil(seconds * 10));
    assertEquals(server.log, []);
  },
);
