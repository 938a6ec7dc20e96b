import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  DatagramSocket,
  isFrom,
  localHostFor,
} from "../../lib/net/datagram_socket.ts";
import {
  bytes,
  datagramClient,
  openDatagrams,
  text,
  turn,
} from "../fixtures.ts";
import { pureTest, test } from "../testing.ts";

test("DatagramSocket carries datagrams of any length, with their source", async () => {
  using one = datagramClient();
  using other = datagramClient();
  for (const length of [0, 1, 65_507]) {
    await one.send(new Uint8Array(length).fill(7), other.local);
    const datagram = await other.receive(4000);
    assert(datagram !== null);
    assertEquals(datagram.bytes.length, length);
    assert(datagram.bytes.every((byte) => byte === 7));
    assertEquals(datagram.from.port, one.local.port);
  }
  await assertRejects(() => one.send(new Uint8Array(65_508), other.local));
});

test("DatagramSocket.receive() returns null in time, and loses nothing by it", async () => {
  using one = datagramClient();
  using other = datagramClient();
  for (const content of ["first", "second"]) {
    assertEquals(await other.receive(1), null);
    await one.send(bytes(content), other.local);
    assertEquals(text((await other.receive(4000))!.bytes), content);
  }
});

test("DatagramSocket.receive() ends when aborted", async () => {
  using socket = datagramClient();
  const stop = new AbortController();
  const waiting = socket.receive(60_000, stop.signal);
  stop.abort();
  assertEquals(await waiting, null);
  assertEquals(await socket.receive(60_000, stop.signal), null);
});

test("DatagramSocket.receiveFrom() ignores other sources, even a flood", async () => {
  using stranger = datagramClient();
  using server = datagramClient();
  using client = datagramClient();
  await stranger.send(bytes("forged"), client.local);
  await server.send(bytes("reply"), client.local);
  assertEquals(text(await client.receiveFrom(server.local, 4000)), "reply");

  let flooding = true;
  const flood = (async () => {
    while (flooding) await stranger.send(bytes("forged"), client.local);
  })();
  assertEquals(await client.receiveFrom(server.local, 50), null);
  flooding = false;
  await flood;
});

test("DatagramSocket closes with a pending receive", async () => {
  const socket = new DatagramSocket(openDatagrams());
  assertEquals(await socket.receive(1), null);
  socket[Symbol.dispose]();
  await turn(); // an uncaught rejection would fail the test here
});

pureTest("localHostFor() stays on loopback for loopback", () => {
  const cases = [
    ["127.0.0.1", "127.0.0.1"],
    ["127.8.8.8", "127.0.0.1"],
    ["::1", "::1"],
    ["192.0.2.1", "0.0.0.0"],
    ["2001:db8::1", "::"],
    ["example.org", "0.0.0.0"],
  ] as const;
  for (const [host, local] of cases) assertEquals(localHostFor(host), local);
});

pureTest("isFrom() compares the port, and the address if it is known", () => {
  const from = { transport: "udp", hostname: "192.0.2.1", port: 7000 } as const;
  const cases = [
    ["192.0.2.1", 7000, true],
    ["192.0.2.1", 7001, false],
    ["192.0.2.2", 7000, false],
    ["example.org", 7000, true],
    ["example.org", 7001, false],
    ["0.0.0.0", 7000, true],
    ["2001:db8::1", 7000, false],
  ] as const;
  for (const [hostname, port, expected] of cases) {
    assertEquals(isFrom(from, { hostname, port }), expected, hostname);
  }
  const local = { ...from, hostname: "fe80::1" }; // as Deno gives it
  for (
    const [hostname, expected] of [["fe80::1%eth0", true], [
      "fe80::2%eth0",
      false,
    ]] as const
  ) {
    assertEquals(isFrom(local, { hostname, port: 7000 }), expected, hostname);
  }
});
