import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
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
  readText,
  readToEnd,
  type RunningServer,
  streamServer,
  text,
  writeAll,
} from "../fixtures.ts";

const LIMIT = { timeout: 10_000 };

/** A server that answers what is pending after so many milliseconds. */
function server(transform = "upper", flushAfterMs = 4000): RunningServer {
  return streamServer(
    uppercaseStreams(parseTransform(transform), flushAfterMs),
  );
}

function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

const conversations: [
  what: string,
  question: Uint8Array,
  answer: Uint8Array,
][] = [
  ["a line", bytes("hello\n"), bytes("HELLO\n")],
  ["several lines", bytes("a\nb\n\nc\n"), bytes("A\nB\n\nC\n")],
  ["CR LF", bytes("hello\r\n\r\nb\r\n"), bytes("HELLO\r\n\r\nB\r\n")],
  ["a CR inside", bytes("a\rb\n"), bytes("A\rB\n")],
  ["no newline", bytes("hello"), bytes("HELLO")],
  ["nothing", bytes(""), bytes("")],
  ["spaces and NULs", bytes("  a\0b  \n\0\n"), bytes("  A\0B  \n\0\n")],
  ["many alphabets", bytes("straße ñ дом 👍\n"), bytes("STRASSE Ñ ДОМ 👍\n")],
  [
    "binary rubbish",
    latin1("\xff\xfea\x80\n\xc3\n"),
    latin1("\xff\xfeA\x80\n\xc3\n"),
  ],
  ["half a character at the end", latin1("a\xe2\x82"), latin1("A\xe2\x82")],
];
for (const [what, question, answer] of conversations) {
  Deno.test(
    `uppercaseStreams() answers ${what}, however it is cut`,
    LIMIT,
    async () => {
      await using upper = server();
      for (const [cut, segments] of cuts(question)) {
        assertEquals(await exchange(upper, ...segments), answer, cut);
      }
    },
  );
}

const transforms = [
  ["upper", "one two\nß\n", "ONE TWO\nSS\n"],
  ["echo", "One\nß\n", "One\nß\n"],
  ["reverse", "abc\r\nñé\n", "cba\r\néñ\n"],
  ["count=s", "success\nnone\n", "3\n0\n"],
] as const;
for (const [transform, question, answer] of transforms) {
  Deno.test(
    `uppercaseStreams() applies ${transform} to each line`,
    LIMIT,
    async () => {
      await using transformer = server(transform);
      assertEquals(text(await exchange(transformer, question)), answer);
    },
  );
}

Deno.test(
  "uppercaseStreams() answers the textbook's client, which sends no newline and waits",
  LIMIT,
  async () => {
    await using upper = server("upper", 20);
    using conn = await dial(upper);
    for (const sentence of ["input lowercase sentence:", "another"]) {
      await writeAll(conn, bytes(sentence));
      assertEquals(
        await readText(conn, sentence.length),
        sentence.toUpperCase(),
      );
    }
  },
);

Deno.test(
  "uppercaseStreams() waits for the rest of a character across a flush",
  LIMIT,
  async () => {
    await using upper = server("upper", 20);
    const [first, second] = bytes("é");
    using conn = await dial(upper);
    await writeAll(conn, Uint8Array.of(0x61, first!));
    assertEquals(await readText(conn, 1), "A"); // after the flush
    await writeAll(conn, Uint8Array.of(second!, 0x62));
    assertEquals(await readText(conn, 3), "ÉB");
  },
);

Deno.test(
  "uppercaseStreams() keeps a character whole at every length of a long line",
  LIMIT,
  async () => {
    await using upper = server();
    // The pieces into which the line is cut have 65536 bytes.
    for (const before of [65_534, 65_535, 65_536]) {
      const line = `${"x".repeat(before)}€${"y".repeat(70_000)}\n`;
      const answer = text(await exchange(upper, line))!;
      assert(answer === line.toUpperCase(), `€ after ${before} bytes`);
    }
  },
);

Deno.test(
  "uppercaseStreams() answers a long line while it is still coming",
  LIMIT,
  async () => {
    await using upper = server();
    using conn = await dial(upper);
    await writeAll(conn, bytes("x".repeat(1_000_000)));
    // Less one piece that may be pending.
    assertMatch(await readText(conn, 900_000), /^X+$/);
  },
);

for (const transform of ["upper", "echo"]) {
  Deno.test(
    `uppercaseStreams() gives a line of 100 MB back in bounded memory: ${transform}`,
    LIMIT,
    async () => {
      const part = new Uint8Array(1_000_000).fill(0x78);
      const expected = transform === "upper" ? 0x58 : 0x78;
      await using transformer = server(transform);
      using conn = await dial(transformer);
      const before = Deno.memoryUsage();
      const sent = (async () => {
        for (let count = 0; count < 100; count++) await writeAll(conn, part);
        await writeAll(conn, bytes("\n"));
        await conn.closeWrite();
      })();
      let received = 0;
      let wrong = 0;
      let most = 0;
      const buffer = new Uint8Array(262_144);
      for (let count; (count = await conn.read(buffer)) !== null;) {
        const got = buffer.subarray(0, count);
        wrong += got.findIndex((byte) => byte !== expected && byte !== 0x0a) +
          1;
        received += count;
        most = Math.max(most, Deno.memoryUsage().rss - before.rss);
      }
      await sent;
      assertEquals(received, 100_000_001);
      assertEquals(wrong, 0);
      assertLess(most, 80_000_000);
    },
  );
}

for (const transform of ["reverse", "count=s"]) {
  Deno.test(
    `uppercaseStreams() refuses a line it would have to hold whole: ${transform}`,
    LIMIT,
    async () => {
      await using transformer = server(transform);
      using conn = await dial(transformer);
      const sent = writeAll(conn, new Uint8Array(100_000_000)).catch(() => {});
      const answer = await readToEnd(conn).catch(() => new Uint8Array(0));
      await sent;
      assertEquals(answer.length, 0);
      assertMatch(await transformer.logged(), /too long: 65536 bytes/);
      assertEquals((await exchange(transformer, "sos\n")).at(-1), 0x0a);
    },
  );
}

Deno.test(
  "uppercaseStreams() answers half a line when the client ends its side",
  LIMIT,
  async () => {
    await using upper = server();
    assertEquals(text(await exchange(upper, "one\nhalf")), "ONE\nHALF");
  },
);

Deno.test(
  "uppercaseStreams() carries 4 MB of lines sent without waiting",
  LIMIT,
  async () => {
    const lines = bytes("some words in a line\n".repeat(200_000));
    await using upper = server("echo");
    assertSameBytes(await exchange(upper, lines), lines);
  },
);

const datagrams = [
  ["upper", "hello", "HELLO"],
  ["upper", "line\r\n", "LINE\r\n"],
  ["upper", "", ""],
  ["upper", "ŉ", "ŉ"], // in upper case it is longer
  ["upper", "ŉ and more", "ŉ and more"],
  ["upper", "ß", "SS"], // as long
  ["reverse", "abc\n", "cba\n"],
  ["count=s", "success", "3"],
  ["count=s", "", ""], // "0" would be longer than the question
] as const;
for (const [transform, question, answer] of datagrams) {
  Deno.test(
    `uppercaseDatagrams() answers ${JSON.stringify(question)} by ${transform}`,
    LIMIT,
    async () => {
      await using transformer = datagramServer(
        uppercaseDatagrams(parseTransform(transform)),
      );
      using client = datagramClient();
      await client.send(bytes(question), transformer.addr);
      const reply = await client.receiveFrom(transformer.addr, 4000);
      assertEquals(text(reply), answer);
      assertEquals(transformer.log, []);
    },
  );
}

Deno.test(
  "uppercaseDatagrams() passes binary rubbish through",
  LIMIT,
  async () => {
    await using upper = datagramServer(
      uppercaseDatagrams(parseTransform("upper")),
    );
    using client = datagramClient();
    await client.send(latin1("\xff\0a\xc3"), upper.addr);
    const reply = await client.receiveFrom(upper.addr, 4000);
    assertEquals(reply, latin1("\xff\0A\xc3"));
  },
);
