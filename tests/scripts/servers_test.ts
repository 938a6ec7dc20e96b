import { assertEquals, assertMatch } from "@std/assert";
import { compilables } from "../../scripts/compile.ts";
import {
  Program,
  run,
  runHere,
  script,
  serve,
  serveHere,
  serveScript,
} from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";

const LIMIT = { timeout: 60_000 };

/** A server, its options, and what it prints when it is ready. */
const SERVERS: [string, string[], RegExp][] = [
  ["hello_server", [], /^listening tcp 127\.0\.0\.1:\d+\n$/],
  ["tcp_server", [], /^listening tcp 127\.0\.0\.1:\d+\n$/],
  ["tcp_server", ["--host", "::1"], /^listening tcp \[::1\]:\d+\n$/],
  ["tcp_server", ["--host", "0.0.0.0"], /^listening tcp 0\.0\.0\.0:\d+\n$/],
  ["udp_server", [], /^listening udp 127\.0\.0\.1:\d+\n$/],
  ["time_server", [], /^listening tcp 127\.0\.0\.1:\d+\n$/],
  ["time_server", ["--udp"], /^listening udp 127\.0\.0\.1:\d+\n$/],
  ["measure_server", [], /^listening tcp 127\.0\.0\.1:\d+\n$/],
];

/** The counts that a server without clients prints at its end. */
const NO_CLIENTS =
  /^(0 connections; refused: denied 0, too many 0, too fast 0; 0 bytes received, 0 bytes sent|received 0, answered 0; refused: denied 0, from responders 0, too fast 0)\n$/;

for (const [name, args, ready] of SERVERS) {
  Deno.test(
    `${[name, ...args].join(" ")} says when it is ready`,
    LIMIT,
    async () => {
      await using server = await serveHere(name, ...args);
      const { code, stdout, stderr } = await server.stop();
      assertMatch(stdout, ready);
      assertEquals(code, 0);
      assertMatch(stderr, NO_CLIENTS);
    },
  );
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`A server ends with 0 on ${signal}`, LIMIT, async () => {
    await using server = await serveScript("udp_server");
    server.signal(signal);
    const { code, stderr } = await server.ended();
    assertEquals(code, 0);
    assertMatch(stderr, NO_CLIENTS);
  });
}

Deno.test("A server says so when its port is taken", LIMIT, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(listener.addr.port);
  const ended = await runHere("tcp_server", "--port", port);
  assertEquals(ended.code, 1);
  assertMatch(ended.stderr, /the address is taken by another program/);
});

Deno.test(
  "A server lets the replies under way finish before it ends",
  LIMIT,
  async () => {
    await using server = await serveScript("measure_server");
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(server.port),
    });
    const probe = "s rtt 2 5 300\nm 1 first\n";
    await conn.write(new TextEncoder().encode(probe));
    const buffer = new Uint8Array(256);
    assertEquals(await conn.read(buffer), "200 OK: Ready\n".length);
    // The echo is due 300 ms after the probe, which came with the setup.
    server.signal("SIGTERM");
    const count = await conn.read(buffer);
    const echo = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    assertEquals(echo, "m 1 first\n");
    assertEquals(await conn.read(buffer), null);
    assertEquals((await server.ended()).code, 0);
  },
);

Deno.test(
  "A server takes two signals at once for one, and a later one for haste",
  LIMIT,
  async () => {
    for (const hasty of [false, true]) {
      await using server = await serveScript("measure_server");
      using conn = await Deno.connect({
        hostname: "127.0.0.1",
        port: Number(server.port),
      });
      // A reply under way keeps the server from ending at the first signal.
      const probe = `s rtt 1 5 ${hasty ? 60_000 : 500}\nm 1 first\n`;
      await conn.write(new TextEncoder().encode(probe));
      await conn.read(new Uint8Array(64));
      server.signal("SIGINT");
      server.signal("SIGINT");
      if (hasty) {
        // Longer than one interrupt can seem to last, and shorter than grace.
        await new Promise((resolve) => setTimeout(resolve, 1000));
        server.signal("SIGINT");
      }
      assertEquals((await server.ended()).code, hasty ? 130 : 0);
    }
  },
);

Deno.test("tcp_server serves a Unix socket, and removes it at its end", {
  ...LIMIT,
  ignore: Deno.build.os === "windows",
}, async () => {
  using folder = new ScratchFolder();
  const path = `${folder.path}/upper.sock`;
  const flags = [
    "--no-prompt",
    `--allow-net=unix:${path}`,
    `--allow-read=${path}`,
    `--allow-write=${path}`,
  ];
  {
    await using server = await serve(
      script("tcp_server", ["--unix", path], flags),
    );
    assertEquals(server.address, path);
    const client = script("tcp_client", [`unix:${path}`, "hello"], flags);
    assertEquals((await run(client)).stdout, "HELLO\n");
    const second = await run(script("tcp_server", ["--unix", path], flags));
    assertMatch(second.stderr, /that path exists/);
    assertEquals((await server.stop()).code, 0);
  }
  assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
});

Deno.test(
  "Every program prints its help, its version and its completion",
  LIMIT,
  async () => {
    for (const { name } of compilables()) {
      const called = name.replaceAll("_", "-");
      const help = await runHere(`${name} --help`);
      assertEquals(help.code, 0);
      assertMatch(help.stdout, new RegExp(`^usage: ${called} `, "m"));
      for (const line of help.stdout.split("\n")) {
        assertEquals(line.length <= 80, true, `${name}: ${line}`);
      }
      const version = await runHere(`${name} --version`);
      assertMatch(version.stdout, new RegExp(`^${called} \\d+\\.\\d+\\.\\d+ `));
      const completion = await runHere(`${name} --completion bash`);
      assertMatch(completion.stdout, /--help[^]*^complete /m);
    }
    // No permission is needed to explain itself.
    const alone = await run(script("stamp_client --help", [], []));
    assertMatch(alone.stdout, /^usage: stamp-client /m);
  },
);

Deno.test(
  "A server goes on when its output is closed",
  LIMIT,
  async () => {
    await using server = new Program(
      script("hello_server", ["--port", "0"]),
    );
    const [, address] = await server.heard(/^listening tcp (\S+)$/m);
    await server.stdout.cancel();
    const client = await runHere("hello_client", address!);
    assertEquals(client.stdout, "hello\n");
  },
);
