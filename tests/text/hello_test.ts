import { assertEquals } from "@std/assert";
import { hello } from "../../lib/text/hello.ts";
import {
  bytes,
  cuts,
  dial,
  exchange,
  readText,
  streamServer,
  text,
  writeAll,
} from "../fixtures.ts";

const LIMIT = { timeout: 5000 };

const conversations = [
  ["hi\n", "hello\n"],
  ["hi\r\n", "hello\n"],
  ["HI\n", "hello\n"],
  ["  Hi \n", "hello\n"],
  ["hi", "hello\n"],
  ["hi\nhi\n", "hello\nhello\n"],
  ["hello\n", "say hi\n"],
  ["\n", "say hi\n"],
  ["high\n", "say hi\n"],
  ["\xff\0\n", "say hi\n"],
  ["", ""],
] as const;
for (const [question, answer] of conversations) {
  Deno.test(
    `hello() answers ${JSON.stringify(question)}, however it is cut`,
    LIMIT,
    async () => {
      await using server = streamServer(hello);
      for (const [cut, segments] of cuts(bytes(question))) {
        assertEquals(text(await exchange(server, ...segments)), answer, cut);
      }
    },
  );
}

Deno.test(
  "hello() answers a client that sends no newline and waits",
  LIMIT,
  async () => {
    await using server = streamServer(hello);
    using conn = await dial(server);
    await writeAll(conn, bytes("hi"));
    assertEquals(await readText(conn, 6), "hello\n");
    await writeAll(conn, bytes("hi"));
    assertEquals(await readText(conn, 6), "hello\n");
  },
);
