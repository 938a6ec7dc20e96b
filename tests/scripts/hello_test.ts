import { assertEquals, assertMatch } from "@std/assert";
import {
  bytes,
  cuts,
  dial,
  dialForReset,
  exchange,
  readText,
  readToEnd,
  text,
  writeAll,
} from "../fixtures.ts";
import { type ProgramHere, runHere, serveHere } from "../programs.ts";

const LIMIT = { timeout: 20_000 };

/** The server's address, as fixtures take it. */
function at({ port }: ProgramHere): { addr: Deno.NetAddr } {
  const hostname = "127.0.0.1";
  return { addr: { transport: "tcp", hostname, port: Number(port) } };
}

const CONVERSATIONS = [
  ["hi\n", "hello\n"],
  ["hi\r\n", "hello\n"],
  ["  Hi \n", "hello\n"],
  ["hi", "hello\n"],
  ["hi\nHI\n", "hello\nhello\n"],
  ["hello\nhigh\n", "say hi\nsay hi\n"],
  ["\n", "say hi\n"],
  ["hï\n", "say hi\n"],
  ["\xff\0\n", "say hi\n"],
  ["", ""],
] as const;
Deno.test(
  "hello_server answers each line, however it is cut",
  LIMIT,
  async () => {
    await using server = await serveHere("hello_server");
    for (const [question, answer] of CONVERSATIONS) {
      for (const [cut, segments] of cuts(bytes(question))) {
        const reply = text(await exchange(at(server), ...segments));
        assertEquals(reply, answer, `${JSON.stringify(question)}, ${cut}`);
      }
    }
  },
);

Deno.test(
  "hello_server answers a client that sends no newline and waits",
  LIMIT,
  async () => {
    await using server = await serveHere("hello_server");
    using conn = await dial(at(server));
    for (let turn = 0; turn < 2; turn++) {
      await writeAll(conn, bytes("hi"));
      assertEquals(await readText(conn, 6), "hello\n");
    }
  },
);

Deno.test(
  "hello_server closes a connection that breaks a limit, and no other",
  LIMIT,
  async () => {
    await using server = await serveHere(
      "hello_server",
      "--idle-timeout",
      "1s",
    );
    using good = await dial(at(server));
    using long = await dial(at(server));
    const ended = readToEnd(long).catch(() => new Uint8Array());
    await writeAll(long, new Uint8Array(3000).fill(0x61)).catch(() => {});
    assertEquals(text(await ended), "");
    const [logged] = await server.heard(/.*\n/, "stderr");
    assertMatch(
      logged,
      /^127\.0\.0\.1:\d+: Line too long; connection closed\n$/,
    );
    (await dialForReset(at(server))).resetAndDestroy();
    await writeAll(good, bytes("hi\n"));
    assertEquals(await readText(good, 6), "hello\n");
    // Nothing more comes from it, so its next message is late.
    assertEquals(text(await readToEnd(good)), "");
  },
);

Deno.test(
  "hello_server ends a line that comes too slowly",
  LIMIT,
  async () => {
    await using server = await serveHere(
      "hello_server",
      "--idle-timeout",
      "250ms",
    );
    using conn = await dial(at(server));
    const reply = readToEnd(conn).catch(() => new Uint8Array());
    const sending = setInterval(
      () => conn.write(bytes("h")).catch(() => {}),
      30,
    );
    // Its bytes are answered as they come, until the deadline of the line.
    assertMatch(text(await reply) ?? "", /^(say hi\n)*$/);
    clearInterval(sending);
    await server.heard(
      /: Timed out: .* within 250 ms; connection closed\n/,
      "stderr",
    );
  },
);

const MODES: [string, ...string[]][] = [
  ["iterative", "--mode", "iterative"],
  ["concurrent, one at most", "--max-connections", "1"],
];
for (const [name, ...args] of MODES) {
  Deno.test(`hello_server lets a client wait: ${name}`, LIMIT, async () => {
    await using server = await serveHere("hello_server", ...args);
    const first = await dial(at(server));
    await writeAll(first, bytes("hi\n"));
    assertEquals(await readText(first, 6), "hello\n");
    using second = await dial(at(server));
    let isServed = false;
    await writeAll(second, bytes("hi\n"));
    const reply = readText(second, 6).finally(() => isServed = true);
    await writeAll(first, bytes("hi\n"));
    assertEquals(await readText(first, 6), "hello\n");
    assertEquals(isServed, false);
    first.close();
    assertEquals(await reply, "hello\n");
  });
}

Deno.test(
  "hello_server closes its connections when it is stopped",
  LIMIT,
  async () => {
    await using server = await serveHere("hello_server");
    using idle = await dial(at(server));
    await writeAll(idle, bytes("hi\n"));
    assertEquals(await readText(idle, 6), "hello\n");
    assertEquals((await server.stop()).code, 0);
    assertEquals(text(await readToEnd(idle)), "");
  },
);

/** What a server sends, whether it then stays, and what the client makes of it. */
const SERVERS: {
  name: string;
  sends: string;
  stays: boolean;
  expected: { code: number; stdout: string; stderr: RegExp };
}[] = [
  {
    name: "prints the first line",
    sends: "hello\r\nagain\n",
    stays: true,
    expected: { code: 0, stdout: "hello\n", stderr: /^$/ },
  },
  {
    name: "prints an answer that no newline ends",
    sends: "hello",
    stays: true,
    expected: { code: 0, stdout: "hello\n", stderr: /^$/ },
  },
  {
    name: "escapes what would control the terminal",
    sends: "\x1b[2Jhello\n",
    stays: true,
    expected: { code: 0, stdout: "\\x1b[2Jhello\n", stderr: /^$/ },
  },
  {
    name: "says that no answer came before the end",
    sends: "",
    stays: false,
    expected: { code: 1, stdout: "", stderr: /: No answer came from / },
  },
  {
    name: "gives up on a silent server",
    sends: "",
    stays: true,
    expected: { code: 1, stdout: "", stderr: /Cannot greet .*within 300 ms/ },
  },
];
for (const { name, sends, stays, expected } of SERVERS) {
  Deno.test(`hello_client ${name}`, LIMIT, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${listener.addr.port}`;
    const client = runHere("hello_client", address, "--timeout", "300ms");
    using conn = await listener.accept();
    assertEquals(await readText(conn, 3), "hi\n");
    await writeAll(conn, bytes(sends));
    if (!stays) conn.close();
    const { code, stdout, stderr } = await client;
    assertEquals([code, stdout], [expected.code, expected.stdout]);
    assertMatch(stderr, expected.stderr);
  });
}
