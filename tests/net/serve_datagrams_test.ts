import { assert, assertEquals, assertLess } from "@std/assert";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { AdmissionControl } from "../../lib/net/admission.ts";
import { serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import {
  bytes,
  datagramClient,
  datagramServer,
  openDatagrams,
  RunningServer,
  text,
} from "../fixtures.ts";
import { test } from "../testing.ts";

const delayed = (delayMs: number) => ({
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs,
  jitterMs: 0,
  seed: 1,
});
const echo = (datagram: Uint8Array) => datagram;

/** Sends a request, and waits for the reply. */
async function ask(
  client: DatagramSocket,
  server: RunningServer,
  request: string,
): Promise<string | null> {
  await client.send(bytes(request), server.addr);
  return text(await client.receiveFrom(server.addr, 4000));
}

/** Remembers the requests that reached the handler. */
function recordingEcho() {
  const requests: (string | null)[] = [];
  const handler = (datagram: Uint8Array) => {
    requests.push(text(datagram));
    return datagram;
  };
  return { requests, handler };
}

test("serveDatagrams() replies to the source of each datagram, also of one that is gone", async () => {
  await using server = datagramServer(echo);
  using one = datagramClient();
  using other = datagramClient();
  for (let count = 0; count < 5; count++) {
    using gone = datagramClient();
    await gone.send(bytes("gone"), server.addr);
  }
  await one.send(bytes("one"), server.addr);
  await other.send(bytes("other"), server.addr);
  assertEquals(text(await other.receiveFrom(server.addr, 4000)), "other");
  assertEquals(text(await one.receiveFrom(server.addr, 4000)), "one");
  for (const length of [0, 1, 65_507]) {
    const longest = "x".repeat(length);
    assertEquals(await ask(one, server, longest), longest);
  }
});

test("serveDatagrams() sends no reply that is null, too long, failed or unsendable", async () => {
  const handler = (datagram: Uint8Array) => {
    switch (text(datagram)) {
      case "none":
        return null;
      case "grow":
        return bytes("grown");
      case "throw":
        throw new Error("a fault of ours");
    }
    return datagram;
  };
  using client = datagramClient();
  await using server = datagramServer(handler);
  for (const request of ["none", "grow", "throw"]) {
    await client.send(bytes(request), server.addr);
  }
  // Replies keep the order, so there was no other one before this.
  assertEquals(await ask(client, server, "same"), "same");
  assertEquals(server.log, [
    "No reply of 5 bytes to 4 bytes",
    "Cannot reply to a datagram: a fault of ours",
  ]);

  const socket = openDatagrams();
  socket.send = () => Promise.reject(new Error("no buffer space"));
  await using failing = new RunningServer(
    socket.addr as Deno.NetAddr,
    (given) => serveDatagrams(socket, handler, given),
  );
  await client.send(bytes("same"), failing.addr);
  assertEquals(
    await failing.logged(),
    "Cannot send a reply: no buffer space",
  );
});

test("serveDatagrams() never replies to itself or to a known responder", async () => {
  const { requests, handler } = recordingEcho();
  const admission = new AdmissionControl();
  const socket = openDatagrams();
  await using server = new RunningServer(
    socket.addr as Deno.NetAddr,
    (given) => serveDatagrams(socket, handler, { ...given, admission }),
  );
  await socket.send(bytes("from itself"), socket.addr);
  using responder = new DatagramSocket(openFirst([1900, 5353, 11211]));
  await responder.send(bytes("a reply"), server.addr);
  using client = datagramClient();
  assertEquals(await ask(client, server, "a request"), "a request");
  assertEquals(requests, ["a request"]);
  assertEquals(admission.refused.responder, 2);
});

/** Binds the first free port. */
function openFirst(ports: number[]): Deno.DatagramConn {
  for (const port of ports) {
    try {
      return openDatagrams(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`None of the ports is free: ${ports}`);
}

test("serveDatagrams() limits the rate of a source", async () => {
  const { requests, handler } = recordingEcho();
  const admission = new AdmissionControl({
    limits: { maxDatagramsPerSec: 10 },
  });
  await using server = datagramServer(handler, { admission });
  using client = datagramClient();
  const startMs = performance.now();
  for (let sent = 0; sent < 50; sent++) {
    await client.send(bytes("?"), server.addr);
  }
  // On loopback another socket is another source: the flood does not silence it.
  for (let count = 0; count < 20; count++) {
    using other = datagramClient();
    assertEquals(await ask(other, server, `valid ${count}`), `valid ${count}`);
  }
  // Until the bucket has a token again: all of the 50 have been seen then.
  let again = null;
  while (again === null) {
    await client.send(bytes("again"), server.addr);
    for (let next; (next = await client.receive(20)) !== null;) {
      if (text(next.bytes) === "again") again = next;
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  const answered = requests.filter((request) => !request!.startsWith("valid"));
  assert(answered.length >= 2);
  assertLess(answered.length, 4 + 10 * seconds);
  assert(admission.refused.tooFast > 0);
});

test("serveDatagrams() still sends delayed replies when aborted", async () => {
  const { requests, handler } = recordingEcho();
  const received = Promise.withResolvers<void>();
  await using server = datagramServer((datagram) => {
    if (requests.length === 2) received.resolve();
    return handler(datagram);
  }, { impairment: delayed(100) });
  using client = datagramClient();
  for (const request of ["one", "two", "three"]) {
    await client.send(bytes(request), server.addr);
  }
  await received.promise;
  server.abort();
  await client.send(bytes("too late"), server.addr);
  for (const request of ["one", "two", "three"]) {
    const reply = await client.receiveFrom(server.addr, 4000);
    assertEquals(text(reply), request);
  }
  await server.served;
  assertEquals(requests, ["one", "two", "three"]);
  assertEquals(server.log, []);
});

test("serveDatagrams() ends when aborted, before or after it has served", async () => {
  const signal = AbortSignal.abort();
  await serveDatagrams(openDatagrams(), echo, { signal });
  const server = datagramServer(echo);
  using client = datagramClient();
  assertEquals(await ask(client, server, "hello"), "hello");
  server.abort();
  await server.served;
});

test("serveDatagrams() ends when its socket is closed, with delayed replies pending", async () => {
  const socket = openDatagrams();
  const received = Promise.withResolvers<void>();
  const served = serveDatagrams(socket, (datagram) => {
    received.resolve();
    return datagram;
  }, { impairment: delayed(60_000) });
  using client = datagramClient();
  await client.send(bytes("?"), socket.addr as Deno.NetAddr);
  await received.promise;
  socket.close();
  await served;
});
