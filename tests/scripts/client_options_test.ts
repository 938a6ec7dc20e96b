import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { FullBacklog, openDatagrams } from "../fixtures.ts";
import { Program, run, runHere, script, serveHere } from "../programs.ts";
import { together } from "../testing.ts";

const LIMIT = { timeout: 60_000 };

/** A connect that is pending would keep a process for more than a minute. */
const ENDS_WITHIN_MS = 15_000;

for (const interrupted of [false, true]) {
  Deno.test(
    `A client ends when its connect ${
      interrupted ? "is interrupted" : "times out"
    }`,
    LIMIT,
    async () => {
      using backlog = new FullBacklog();
      await backlog.fill();
      const address = `127.0.0.1:${backlog.addr.port}`;
      const timeout = interrupted ? "50s" : "300ms";
      const startMs = performance.now();
      const clients = [
        ["tcp_client", address, "hello"],
        ["measure_client", "rtt", address],
      ];
      await together(clients, async ([name, ...args]) => {
        await using client = new Program(
          script(name!, [...args, "--timeout", timeout]),
        );
        if (interrupted) {
          // Until it listens for signals, one ends it at once.
          await new Promise((resolve) => setTimeout(resolve, 3000));
          client.signal("SIGINT");
        }
        const { code, stderr } = await client.ended();
        if (interrupted && stderr === "") return;
        assertEquals(code, 1);
        assertMatch(
          stderr,
          interrupted ? /Interrupted/ : /no answer within 300 ms/,
        );
      });
      assertLess(performance.now() - startMs, 2 * ENDS_WITHIN_MS);
    },
  );
}

Deno.test(
  "Clients take the port, the family and the source",
  LIMIT,
  async () => {
    await using tcp = await serveHere("tcp_server");
    await using udp = await serveHere("udp_server");
    await using hello = await serveHere("hello_server");
    await using time = await serveHere("time_server", "--udp");
    await using measure = await serveHere("measure_server");
    const cases: [string, RegExp][] = [
      [`tcp_client localhost -4 -p ${tcp.port} hi`, /^HI\n$/],
      [`udp_client localhost -4 -p ${udp.port} hi`, /^HI\n$/],
      [
        `udp_client 127.0.0.1 --source 127.0.0.1 -p ${udp.port} hi`,
        /^HI\n$/,
      ],
      [`hello_client localhost -4 -p ${hello.port}`, /^hello\n$/],
      [`time_client localhost -4 -u -p ${time.port}`, /clock offset/],
      [
        `measure_client rtt localhost -4 -p ${measure.port} -t 200ms -i 9ms`,
        /for 200 ms[^]*probes sent, \d+ received, 0 lost/,
      ],
    ];
    for (const [line, expected] of cases) {
      const { code, stdout, stderr } = await runHere(line);
      assertEquals(code, 0, stderr);
      assertMatch(stdout, expected);
    }
  },
);

Deno.test("udp_client --count pings, and prints the loss", LIMIT, async () => {
  const conn = openDatagrams();
  const answering = (async () => {
    for (let turn = 1; turn <= 5; turn++) {
      const [message, from] = await conn.receive();
      if (turn !== 2) await conn.send(message, from);
    }
  })();
  const target = `127.0.0.1:${(conn.addr as Deno.NetAddr).port}`;
  const args = [target, "--count", "5", "--timeout", "500ms", "how", "far"];
  const { code, stdout } = await runHere("udp_client", ...args);
  await answering;
  conn.close();
  assertEquals(code, 0);
  const rtt = "[\\d.]+ (us|ms)";
  assertMatch(
    stdout,
    new RegExp(
      `^1: ${rtt} how far 1\n2: Request timed out\n3: ${rtt} how far 3\n` +
        `4: ${rtt} how far 4\n5: ${rtt} how far 5\n` +
        `5 sent, 4 answered, 1 lost \\(20 %\\); RTT min ${rtt}, median ${rtt}, max ${rtt}\n$`,
    ),
  );
});

/** A server that answers once a connection, as the textbook's does. */
class OnceServer implements AsyncDisposable {
  #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  address = `127.0.0.1:${this.#listener.addr.port}`;
  #serving = this.#serve();

  async #serve(): Promise<void> {
    for await (const conn of this.#listener) {
      using open = conn;
      const buffer = new Uint8Array(1024);
      const count = await open.read(buffer).catch(() => null);
      if (count) await open.write(buffer.subarray(0, count));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

for (
  const [args, expected] of [
    [[], {
      code: 1,
      stdout: "a\n",
      stderr: /after 1 reply: --reconnect opens/,
    }],
    [["--reconnect"], { code: 0, stdout: "a\nb\nc\n", stderr: /^$/ }],
  ] as const
) {
  Deno.test(
    `tcp_client ${args.join()} sends lines to a server of one reply`,
    LIMIT,
    async () => {
      await using server = new OnceServer();
      const client = script("tcp_client", [server.address, ...args]);
      const { code, stdout, stderr } = await run(client, "a\nb\nc\n");
      assertEquals([code, stdout], [expected.code, expected.stdout]);
      assertMatch(stderr, expected.stderr);
    },
  );
}

Deno.test("tcp_server logs each connection with --verbose", LIMIT, async () => {
  await using server = await serveHere("tcp_server", "--verbose");
  await runHere("tcp_client", server.address, "hello");
  const { stderr } = await server.stop();
  assertMatch(
    stderr,
    /^127\.0\.0\.1:\d+: connected\n127\.0\.0\.1:\d+: closed after [^:]+: 1 message, 6 bytes received, 6 bytes sent\n1 connection; refused: denied 0, too many 0, too fast 0; 1 message, 6 bytes received, 6 bytes sent\n$/,
  );
});
