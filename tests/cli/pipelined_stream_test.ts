import { assert, assertEquals, assertRejects } from "@std/assert";
import { heldEcho, measurePipelined } from "../../lib/cli/pipelined_stream.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { isDisconnect } from "../../lib/net/errors.ts";
import {
  bytes,
  connect,
  connectionPair,
  dial,
  readText,
  streamServer,
  writeAll,
} from "../fixtures.ts";
import { dialTo, inTime, silentServer } from "./comparisons.ts";

const TIMEOUT_MS = 30_000;
const OPTIONS = { count: 20, sizeBytes: 40, intervalMs: 1 };

async function allOf(samples: AsyncIterable<Sample>): Promise<Sample[]> {
  const all = [];
  for await (const sample of samples) all.push(sample);
  return all;
}

function unending(): AbortSignal {
  return new AbortController().signal;
}

Deno.test({
  name: "heldEcho() echoes each line after those before it",
  timeout: TIMEOUT_MS,
  async fn() {
    let asked = 0;
    await using server = streamServer(heldEcho(() => ++asked === 2, 50));
    using conn = await dial(server);
    const startMs = performance.now();
    const lines = "one\ntwo\nthree\nfour\n";
    await writeAll(conn, bytes(lines));
    assertEquals(await readText(conn, lines.length), lines);
    assert(performance.now() - startMs >= 50);
    assertEquals(asked, 4);
  },
});

Deno.test({
  name: "heldEcho() lets pass what came before the one that is held",
  timeout: TIMEOUT_MS,
  async fn() {
    let asked = 0;
    await using server = streamServer(heldEcho(() => ++asked === 3, 100));
    using connection = await connect(server);
    const startMs = performance.now();
    await connection.writeAll(bytes("1\n2\n3\n4\n"));
    const arrivalsMs = [];
    for (let line = 1; line <= 4; line++) {
      const echo = await connection.readLine();
      assertEquals(new TextDecoder().decode(echo!), `${line}\n`);
      arrivalsMs.push(performance.now() - startMs);
    }
    assert(arrivalsMs[2]! >= 100 && arrivalsMs[3]! >= 100);
    assert(arrivalsMs[1]! <= arrivalsMs[2]!);
  },
});

Deno.test({
  name: "measurePipelined() has a sample for each line, in order",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = streamServer(heldEcho(() => false, 0));
    const samples = await allOf(
      measurePipelined(await connect(server), {
        ...OPTIONS,
        signal: unending(),
      }),
    );
    assertEquals(
      samples.map(({ sequence }) => sequence),
      Array.from({ length: OPTIONS.count }, (_, index) => index + 1),
    );
    const first = samples[0]!.intendedAtMs;
    samples.forEach(({ rttMs, sentAtMs, intendedAtMs, warmup }, index) => {
      assert(rttMs! > 0 && !warmup);
      assert(sentAtMs >= intendedAtMs);
      assert(Math.abs(intendedAtMs - first - index) < 1e-6);
    });
  },
});

Deno.test({
  name:
    "measurePipelined() sends lines of the given length, and waits for none",
  timeout: TIMEOUT_MS,
  async fn() {
    // Answers only when all have come: whoever waits for an echo waits in vain.
    const lengths: number[] = [];
    await using server = streamServer(async (connection) => {
      for (let line; lengths.length < OPTIONS.count;) {
        if ((line = await connection.readLine()) === null) return;
        lengths.push(line.length);
      }
      for (const length of lengths) {
        await connection.writeAll(bytes(`${"x".repeat(length - 1)}\n`));
      }
      await connection.readLine();
    });
    const samples = await allOf(
      measurePipelined(await connect(server), {
        ...OPTIONS,
        signal: unending(),
      }),
    );
    assertEquals(samples.length, OPTIONS.count);
    assertEquals(lengths, Array(OPTIONS.count).fill(OPTIONS.sizeBytes));
  },
});

Deno.test({
  name: "measurePipelined() shows how those behind a held one wait with it",
  timeout: TIMEOUT_MS,
  async fn() {
    const HOLD_MS = 100;
    let asked = 0;
    await using server = streamServer(heldEcho(() => ++asked === 5, HOLD_MS));
    const samples = await allOf(
      measurePipelined(await connect(server), {
        ...OPTIONS,
        intervalMs: 5,
        signal: unending(),
      }),
    );
    assertEquals(samples.length, OPTIONS.count);
    assert(samples[4]!.rttMs! >= HOLD_MS);
    // None sent after the held one is echoed before it.
    const releasedMs = samples[4]!.sentAtMs + samples[4]!.rttMs!;
    for (const { sentAtMs, rttMs } of samples.slice(5)) {
      assert(sentAtMs + rttMs! >= releasedMs);
    }
  },
});

Deno.test({
  name: "measurePipelined() ends early on abort, and closes the connection",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = streamServer(heldEcho(() => false, 0));
    const stop = new AbortController();
    const connection = await connect(server);
    const samples: Sample[] = [];
    await inTime(async () => {
      for await (
        const sample of measurePipelined(connection, {
          ...OPTIONS,
          count: 1_000_000,
          signal: stop.signal,
        })
      ) {
        samples.push(sample);
        if (samples.length === 5) stop.abort();
      }
    });
    assert(samples.length >= 5 && samples.length < 1000);
    assert(connection.closed.aborted);
  },
});

Deno.test({
  name: "measurePipelined() ends early on abort while it waits for an echo",
  timeout: TIMEOUT_MS,
  async fn() {
    using pair = await connectionPair();
    const stop = new AbortController();
    const measuring = allOf(
      measurePipelined(pair.ours, {
        ...OPTIONS,
        intervalMs: 3_600_000,
        signal: stop.signal,
      }),
    );
    await readText(pair.peer, OPTIONS.sizeBytes); // the first one has left
    stop.abort();
    assertEquals(await inTime(() => measuring), []);
  },
});

Deno.test({
  name: "measurePipelined() measures nothing if it is ended before",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = silentServer();
    const samples = await inTime(async () =>
      await allOf(
        measurePipelined(await dialTo(server.addr), {
          ...OPTIONS,
          signal: AbortSignal.abort(),
        }),
      )
    );
    assertEquals(samples, []);
  },
});

Deno.test({
  name: "measurePipelined() ends early if its reader leaves",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = streamServer(heldEcho(() => false, 0));
    const connection = await connect(server);
    await inTime(async () => {
      for await (
        const _ of measurePipelined(connection, {
          ...OPTIONS,
          count: 1_000_000,
          signal: unending(),
        })
      ) break;
    });
    assert(connection.closed.aborted);
  },
});

/** What became of a run whose server went away. */
async function outcome(
  measuring: AsyncIterable<Sample>,
): Promise<{ samples: Sample[]; error: unknown }> {
  const samples: Sample[] = [];
  try {
    for await (const sample of measuring) samples.push(sample);
  } catch (error) {
    return { samples, error };
  }
  return { samples, error: null };
}

Deno.test({
  name:
    "measurePipelined() ends when the server closes, and leaves nothing open",
  timeout: TIMEOUT_MS,
  async fn() {
    let lines = 0;
    await using server = streamServer(async (connection) => {
      for (let line; (line = await connection.readLine()) !== null;) {
        if (++lines > 5) return;
        await connection.writeAll(line);
      }
    });
    const connection = await connect(server);
    const { samples, error } = await inTime(() =>
      outcome(
        measurePipelined(connection, {
          ...OPTIONS,
          count: 1_000_000,
          signal: unending(),
        }),
      )
    );
    const echoed = samples.filter(({ rttMs }) => rttMs !== null);
    assertEquals(echoed.length, 5);
    // Who writes to a closed connection may see a reset before the end.
    assert(
      error instanceof ProtocolError || isDisconnect(error),
      String(error),
    );
    assert(connection.closed.aborted);
  },
});

Deno.test({
  name:
    "measurePipelined() ends when the server resets, and leaves nothing open",
  timeout: TIMEOUT_MS,
  async fn() {
    // A socket that is closed with unread bytes in it sends a reset.
    const pair = await connectionPair();
    const measuring = outcome(
      measurePipelined(pair.ours, {
        ...OPTIONS,
        count: 1_000_000,
        signal: unending(),
      }),
    );
    await readText(pair.peer, 10);
    pair.peer.close();
    const { samples, error } = await inTime(() => measuring);
    assert(samples.every(({ rttMs }) => rttMs === null));
    assert(
      error instanceof ProtocolError || isDisconnect(error),
      String(error),
    );
    assert(pair.ours.closed.aborted);
  },
});

Deno.test({
  name: "measurePipelined() gives up on a server that echoes nothing",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = silentServer();
    const connection = await dialTo(server.addr, { readMs: 100 });
    await assertRejects(
      () =>
        inTime(() =>
          allOf(
            measurePipelined(connection, { ...OPTIONS, signal: unending() }),
          )
        ),
      Deno.errors.TimedOut,
    );
    assert(connection.closed.aborted);
  },
});
