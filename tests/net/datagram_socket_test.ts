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

const LIMIT = { timeout: 5000 };

Deno.test(
  "DatagramSocket.receive() gives content and source",
  LIMIT,
  async () => {
    using one = datagramClient();
    using other = datagramClient();
    await one.send(bytes("hello"), other.local);
    const datagram = await other.receive(4000);
    assertEquals(text(datagram!.bytes), "hello");
    assertEquals(datagram!.from.port, one.local.port);
  },
);

Deno.test(
  "DatagramSocket carries an empty and a longest datagram",
  LIMIT,
  async () => {
    using one = datagramClient();
    using other = datagramClient();
    for (const length of [0, 65_507]) {
      await one.send(new Uint8Array(length).fill(7), other.local);
      const datagram = await other.receive(4000);
      assertEquals(datagram?.bytes.length, length);
      assert(datagram!.bytes.every((byte) => byte === 7));
    }
    await assertRejects(() => one.send(new Uint8Array(65_508), other.local));
  },
);

Deno.test(
  "DatagramSocket.receive() gives null when nothing comes in time",
  LIMIT,
  async () => {
    using socket = datagramClient();
    assertEquals(await socket.receive(1), null);
  },
);

Deno.test(
  "DatagramSocket.receive() loses nothing to a wait that timed out",
  LIMIT,
  async () => {
    using one = datagramClient();
    using other = datagramClient();
    assertEquals(await other.receive(1), null);
    for (const content of ["first", "second"]) {
      await one.send(bytes(content), other.local);
      assertEquals(text((await other.receive(4000))!.bytes), content);
    }
  },
);

Deno.test(
  "DatagramSocket.receive() ends when it is aborted",
  LIMIT,
  async () => {
    using socket = datagramClient();
    const stop = new AbortController();
    const waiting = socket.receive(60_000, stop.signal);
    stop.abort();
    assertEquals(await waiting, null);
    assertEquals(await socket.receive(60_000, stop.signal), null);
  },
);

Deno.test(
  "DatagramSocket.receiveFrom() passes over what comes from elsewhere",
  LIMIT,
  async () => {
    using stranger = datagramClient();
    using asked = datagramClient();
    using asking = datagramClient();
    await stranger.send(bytes("forged"), asking.local);
    await asked.send(bytes("answer"), asking.local);
    assertEquals(text(await asking.receiveFrom(asked.local, 4000)), "answer");
  },
);

Deno.test(
  "DatagramSocket.receiveFrom() gives up under a flood from elsewhere",
  LIMIT,
  async () => {
    using stranger = datagramClient();
    using asking = datagramClient();
    let flooding = true;
    const flood = (async () => {
      while (flooding) await stranger.send(bytes("forged"), asking.local);
    })();
    assertEquals(
      await asking.receiveFrom({ hostname: "127.0.0.1", port: 1 }, 50),
      null,
    );
    flooding = false;
    await flood;
  },
);

Deno.test(
  "DatagramSocket frees its socket and the receive under way",
  LIMIT,
  async () => {
    const socket = new DatagramSocket(openDatagrams());
    assertEquals(await socket.receive(1), null);
    socket[Symbol.dispose]();
    await turn(); // a rejection nobody catches would end the test here
  },
);

Deno.test("localHostFor() stays on loopback for loopback", () => {
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

Deno.test("isFrom() compares the port, and the address where it is known", () => {
  const from: Deno.NetAddr = {
    transport: "udp",
    hostname: "192.0.2.1",
    port: 7000,
  };
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
});
