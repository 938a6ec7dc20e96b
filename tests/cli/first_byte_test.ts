import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
} from "@std/assert";
import {
  datagramFirstByte,
  streamFirstByte,
} from "../../lib/cli/first_byte.ts";
import { ProtocolError } from "../../lib/measure/messages.ts";
import { sleepUntil } from "../../lib/timing/sleep.ts";
import {
  datagramClient,
  datagramServer,
  openDatagrams,
  streamServer,
} from "../fixtures.ts";
import {
  BOUND_MS,
  closingServer,
  dialTo,
  inTime,
  refusingServer,
  ServersInScope,
  silentServer,
  stampOptions,
} from "./comparisons.ts";

const TIMEOUT_MS = 30_000;
const SHORT_MS = 100;
const open = () => openDatagrams();

Deno.test({
  name: "streamFirstByte() times the set-up, and then the answer",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    for (let attempt = 0; attempt < 5; attempt++) {
      const startMs = performance.now();
      const times = await streamFirstByte(() => dialTo(course));
      const wholeUs = (performance.now() - startMs) * 1000;
      assert(times.setupUs > 0);
      assert(times.firstByteUs! > times.setupUs);
      assert(times.firstByteUs! <= wholeUs);
    }
  },
});

Deno.test({
  name: "streamFirstByte() counts the time that the set-up takes",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { course } = servers.both();
    const { setupUs, firstByteUs } = await streamFirstByte(async () => {
      await sleepUntil(performance.now() + 30);
      return await dialTo(course);
    });
    assertGreaterOrEqual(setupUs, 30_000);
    assertGreaterOrEqual(firstByteUs!, setupUs);
  },
});

Deno.test({
  name: "streamFirstByte() fails if the server closes the connection instead",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = closingServer();
    // It depends on who is first whether the end is seen, or a reset.
    await assertRejects(
      () => inTime(() => streamFirstByte(() => dialTo(server.addr))),
      Error,
    );
  },
});

Deno.test({
  name: "streamFirstByte() fails if the server listens, and then closes",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = streamServer(async (connection) => {
      await connection.readLine();
    });
    await assertRejects(
      () => inTime(() => streamFirstByte(() => dialTo(server.addr))),
      ProtocolError,
      "closed the connection",
    );
  },
});

Deno.test({
  name: "streamFirstByte() fails if the server refuses",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = refusingServer();
    await assertRejects(
      () => inTime(() => streamFirstByte(() => dialTo(server.addr))),
      ProtocolError,
    );
  },
});

Deno.test({
  name: "streamFirstByte() gives up on a server that says nothing",
  timeout: TIMEOUT_MS,
  async fn() {
    await using server = silentServer();
    await assertRejects(
      () =>
        inTime(() =>
          streamFirstByte(() => dialTo(server.addr, { readMs: SHORT_MS }))
        ),
      Deno.errors.TimedOut,
    );
  },
});

Deno.test({
  name: "streamFirstByte() fails where nothing listens",
  timeout: TIMEOUT_MS,
  async fn() {
    const { addr } = (() => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      return listener;
    })();
    await assertRejects(
      () => inTime(() => streamFirstByte(() => dialTo(addr))),
      Deno.errors.ConnectionRefused,
    );
  },
});

Deno.test({
  name: "datagramFirstByte() times the opening, and then the answer",
  timeout: TIMEOUT_MS,
  async fn() {
    await using servers = new ServersInScope();
    const { reflector } = servers.both();
    const { signal } = new AbortController();
    for (let attempt = 0; attempt < 5; attempt++) {
      const times = await datagramFirstByte(
        open,
        reflector,
        stampOptions(signal),
      );
      assert(times.setupUs > 0);
      assert(times.firstByteUs! > times.setupUs);
    }
  },
});

Deno.test({
  name: "datagramFirstByte() has no answer where nobody gives one, in time",
  timeout: TIMEOUT_MS,
  async fn() {
    using socket = datagramClient();
    const { signal } = new AbortController();
    const times = await inTime(() =>
      datagramFirstByte(
        open,
        socket.local,
        stampOptions(signal, SHORT_MS),
      )
    );
    assert(times.setupUs > 0);
    assertEquals(times.firstByteUs, null);
  },
});

Deno.test({
  name: "datagramFirstByte() has no answer where nothing listens, in time",
  timeout: TIMEOUT_MS,
  async fn() {
    const socket = openDatagrams();
    const nobody = socket.addr as Deno.NetAddr;
    socket.close();
    const { signal } = new AbortController();
    const { firstByteUs } = await inTime(() =>
      datagramFirstByte(open, nobody, stampOptions(signal, SHORT_MS))
    );
    assertEquals(firstByteUs, null);
  },
});

Deno.test({
  name: "datagramFirstByte() ends early when it is told to",
  timeout: TIMEOUT_MS,
  async fn() {
    using socket = datagramClient();
    const stop = new AbortController();
    const asked = datagramFirstByte(
      open,
      socket.local,
      stampOptions(stop.signal, 3_600_000),
    );
    assert(await socket.receive(BOUND_MS) !== null); // it has been asked
    stop.abort();
    assertEquals((await inTime(() => asked)).firstByteUs, null);
  },
});

for (
  const [what, reply] of [
    ["is no packet", new Uint8Array(3)],
    ["is rubbish of the right length", new Uint8Array(100).fill(0xff)],
  ] as const
) {
  Deno.test({
    name: `datagramFirstByte() has no answer if the reply ${what}`,
    timeout: TIMEOUT_MS,
    async fn() {
      await using server = datagramServer(() => reply);
      const { signal } = new AbortController();
      const { firstByteUs } = await inTime(() =>
        datagramFirstByte(open, server.addr, stampOptions(signal))
      );
      assertEquals(firstByteUs, null);
    },
  });
}

Deno.test({
  name: "datagramFirstByte() tells what is no answer from none",
  timeout: TIMEOUT_MS,
  async fn() {
    await using echo = datagramServer((datagram) => datagram);
    const { signal } = new AbortController();
    const times = await inTime(() =>
      datagramFirstByte(open, echo.addr, stampOptions(signal, SHORT_MS))
    );
    assertEquals([times.firstByteUs, times.isMalformed], [null, true]);
  },
});
