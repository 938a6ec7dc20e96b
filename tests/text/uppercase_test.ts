import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseTransform } from "../../lib/text/transform.ts";
import {
  uppercaseDatagrams,
  uppercaseStreams,
} from "../../lib/text/uppercase.ts";
import {
  assertSameBytes,
  bytes,
  cuts,
  datagramClient,
  datagramServer,
  dial,
  exchange,
  latin1,
  readText,
  readToEnd,
  type RunningServer,
  streamServer,
  text,
  writeAll,
} from "../fixtures.ts";
import { test } from "../testing.ts";

/** A server that takes pending bytes as a message after some milliseconds. */
function server(transform = "upper", flushAfterMs = 4000): RunningServer {
  return streamServer(
    uppercaseStreams(parseTransform(transform), flushAfterMs),
  );
}

const CONVERSATIONS: [string, requests: Uint8Array, replies: Uint8Array][] = [
  ["upper", bytes("hello\n"), bytes("HELLO\n")],
  ["upper", bytes("a\nß\n\nc\n"), bytes("A\nSS\n\nC\n")],
  ["upper", bytes("hello\r\n\r\nb\r\n"), bytes("HELLO\r\n\r\nB\r\n")],
  ["upper", bytes("a\rb\n"), bytes("A\rB\n")],
  ["upper", bytes("hello"), bytes("HELLO")],
  ["upper", bytes("one\nhalf"), bytes("ONE\nHALF")],
  ["upper", bytes(""), bytes("")],
  ["upper", bytes("  a\0b  \n\0\n"), bytes("  A\0B  \n\0\n")],
  ["upper", bytes("straße ñ дом 👍\n"), bytes("STRASSE Ñ ДОМ 👍\n")],
  ["upper", latin1("\xff\xfea\x80\n\xc3\n"), latin1("\xff\xfeA\x80\n\xc3\n")],
  ["upper", latin1("a\xe2\x82"), latin1("A\xe2\x82")],
  ["echo", bytes("One\nß\n"), bytes("One\nß\n")],
  ["reverse", bytes("abc\r\nñé\n"), bytes("cba\r\néñ\n")],
  ["count=s", bytes("success\nnone\n"), bytes("3\n0\n")],
];
test("uppercaseStreams() replies to each line, however it is segmented", async () => {
  for (const [transform, requests, replies] of CONVERSATIONS) {
    await using transformer = server(transform);
    for (const [cut, segments] of cuts(requests)) {
      assertEquals(await exchange(transformer, ...segments), replies, cut);
    }
  }
});

test("uppercaseStreams() replies to a client that sends no LF and waits", async () => {
  await using upper = server("upper", 20);
  using conn = await dial(upper);
  for (const sentence of ["input lowercase sentence:", "another"]) {
    await writeAll(conn, bytes(sentence));
    assertEquals(
      await readText(conn, sentence.length),
      sentence.toUpperCase(),
    );
  }
});

test("uppercaseStreams() keeps a split character for the next message", async () => {
  await using upper = server("upper", 20);
  const [first, second] = bytes("é");
  using conn = await dial(upper);
  await writeAll(conn, Uint8Array.of(0x61, first!));
  assertEquals(await readText(conn, 1), "A"); // after the flush
  await writeAll(conn, Uint8Array.of(second!, 0x62));
  assertEquals(await readText(conn, 3), "ÉB");
});

test("uppercaseStreams() splits no character where it splits a long line", async () => {
  await using upper = server();
  for (const before of [65_534, 65_535, 65_536]) { // pieces have 65 536 bytes
    const line = `${"x".repeat(before)}€${"y".repeat(70_000)}\n`;
    const reply = text(await exchange(upper, line))!;
    assert(reply === line.toUpperCase(), `€ after ${before} bytes`);
  }
});

for (const transform of ["reverse", "count=s"]) {
  test(`uppercaseStreams() rejects a line that it would have to hold whole: ${transform}`, async () => {
    await using transformer = server(transform);
    using conn = await dial(transformer);
    const sent = writeAll(conn, new Uint8Array(100_000_000)).catch(() => {});
    const reply = await readToEnd(conn).catch(() => new Uint8Array(0));
    await sent;
    assertEquals(reply.length, 0);
    assertMatch(
      await transformer.logged(),
      /too long: more than 65536 bytes/,
    );
    assertEquals((await exchange(transformer, "sos\n")).at(-1), 0x0a);
  });
}

test("uppercaseStreams() replies to 4 MB of pipelined lines", async () => {
  const lines = bytes("some words in a line\n".repeat(200_000));
  await using echo = server("echo");
  assertSameBytes(await exchange(echo, lines), lines);
});

const DATAGRAMS: [string, request: Uint8Array, reply: Uint8Array][] = [
  ["upper", bytes("hello"), bytes("HELLO")],
  ["upper", bytes("line\r\n"), bytes("LINE\r\n")],
  ["upper", bytes(""), bytes("")],
  ["upper", bytes("ß"), bytes("SS")], // the same length
  ["upper", bytes("ŉ"), bytes("ŉ")], // longer in upper case
  ["upper", bytes("ŉ and more"), bytes("ŉ and more")],
  ["upper", latin1("\xff\0a\xc3"), latin1("\xff\0A\xc3")],
  ["reverse", bytes("abc\n"), bytes("cba\n")],
  ["count=s", bytes("success"), bytes("3")],
  ["count=s", bytes(""), bytes("")], // "0" would be longer
];
test("uppercaseDatagrams() transforms a datagram, and never makes it longer", async () => {
  for (const [transform, request, reply] of DATAGRAMS) {
    await using transformer = datagramServer(
      uppercaseDatagrams(parseTransform(transform)),
    );
    using client = datagramClient();
    await client.send(request, transformer.addr);
    assertEquals(await client.receiveFrom(transformer.addr, 4000), reply);
    assertEquals(transformer.log, []);
  }
});

test("uppercaseStreams() ends a connection whose bytes only trickle in", async () => {
  await using server = streamServer(
    uppercaseStreams(parseTransform("upper"), 5),
    {
      limits: { readMs: 300 },
    },
  );
  using slow = await dial(server);
  using lively = await dial(server);
  const reply = readToEnd(slow).catch(() => new Uint8Array());
  const trickle = setInterval(() => {
    slow.write(bytes("a")).catch(() => {});
    lively.write(bytes("b\n")).catch(() => {});
  }, 30);
  // Its bytes are answered as they come, until the deadline of the line.
  assert(/^A+$/.test(text(await reply) ?? ""));
  await readText(lively, 30); // it has had more time than the deadline
  clearInterval(trickle);
  assertMatch(
    await server.logged(),
    /no whole message arrived within 300 ms/,
  );
  assertEquals(server.log.length, 1);
});
