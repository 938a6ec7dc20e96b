import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { once } from "node:events";
import {
  serveStreams,
  type StreamHandler,
} from "../../lib/net/serve_streams.ts";
import {
  bytes,
  dial,
  dialForReset,
  exchange,
  readText,
  readToEnd,
  RunningServer,
  streamServer,
  text,
  turn,
  writeAll,
} from "../fixtures.ts";

const LIMIT = { timeout: 10_000 };

/** Sends each line back. */
const echoLines: StreamHandler = async (connection) => {
  let line;
  while ((line = await connection.readLine()) !== null) {
    await connection.writeAll(line);
  }
};

/** Sends a line and waits for its echo. */
async function ping(conn: Deno.Conn, line = "ping\n"): Promise<void> {
  await writeAll(conn, bytes(line));
  assertEquals(await readText(conn, line.length), line);
}

Deno.test(
  "serveStreams() serves many clients side by side",
  LIMIT,
  async () => {
    await using server = streamServer(echoLines);
    using first = await dial(server);
    using second = await dial(server);
    await ping(second);
    await ping(first);
    await ping(second);
  },
);

Deno.test(
  "serveStreams() serves one client after the other when iterative",
  LIMIT,
  async () => {
    const served: string[] = [];
    await using server = streamServer(async (connection) => {
      served.push(`${text(await connection.readLine())} begins`);
      await echoLines(connection);
      served.push("ends");
    }, { mode: "iterative" });
    using first = await dial(server);
    using second = await dial(server);
    await writeAll(second, bytes("second\nping\n"));
    const waiting = readText(second, 5);
    await writeAll(first, bytes("first\n"));
    await ping(first);
    assertEquals(served, ["first\n begins"]);
    await first.closeWrite();
    assertEquals(await waiting, "ping\n");
    assertEquals(served, ["first\n begins", "ends", "second\n begins"]);
  },
);

Deno.test(
  "serveStreams() answers 2000 connections at once, and accepts again afterwards",
  LIMIT,
  async () => {
    await using server = streamServer(echoLines);
    const conns = await Promise.all(
      Array.from({ length: 2000 }, () => dial(server)),
    );
    await Promise.all(conns.map((conn, index) => ping(conn, `${index}\n`)));
    for (const conn of conns) conn.close();
    assertEquals(text(await exchange(server, "again\n")), "again\n");
    assertEquals(server.log, []);
  },
);

const throwers: [string, StreamHandler][] = [
  ["rejects", async (connection) => {
    await connection.readLine();
    throw new Error("a fault of ours");
  }],
  ["throws at once", () => {
    throw new Error("a fault of ours");
  }],
];
for (const [how, thrower] of throwers) {
  Deno.test(
    `serveStreams() ends a connection whose handler ${how}, and only that`,
    LIMIT,
    async () => {
      let faulty = false;
      await using server = streamServer(
        (connection) => faulty ? thrower(connection) : echoLines(connection),
      );
      using bystander = await dial(server);
      await ping(bystander);
      faulty = true;
      assertEquals(text(await exchange(server, "line\n")), "");
      faulty = false;
      await ping(bystander);
      assertEquals(text(await exchange(server, "after\n")), "after\n");
      assertEquals(server.log.length, 1);
      assertMatch(server.log[0]!, /^127\.0\.0\.1:\d+: a fault of ours; /);
    },
  );

  Deno.test(
    `serveStreams() makes room when a handler ${how}`,
    LIMIT,
    async () => {
      let faulty = true;
      await using server = streamServer(
        (connection) => faulty ? thrower(connection) : echoLines(connection),
        { maxConnections: 1 },
      );
      assertEquals(text(await exchange(server, "line\n")), "");
      faulty = false;
      assertEquals(text(await exchange(server, "after\n")), "after\n");
    },
  );
}

Deno.test(
  "serveStreams() logs nothing about clients that go away",
  LIMIT,
  async () => {
    const ended: string[] = [];
    const bothEnded = Promise.withResolvers<void>();
    await using server = streamServer(async (connection) => {
      await connection.writeAll(bytes("welcome\n"));
      try {
        await connection.readLine();
      } catch (error) {
        ended.push((error as Error).name);
        if (ended.length === 2) bothEnded.resolve();
        throw error;
      }
    });
    assertEquals(text(await exchange(server, "half a line")), "welcome\n");
    const socket = await dialForReset(server);
    await once(socket, "data");
    socket.resetAndDestroy();
    await bothEnded.promise;
    assertEquals(text(await exchange(server, "line\n")), "welcome\n");
    assertEquals(ended, ["UnexpectedEof", "ConnectionReset"]);
    assertEquals(server.log, []);
  },
);

Deno.test(
  "serveStreams() drops a client that sends half a line and falls silent",
  LIMIT,
  async () => {
    await using server = streamServer(echoLines, { limits: { readMs: 50 } });
    using conn = await dial(server);
    await writeAll(conn, bytes("half"));
    assertEquals(text(await readToEnd(conn)), "");
    assertMatch(await server.logged(), /no whole message arrived within 50 ms/);
  },
);

Deno.test(
  "serveStreams() drops a client that never reads, and serves the others",
  LIMIT,
  async () => {
    await using server = streamServer(async (connection) => {
      if (text(await connection.readLine()) === "flood\n") {
        await connection.writeAll(new Uint8Array(64_000_000));
      } else await connection.writeAll(bytes("hello\n"));
    }, { limits: { writeMs: 200 } });
    using deaf = await dial(server);
    await writeAll(deaf, bytes("flood\n"));
    assertEquals(text(await exchange(server, "hi\n")), "hello\n");
    assertEquals(server.log, []); // it was answered meanwhile
    assertMatch(await server.logged(), /the peer took nothing for 200 ms/);
    assertEquals(text(await exchange(server, "hi\n")), "hello\n");
  },
);

Deno.test(
  "serveStreams() leaves further clients in the backlog above maxConnections",
  LIMIT,
  async () => {
    let open = 0;
    let most = 0;
    await using server = streamServer(async (connection) => {
      most = Math.max(most, ++open);
      await echoLines(connection);
      open -= 1;
    }, { maxConnections: 2 });
    const conns = await Promise.all(
      Array.from({ length: 6 }, () => dial(server)),
    );
    // Each is answered in the end, because each makes room once it was.
    await Promise.all(conns.map(async (conn) => {
      await ping(conn);
      await turn();
      conn.close();
    }));
    assertEquals(most, 2);
  },
);

Deno.test(
  "serveStreams() closes idle connections at once when aborted",
  LIMIT,
  async () => {
    const server = streamServer(echoLines);
    using idle = await dial(server);
    await ping(idle);
    using halfway = await dial(server);
    await ping(halfway);
    await writeAll(halfway, bytes("half a line"));
    const startMs = performance.now();
    server.abort();
    assertEquals(text(await readToEnd(idle)), "");
    await readToEnd(halfway).catch(() => {}); // a reset if its half was unread
    await server.served;
    assertLess(performance.now() - startMs, 2000);
    assertEquals(server.log, []);
  },
);

Deno.test(
  "serveStreams() lets a reply under way finish when aborted",
  LIMIT,
  async () => {
    const gate = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const server = streamServer(async (connection) => {
      let line;
      while ((line = await connection.readLine()) !== null) {
        asked.resolve();
        await gate.promise;
        await connection.writeAll(line);
      }
    });
    using busy = await dial(server);
    await writeAll(busy, bytes("line\n"));
    await asked.promise;
    server.abort();
    assertEquals(await Promise.race([server.served, turn().then(() => 1)]), 1);
    gate.resolve();
    assertEquals(text(await readToEnd(busy)), "line\n");
    busy.close();
    await server.served;
  },
);

Deno.test(
  "serveStreams() loses nothing of a long reply when aborted, whatever was sent meanwhile",
  LIMIT,
  async () => {
    const reply = new Uint8Array(8_000_000);
    const asked = Promise.withResolvers<void>();
    const server = streamServer(async (connection) => {
      while (await connection.readLine() !== null) {
        asked.resolve();
        await connection.writeAll(reply);
      }
    });
    using busy = await dial(server);
    await writeAll(busy, bytes("first\n"));
    await asked.promise;
    await writeAll(busy, bytes("x".repeat(10_000)));
    server.abort();
    assertEquals((await readToEnd(busy)).length, reply.length);
    busy.close();
    await server.served;
  },
);

Deno.test(
  "serveStreams() refuses new clients once aborted",
  LIMIT,
  async () => {
    const server = streamServer(echoLines);
    server.abort();
    await server.served;
    const refused = await dial(server).catch((error) => error);
    assert(refused instanceof Deno.errors.ConnectionRefused);
  },
);

Deno.test(
  "serveStreams() serves nobody when aborted beforehand",
  LIMIT,
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await serveStreams(listener, echoLines, { signal: AbortSignal.abort() });
  },
);

Deno.test(
  "serveStreams() ends when its listener is closed",
  LIMIT,
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = serveStreams(listener, echoLines);
    using conn = await dial(listener);
    await ping(conn);
    listener.close();
    assertEquals(text(await readToEnd(conn)), "");
    await served;
  },
);

Deno.test(
  "serveStreams() accepts again after the system refused",
  LIMIT,
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accept = listener.accept.bind(listener);
    const refusals = [new Error("Too many open files"), new Error("and again")];
    listener.accept = async () => {
      const refusal = refusals.shift();
      if (refusal) throw refusal;
      return await accept();
    };
    await using server = new RunningServer(
      listener.addr,
      (given) => serveStreams(listener, echoLines, given),
    );
    assertEquals(text(await exchange(server, "line\n")), "line\n");
    assertEquals(server.log, [
      "Cannot accept a connection: Too many open files",
      "Cannot accept a connection: and again",
    ]);
  },
);

Deno.test(
  "serveStreams() loses no time over clients that leave before it accepts them",
  LIMIT,
  async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accept = listener.accept.bind(listener);
    let gone = 1000; // were each waited for, the test would not end in time
    listener.accept = async () => {
      if (gone-- > 0) throw new Deno.errors.NotConnected();
      return await accept();
    };
    await using server = new RunningServer(
      listener.addr,
      (given) => serveStreams(listener, echoLines, given),
    );
    assertEquals(text(await exchange(server, "line\n")), "line\n");
    assertEquals(server.log, []);
  },
);

Deno.test(
  "serveStreams() brings the reply to a client that has ended its side",
  LIMIT,
  async () => {
    await using server = streamServer(async (connection) => {
      while (await connection.readLine() !== null);
      await connection.writeAll(bytes("the sum\n"));
    });
    assertEquals(text(await exchange(server, "one\n", "two\n")), "the sum\n");
  },
);

Deno.test(
  "serveStreams() brings the reply past what its handler did not read",
  LIMIT,
  async () => {
    await using server = streamServer(
      (connection) => connection.writeAll(bytes("busy\n")),
    );
    const reply = await exchange(server, new Uint8Array(1_000_000));
    assertEquals(text(reply), "busy\n");
  },
);
