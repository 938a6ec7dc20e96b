import { assert, assertEquals, assertMatch } from "@std/assert";
import { DatagramSocket } from "../../lib/net/datagram_socket.ts";
import { bytes, openDatagrams, text, writeAll } from "../fixtures.ts";
import { runHere, serveHere, serveScript } from "../programs.ts";
import { test } from "../testing.ts";

/** A server, what its client sends first, and what it answers. */
const TCP: [name: string, request: string, reply: RegExp][] = [
  ["hello_server", "hi\n", /^hello\n/],
  ["tcp_server", "line\n", /^LINE\n/],
  ["time_server", "", /\d\d:\d\d:\d\d/],
  ["measure_server", "s rtt 1 1 0\n", /^200 OK/],
  ["throughput_server", `${"a".repeat(36)}\0`, /^\t/],
  ["peer", "", /^hello 2 /],
];
const UDP: [name: string, request: Uint8Array][] = [
  ["udp_server", bytes("line")],
  ["time_server --udp", bytes("x".repeat(40))],
  ["stamp_server", new Uint8Array(44)],
];
/** The counts that every server prints at its end. */
const REFUSED =
  /refused: .*?denied (\d+)(?:, too many (\d+))?(?:, from responders \d+)?, too fast (\d+)/;

/** Starts a server in this process; a peer reads the input of its own. */
async function start(line: string) {
  if (line.startsWith("peer")) return await serveScript(line);
  const [name = "", ...args] = line.split(" ");
  return await serveHere(name, ...args);
}

/** Stops a server; gives how many it denied, had too many of, or too fast. */
async function refused(
  server: Awaited<ReturnType<typeof start>>,
): Promise<number[]> {
  const { stderr } = await server.stop();
  assertMatch(stderr, REFUSED);
  return REFUSED.exec(stderr)!.slice(1).map((count) => Number(count ?? 0));
}

/** Asks a server on a new connection; nothing if it ends that at once. */
async function connect(
  { address }: { address: string },
  request: string,
): Promise<{ conn: Deno.TcpConn; reply: string }> {
  const [, hostname = "", port] = /^\[?(.*?)\]?:(\d+)$/.exec(address)!;
  const conn = await Deno.connect({ hostname, port: Number(port) });
  try {
    await writeAll(conn, bytes(request));
    const buffer = new Uint8Array(1024);
    const count = await conn.read(buffer) ?? 0;
    return { conn, reply: text(buffer.subarray(0, count))! };
  } catch { // it was closed before it was read
    return { conn, reply: "" };
  }
}

for (const [name, request, reply] of TCP) {
  test(`${name} refuses connections by its lists, and by the limits of a source`, async () => {
    const ask = async (server: { address: string }) => {
      const { conn, reply } = await connect(server, request);
      conn.close();
      return reply;
    };
    for (
      const [args, isServed] of [
        ["--allow-from 127.0.0.0/8", true],
        ["--allow-from 10.0.0.0/8,::1", false],
        ["--deny-from 127.0.0.1", false],
        ["--allow-from 127.0.0.1 --deny-from 127.0.0.0/8", false],
      ] as const
    ) {
      await using server = await start(`${name} ${args}`);
      const came = await ask(server);
      if (isServed) assertMatch(came, reply);
      else {
        assertEquals(came, "", args);
        assertEquals(await refused(server), [1, 0, 0]);
      }
    }
    {
      await using server = await start(`${name} --max-per-source 1`);
      const { conn, reply: first } = await connect(server, request);
      assertMatch(first, reply);
      if (name === "time_server") conn.close(); // as the server has done
      else {
        assertEquals(await ask(server), "");
        conn.close();
        assertEquals(await refused(server), [0, 1, 0]);
      }
    }
    await using server = await start(`${name} --max-connect-rate 1`);
    assertMatch(await ask(server), reply);
    while (await ask(server) !== "");
    const [denied, tooMany, tooFast] = await refused(server);
    assertEquals([denied, tooMany, tooFast], [0, 0, 1]);
  });
}

for (const [name, request] of UDP) {
  test(`${name} refuses datagrams by its lists, and by the rate of a source`, async () => {
    for (
      const [args, isServed] of [
        ["--allow-from 127.0.0.0/8", true],
        ["--allow-from 10.0.0.0/8,::1", false],
        ["--deny-from 127.0.0.1", false],
      ] as const
    ) {
      await using server = await start(`${name} ${args} --verbose`);
      using client = new DatagramSocket(openDatagrams());
      const to = { hostname: "127.0.0.1", port: Number(server.port) };
      await client.send(request, to);
      if (isServed) assert(await client.receive(20_000) !== null);
      else {
        await server.heard(/refused: its address is not allowed/, "stderr");
        assertEquals(await refused(server), [1, 0, 0]);
        assertEquals(await client.receive(0), null);
      }
    }
    await using server = await start(`${name} --max-rate 1 --verbose`);
    using client = new DatagramSocket(openDatagrams());
    const to = { hostname: "127.0.0.1", port: Number(server.port) };
    for (let sent = 0; sent < 10; sent++) await client.send(request, to);
    await server.heard(/refused: its source or its network/, "stderr");
    assert(await client.receive(20_000) !== null);
    const [, , tooFast = 0] = await refused(server);
    assert(tooFast > 0 && tooFast < 10, `${tooFast}`);
  });
}

test("A server of both families takes an IPv4 client for IPv4, and logs what it denied", async () => {
  const line = "tcp_server --host :: --verbose --deny-from 127.0.0.0/8";
  await using server = await serveScript(line);
  const { port } = server;
  const v6 = await connect({ address: `[::1]:${port}` }, "line\n");
  assertEquals(v6.reply, "LINE\n");
  v6.conn.close();
  for (let count = 0; count < 3; count++) {
    const v4 = await connect({ address: `127.0.0.1:${port}` }, "line\n");
    assertEquals(v4.reply, "");
    v4.conn.close();
  }
  const { stderr } = await server.stop();
  assertMatch(stderr, /:\d+: refused: its address is not allowed$/m);
  assert(stderr.split("is not allowed").length <= 3, stderr);
  assertMatch(stderr, /^1 connection; refused: denied 3, /m);
});

test("A server says what is wrong with a list of networks", async () => {
  for (
    const [list, error] of [
      ["10.0.0.1/8", /a network whose bits after the first 8 are 0, not "10/],
      ["lab", /a network such as .*, not "lab"/],
      ["10.0.0.0/8,", /a network such as .*, not ""/],
    ] as const
  ) {
    const { code, stderr } = await runHere("udp_server", "--allow-from", list);
    assertEquals(code, 2);
    assertMatch(stderr, error);
  }
});

Deno.test("Two servers share a port with --reuse-port", {
  timeout: 60_000,
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using first = await serveHere("tcp_server", "--reuse-port");
  const { port } = first;
  await using second = await serveHere(
    ...["tcp_server", "--reuse-port"] as const,
    ...["--port", port],
  );
  for (let count = 0; count < 64; count++) {
    const { conn, reply } = await connect(first, "line\n");
    assertEquals(reply, "LINE\n");
    conn.close();
  }
  const ended = [await first.stop(), await second.stop()];
  const served = ended.map(({ stderr }) => parseInt(stderr));
  assertEquals(served[0]! + served[1]!, 64);
  assert(served[0]! > 0 && served[1]! > 0, `${served}`);
});

test("A server says where its port cannot be shared", async () => {
  const { code, stderr } = await runHere(
    "time_server",
    "--udp",
    "--reuse-port",
  );
  assertEquals(code, 2);
  assertMatch(stderr, /--reuse-port is for TCP on Linux/);
});
