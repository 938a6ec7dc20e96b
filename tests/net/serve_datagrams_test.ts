import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";

import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { isResponder, serveDatagrams } from "../../lib/net/serve_datagrams.ts";
import {
  bytes,
  datagramClient,
  datagramServer,
  openDatagrams,
  RunningServer,
  text,
} from "../fixtures.ts";

const LIMIT = { timeout: 8000 };

const CLEAN_PATH = {
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delayMs: 0,
  jitterMs: 0,
  seed: 1,
};

/** Asks, and waits for the answer. */
async function ask(
  client: DatagramSocket,
  server: RunningServer,
  question: string,
): Promise<string | null> {
  await client.send(bytes(question), server.addr);
  return text(await client.receiveFrom(server.addr, 4000));
}

const echo = (datagram: Uint8Array) => datagram;

Deno.test(
  "serveDatagrams() answers each datagram to whom it came from",
  LIMIT,
  async () => {
    await using server = datagramServer(echo);
    using one = datagramClient();
    using other = datagramClient();
    await one.send(bytes("one"), server.addr);
    await other.send(bytes("other"), server.addr);
    assertEquals(text(await other.receiveFrom(server.addr, 4000)), "other");
    assertEquals(text(await one.receiveFrom(server.addr, 4000)), "one");
  },
);

Deno.test(
  "serveDatagrams() answers an empty datagram and a longest one",
  LIMIT,
  async () => {
    await using server = datagramServer(echo);
    using client = datagramClient();
    for (const length of [0, 1, 65_507]) {
      assertEquals(
        await ask(client, server, "x".repeat(length)),
        "x".repeat(length),
      );
    }
  },
);

Deno.test(
  "serveDatagrams() gives no answer where the handler gives none, or one too long",
  LIMIT,
  async () => {
    await using server = datagramServer((datagram) => {
      const question = text(datagram);
      if (question === "none") return null;
      return question === "grow" ? bytes("grown") : datagram;
    });
    using client = datagramClient();
    // The answers come in order, so the first one tells that there was no other.
    await client.send(bytes("none"), server.addr);
    await client.send(bytes("grow"), server.addr);
    assertEquals(await ask(client, server, "same"), "same");
    assertEquals(server.log, ["No reply of 5 bytes to 4 bytes"]);
  },
);

Deno.test(
  "serveDatagrams() gives longer answers only with mayGrow",
  LIMIT,
  async () => {
    await using server = datagramServer(() => bytes("grown"), {
      mayGrow: true,
    });
    using client = datagramClient();
    assertEquals(await ask(client, server, ""), "grown");
  },
);

Deno.test(
  "serveDatagrams() survives a handler that throws",
  LIMIT,
  async () => {
    await using server = datagramServer((datagram) => {
      if (text(datagram) === "bad") throw new Error("a fault of ours");
      return datagram;
    });
    using client = datagramClient();
    await client.send(bytes("bad"), server.addr);
    assertEquals(await ask(client, server, "good"), "good");
    assertEquals(server.log, ["Cannot reply to a datagram: a fault of ours"]);
  },
);

Deno.test(
  "serveDatagrams() survives an answer that cannot be sent",
  LIMIT,
  async () => {
    await using server = datagramServer(
      (datagram) => datagram.length === 0 ? new Uint8Array(65_508) : datagram,
      { mayGrow: true },
    );
    using client = datagramClient();
    await client.send(bytes(""), server.addr);
    assertEquals(await ask(client, server, "short"), "short");
    assertEquals(server.log.length, 1);
    assertMatch(server.log[0]!, /^Cannot send a reply: /);
  },
);

Deno.test(
  "serveDatagrams() survives a client that is gone",
  LIMIT,
  async () => {
    await using server = datagramServer(echo);
    for (let count = 0; count < 5; count++) {
      using gone = datagramClient();
      await gone.send(bytes("gone"), server.addr);
    }
    using client = datagramClient();
    assertEquals(await ask(client, server, "here"), "here");
  },
);

Deno.test("serveDatagrams() never answers itself", LIMIT, async () => {
  const asked: (string | null)[] = [];
  const socket = openDatagrams();
  await using server = new RunningServer(
    socket.addr as Deno.NetAddr,
    (given) =>
      serveDatagrams(socket, (datagram) => {
        asked.push(text(datagram));
        return datagram;
      }, given),
  );
  await socket.send(bytes("from itself"), socket.addr);
  using client = datagramClient();
  assertEquals(await ask(client, server, "from a client"), "from a client");
  assertEquals(asked, ["from a client"]);
});

Deno.test(
  "serveDatagrams() never answers a port on which something answers by itself",
  LIMIT,
  async () => {
    const asked: (string | null)[] = [];
    await using server = datagramServer((datagram) => {
      asked.push(text(datagram));
      return datagram;
    });
    using responder = new DatagramSocket(openFirst([1900, 5353, 11211]));
    await responder.send(bytes("an answer"), server.addr);
    using client = datagramClient();
    assertEquals(await ask(client, server, "a question"), "a question");
    assertEquals(asked, ["a question"]);
  },
);

/** Binds the first of some ports that is free. */
function openFirst(ports: number[]): Deno.DatagramConn {
  for (const port of ports) {
    try {
      return openDatagrams(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`none of the ports ${ports} is free`);
}

Deno.test("isResponder() knows its twins and the known responders", () => {
  const udp = (port: number, hostname = "192.0.2.1"): Deno.NetAddr => ({
    transport: "udp",
    hostname,
    port,
  });
  const own = udp(12000, "127.0.0.1");
  const responders = [0, 7, 13, 17, 19, 37, 53, 69, 123, 161, 862, 1900, 5353];
  for (const port of [...responders, 11211, 12000]) {
    assert(isResponder(udp(port), own), `${port}`);
  }
  for (const port of [1, 12001, 54321]) {
    assert(!isResponder(udp(port), own), `${port}`);
  }
});

Deno.test(
  "serveDatagrams() answers one source only so often",
  LIMIT,
  async () => {
    let answers = 0;
    await using server = datagramServer((datagram) => {
      answers += 1;
      return datagram;
    }, { maxRatePerSec: 10 });
    using client = datagramClient();
    using twin = datagramClient(); // another port is the same source
    const startMs = performance.now();
    for (let sent = 0; sent < 50; sent++) {
      await (sent % 2 ? client : twin).send(bytes("?"), server.addr);
    }
    // Asks until the bucket has filled again: all of the 50 have been seen then.
    let again = null;
    while (again === null) {
      await client.send(bytes("again"), server.addr);
      for (let next; (next = await client.receive(20)) !== null;) {
        if (text(next.bytes) === "again") again = next;
      }
    }
    const elapsedSeconds = (performance.now() - startMs) / 1000;
    assert(answers >= 2);
    assertLess(answers, 4 + 10 * elapsedSeconds);
    assertLess(answers, 50);
  },
);

Deno.test(
  "serveDatagrams() still sends delayed answers when aborted",
  LIMIT,
  async () => {
    const questions: (string | null)[] = [];
    const asked = Promise.withResolvers<void>();
    await using server = datagramServer((datagram) => {
      if (questions.push(text(datagram)) === 3) asked.resolve();
      return datagram;
    }, { impairment: { ...CLEAN_PATH, delayMs: 100 } });
    using client = datagramClient();
    for (const question of ["one", "two", "three"]) {
      await client.send(bytes(question), server.addr);
    }
    await asked.promise;
    server.abort();
    await client.send(bytes("too late"), server.addr);
    for (const question of ["one", "two", "three"]) {
      const answer = await client.receiveFrom(server.addr, 4000);
      assertEquals(text(answer), question);
    }
    await server.served;
    assertEquals(questions, ["one", "two", "three"]);
    assertEquals(server.log, []);
  },
);

Deno.test(
  "serveDatagrams() ends at once when aborted with nothing under way",
  LIMIT,
  async () => {
    const server = datagramServer(echo);
    using client = datagramClient();
    assertEquals(await ask(client, server, "hello"), "hello");
    const startMs = performance.now();
    server.abort();
    await server.served;
    assertLess(performance.now() - startMs, 2000);
  },
);

Deno.test(
  "serveDatagrams() serves nobody when aborted beforehand",
  LIMIT,
  async () => {
    await serveDatagrams(openDatagrams(), echo, {
      signal: AbortSignal.abort(),
    });
  },
);

Deno.test(
  "serveDatagrams() ends when its socket is closed, with delayed answers under way",
  LIMIT,
  async () => {
    const socket = openDatagrams();
    const asked = Promise.withResolvers<void>();
    const served = serveDatagrams(socket, (datagram) => {
      asked.resolve();
      return datagram;
    }, { impairment: { ...CLEAN_PATH, delayMs: 60_000 } });
    using client = datagramClient();
    await client.send(bytes("?"), socket.addr as Deno.NetAddr);
    await asked.promise;
    socket.close();
    await served;
  },
);
