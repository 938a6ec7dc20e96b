import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { run, serve } from "../programs.ts";

const LIMIT = { timeout: 60_000 };
const ROOT = new URL("../../", import.meta.url);
const FOLDER = "scripts/lessons";
const FILES = [...Deno.readDirSync(new URL(FOLDER, ROOT))]
  .map(({ name }) => name).sort();

function source(number: number): string {
  return Deno.readTextFileSync(
    new URL(`${FOLDER}/${FILES[number - 1]}`, ROOT),
  );
}

/** The command that a lesson's header gives, word by word. */
function command(number: number, ...args: string[]): string[] {
  const [, words] = /^ \* {5}deno (run .*)$/m.exec(source(number))!;
  return [Deno.execPath(), ...words!.split(" "), ...args];
}

/** Runs a lesson with changes to its text, as its header suggests to try. */
async function tried(number: number, ...changes: [string, string][]) {
  let text = source(number);
  for (const [from, to] of changes) {
    assertStringIncludes(text, from);
    text = text.replace(from, to);
  }
  return await run([...command(number).slice(0, -1), "--ext=ts", "-"], text);
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

function connect(port: string | number): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
}

async function ask(conn: Deno.Conn, message: string): Promise<string> {
  await conn.write(bytes(message));
  const reply = new Uint8Array(message.length);
  for (let got = 0; got < reply.length;) {
    const count = await conn.read(reply.subarray(got));
    if (count === null) break;
    got += count;
  }
  return text(reply);
}

function openDatagrams(): Deno.DatagramConn {
  return Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
}

Deno.test("the lessons are numbered, short, and say where to go on", () => {
  FILES.forEach((name, index) => {
    const text = source(index + 1);
    assertMatch(name, new RegExp(`^${`${index + 1}`.padStart(2, "0")}_`));
    assertMatch(text, new RegExp(`^/\\*\\*\n \\* Lesson ${index + 1}: `));
    assertStringIncludes(text, "\n * Try: ");
    assertStringIncludes(text, "\n * What goes wrong: ");
    const lines = text.trimEnd().split("\n").length;
    assert(lines >= 15 && lines <= 45, `${name} has ${lines} lines`);
    assertEquals(command(index + 1).at(-1), `${FOLDER}/${name}`);
    const [, module] = /^ \* The careful version: (lib\/\S+\.ts)$/m.exec(text)!;
    assert(Deno.statSync(new URL(module!, ROOT)).isFile);
  });
});

Deno.test(
  "lesson 1 serves one client after the other, and survives a reset",
  LIMIT,
  async () => {
    await using server = await serve(command(1, "0"));
    const first = await connect(server.port);
    assertEquals(await ask(first, "one"), "one");
    using second = await connect(server.port);
    let isServed = false;
    const reply = ask(second, "two").finally(() => isServed = true);
    assertEquals(await ask(first, "x".repeat(100_000)), "x".repeat(100_000));
    assertEquals(isServed, false); // it waits for the first to leave
    await first.write(bytes("unread"));
    first.close(); // with the echo unread: a reset
    assertEquals(await reply, "two");
  },
);

Deno.test(
  "lesson 2 reads a reply in parts, and needs a server",
  LIMIT,
  async () => {
    await using server = await serve(command(1, "0"));
    const whole = await run(command(2, "grüß dich", server.port));
    assertEquals([whole.code, whole.stdout], [0, "grüß dich\n"]);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = `${listener.addr.port}`;
    const slow = (async () => {
      using conn = await listener.accept();
      conn.setNoDelay(true);
      for (const letter of "HELLO") await conn.write(bytes(letter));
    })();
    assertEquals((await run(command(2, "hello", port))).stdout, "HELLO\n");
    await slow;
    listener.close();
    const refused = await run(command(2, "hello", port));
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stderr, "ConnectionRefused");
  },
);

Deno.test(
  "lessons 3 and 4 send a datagram there and back, and cut a long one",
  LIMIT,
  async () => {
    await using server = await serve(command(3, "0"));
    for (const text of ["hello", "grüß dich", "x".repeat(1024)]) {
      const { stdout } = await run(command(4, text, server.port));
      assertEquals(stdout, `${text}\n`);
    }
    const { stdout } = await run(command(4, "x".repeat(1025), server.port));
    assertEquals(stdout, `${"x".repeat(1024)}\n`);
  },
);

Deno.test(
  "lesson 4 ignores a stranger, and gives up at its deadline",
  LIMIT,
  async () => {
    const [server, stranger] = [openDatagrams(), openDatagrams()];
    const port = `${(server.addr as Deno.NetAddr).port}`;
    const client = run(command(4, "hello", port));
    const [question, sender] = await server.receive();
    assertEquals(text(question), "hello");
    await stranger.send(bytes("trust me"), sender);
    await server.send(bytes("HELLO"), sender);
    assertEquals((await client).stdout, "HELLO\n");
    stranger.close();
    const silent = await run(command(4, "hello", port));
    assertEquals(silent.stdout, "no reply within 1 s\n");
    server.close();
  },
);

Deno.test(
  "lesson 5 joins messages over TCP, and keeps or cuts them over UDP",
  LIMIT,
  async () => {
    const { stdout } = await run(command(5));
    assertEquals(stdout.match(/(?<=UDP receive: ).*/g), [
      ...["one", "two", "three"],
    ]);
    const reads = stdout.match(/(?<=TCP read: +)\w+/g)!;
    assertEquals(reads.join(""), "onetwothree");
    const short = await tried(5, ["Uint8Array(1024)", "Uint8Array(4)"]);
    assertEquals(
      short.stdout.match(/(?<=TCP read: +)\w+/g)!.join(""),
      "onetwothree",
    );
    assertMatch(short.stdout, /UDP receive: thre\n$/);
  },
);

Deno.test(
  "lesson 6 finds the same lines, wherever the reads cut them",
  LIMIT,
  async () => {
    const lines = (stdout: string) => stdout.match(/^line: .*$/mg);
    const expected = ['line: "hello world"', 'line: "good day"'];
    const halves = await run(command(6));
    assertMatch(halves.stdout, /^read: "hello wor"$/m);
    assertEquals(lines(halves.stdout), expected);
    const letters = await tried(6, ['["hello wor"', '[..."hello wor"']);
    assertMatch(letters.stdout, /^read: "h"$/m);
    assertEquals(lines(letters.stdout), expected);
    const long = await tried(6, ['["hello wor"', '["x".repeat(2000)']);
    assertStringIncludes(long.stderr, "the line is too long");
    const ended = await tried(6, ['["hello wor"', '["x".repeat(1023)']);
    assertStringIncludes(ended.stderr, "the line is too long");
  },
);

Deno.test(
  "lesson 7 gives up a message, though each read is in time",
  LIMIT,
  async () => {
    const { stdout } = await run(command(7));
    assertMatch(stdout, /^no whole message within 500 ms, only \d bytes\n$/);
    const ended = await tried(7, ["of(0x2e)", "of(0x0a)"]);
    assertEquals([ended.code, ended.stdout], [0, ""]);
    const patient = await tried(7, ["const deadline", "let deadline"], [
      "received += count;",
      `clearTimeout(deadline);
       deadline = setTimeout(() => conn.close(), 500);
       if ((received += count) === 8) Deno.exit(9);`,
    ]);
    assertEquals([patient.code, patient.stdout], [9, ""]);
  },
);

Deno.test(
  "lesson 8 serves clients in turn or at once, and needs its catch",
  LIMIT,
  async () => {
    const { stdout } = await run(command(8));
    const [, iterative, concurrent] = new RegExp(
      "^iterative: 5 clients served after (\\d+) ms\n" +
        "concurrent: 5 clients served after (\\d+) ms\n$",
    ).exec(stdout)!.map(Number);
    assertGreater(iterative!, 490);
    assertGreater(iterative!, concurrent!);
    const fault: [string, string] = [
      "await conn.write(Uint8Array.of(0x2e));",
      'throw new Error("a fault");',
    ];
    const caught = await tried(8, fault);
    assertEquals([caught.code, caught.stdout.split("\n").length], [0, 3]);
    assertStringIncludes(caught.stderr, "a fault");
    const uncaught = ".catch((error) => console.error(error))";
    const fallen = await tried(8, fault, [uncaught, ""]);
    assertEquals([fallen.code, fallen.stdout], [1, ""]);
  },
);

Deno.test(
  "lesson 9 gets its answer after a half-close, and none after a close",
  LIMIT,
  async () => {
    const { stdout } = await run(command(9));
    assertEquals(stdout, "the server read 27 bytes\n");
    const closed = await tried(9, ["await conn.closeWrite()", "conn.close()"]);
    assertEquals([closed.code, closed.stdout], [1, ""]);
    assertStringIncludes(closed.stderr, "BadResource");
  },
);

Deno.test({
  name: "lesson 10 waits for the acknowledgement only between two writes",
  ...LIMIT,
  ignore: Deno.build.os !== "linux", // others delay acknowledgements otherwise
  async fn() {
    const { stdout } = await run(command(10));
    const ms = stdout.match(/[\d.]+(?= ms)/g)!.map(Number);
    assertEquals(ms.length, 3);
    assertGreater(ms[0]!, 20);
    assertGreater(ms[0]!, ms[1]!);
    assertGreater(ms[0]!, ms[2]!);
  },
});
