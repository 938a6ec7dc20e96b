import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertMatch,
} from "@std/assert";
import { createServer } from "node:net";
import type { MeasureOptions } from "../../lib/measure/client.ts";
import { measureSession } from "../../lib/measure/client.ts";
import {
  ProtocolError,
  type ProtocolHint,
} from "../../lib/measure/messages.ts";
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
import { test, timedTest, together } from "../testing.ts";

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
  { sizeBytes = 20, lenient = false, readMs = 1000, ...others }:
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

timedTest("measureSession() accepts echoes in single bytes", async () => {
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
const closesAfter3 = (message: string, sequence: number) =>
  sequence === 3 ? [message, null] : [message];
const fromZero = (_: string, sequence: number, payload: string) => [
  `m ${sequence - 1} ${payload}\n`,
];

const AT_SETUP = 'the reply "200 OK: Ready\\n" to the setup';
const AT_END = 'the reply "200 OK: Closing Connection\\n" to the termination';
const at = (probe: number) => `the echo of probe ${probe}`;

/**
 * What the client expects, how many echoes came before, and servers: each with
 * its reply and the hint.
 */
const BROKEN: [
  expected: string,
  echoes: number,
  servers: Record<string, [Dialect, reply: string | null, ProtocolHint?]>,
][] = [
  [AT_SETUP, 0, {
    "refuses the setup": [{ ready: ["404 no\n", null] }, "404 no\n", "setup"],
    "closes instead of an answer": [{ ready: [null] }, null],
    "says READY": [{ ready: ["200 READY\n"] }, "200 READY\n", "dialect"],
    "sends a reply without LF": [{ ready: ["200 OK"] }, "200 OK", "dialect"],
    "sends an endless reply": [
      { ready: ["200 ".padEnd(200_000)] },
      "200 ".padEnd(200),
    ],
    "echoes the setup": [
      { ready: ["s rtt 3 20 0\n"] },
      "s rtt 3 20 0\n",
      "echo_server",
    ],
    "sends the setup back in upper case": [
      { ready: ["S RTT 3 20 0\n"] },
      "S RTT 3 20 0\n",
      "echo_server",
    ],
  }],
  [at(1), 0, {
    "closes after the setup": [{ ready: [READY, null] }, null],
    "answers 404 at probe 1": [
      { echo: () => [PROBE_ERROR] },
      PROBE_ERROR,
      "first_probe",
    ],
    "changes one byte": [{ echo: changed }, "m 1 abcdEf"],
    "echoes nonsense": [{ echo: () => ["nonsense\n".repeat(20)] }, "nonsense"],
    "echoes the payload alone": [
      { echo: (_, __, payload) => [`${payload}\n`] },
      "abcdef",
      "dialect",
    ],
    "echoes without LF": [
      { echo: (message) => [message.trimEnd()] },
      "m 1 abc",
      "dialect",
    ],
    "counts from 0": [{ echo: fromZero }, "m 0 abc", "dialect"],
  }],
  [at(2), 1, {
    "answers 404 at probe 2": [atProbe2([PROBE_ERROR, null]), PROBE_ERROR],
    "answers 404 at probe 2 and goes on": [
      atProbe2([PROBE_ERROR]),
      PROBE_ERROR,
    ],
    "closes at probe 2": [atProbe2([null]), null],
    "closes inside an echo": [atProbe2(["m 2 abc", null]), "m 2 abc"],
    "echoes twice": [{ echo: (message) => [message + message] }, "m 1 abc"],
  }],
  [AT_END, 3, {
    "closes instead of the closing reply": [{ closing: [null] }, null],
    "closes after the last echo": [{ echo: closesAfter3 }, null],
    "refuses the termination": [{ closing: ["404 no\n"] }, "404 no\n"],
  }],
];
const SERVERS = BROKEN.flatMap(([expected, echoes, servers]) =>
  Object.entries(servers).map(([what, server]) =>
    [what, expected, echoes, ...server] as const
  )
);
for (const [what, expected, echoes, dialect, reply, hint = null] of SERVERS) {
  test(`measureSession() reports a server that ${what}`, async () => {
    await using server = foreignServer(dialect);
    // 404 is longer than the echo of one, and shorter than that of the other.
    const sizes = hint === "echo_server" ? [20] : [20, 100];
    await together(sizes, async (sizeBytes) => {
      const outcome = await measure(server, { sizeBytes });
      const received = Array(echoes).fill(true);
      const lost = expected.startsWith("the echo") ? [false] : [];
      assertEquals(echoed(outcome), [...received, ...lost]);
      assertInstanceOf(outcome.error, ProtocolError);
      const { error } = outcome;
      assertEquals([error.expected, error.hint], [expected, hint]);
      assertEquals(error.reply === null, reply === null);
      assert((text(error.reply) ?? "").startsWith(reply ?? ""));
    });
  });
}

test("measureSession() times out on a silent server", async () => {
  const silences: [Dialect, boolean[]][] = [
    [{ ready: [] }, []],
    [atProbe2([]), [true, false]],
    [{ closing: [] }, [true, true, true]],
  ];
  await together(silences, async ([dialect, expected]) => {
    await using server = foreignServer(dialect);
    const outcome = await measure(server);
    assertInstanceOf(outcome.error, Deno.errors.TimedOut);
    assertEquals(echoed(outcome), expected);
  });
});

const onSetup = (reply: string) =>
  `the reply ${JSON.stringify(reply)} to the setup`;
const ready = (reply: string): [Dialect, string[]] => [
  { ready: [reply] },
  [onSetup(reply)],
];
const echo = (
  form: (sequence: number, payload: string) => string,
  ...told: string[]
): [Dialect, string[]] => [
  { echo: (_, sequence, payload) => [form(sequence, payload)] },
  told,
];
const CLOSED = "no reply to the termination";

/** Each dialect, and the deviations that are reported. */
const DIALECTS: Record<string, [dialect: Dialect, told: string[]]> = {
  "says READY": ready("200 OK: READY\n"),
  "says 200 Ready": ready("200 Ready\n"),
  "ends its replies with a space": ready("200 OK: Ready \n"),
  "does not answer the termination": [{ closing: [] }, [CLOSED]],
  "ends its replies with a NUL before the LF": ready("200 OK: Ready\0\n"),
  "ends its replies with a NUL and no LF": ready("200 OK: Ready\0"),
  "sends its replies without LF": [
    { ready: ["200 OK: Ready"], closing: ["200 OK: Closing Connection"] },
    [
      onSetup("200 OK: Ready"),
      'the reply "200 OK: Closing Connection" to the termination',
    ],
  ],
  "echoes without LF": echo(
    (sequence, payload) => `m ${sequence} ${payload}`,
    'echoes that end in ""',
  ),
  "echoes with a space at the end": echo(
    (sequence, payload) => `m ${sequence} ${payload} \n`,
    'echoes that end in " \\n"',
  ),
  "echoes the payload alone": echo(
    (_, payload) => `${payload}\n`,
    "echoes of the payload alone",
  ),
  "echoes the payload alone, without LF": echo(
    (_, payload) => payload,
    "echoes of the payload alone",
    'echoes that end in ""',
  ),
  "counts its echoes from 0": echo(
    (sequence, payload) => `m ${sequence - 1} ${payload}\n`,
    "echoes numbered -1 off",
  ),
  "closes instead of the closing reply": [{ closing: [null] }, [CLOSED]],
  "closes after the last echo": [{ echo: closesAfter3 }, [CLOSED]],
};
for (const [what, [dialect, told]] of Object.entries(DIALECTS)) {
  test(`measureSession() tolerates a server that ${what}, and reports it`, async () => {
    await using server = foreignServer(dialect);
    const outcome = await measure(server, { lenient: true, readMs: 4000 });
    assertEquals(outcome.error, null);
    assertEquals(outcome.samples.map(({ sequence }) => sequence), [1, 2, 3]);
    assertEquals(echoed(outcome), [true, true, true]);
    assertEquals(outcome.told, told);
    // The first probe taught the form of the echo.
    const warmups = outcome.samples.map(({ warmup }) => warmup);
    assertEquals(warmups, [true, false, false]);
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
  assertEquals(outcome.told, [CLOSED]);
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

test("measureSession() numbers probes from 0 if asked, over one connection", async () => {
  await using server = serverFromZero();
  for (const lenient of [false, true]) {
    const outcome = await measure(server, { lenient, firstProbe: 0 });
    assertEquals(outcome.error, null);
    assertEquals(outcome.samples.map(({ sequence }) => sequence), [1, 2, 3]);
    assertEquals(echoed(outcome), [true, true, true]);
    assertEquals(outcome.told, []);
    const { error } = await measure(server, { lenient });
    assertInstanceOf(error, ProtocolError);
    assertEquals(error.hint, "first_probe");
  }
});

test("measureSession() accepts replies that end in CR LF", async () => {
  await using server = foreignServer({
    ready: ["200 OK: Ready\r\n"],
    echo: (message) => [message.replace("\n", "\r\n")],
    closing: ["200 OK: Closing Connection\r\n", null],
  });
  for (const lenient of [false, true]) {
    const outcome = await measure(server, { lenient });
    assertEquals([outcome.error, outcome.told], [null, []]);
    assertEquals(echoed(outcome), [true, true, true]);
  }
});

test("measureSession() hints at the unit of a delay that is too long", async () => {
  await using server = foreignServer({ echo: () => [] });
  const cases = [false, true].flatMap((lenient) =>
    [0, 50].map((delayMs) => ({ lenient, delayMs }))
  );
  await together(cases, async ({ lenient, delayMs }) => {
    const setup = { type: "rtt", probes: 3, sizeBytes: 20, delayMs } as const;
    const { error } = await measure(server, { lenient, setup });
    if (delayMs === 0) assertInstanceOf(error, Deno.errors.TimedOut);
    else assertEquals((error as ProtocolError).hint, "delay_unit");
  });
});

test("measureSession() notes echoes whose last part waits for a delayed ACK", async () => {
  for (const gapMs of [0, 45]) {
    await using server = streamServer(async (connection) => {
      for (let line; (line = await connection.readLine()) !== null;) {
        const message = text(line)!;
        if (message.startsWith("s ")) await connection.writeAll(bytes(READY));
        else if (message === "t\n") return connection.writeAll(bytes(CLOSING));
        else {
          await connection.writeAll(bytes(message.slice(0, 4)));
          if (gapMs > 0) {
            await new Promise((resolve) => setTimeout(resolve, gapMs));
          }
          await connection.writeAll(bytes(message.slice(4)));
        }
      }
    });
    const notes: string[] = [];
    const note = (text: string) => notes.push(text);
    const { error } = await measure(server, { note, readMs: 4000 });
    assertEquals(error, null);
    assertEquals(notes.length, gapMs > 0 ? 1 : 0);
    if (gapMs > 0) {
      assertMatch(notes[0]!, /of 20 bytes came [4-9]0 ms and more after/);
    }
  }
});

const INTOLERABLE: [string, Dialect, expected: string, hint?: string][] = [
  ["refuses the setup", { ready: ["404 no\n", null] }, AT_SETUP, "setup"],
  ["closes after the setup", { ready: [READY, null] }, at(1)],
  ["changes one byte", { echo: changed }, at(1)],
  ["answers 404 at probe 2", atProbe2([PROBE_ERROR, null]), at(2)],
  [
    "changes its form at probe 2",
    atProbe2(["m 2 abcdefghijklmnopqrst \n"]),
    at(2),
  ],
];
for (const [what, dialect, expected, hint = null] of INTOLERABLE) {
  test(`measureSession() does not tolerate a server that ${what}`, async () => {
    await using server = foreignServer(dialect);
    const { error } = await measure(server, { lenient: true, readMs: 4000 });
    assertInstanceOf(error, ProtocolError);
    assertEquals([error.expected, error.hint], [expected, hint]);
  });
}

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

test("measureSession() ends at once when the time leaves room for no other probe", async () => {
  await using server = foreignServer({});
  const session = measureSession(() => connect(server), {
    setup: { type: "rtt", probes: 3, sizeBytes: 5, delayMs: 0 },
    warmup: 0,
    intervalMs: 3_600_000,
    durationMs: 10_000,
  });
  assertEquals((await Array.fromAsync(session)).length, 1);
});

test("measureSession() ends when aborted inside a probe, after its echo and the last replies", async () => {
  for (const lenient of [false, true]) {
    const stop = new AbortController();
    const heard: string[] = [];
    await using server = foreignServer({
      echo: (message, sequence) => {
        heard.push(message);
        if (sequence === 2) stop.abort();
        return [message];
      },
      get closing() {
        heard.push("t\n");
        return [CLOSING, null];
      },
    });
    const outcome = await measure(server, { lenient, signal: stop.signal });
    assertEquals(outcome.error, null);
    assertEquals(echoed(outcome), [true, true]);
    assertEquals([heard.length, heard.at(-1)], [3, "t\n"]);
  }
});

test("measureSession() ends when aborted inside a probe that gets no echo, which is not lost", async () => {
  for (const lenient of [false, true]) {
    const stop = new AbortController();
    await using server = foreignServer({
      echo: (message, sequence) => {
        if (sequence !== 2) return [message];
        stop.abort();
        return [];
      },
    });
    const outcome = await measure(server, {
      lenient,
      signal: stop.signal,
      readMs: 4000,
    });
    assertEquals([outcome.error, outcome.told], [null, []]);
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
