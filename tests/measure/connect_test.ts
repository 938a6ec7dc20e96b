import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type ConnectOptions,
  connectSession,
  measureConnectFloor,
} from "../../lib/measure/connect.ts";
import { DeadlineError } from "../../lib/net/errors.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { test } from "../testing.ts";

function listen() {
  return Deno.listen({ hostname: "127.0.0.1", port: 0 });
}

function collect(
  connect: () => Promise<Deno.Conn>,
  options: Partial<ConnectOptions> = {},
): Promise<Sample[]> {
  const session = { count: 3, warmup: 0, intervalMs: 0, ...options };
  return Array.fromAsync(connectSession(connect, session));
}

test("connectSession() times connections that are never accepted, and closes them", async () => {
  using listener = listen(); // the kernel answers the SYN
  const { hostname, port } = listener.addr;
  const samples = await collect(() => Deno.connect({ hostname, port }), {
    warmup: 2,
  });
  assertEquals(
    samples.map(({ sequence, warmup }) => [sequence, warmup]),
    [[1, true], [2, true], [3, false], [4, false], [5, false]],
  );
  assert(samples.every(({ rttMs }) => rttMs !== null && rttMs > 0));
  for (const _ of samples) {
    using conn = await listener.accept();
    assertEquals(await conn.read(new Uint8Array(1)), null);
  }
});

test("connectSession() keeps its schedule", async () => {
  using listener = listen();
  const { hostname, port } = listener.addr;
  const samples = await collect(() => Deno.connect({ hostname, port }), {
    intervalMs: 20,
  });
  const [first, , third] = samples.map(({ intendedAtMs }) => intendedAtMs);
  assertEquals(Math.round(third! - first!), 40);
});

test("connectSession() loses what is not answered in time, and goes on", async () => {
  using listener = listen();
  const { hostname, port } = listener.addr;
  let calls = 0;
  const samples = await collect(() => {
    if (++calls === 2) throw new DeadlineError("connect", 5);
    return Deno.connect({ hostname, port });
  });
  const answered = samples.map(({ rttMs }) => rttMs !== null);
  assertEquals(answered, [true, false, true]);
});

test("connectSession() fails where the connection is refused", async () => {
  const { addr: { hostname, port } } = (() => {
    using listener = listen();
    return listener;
  })();
  await assertRejects(
    () => collect(() => Deno.connect({ hostname, port })),
    Deno.errors.ConnectionRefused,
  );
});

test("connectSession() ends when aborted, and notes a SYN that was sent again", async () => {
  const stop = new AbortController();
  const notes = new Set<string>();
  using listener = listen();
  const { hostname, port } = listener.addr;
  const samples = await collect(async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    stop.abort();
    return await Deno.connect({ hostname, port });
  }, { signal: stop.signal, note: (note) => notes.add(note) });
  assertEquals(samples.length, 1);
  assertEquals(notes.size, 1);
});

test("measureConnectFloor() measures connections on loopback", async () => {
  const { signal } = new AbortController();
  const floor = await measureConnectFloor(
    listen(),
    ({ hostname, port }) => Deno.connect({ hostname, port }),
    { intervalMs: 50, signal },
  );
  assertEquals(floor!.count, 20);
  assert(floor!.min > 0);
});
