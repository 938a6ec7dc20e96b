import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { once } from "node:events";
import {
  type MeasureServerOptions,
  measureStreams,
} from "../../lib/measure/server.ts";
import { parseServerDialect } from "../../lib/measure/dialects.ts";
import type { ServeStreamsOptions } from "../../lib/net/serve_streams.ts";
import {
  bytes,
  connect,
  cuts,
  dial,
  dialForReset,
  exchange,
  readText,
  readToEnd,
  streamServer,
  text,
  writeAll,
} from "../fixtures.ts";
import { test } from "../testing.ts";

const READY = "200 OK: Ready\n";
const CLOSING = "200 OK: Closing Connection\n";
const SETUP_ERROR = "404 ERROR: Invalid Connection Setup Message\n";
const PROBE_ERROR = "404 ERROR: Invalid Measurement Message\n";
const CLOSING_ERROR = "404 ERROR: Invalid Connection Termination Message\n";

function server(
  options: MeasureServerOptions = {},
  serving: ServeStreamsOptions = {},
) {
  return streamServer(measureStreams(options), serving);
}

/** What a client says, and what it is answered. */
const CONVERSATIONS: Record<string, [said: string, answered: string]> = {
  "a session": [
    "s rtt 2 5 0\nm 1 hello\nm 2 world\nt\n",
    READY + "m 1 hello\nm 2 world\n" + CLOSING,
  ],
  "CR LF": [
    "s tput 1 5 0\r\nm 1 hello\r\nt\r\n",
    READY + "m 1 hello\n" + CLOSING,
  ],
  "payloads of spaces, NULs and CRs": [
    "s rtt 3 3 0\nm 1    \nm 2 \0\0\0\nm 3 a\r\r\nt\n",
    READY + "m 1    \nm 2 \0\0\0\nm 3 a\r\r\n" + CLOSING,
  ],
  "a payload counted in bytes": [
    "s rtt 1 4 0\nm 1 dé\0\nt\n",
    READY + "m 1 dé\0\n" + CLOSING,
  ],
  "two sessions on one connection": [
    "s rtt 1 1 0\nm 1 a\ns tput 1 2 0\nm 1 ab\nt\n",
    READY + "m 1 a\n" + READY + "m 1 ab\n" + CLOSING,
  ],
  "an early termination": [
    "s rtt 9 1 0\nm 1 a\nt\n",
    READY + "m 1 a\n" + CLOSING,
  ],
  "an empty line after the termination": [
    "s rtt 1 1 0\nm 1 a\nt\n\n",
    READY + "m 1 a\n" + CLOSING,
  ],
  "a client that only ends its side": [
    "s rtt 1 1 0\nm 1 a\n",
    READY + "m 1 a\n",
  ],
  "no setup": ["m 1 a\n", SETUP_ERROR],
  "binary rubbish": ["\x80\0\xff\n\n\n", SETUP_ERROR],
  "an empty line": ["\ns rtt 1 1 0\n", SETUP_ERROR],
  "a wrong number": ["s rtt 2 1 0\nm 2 a\nm 1 a\n", READY + PROBE_ERROR],
  "a payload too short": ["s rtt 2 3 0\nm 1 ab\nt\n", READY + PROBE_ERROR],
  "a payload too long": ["s rtt 2 3 0\nm 1 abcd\nt\n", READY + PROBE_ERROR],
  "a probe too many": [
    "s rtt 1 1 0\nm 1 a\nm 2 a\nt\n",
    READY + "m 1 a\n" + PROBE_ERROR,
  ],
  "a termination with more in it": [
    "s rtt 1 1 0\nt now\n",
    READY + CLOSING_ERROR,
  ],
  "half a line": ["s rtt 1 9 0\nm 1 half", READY],
};
for (const [what, [said, answered]] of Object.entries(CONVERSATIONS)) {
  test(`measureStreams() answers ${what}, however it is cut`, async () => {
    await using measurement = server();
    for (const [cut, segments] of cuts(bytes(said))) {
      const reply = text(await exchange(measurement, ...segments));
      assertEquals(reply, answered, cut);
    }
  });
}

test("measureStreams() tells why it refuses", async () => {
  const log: string[] = [];
  await using measurement = server({ log: (line) => log.push(line) });
  await exchange(measurement, "s rtt 1 3 0\nm 1 ab\n");
  assertEquals(log.length, 1);
  assertMatch(
    log[0]!,
    /^127\.0\.0\.1:\d+: refused: Probe 1: Expected a payload of 3 bytes: 2$/,
  );
});

/** What a client of another author sends and expects. */
interface StandIn {
  first?: number;
  ending?: string;
  ready?: string;
  closing?: string;
  echo?: (message: string, payload: string) => string;
}

/** Measures as the simplest clients do: one write, one read, compared. */
async function measureAs(
  measurement: { addr: Deno.NetAddr },
  standIn: StandIn,
): Promise<number[]> {
  const { first = 1, ending = "\n", echo = (message) => message } = standIn;
  using conn = await dial(measurement);
  const buffer = new Uint8Array(4096);
  const ask = async (message: string, expected: string): Promise<number> => {
    const startMs = performance.now();
    await conn.write(bytes(message));
    const count = await conn.read(buffer);
    assertEquals(text(buffer.subarray(0, count ?? 0)), expected);
    return performance.now() - startMs;
  };
  await ask(`s rtt 3 9 0${ending}`, standIn.ready ?? READY);
  const rtts: number[] = [];
  for (let sequence = first; sequence < first + 3; sequence++) {
    const message = `m ${sequence} a payload${ending}`;
    rtts.push(await ask(message, echo(message, `a payload${ending}`)));
  }
  await ask(`t${ending}`, standIn.closing ?? CLOSING);
  return rtts;
}

const DIALECTS: Record<string, StandIn> = {
  "from-zero": { first: 0 },
  "ready=200 OK: READY": { ready: "200 OK: READY\n" },
  "no-lf": { ready: READY.trimEnd(), closing: CLOSING.trimEnd() },
  "payload-only": { echo: (_, payload) => payload },
  "flush": { ending: "" },
  "flush,from-zero,no-lf,payload-only,ready=200 Ready": {
    first: 0,
    ending: "",
    ready: "200 Ready",
    closing: CLOSING.trimEnd(),
    echo: (_, payload) => payload,
  },
};
for (const [name, standIn] of Object.entries(DIALECTS)) {
  test(`measureStreams() speaks the dialect ${name}`, async () => {
    await using measurement = server({ dialect: parseServerDialect(name) });
    const rtts = await measureAs(measurement, standIn);
    // A probe ends at its length, not at a silence of 100 ms.
    assertLess(Math.min(...rtts), 90);
    await using strict = server({}, { limits: { readMs: 50 } });
    await assertRejects(() => measureAs(strict, standIn));
  });
}

test("measureStreams() of the dialect flush accepts LFs, also in segments of their own", async () => {
  const dialect = parseServerDialect("flush");
  await using measurement = server({ dialect });
  await measureAs(measurement, {});
  using conn = await dial(measurement);
  await writeAll(conn, bytes("s rtt 2 1 0"));
  assertEquals(await readText(conn, READY.length), READY);
  for (const part of ["m 1 a", "\n", "m 2 b", "\n"]) {
    await writeAll(conn, bytes(part));
    if (part !== "\n") assertEquals(await readText(conn, part.length), part);
  }
});

test("parseServerDialect() rejects what it does not know", () => {
  for (const name of ["", "lf", "ready", "ready=", "from-zero,", "no-lf;x"]) {
    assertThrows(() => parseServerDialect(name), SyntaxError, "from-zero");
  }
});

test("measureStreams() logs clients that leave or are stuck, at once", async () => {
  const cases = [
    ["s rtt 1 9 0\n", true, /left after the setup without a probe$/],
    ["s rtt 1 9 0", true, /left after 11 bytes without a newline$/],
    ["s rtt 1 9 0", false, /11 bytes without a newline so far$/],
    ["s rtt 1 9 0\nm 1 a payload", false, /13 bytes without a newline so far$/],
  ] as const;
  for (const [said, leaves, expected] of cases) {
    const logged = Promise.withResolvers<string>();
    await using measurement = server({ log: logged.resolve });
    using conn = await dial(measurement);
    await writeAll(conn, bytes(said));
    if (leaves) await conn.closeWrite();
    assertMatch(await logged.promise, expected);
  }
});

test("measureStreams() refuses what is above the limits it was given", async () => {
  await using measurement = server({
    limits: { probes: 2, sizeBytes: 10, delayMs: 5 },
  });
  for (const setup of ["s rtt 3 1 0", "s rtt 1 11 0", "s rtt 1 1 6"]) {
    const reply = await exchange(measurement, `${setup}\n`);
    assertEquals(text(reply), SETUP_ERROR, setup);
  }
  const reply = await exchange(measurement, "s rtt 2 10 5\nt\n");
  assertEquals(text(reply), READY + CLOSING);
});

test("measureStreams() echoes the longest probe", async () => {
  await using measurement = server();
  const probe = `m 1 ${"x".repeat(1_048_576)}\n`;
  const reply = await exchange(measurement, `s tput 1 1048576 0\n${probe}t\n`);
  assert(text(reply) === READY + probe + CLOSING);
});

const endless = [
  ["before the setup", "", SETUP_ERROR],
  ["as a probe", "s rtt 1 100 0\n", READY + PROBE_ERROR],
] as const;
for (const [when, before, answered] of endless) {
  test(`measureStreams() refuses a line of 100 MB ${when}, and closes`, async () => {
    await using measurement = server();
    using conn = await dial(measurement);
    await writeAll(conn, bytes(before));
    const reply = readText(conn, answered.length);
    const rss = Deno.memoryUsage().rss;
    let most = 0;
    const flood = (async () => {
      const part = new Uint8Array(1_000_000);
      for (let count = 0; count < 100; count++) {
        await writeAll(conn, part);
        most = Math.max(most, Deno.memoryUsage().rss - rss);
      }
    })().catch(() => {}); // it may close before all was sent
    assertEquals(await reply, answered);
    await flood;
    assertLess(most, 50_000_000);
  });
}

test("measureStreams() drops a client that falls silent", async () => {
  await using measurement = server({}, { limits: { readMs: 50 } });
  using conn = await dial(measurement);
  await writeAll(conn, bytes("s rtt 1 9 0\nm 1 half"));
  assertEquals(text(await readToEnd(conn)), READY);
  assertMatch(await measurement.logged(), /no whole message arrived/);
});

test("measureStreams() delays pipelined probes side by side, and in order", async () => {
  await using measurement = server();
  const probes = Array.from({ length: 50 }, (_, i) => `m ${i + 1} abc\n`);
  const startMs = performance.now();
  const reply = await exchange(
    measurement,
    `s rtt 50 3 100\n${probes.join("")}t\n`,
  );
  const tookMs = performance.now() - startMs;
  assertEquals(text(reply), READY + probes.join("") + CLOSING);
  assertGreaterOrEqual(tookMs, 100);
  assertLess(tookMs, 2000); // one by one: 5 s
});

test("measureStreams() answers a wrong probe after the delayed echoes before it", async () => {
  await using measurement = server();
  const reply = await exchange(
    measurement,
    "s rtt 3 1 50\nm 1 a\nm 2 b\nm 2 c\n",
  );
  assertEquals(text(reply), READY + "m 1 a\nm 2 b\n" + PROBE_ERROR);
});

test("measureStreams() serves others while it delays", async () => {
  await using measurement = server();
  using slow = await dial(measurement);
  await writeAll(slow, bytes("s rtt 1 1 1000\nm 1 a\n"));
  assertEquals(await readText(slow, READY.length), READY);
  let delayed = true;
  const echo = readText(slow, 6).finally(() => delayed = false);
  const reply = await exchange(measurement, "s rtt 1 1 0\nm 1 b\nt\n");
  assertEquals(text(reply), READY + "m 1 b\n" + CLOSING);
  assert(delayed);
  assertEquals(await echo, "m 1 a\n");
});

test("measureStreams() slows down a client that sends on and on without reading", async () => {
  await using measurement = server();
  using client = await connect(measurement, { writeMs: 300 });
  await client.writeAll(bytes("s rtt 1000000 1000 1000\n"));
  let sent = 0;
  await assertRejects(async () => {
    const payload = "x".repeat(1000);
    for (let sequence = 1; sent < 64_000_000; sequence++) {
      const probe = bytes(`m ${sequence} ${payload}\n`);
      await client.writeAll(probe);
      sent += probe.length;
    }
  }, Deno.errors.TimedOut);
});

test("measureStreams() refuses sessions beyond its memory, until others end", async () => {
  const log: string[] = [];
  await using measurement = server({
    memoryBytes: 1_500_000,
    log: (line) => log.push(line),
  });
  const setup = "s tput 1 1000000 0\n";
  {
    using first = await dial(measurement);
    await writeAll(first, bytes(setup));
    assertEquals(await readText(first, READY.length), READY);
    assertEquals(text(await exchange(measurement, setup)), SETUP_ERROR);
    assertMatch(log[0]!, /refused: The memory limit is reached$/);
    const small = await exchange(measurement, "s rtt 1 1000 0\nt\n");
    assertEquals(text(small), READY + CLOSING);
    await writeAll(first, bytes("t\n"));
    assertEquals(text(await readToEnd(first)), CLOSING);
  }
  // The first one's share is given back once its connection has ended.
  let reply;
  do reply = text(await exchange(measurement, `${setup}t\n`)); while (
    reply === SETUP_ERROR
  );
  assertEquals(reply, READY + CLOSING);
});

test("measureStreams() counts connections and small sessions too", async () => {
  await using measurement = server({ memoryBytes: 100_000 });
  const open = new DisposableStack();
  let refused = 0;
  for (let count = 0; count < 10; count++) {
    const conn = open.use(await dial(measurement));
    await writeAll(conn, bytes("s rtt 1 1000 0\n"));
    const reply = await readText(conn, READY.length);
    if (reply !== READY) refused += 1;
  }
  open.dispose();
  assertEquals(refused, 6);
});

test("measureStreams() sends delayed echoes when aborted, and then closes", async () => {
  const owed = Promise.withResolvers<void>();
  const serve = measureStreams();
  await using measurement = streamServer((connection) => {
    const beginReply = connection.beginReply.bind(connection);
    connection.beginReply = () => {
      beginReply();
      owed.resolve();
    };
    return serve(connection);
  });
  using conn = await dial(measurement);
  await writeAll(conn, bytes("s rtt 9 1 200\nm 1 a\n"));
  await owed.promise;
  measurement.abort();
  assertEquals(text(await readToEnd(conn)), READY + "m 1 a\n");
});

test("measureStreams() lets no delay hold up the end of the server beyond its grace", async () => {
  const measurement = server({}, { graceMs: 100 });
  using one = await dial(measurement);
  await writeAll(one, bytes("s rtt 9 1 20000\nm 1 a\n"));
  assertEquals(await readText(one, READY.length), READY);
  using full = await connect(measurement, { writeMs: 100 });
  await full.writeAll(bytes("s tput 9 1000000 20000\n"));
  assertEquals(text(await full.readLine()), READY);
  const payload = "x".repeat(1_000_000);
  await full.writeAll(bytes(`m 1 ${payload}\nm 2 ${payload}\n`));
  measurement.abort();
  await measurement.served; // at once, not when the echoes are due
});

test("measureStreams() drops the delayed echoes of a client that is gone", async () => {
  await using measurement = server({}, { graceMs: 60_000 });
  const socket = await dialForReset(measurement);
  socket.write("s rtt 9 1 60000\nm 1 a\n");
  await once(socket, "data");
  socket.resetAndDestroy();
}); // the server ends long before its grace, and before the echoes are due
