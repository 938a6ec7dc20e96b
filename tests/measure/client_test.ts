import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import { createServer } from "node:net";
import type { MeasureOptions } from "../../lib/measure/client.ts";
import { measureSession } from "../../lib/measure/client.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";
import { maxProbeBytes } from "../../lib/measure/probe.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { measureStreams } from "../../lib/measure/server.ts";
import {
  bytes,
  connect,
  type RunningServer,
  streamServer,
  text,
} from "../fixtures.ts";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, timeout: 8000, fn });
}
const READY = "200 OK: Ready\n";
const CLOSING = "200 OK: Closing Connection\n";
const PROBE_ERROR = "404 ERROR: Invalid Measurement Message\n";

/** What a server sends, each string in one write; `null` closes. */
type Reply = (string | null)[];

/** How a server deviates from the protocol. */
interface Dialect {
  ready?: Reply;
  echo?: (message: string, sequence: number, payload: string) => Reply;
  closing?: Reply;
}

/** A server that speaks a dialect. */
function foreignServer(dialect: Dialect): RunningServer {
  return streamServer(async (connection) => {
    let line;
    while ((line = await connection.readLine()) !== null) {
      for (const part of answer(text(line)!)) {
        if (part === null) return connection.close();
        await connection.writeAll(bytes(part));
      }
    }
  }, { limits: { messageBytes: 2_000_000 } });

  function answer(message: string): Reply {
    if (message.startsWith("s ")) return dialect.ready ?? [READY];
    if (message === "t\n") return dialect.closing ?? [CLOSING, null];
    const [, sequence, payload] = /^m (\d+) (.*)\n$/.exec(message)!;
    return dialect.echo?.(message, Number(sequence), payload!) ?? [message];
  }
}

/** The outcome of a session. */
interface Outcome {
  samples: Sample[];
  error: Error | null;
  told: string[];
}

/** Measures three probes. */
async function measure(
  server: { addr: Deno.NetAddr },
  { sizeBytes = 20, lenient = false, readMs = 250, ...others }:
    & { sizeBytes?: number; lenient?: boolean; readMs?: number }
    & Partial<MeasureOptions> = {},
): Promise<Outcome> {
  const outcome: Outcome = { samples: [], error: null, told: [] };
  try {
    const session = measureSession(
      () =>
        connect(server, {
          readMs,
          messageBytes: maxProbeBytes(sizeBytes) + 100,
        }),
      {
        setup: { type: "rtt", probes: 3, sizeBytes, delayMs: 0 },
        warmup: 0,
        intervalMs: 0,
        ...(lenient
          ? { tolerate: (what: string) => outcome.told.push(what) }
          : {}),
        ...others,
      },
    );
    for await (const sample of session) outcome.samples.push({ ...sample });
  } catch (error) {
    outcome.error = error as Error;
  }
  return outcome;
}

/** Which probes got an echo. */
function echoed({ samples }: Outcome): boolean[] {
  return samples.map(({ rttMs }) => rttMs !== null);
}

for (const lenient of [false, true]) {
  const how = lenient ? "lenient" : "strict";
  for (const sizeBytes of [1, 100, 1_048_576]) {
    test(`measureSession() measures our own server: ${how}, ${sizeBytes} bytes`, async () => {
      const refusals: string[] = [];
      await using server = streamServer(
        measureStreams({ log: (line) => refusals.push(line) }),
      );
      const outcome = await measure(server, {
        sizeBytes,
        lenient,
        readMs: 4000,
      });
      assertEquals(outcome.error, null);
      assertEquals(outcome.samples.map(({ sequence }) => sequence), [
        1,
        2,
        3,
      ]);
      assertEquals(echoed(outcome), [true, true, true]);
      assertEquals(outcome.told, []);
      assertEquals(refusals, []);
    });
  }
}

test("measureSession() times each probe from its write to its echo", async () => {
  await using server = streamServer(measureStreams());
  const { samples, error } = await measure(server, {
    setup: { type: "rtt", probes: 4, sizeBytes: 10, delayMs: 20 },
    warmup: 2,
    readMs: 4000,
  });
  assertEquals(error, null);
  assertEquals(
    samples.map(({ warmup }) => warmup),
    [true, true, false, false],
  );
  for (const { rttMs, sendCallMs } of samples) {
    assertGreaterOrEqual(rttMs!, 20);
    assert(sendCallMs > 0 && sendCallMs <= rttMs!);
  }
});

test("measureSession() keeps its schedule", async () => {
  await using server = streamServer(measureStreams());
  const { samples } = await measure(server, { intervalMs: 10, readMs: 4000 });
  const [first, second, third] = samples.map((sample) => sample.intendedAtMs);
  assertAlmostEquals(second! - first!, 10, 1e-6);
  assertAlmostEquals(third! - first!, 20, 1e-6);
  for (const { intendedAtMs, sentAtMs } of samples) {
    assertGreaterOrEqual(sentAtMs, intendedAtMs);
  }
});

test("measureSession() accepts echoes in single bytes", async () => {
  await using server = foreignServer({ echo: (message) => [...message] });
  for (const lenient of [false, true]) {
    const outcome = await measure(server, { lenient });
    assertEquals(outcome.error, null);
    assertEquals(echoed(outcome), [true, true, true]);
    assertEquals(outcome.told, []);
  }
});

const atProbe2 = (reply: Reply): Dialect => ({
  echo: (message, sequence) => sequence === 2 ? reply : [message],
});
const changed = (message: string) => [message.replace("def", "dEf")];

const broken: [
  what: string,
  dialect: Dialect,
  echoed: boolean[],
  error: string,
][] = [
  [
    "refuses the setup",
    { ready: ["404 no\n", null] },
    [],
    "to the setup, received",
  ],
  [
    "closes instead of an answer",
    { ready: [null] },
    [],
    "to the setup, but the peer closed the connection",
  ],
  [
    "closes after the setup",
    { ready: [READY, null] },
    [false],
    "the echo of probe 1, but the peer closed the connection",
  ],
  ["says READY", { ready: ["200 OK: READY\n"] }, [], "to the setup, received"],
  [
    "ends replies with CR LF",
    { ready: ["200 OK: Ready\r\n"] },
    [],
    "to the setup, received",
  ],
  [
    "sends a reply without LF",
    { ready: ["200 OK: Ready"] },
    [],
    '"200 OK: Ready"',
  ],
  [
    "sends an endless reply",
    { ready: ["200 ".padEnd(200_000)] },
    [],
    "to the setup, received",
  ],
  [
    "answers 404 at probe 2",
    atProbe2([PROBE_ERROR, null]),
    [true, false],
    "404 ERROR: Invalid Measurement Message",
  ],
  [
    "answers 404 at probe 2 and goes on",
    atProbe2([PROBE_ERROR]),
    [true, false],
    "404 ERROR: Invalid Measurement Message",
  ],
  [
    "closes at probe 2",
    atProbe2([null]),
    [true, false],
    "the echo of probe 2, but the peer closed the connection",
  ],
  [
    "closes inside an echo",
    atProbe2(["m 2 abc", null]),
    [true, false],
    '"m 2 abc"',
  ],
  [
    "changes one byte",
    { echo: changed },
    [false],
    "the echo of probe 1, received",
  ],
  [
    "echoes nonsense",
    { echo: () => ["nonsense\n".repeat(20)] },
    [false],
    "the echo of probe 1, received",
  ],
  ["echoes the payload alone", { echo: (_, __, payload) => [`${payload}\n`] }, [
    false,
  ], "the echo of probe 1, received"],
  [
    "echoes without LF",
    { echo: (message) => [message.trimEnd()] },
    [false],
    "the echo of probe 1, received",
  ],
  [
    "counts from 0",
    { echo: (_, sequence, payload) => [`m ${sequence - 1} ${payload}\n`] },
    [false],
    "the echo of probe 1, received",
  ],
  [
    "echoes twice",
    { echo: (message) => [message + message] },
    [true, false],
    "the echo of probe 2, received",
  ],
  ["closes instead of the closing reply", { closing: [null] }, [
    true,
    true,
    true,
  ], "to the termination, but the peer closed the connection"],
  [
    "closes after the last echo",
    {
      echo: (message, sequence) => sequence === 3 ? [message, null] : [message],
    },
    [true, true, true],
    "to the termination, but the peer closed the connection",
  ],
  [
    "refuses the termination",
    { closing: ["404 no\n"] },
    [true, true, true],
    "to the termination, received",
  ],
];
for (const [what, dialect, expected, message] of broken) {
  test(`measureSession() reports a server that ${what}`, async () => {
    await using server = foreignServer(dialect);
    // 404 is longer than the echo of one, and shorter than that of the other.
    for (const sizeBytes of [20, 100]) {
      const outcome = await measure(server, { sizeBytes });
      assertEquals(echoed(outcome), expected);
      assertInstanceOf(outcome.error, ProtocolError);
      assertStringIncludes(outcome.error.message, message);
    }
  });
}

test("measureSession() times out on a silent server", async () => {
  const silences: [Dialect, boolean[]][] = [
    [{ ready: [] }, []],
    [atProbe2([]), [true, false]],
    [{ closing: [] }, [true, true, true]],
  ];
  for (const [dialect, expected] of silences) {
    await using server = foreignServer(dialect);
    const outcome = await measure(server);
    assertInstanceOf(outcome.error, Deno.errors.TimedOut);
    assertEquals(echoed(outcome), expected);
  }
});

const dialects: [what: string, dialect: Dialect, told: string[]][] = [
  ["says READY", { ready: ["200 OK: READY\n"] }, [
    'the reply "200 OK: READY\\n" to the setup',
  ]],
  ["says 200 Ready", { ready: ["200 Ready\n"] }, [
    'the reply "200 Ready\\n" to the setup',
  ]],
  ["sends its replies without LF", {
    ready: ["200 OK: Ready"],
    closing: ["200 OK: Closing Connection"],
  }, [
    'the reply "200 OK: Ready" to the setup',
    'the reply "200 OK: Closing Connection" to the termination',
  ]],
  ["ends its replies with a space", { ready: ["200 OK: Ready \n"] }, [
    'the reply "200 OK: Ready \\n" to the setup',
  ]],
  ["ends its replies with CR LF", { ready: ["200 OK: Ready\r\n"] }, [
    'the reply "200 OK: Ready\\r\\n" to the setup',
  ]],
  ["ends its replies with a NUL before the LF", {
    ready: ["200 OK: Ready\0\n"],
  }, ['the reply "200 OK: Ready\\u0000\\n" to the setup']],
  ["ends its replies with a NUL and no LF", { ready: ["200 OK: Ready\0"] }, [
    'the reply "200 OK: Ready\\u0000" to the setup',
  ]],
  ["echoes without LF", { echo: (message) => [message.trimEnd()] }, [
    'echoes that end in ""',
  ]],
  ["echoes with a space at the end", {
    echo: (message) => [`${message.trimEnd()} \n`],
  }, ['echoes that end in " \\n"']],
  ["echoes the payload alone", { echo: (_, __, payload) => [`${payload}\n`] }, [
    "echoes of the payload alone",
  ]],
  ["echoes the payload alone, without LF", {
    echo: (_, __, payload) => [payload],
  }, ["echoes of the payload alone", 'echoes that end in ""']],
  ["counts its echoes from 0", {
    echo: (_, sequence, payload) => [`m ${sequence - 1} ${payload}\n`],
  }, ["echoes numbered -1 off"]],
  ["closes instead of the closing reply", { closing: [null] }, [
    "a session closed without a reply",
  ]],
  ["closes after the last echo", {
    echo: (message, sequence) => sequence === 3 ? [message, null] : [message],
  }, ["a session closed without a reply"]],
];
for (const [what, dialect, told] of dialects) {
  test(`measureSession() tolerates a server that ${what}, and reports it`, async () => {
    await using server = foreignServer(dialect);
    const outcome = await measure(server, { lenient: true, readMs: 4000 });
    assertEquals(outcome.error, null);
    assertEquals(outcome.samples.map(({ sequence }) => sequence), [1, 2, 3]);
    assertEquals(echoed(outcome), [true, true, true]);
    assertEquals(outcome.told, told);
    assertEquals(outcome.samples.map(({ warmup }) => warmup), [
      true, // it taught us how the server echoes
      false,
      false,
    ]);
  });
}

test("measureSession() tolerates a server that ends all messages with LF and NUL", async () => {
  await using server = foreignServer({
    ready: [`${READY}\0`],
    echo: (message) => [`${message}\0`],
    closing: [`${CLOSING}\0`, null],
  });
  const outcome = await measure(server, { lenient: true, readMs: 4000 });
  assertEquals(outcome.error, null);
  assertEquals(echoed(outcome), [true, true, true]);
  assert(outcome.told.length > 0);
});

test("measureSession() tolerates a reset instead of the closing reply", async () => {
  const server = createServer((socket) => {
    socket.on("data", (data) => {
      const message = String(data);
      if (message === "t\n") socket.resetAndDestroy();
      else socket.write(message.startsWith("s ") ? READY : message);
    });
    socket.on("error", () => {}); // its own reset
  });
  await new Promise<void>((bound) => server.listen(0, "127.0.0.1", bound));
  const { port } = server.address() as { port: number };
  const addr: Deno.NetAddr = {
    transport: "tcp",
    hostname: "127.0.0.1",
    port,
  };
  const outcome = await measure({ addr }, { lenient: true, readMs: 4000 });
  await new Promise((closed) => server.close(closed));
  assertEquals(outcome.error, null);
  assertEquals(echoed(outcome), [true, true, true]);
  assertEquals(outcome.told, ["a session closed without a reply"]);
});

/** A server that refuses a probe whose number is not due, counting from 0. */
function serverFromZero(): RunningServer {
  let due = 0;
  return foreignServer({
    get ready() {
      due = 0;
      return [READY];
    },
    echo: (message, sequence) =>
      sequence === due++ ? [message] : [PROBE_ERROR, null],
  });
}

test("measureSession() tolerates a server that demands numbers from 0", async () => {
  await using server = serverFromZero();
  const outcome = await measure(server, { lenient: true, readMs: 4000 });
  assertEquals(outcome.error, null);
  assertEquals(outcome.samples.map(({ sequence }) => sequence), [1, 2, 3]);
  assertEquals(echoed(outcome), [true, true, true]);
  assertEquals(outcome.told, ["sequence numbers from 0"]);
});

test("measureSession() is strict about numbers from 0 unless lenient", async () => {
  await using server = serverFromZero();
  const outcome = await measure(server);
  assertInstanceOf(outcome.error, ProtocolError);
  assertStringIncludes(outcome.error.message, "Invalid Measurement Message");
});

const hopeless: [what: string, dialect: Dialect, error: string][] = [
  [
    "refuses the setup",
    { ready: ["404 no\n", null] },
    "to the setup, received",
  ],
  [
    "closes after the setup",
    { ready: [READY, null] },
    "the echo of probe 1, but the peer closed the connection",
  ],
  ["changes one byte", { echo: changed }, "the echo of probe 1, received"],
  [
    "answers 404 at probe 2",
    atProbe2([PROBE_ERROR, null]),
    "404 ERROR: Invalid Measurement Message",
  ],
  [
    "changes its manner at probe 2",
    atProbe2(["m 2 abcdefghijklmnopqrst \n"]),
    "the echo of probe 2, received",
  ],
];
for (const [what, dialect, message] of hopeless) {
  test(`measureSession() does not tolerate a server that ${what}`, async () => {
    await using server = foreignServer(dialect);
    const outcome = await measure(server, { lenient: true, readMs: 4000 });
    assertInstanceOf(outcome.error, ProtocolError);
    assertStringIncludes(outcome.error.message, message);
  });
}

test("measureSession() reports the first reply, not that of the second try", async () => {
  await using server = foreignServer({
    echo: (_, sequence) => sequence === 1 ? ["garbled\n"] : [PROBE_ERROR, null],
  });
  const { error } = await measure(server, { lenient: true, readMs: 4000 });
  assertInstanceOf(error, ProtocolError);
  assertEquals(text(error.reply), "garbled\n");
});

test("measureSession() ends when aborted between probes, with a termination", async () => {
  const terminated = Promise.withResolvers<void>();
  await using server = foreignServer({
    get closing() {
      terminated.resolve();
      return [CLOSING];
    },
  });
  const stop = new AbortController();
  const session = measureSession(() => connect(server), {
    setup: { type: "rtt", probes: 3, sizeBytes: 5, delayMs: 0 },
    warmup: 0,
    intervalMs: 60_000,
    signal: stop.signal,
  });
  let count = 0;
  for await (const sample of session) {
    assert(sample.rttMs !== null);
    count += 1;
    setTimeout(() => stop.abort(), 0); // while it waits for the second's time
  }
  assertEquals(count, 1);
  await terminated.promise;
});

test("measureSession() ends when aborted inside a probe, which is not lost", async () => {
  const stop = new AbortController();
  for (const lenient of [false, true]) {
    await using server = foreignServer({
      echo: (message, sequence) => {
        if (sequence !== 2) return [message];
        stop.abort();
        return [];
      },
    });
    const outcome = await measure(server, { lenient, signal: stop.signal });
    assertEquals(outcome.error, null);
    assert(!echoed(outcome).includes(false));
  }
});

test("measureSession() closes its connection when its reader leaves", async () => {
  const closed = Promise.withResolvers<void>();
  const serve = measureStreams();
  await using server = streamServer(async (connection) => {
    await serve(connection).finally(closed.resolve);
  });
  const session = measureSession(() => connect(server), {
    setup: { type: "rtt", probes: 3, sizeBytes: 5, delayMs: 0 },
    warmup: 0,
    intervalMs: 0,
  });
  for await (const _ of session) break;
  await closed.promise;
});
