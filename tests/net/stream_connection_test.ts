import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { FramingError } from "../../lib/framing/line_decoder.ts";
import { DeadlineError } from "../../lib/net/errors.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import {
  assertSameBytes,
  bytes,
  connectionPair,
  cuts,
  dialForReset,
  readToEnd,
  socketPair,
  text,
  turn,
  writeAll,
  writeSegments,
} from "../fixtures.ts";
import { test } from "../testing.ts";

/** Each way to read, so that it would have to wait for more than "half". */
const READS = {
  readLine: (ours: StreamConnection) => ours.readLine(),
  readSome: (ours: StreamConnection) => ours.readSome(),
  readExactly: (ours: StreamConnection) => ours.readExactly(5),
  readMessage: (ours: StreamConnection) => ours.readMessage(5000),
  readEcho: (ours: StreamConnection) => ours.readEcho(bytes("half an echo")),
};

const STREAM = bytes("one\n\r\nthree \0 é\n\xff\n");
const LENGTHS: Partial<Record<keyof typeof READS, number[] | null>> = {
  readLine: [4, 2, 11, 3],
  readMessage: [4, 2, 11, 3],
  readExactly: [5, 5, 5, 5],
  readSome: null, // it depends on the segments
};
for (const [cut, segments] of cuts(STREAM)) {
  test(`StreamConnection reads a stream: ${cut}`, async () => {
    for (const [name, lengths] of Object.entries(LENGTHS)) {
      using pair = await connectionPair();
      const read = READS[name as keyof typeof READS];
      const sent = writeSegments(pair.peer, segments)
        .then(() => pair.peer.closeWrite());
      const parts: number[][] = [];
      for (let part; (part = await read(pair.ours)) !== null;) {
        parts.push([...part]);
      }
      await sent;
      assertEquals(Uint8Array.from(parts.flat()), STREAM, name);
      if (lengths) assertEquals(parts.map(({ length }) => length), lengths);
      assertEquals(await read(pair.ours), null); // also later
    }
  });
}

test("StreamConnection.readEcho() reads an echo, or the line in its place", async () => {
  using pair = await connectionPair();
  const echo = bytes("m 1 a\nb\n"); // an LF inside
  await writeAll(pair.peer, bytes("m 1 a\nb\nm 2 XXXXX404 ERROR\nmore"));
  for (const received of ["m 1 a\nb\n", "m 2 XXXX", "X404 ERROR\n"]) {
    assertEquals(text(await pair.ours.readEcho(echo)), received);
  }
  assertEquals(text(pair.ours.takePending()), "more");
  assertEquals(pair.ours.takePending(), null);
});

test("StreamConnection rejects an end of stream inside a message", async () => {
  for (const name of ["readLine", "readExactly", "readEcho"] as const) {
    using pair = await connectionPair();
    await writeAll(pair.peer, bytes("half"));
    await pair.peer.closeWrite();
    await assertRejects(
      () => READS[name](pair.ours),
      Deno.errors.UnexpectedEof,
      "after 4 bytes",
    );
  }
});

test("StreamConnection.messageLimitBytes limits a message, and can be changed", async () => {
  using pair = await connectionPair({ messageBytes: 8 });
  await writeAll(pair.peer, bytes("1234567\n12345678\n123456789\n"));
  assertEquals(text(await pair.ours.readLine()), "1234567\n");
  pair.ours.messageLimitBytes += 1;
  assertEquals(text(await pair.ours.readLine()), "12345678\n");
  const error = await assertRejects(() => pair.ours.readLine(), FramingError);
  assertEquals(error.limitBytes, pair.ours.messageLimitBytes);
});

test("StreamConnection.readLine() rejects an endless line without keeping it", async () => {
  using pair = await connectionPair({ messageBytes: 1000 });
  const flood = writeAll(pair.peer, new Uint8Array(100_000_000))
    .catch(() => {});
  await assertRejects(() => pair.ours.readLine(), FramingError);
  assertLess(pair.ours.takePending()!.length, 65_537);
  pair.ours.close();
  await flood;
});

test("StreamConnection times out without a whole message, and closes", async () => {
  for (const [name, read] of Object.entries(READS)) {
    for (const sent of ["", "half"]) {
      if (sent !== "" && /Some|Message/.test(name)) continue;
      using pair = await connectionPair({ readMs: 20 });
      await writeAll(pair.peer, bytes(sent));
      const error = await assertRejects(
        () => read(pair.ours),
        DeadlineError,
        "within 20 ms",
      );
      assertEquals([error.wait, error.timeoutMs], ["read", 20]);
      assert(pair.ours.closed.aborted);
      await readToEnd(pair.peer).catch(() => {}); // a reset if bytes were left
    }
  }
});

test("StreamConnection times out on a trickling line", async () => {
  using pair = await connectionPair({ readMs: 60 });
  const trickle = (async () => {
    try {
      for (;;) {
        await pair.peer.write(bytes("x"));
        await turn();
      }
    } catch { // ours has closed
    }
  })();
  await assertRejects(() => pair.ours.readLine(), DeadlineError);
  await trickle;
});

test("StreamConnection gives each message its own deadline", async () => {
  using pair = await connectionPair({ readMs: 400 });
  const startMs = performance.now();
  // The lines together take longer than one deadline.
  while (performance.now() - startMs < 600) {
    await writeAll(pair.peer, bytes("line\n"));
    assertEquals(text(await pair.ours.readLine()), "line\n");
    await turn();
  }
  // The deadline still works after its timer has fired without effect.
  await assertRejects(() => pair.ours.readLine(), DeadlineError);
});

test("StreamConnection.readMessage() ends a message at a pause or the end of the stream", async () => {
  using pair = await connectionPair();
  await writeAll(pair.peer, bytes("line\nhalf"));
  assertEquals(text(await pair.ours.readMessage(20)), "line\n");
  assertEquals(text(await pair.ours.readMessage(20)), "half");
  await writeAll(pair.peer, bytes(" more\nlast"));
  await pair.peer.closeWrite();
  assertEquals(text(await pair.ours.readMessage(4000)), " more\n");
  assertEquals(text(await pair.ours.readMessage(4000)), "last");
  assertEquals(await pair.ours.readMessage(4000), null);
});

test("StreamConnection.readMessage() can split a long line and batch short ones", async () => {
  using pair = await connectionPair({ messageBytes: 4 });
  const pieces = { pieces: true };
  const batch = { batch: true };
  await writeAll(pair.peer, bytes("1234567\nab\na\nb\nc\n1234567\nab\n1234"));
  const read = async (options: { pieces?: boolean; batch?: boolean }) =>
    text(await pair.ours.readMessage(4000, options));
  assertEquals(await read(pieces), "1234");
  assertEquals(await read(pieces), "567\n");
  assertEquals(await read(pieces), "ab\n");
  assertEquals(await read(batch), "a\nb\nc\n1234567\nab\n");
  assertEquals(await read({ ...batch, ...pieces }), "1234");
  await writeAll(pair.peer, bytes("1234"));
  await assertRejects(() => read(batch), FramingError);
});

test("StreamConnection keeps the read that a pause left pending for other reads", async () => {
  for (const name of ["readLine", "readSome", "readExactly"] as const) {
    using pair = await connectionPair();
    await writeAll(pair.peer, bytes("half"));
    const half = await pair.ours.readMessage(5);
    await writeAll(pair.peer, bytes("rest\n"));
    await turn(); // the pending read has these bytes now
    assertEquals(text(half), "half");
    assertEquals(text(await READS[name](pair.ours)), "rest\n");
  }
});

test("StreamConnection.writeAll() writes all of 8 MB", async () => {
  using pair = await connectionPair();
  const content = new Uint8Array(8_000_000).map((_, index) => index % 251);
  const received = readToEnd(pair.peer);
  await pair.ours.writeAll(content);
  await pair.ours.closeWrite();
  assertSameBytes(await received, content);
});

test("StreamConnection.writeAll() times out when the peer reads nothing", async () => {
  using pair = await connectionPair({ writeMs: 50 });
  const error = await assertRejects(
    () => pair.ours.writeAll(new Uint8Array(64_000_000)),
    DeadlineError,
    "took nothing for 50 ms",
  );
  assertEquals(error.wait, "write");
  assertLess((await readToEnd(pair.peer)).length, 64_000_000);
});

test("StreamConnection turns Nagle's algorithm off", async () => {
  const [conn, peer] = await socketPair();
  using _ = peer;
  const calls: (boolean | undefined)[] = [];
  conn.setNoDelay = (noDelay) => calls.push(noDelay);
  using _ours = new StreamConnection(conn);
  assertEquals(calls, [true]);
});

test("StreamConnection.stop() ends the current read and later ones", async () => {
  for (const read of Object.values(READS)) {
    using pair = await connectionPair();
    const reading = read(pair.ours);
    pair.ours.stop();
    assertEquals(await reading, null);
    assertEquals(await read(pair.ours), null);
  }
});

test("StreamConnection.stop() waits for pending replies", async () => {
  using pair = await connectionPair();
  const reading = pair.ours.readLine();
  pair.ours.beginReply();
  pair.ours.beginReply();
  pair.ours.stop();
  for (const reply of ["first\n", "second\n"]) {
    await pair.ours.writeAll(bytes(reply));
    pair.ours.endReply();
  }
  assertEquals(await reading, null);
  assertEquals(text(await readToEnd(pair.peer)), "first\nsecond\n");
});

test("StreamConnection.stop() still returns the lines that have arrived", async () => {
  using pair = await connectionPair();
  await writeAll(pair.peer, bytes("one\ntwo\n"));
  assertEquals(text(await pair.ours.readLine()), "one\n");
  pair.ours.stop();
  assertEquals(text(await pair.ours.readLine()), "two\n");
  assertEquals(await pair.ours.readLine(), null);
});

test("StreamConnection.stopOn() stops with a signal, before or after its abort", async () => {
  const stop = new AbortController();
  for (const when of ["before", "after"]) {
    using pair = await connectionPair();
    pair.ours.stopOn(undefined);
    pair.ours.stopOn(stop.signal);
    const reading = pair.ours.readLine();
    stop.abort();
    assertEquals(await reading, null, when);
  }
});

test("StreamConnection.finish() delivers the reply despite unread bytes", async () => {
  using pair = await connectionPair();
  const sent = writeAll(pair.peer, new Uint8Array(4_000_000));
  await pair.ours.writeAll(bytes("reply\n"));
  const finished = pair.ours.finish().then(() => pair.ours.close());
  await sent;
  await pair.peer.closeWrite();
  assertEquals(text(await readToEnd(pair.peer)), "reply\n");
  await finished;
});

test("StreamConnection.finish() gives up on a peer that stays, silent or sending", async () => {
  for (const size of [0, 2 ** 31]) {
    using pair = await connectionPair();
    const flood = writeAll(pair.peer, new Uint8Array(size)).catch(() => {});
    await pair.ours.finish();
    await flood;
    assert(pair.ours.closed.aborted);
  }
});

test("StreamConnection rejects a read when it is reset", async () => {
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

test("StreamConnection.close() ends a read, and can be called again", async () => {
  using pair = await connectionPair();
  const reading = pair.ours.readLine().catch((error) => error);
  pair.ours.close();
  pair.ours.close();
  assert(await reading instanceof Deno.errors.Interrupted);
  // The sanitizer finds a timer that a use after the end leaves.
  for (const read of Object.values(READS)) {
    await read(pair.ours).catch(() => {});
  }
  await pair.ours.finish();
});

test("StreamConnection.remote is the peer's address", async () => {
  using pair = await connectionPair();
  const { hostname, port } = pair.peer.localAddr as Deno.NetAddr;
  assertEquals(pair.ours.remote, `${hostname}:${port}`);
});
