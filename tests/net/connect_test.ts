import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { connectWithin, resolveHost } from "../../lib/net/connect.ts";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { DeadlineError } from "../../lib/net/errors.ts";
import { FullBacklog } from "../fixtures.ts";
import { pureTest, test } from "../testing.ts";

// The sanitizers find a connect that is still pending after each test.

test("connectWithin() returns the connection", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  for (const signal of [undefined, new AbortController().signal]) {
    using conn = await connectWithin(
      4000,
      signal,
      (signal) => Deno.connect({ hostname, port, signal }),
    );
    assertEquals(conn.remoteAddr.port, port);
  }
});

test("connectWithin() passes on why a connect failed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  listener.close();
  await assertRejects(
    () =>
      connectWithin(
        4000,
        undefined,
        (signal) => Deno.connect({ hostname, port, signal }),
      ),
    Deno.errors.ConnectionRefused,
  );
});

test("connectWithin() ends a connect at the deadline", async () => {
  using backlog = new FullBacklog();
  await backlog.fill();
  const error = await assertRejects(
    () => connectWithin(20, new AbortController().signal, backlog.open),
    DeadlineError,
    "no answer within 20 ms",
  );
  assertEquals([error.wait, error.timeoutMs], ["connect", 20]);
});

test("connectWithin() rejects with the reason of an abort", async () => {
  using backlog = new FullBacklog();
  await backlog.fill();
  const reason = new Error("interrupted");
  const stop = new AbortController();
  const rejected = connectWithin(60_000, stop.signal, backlog.open)
    .then(() => null, (error) => error);
  stop.abort(reason);
  assertStrictEquals(await rejected, reason);

  const already = await connectWithin(60_000, stop.signal, backlog.open)
    .then(() => null, (error) => error);
  assertStrictEquals(already, reason);
});

const ADDRESSES: [written: string, canonical: string][] = [
  ["127.0.0.1", "127.0.0.1"],
  ["0.0.0.0", "0.0.0.0"],
  ["192.0.2.255", "192.0.2.255"],
  ["::1", "::1"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["::", "::"],
  ["0:0::0", "::"],
  ["2001:DB8::A", "2001:db8::a"],
  ["2001:0db8:0000:0001::000a", "2001:db8:0:1::a"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["FE80::1%eth0", "fe80::1%eth0"],
  ["fe80:0::0:1%2", "fe80::1%2"],
];
pureTest("resolveHost() returns the canonical form of an address", async () => {
  for (const [written, canonical] of ADDRESSES) {
    assertEquals(await resolveHost(written), canonical);
  }
});

test("resolveHost() writes ::1 like the source of a datagram", async () => {
  using socket = new DatagramSocket(
    Deno.listenDatagram({ transport: "udp", hostname: "::1", port: 0 }),
  );
  await socket.send(new Uint8Array(1), socket.local);
  const datagram = await socket.receive(4000);
  const address = await resolveHost("0:0:0:0:0:0:0:1");
  assertEquals(address, datagram!.from.hostname);
});

test("resolveHost() prefers IPv4 for localhost", async () => {
  let hasIpv4 = true;
  try {
    using listener = Deno.listen({ hostname: "localhost", port: 0 });
    hasIpv4 = listener.addr.hostname !== "::1";
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrNotAvailable)) throw error;
  }
  const address = await resolveHost("localhost");
  assert(hasIpv4 ? address.startsWith("127.") : address === "::1", address);
});

test("resolveHost() rejects an unknown name", async () => {
  // RFC 6761 reserves it, so no name server can know it.
  await assertRejects(() => resolveHost("no-such-host.invalid"), Error);
});

Deno.test({
  name: "resolveHost() needs permission to look a name up",
  permissions: { net: ["127.0.0.1"] },
  async fn() {
    await assertRejects(() => resolveHost("localhost"), Error);
  },
});

test("resolveHost() accepts the family that is asked for only", async () => {
  assertEquals(await resolveHost("127.0.0.1", { family: 4 }), "127.0.0.1");
  assertEquals(await resolveHost("::1", { family: 6 }), "::1");
  await assertRejects(() => resolveHost("::1", { family: 4 }), Error, "IPv4");
  await assertRejects(
    () => resolveHost("127.0.0.1", { family: 6 }),
    Error,
    "IPv6",
  );
  assertEquals(await resolveHost("localhost", { family: 4 }), "127.0.0.1");
});

test("resolveHost() ends with its signal", async () => {
  const reason = new Error("interrupted");
  const error = await assertRejects(
    () => resolveHost("localhost", { signal: AbortSignal.abort(reason) }),
  );
  assertStrictEquals(error, reason);
});
