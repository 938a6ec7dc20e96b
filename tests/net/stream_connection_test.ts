import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { FramingError } from "../../lib/framing/line_decoder.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import {
  assertSameBytes,
  bytes,
  connectionPair,
  cuts,
  dialForReset,
  readText,
  readToEnd,
  socketPair,
  text,
  turn,
  writeAll,
  writeSegments,
} from "../fixtures.ts";

const LIMIT = { timeout: 8000 };

const lines = bytes("one\n\r\nthree \0 é\n\xff\n");
for (const [cut, segments] of cuts(lines)) {
  Deno.test(
    `StreamConnection.readLine() reads lines: ${cut}`,
    LIMIT,
    async () => {
      using pair = await connectionPair();
      const sent = writeSegments(pair.peer, segments);
      for (const line of ["one\n", "\r\n", "three \0 é\n", "\xff\n"]) {
        assertEquals(text(await pair.ours.readLine()), line);
      }
      await sent;
      await pair.peer.closeWrite();
      assertEquals(await pair.ours.readLine(), null);
      assertEquals(await pair.ours.readLine(), null); // and ever after
    },
  );

  Deno.test(
    `StreamConnection.readExactly() counts bytes: ${cut}`,
    LIMIT,
    async () => {
      using pair = await connectionPair();
      const sent = writeSegments(pair.peer, segments);
      const half = lines.length - 5;
      const first = await pair.ours.readExactly(5);
      assertEquals(first, lines.subarray(0, 5));
      const rest = await pair.ours.readExactly(half);
      assertEquals(rest, lines.subarray(5));
      await sent;
      await pair.peer.closeWrite();
      assertEquals(await pair.ours.readExactly(1), null);
    },
  );

  Deno.test(
    `StreamConnection.readSome() gives all there is: ${cut}`,
    LIMIT,
    async () => {
      using pair = await connectionPair();
      const sent = writeSegments(pair.peer, segments)
        .then(() => pair.peer.closeWrite());
      const read: number[] = [];
      for (let some; (some = await pair.ours.readSome()) !== null;) {
        read.push(...some);
      }
      await sent;
      assertEquals(Uint8Array.from(read), lines);
    },
  );
}

Deno.test(
  "StreamConnection rejects an end of stream inside a message",
  LIMIT,
  async () => {
    for (const read of ["readLine", "readExactly"] as const) {
      using pair = await connectionPair();
      await writeAll(pair.peer, bytes("half"));
      await pair.peer.closeWrite();
      await assertRejects(
        () => pair.ours[read](10),
        Deno.errors.UnexpectedEof,
        "after 4 bytes",
      );
    }
  },
);

Deno.test(
  "StreamConnection.readLine() rejects a line above the limit",
  LIMIT,
  async () => {
    using pair = await connectionPair({ messageBytes: 8 });
    await writeAll(pair.peer, bytes("1234567\n12345678\n"));
    assertEquals(text(await pair.ours.readLine()), "1234567\n");
    const error = await assertRejects(() => pair.ours.readLine(), FramingError);
    assertEquals(error.limitBytes, 8);
  },
);

Deno.test(
  "StreamConnection.readLine() refuses an endless line without keeping it",
  LIMIT,
  async () => {
    using pair = await connectionPair({ messageBytes: 1000 });
    const flood = writeAll(pair.peer, new Uint8Array(100_000_000))
      .catch(() => {});
    await assertRejects(() => pair.ours.readLine(), FramingError);
    assertLess(pair.ours.takePending()!.length, 65_537);
    pair.ours.close();
    await flood;
  },
);

Deno.test(
  "StreamConnection times out on silence, and closes",
  LIMIT,
  async () => {
    const reads = [
      "readLine",
      "readSome",
      "readMessage",
      "readExactly",
    ] as const;
    for (const read of reads) {
      using pair = await connectionPair({ readMs: 20 });
      await assertRejects(
        () => pair.ours[read](5000),
        Deno.errors.TimedOut,
        "within 20 ms",
      );
      assertEquals(await pair.peer.read(new Uint8Array(1)), null);
    }
  },
);

Deno.test(
  "StreamConnection times out on half a line and silence",
  LIMIT,
  async () => {
    using pair = await connectionPair({ readMs: 20 });
    await writeAll(pair.peer, bytes("half"));
    await assertRejects(() => pair.ours.readLine(), Deno.errors.TimedOut);
  },
);

Deno.test(
  "StreamConnection times out on a line that only trickles",
  LIMIT,
  async () => {
    using pair = await connectionPair({ readMs: 60 });
    const trickle = (async () => {
      try {
        // A byte as soon as the last was taken, and no LF ever.
        for (;;) {
          await pair.peer.write(bytes("x"));
          await turn();
        }
      } catch { // they have closed
      }
    })();
    await assertRejects(() => pair.ours.readLine(), Deno.errors.TimedOut);
    await trickle;
  },
);

Deno.test(
  "StreamConnection gives each message its own deadline",
  LIMIT,
  async () => {
    using pair = await connectionPair({ readMs: 400 });
    const startMs = performance.now();
    // The lines together take longer than one deadline.
    while (performance.now() - startMs < 600) {
      await writeAll(pair.peer, bytes("line\n"));
      assertEquals(text(await pair.ours.readLine()), "line\n");
      await turn();
    }
  },
);

Deno.test(
  "StreamConnection.readMessage() takes silence for the end of a message",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    await writeAll(pair.peer, bytes("line\nhalf"));
    assertEquals(text(await pair.ours.readMessage(20)), "line\n");
    assertEquals(text(await pair.ours.readMessage(20)), "half");
    await writeAll(pair.peer, bytes(" more\nlast"));
    await pair.peer.closeWrite();
    assertEquals(text(await pair.ours.readMessage(4000)), " more\n");
    assertEquals(text(await pair.ours.readMessage(4000)), "last");
    assertEquals(await pair.ours.readMessage(4000), null);
  },
);

Deno.test(
  "StreamConnection loses nothing that comes after a silence to another kind of read",
  LIMIT,
  async () => {
    const cases = [
      ["readLine", "rest\n"],
      ["readSome", "rest\n"],
      ["readExactly", "rest\n"],
    ] as const;
    for (const [read, expected] of cases) {
      using pair = await connectionPair();
      await writeAll(pair.peer, bytes("half"));
      const half = await pair.ours.readMessage(5);
      assertEquals(text(half), "half");
      await writeAll(pair.peer, bytes("rest\n"));
      assertEquals(text(await pair.ours[read](5)), expected);
    }
  },
);

Deno.test(
  "StreamConnection.readMessage() leaves a message alone that was given out",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    await writeAll(pair.peer, bytes("half"));
    const half = await pair.ours.readMessage(5);
    await writeAll(pair.peer, bytes("XXXXXXXX\n"));
    await turn(); // the read under way has these bytes now
    assertEquals(text(half), "half");
  },
);

Deno.test(
  "StreamConnection.readMessage() gives a long line in pieces if asked",
  LIMIT,
  async () => {
    using pair = await connectionPair({ messageBytes: 4 });
    await writeAll(pair.peer, bytes("1234567\nab\n"));
    const read = () => pair.ours.readMessage(4000, { pieces: true });
    assertEquals(text(await read()), "1234");
    assertEquals(text(await read()), "567\n");
    assertEquals(text(await read()), "ab\n");
  },
);

Deno.test(
  "StreamConnection.writeAll() writes all of 16 MB",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const content = new Uint8Array(16_000_000).map((_, index) => index % 251);
    const received = readToEnd(pair.peer);
    await pair.ours.writeAll(content);
    await pair.ours.closeWrite();
    assertSameBytes(await received, content);
  },
);

Deno.test(
  "StreamConnection.writeAll() times out when the peer takes nothing",
  LIMIT,
  async () => {
    using pair = await connectionPair({ writeMs: 50 });
    await assertRejects(
      () => pair.ours.writeAll(new Uint8Array(64_000_000)),
      Deno.errors.TimedOut,
      "took nothing for 50 ms",
    );
    assertLess((await readToEnd(pair.peer)).length, 64_000_000);
  },
);

Deno.test(
  "StreamConnection sends small messages without Nagle's delay",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const startMs = performance.now();
    for (let round = 0; round < 25; round++) {
      await pair.ours.writeAll(bytes("one"));
      await pair.ours.writeAll(bytes("two"));
      assertEquals(await readText(pair.peer, 6), "onetwo");
      await pair.peer.write(bytes("\n"));
      await pair.ours.readLine();
    }
    // With Nagle's algorithm each round would take 40 ms.
    assertLess(performance.now() - startMs, 500);
  },
);

Deno.test(
  "StreamConnection.stop() ends the read under way and later ones",
  LIMIT,
  async () => {
    const reads = [
      "readLine",
      "readSome",
      "readMessage",
      "readExactly",
    ] as const;
    for (const read of reads) {
      using pair = await connectionPair();
      const reading = pair.ours[read](5000);
      pair.ours.stop();
      assertEquals(await reading, null);
      assertEquals(await pair.ours[read](5000), null);
    }
  },
);

Deno.test(
  "StreamConnection.stop() lets replies that are owed be sent",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const reading = pair.ours.readLine();
    pair.ours.beginReply();
    pair.ours.beginReply();
    pair.ours.stop();
    await pair.ours.writeAll(bytes("first\n"));
    pair.ours.endReply();
    await pair.ours.writeAll(bytes("second\n"));
    pair.ours.endReply();
    assertEquals(await reading, null);
    assertEquals(text(await readToEnd(pair.peer)), "first\nsecond\n");
  },
);

Deno.test(
  "StreamConnection.stop() still gives the lines that have arrived",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    await writeAll(pair.peer, bytes("one\ntwo\n"));
    assertEquals(text(await pair.ours.readLine()), "one\n");
    pair.ours.stop();
    assertEquals(text(await pair.ours.readLine()), "two\n");
    assertEquals(await pair.ours.readLine(), null);
  },
);

Deno.test(
  "StreamConnection.finish() brings the reply past bytes nobody read",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const sent = writeAll(pair.peer, new Uint8Array(4_000_000));
    await pair.ours.writeAll(bytes("reply\n"));
    const finished = pair.ours.finish().then(() => pair.ours.close());
    await sent;
    await pair.peer.closeWrite();
    assertEquals(text(await readToEnd(pair.peer)), "reply\n");
    await finished;
  },
);

Deno.test(
  "StreamConnection.finish() waits a second for a peer that stays, no longer",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const startMs = performance.now();
    await pair.ours.finish();
    assert(performance.now() - startMs > 900);
    assertEquals(await pair.peer.read(new Uint8Array(1)), null);
  },
);

Deno.test(
  "StreamConnection.finish() is not held up by a peer that sends on and on",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const flood = writeAll(pair.peer, new Uint8Array(2 ** 31)).catch(() => {});
    await pair.ours.finish();
    pair.ours.close();
    await flood;
  },
);

Deno.test("StreamConnection tells a reset", LIMIT, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, peer] = await Promise.all([
    listener.accept(),
    dialForReset(listener),
  ]);
  using ours = new StreamConnection(conn);
  const reading = ours.readLine();
  peer.resetAndDestroy();
  await assertRejects(() => reading, Deno.errors.ConnectionReset);
});

Deno.test(
  "StreamConnection.close() may be called again, and ends a read under way",
  LIMIT,
  async () => {
    using pair = await connectionPair();
    const reading = pair.ours.readLine().catch((error) => error);
    pair.ours.close();
    pair.ours.close();
    assert(await reading instanceof Deno.errors.Interrupted);
  },
);

Deno.test(
  "StreamConnection leaves no timer to those who use it after its end",
  LIMIT,
  async () => {
    const uses = ["readLine", "readSome", "readMessage", "finish"] as const;
    for (const use of uses) {
      const [conn, peer] = await socketPair();
      using _ = peer;
      const ours = new StreamConnection(conn);
      ours.close();
      await ours[use](10).catch(() => {});
    }
  },
);

Deno.test("StreamConnection knows its peer's address", LIMIT, async () => {
  using pair = await connectionPair();
  const { hostname, port } = pair.peer.localAddr as Deno.NetAddr;
  assertStrictEquals(pair.ours.remote, `${hostname}:${port}`);
});
