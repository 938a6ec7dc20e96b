/** ncat and socat as clients of our servers. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Program, run, script, serve, serveHere } from "../programs.ts";
import {
  COUNTS_ALONE,
  interopTest,
  unixFlags,
  withSocketPath,
} from "./programs.ts";

/** How each of them is told to talk to a port of the loopback. */
const TALKERS: Record<string, (port: string) => string[]> = {
  "ncat": (port) => ["ncat", "127.0.0.1", port],
  "ncat -C": (port) => ["ncat", "-C", "127.0.0.1", port],
  "socat": (port) => ["socat", "-t", "10", "-", `TCP:127.0.0.1:${port}`],
};

const READY = "200 OK: Ready\n";
const CLOSING = "200 OK: Closing Connection\n";
const BAD_SETUP = "404 ERROR: Invalid Connection Setup Message\n";
const BAD_PROBE = "404 ERROR: Invalid Measurement Message\n";
const BAD_END = "404 ERROR: Invalid Connection Termination Message\n";

/** Input that ends at once, so that the talker half-closes the connection. */
const CONVERSATIONS: {
  title: string;
  server: [name: string, ...args: string[]];
  talkers: string[];
  stdin: string;
  answer: string | RegExp;
  log?: RegExp;
}[] = [
  {
    title: "tcp_server answers each line",
    server: ["tcp_server"],
    talkers: ["ncat", "socat"],
    stdin: "one\ntwo\n\nthree\n",
    answer: "ONE\nTWO\n\nTHREE\n",
  },
  {
    title: "tcp_server answers what a half-close ends",
    server: ["tcp_server", "--flush-after", "1h"],
    talkers: ["ncat", "socat"],
    stdin: "one\ntwo",
    answer: "ONE\nTWO",
  },
  {
    title: "tcp_server answers CR LF by CR LF",
    server: ["tcp_server", "--transform", "reverse"],
    talkers: ["ncat -C"],
    stdin: "one\ntwo\n",
    answer: "eno\r\nowt\r\n",
  },
  {
    title: "tcp_server ends at once who sends nothing",
    server: ["tcp_server"],
    talkers: ["ncat", "socat"],
    stdin: "",
    answer: "",
  },
  {
    title: "tcp_server gives a long line back whole",
    server: ["tcp_server"],
    talkers: ["ncat", "socat"],
    stdin: `${"aé".repeat(200_000)}\n`,
    answer: `${"AÉ".repeat(200_000)}\n`,
  },
  {
    title: "hello_server greets",
    server: ["hello_server"],
    talkers: ["ncat", "ncat -C", "socat"],
    stdin: "hi\ngood day\nHi",
    answer: "hello\nsay hi\nhello\n",
  },
  {
    title: "time_server --format iso tells the time and closes",
    server: ["time_server", "--format", "iso"],
    talkers: ["ncat", "socat"],
    stdin: "",
    answer: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\r\n$/,
  },
  {
    title: "measure_server speaks the three phases",
    server: ["measure_server"],
    talkers: ["ncat", "ncat -C", "socat"],
    stdin: "s rtt 2 5 0\nm 1 hello\nm 2 a b c\nt\n",
    answer: `${READY}m 1 hello\nm 2 a b c\n${CLOSING}`,
  },
  {
    title: "measure_server sends what it held after a half-close",
    server: ["measure_server"],
    talkers: ["ncat", "socat"],
    stdin: "s rtt 2 5 300\nm 1 hello\nm 2 world\n",
    answer: `${READY}m 1 hello\nm 2 world\n`,
  },
  {
    title: "measure_server takes another session on the connection",
    server: ["measure_server"],
    talkers: ["ncat", "socat"],
    stdin: "s rtt 1 1 0\nm 1 a\ns tput 1 2 0\nm 1 bc\nt\n",
    answer: `${READY}m 1 a\n${READY}m 1 bc\n${CLOSING}`,
  },
  {
    title: "measure_server refuses a probe of another length",
    server: ["measure_server"],
    talkers: ["ncat", "ncat -C", "socat"],
    stdin: "s rtt 2 5 0\nm 1 hello\nm 2 worlds\nt\n",
    answer: `${READY}m 1 hello\n${BAD_PROBE}`,
    log: /refused: Probe 2: Expected a payload of 5 bytes: 6/,
  },
  {
    title: "measure_server has its refusal reach who goes on sending",
    server: ["measure_server"],
    talkers: ["ncat", "socat"],
    stdin: `s rtt 2 5 0\nm 1 worlds\n${"m 2 hello\n".repeat(50_000)}`,
    answer: `${READY}${BAD_PROBE}`,
    log: /refused: Probe 1: Expected a payload of 5 bytes: 6/,
  },
  {
    title: "measure_server refuses what is no setup",
    server: ["measure_server"],
    talkers: ["ncat", "socat"],
    stdin: "GET / HTTP/1.1\n\n",
    answer: BAD_SETUP,
    log: /refused: Expected s TYPE PROBES SIZE DELAY/,
  },
  {
    title: "measure_server refuses a setup beyond its limits",
    server: ["measure_server", "--max-size", "1K"],
    talkers: ["ncat", "socat"],
    stdin: "s rtt 1 1025 0\n",
    answer: BAD_SETUP,
    log: /refused: SIZE must be from 1 to 1024: 1025/,
  },
  {
    title: "measure_server refuses a termination in other words",
    server: ["measure_server"],
    talkers: ["ncat", "socat"],
    stdin: "s rtt 1 1 0\nterminate\n",
    answer: `${READY}${BAD_END}`,
    log: /refused: Expected t alone/,
  },
];

for (const { title, server, talkers, stdin, answer, log } of CONVERSATIONS) {
  for (const talker of talkers) {
    const program = talker.startsWith("ncat") ? "ncat" : "socat";
    interopTest([program], `${title}: ${talker}`, async () => {
      await using running = await serveHere(...server);
      const { code, stdout, stderr } = await run(
        TALKERS[talker]!(running.port),
        stdin,
      );
      if (typeof answer === "string") {
        assert(stdout === answer, `got ${JSON.stringify(stdout)}`);
      } else assertMatch(stdout, answer);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const ended = await running.stop();
      assertMatch(ended.stderr, log ?? COUNTS_ALONE);
      assertEquals(ended.code, 0);
    });
  }
}

interopTest(
  ["ncat"],
  "tcp_server answers ncat --no-shutdown, which keeps its side open",
  async () => {
    await using server = await serveHere("tcp_server");
    const noShutdown = ["--no-shutdown", "127.0.0.1", server.port];
    await using client = new Program(["ncat", ...noShutdown]);
    await client.write("one\ntwo");
    await client.closeInput();
    await client.heard(/^ONE\nTWO$/);
  },
);

interopTest(
  ["ncat"],
  "tcp_server --idle-timeout ends who keeps its side open and is silent",
  async () => {
    await using server = await serveHere(
      "tcp_server",
      ...["--idle-timeout", "300ms"],
    );
    const { code, stdout } = await run(
      ["ncat", "--no-shutdown", "127.0.0.1", server.port],
      "hello\n",
    );
    assertEquals({ code, stdout }, { code: 0, stdout: "HELLO\n" });
    await server.heard(/no whole message arrived within 300 ms/, "stderr");
  },
);

interopTest(
  ["ncat", "socat"],
  "tcp_server serves ncat and socat side by side",
  async () => {
    await using server = await serveHere("tcp_server");
    await using ncat = new Program(TALKERS["ncat"]!(server.port));
    await using socat = new Program(TALKERS["socat"]!(server.port));
    await ncat.write("one\n");
    await ncat.heard(/^ONE\n$/);
    await socat.write("two\n");
    await socat.heard(/^TWO\n$/);
    await ncat.write("three\n");
    await ncat.heard(/^ONE\nTHREE\n$/);
  },
);

interopTest(
  ["ncat", "socat"],
  "tcp_server --mode iterative serves socat when ncat has left",
  async () => {
    await using server = await serveHere(
      "tcp_server",
      ...["--mode", "iterative"],
    );
    await using ncat = new Program(TALKERS["ncat"]!(server.port));
    await ncat.write("one\n");
    await ncat.heard(/^ONE\n$/);
    await using socat = new Program(TALKERS["socat"]!(server.port));
    await socat.write("two\n");
    await ncat.write("three\n");
    await ncat.heard(/^ONE\nTHREE\n$/);
    assertEquals(socat.stdout.text, "");
    await ncat.closeInput();
    await socat.heard(/^TWO\n$/);
  },
);

interopTest(
  ["ncat", "socat", "::1"],
  "tcp_server --host ::1 answers over IPv6",
  async () => {
    await using server = await serveHere("tcp_server", "--host", "::1");
    assertMatch(server.address, /^\[::1\]:\d+$/);
    const clients = [
      ["ncat", "-6", "::1", server.port],
      ["socat", "-t", "10", "-", `TCP6:${server.address}`],
    ];
    for (const client of clients) {
      const { code, stdout } = await run(client, "hello\n");
      assertEquals({ code, stdout }, { code: 0, stdout: "HELLO\n" });
    }
  },
);

interopTest(
  ["ncat", "socat"],
  "tcp_server --unix answers, and leaves its path free when it ends",
  () =>
    withSocketPath(async (path) => {
      const clients = [
        ["ncat", "--unixsock", path],
        ["socat", "-t", "10", "-", `UNIX-CONNECT:${path}`],
      ];
      for (const client of clients) {
        await using server = await serve(
          script("tcp_server", ["--unix", path], unixFlags(path)),
        );
        assertEquals(server.address, path);
        const { code, stdout } = await run(client, "one\ntwo");
        assertEquals({ code, stdout }, { code: 0, stdout: "ONE\nTWO" });
        const ended = await server.stop();
        assertEquals(ended.code, 0);
        assertMatch(ended.stderr, COUNTS_ALONE);
      }
    }),
);

const UDP_TALKERS: Record<string, (port: string) => string[]> = {
  "ncat": (port) => ["ncat", "--udp", "127.0.0.1", port],
  "socat": (port) => ["socat", "-", `UDP:127.0.0.1:${port}`],
};

for (const [talker, command] of Object.entries(UDP_TALKERS)) {
  const needs = [talker as "ncat" | "socat"];

  interopTest(needs, `udp_server answers ${talker}`, async () => {
    await using server = await serveHere("udp_server");
    await using client = new Program(command(server.port));
    await client.write("hello\n");
    await client.heard(/^HELLO\n$/);
    await client.write("no newline");
    await client.heard(/^HELLO\nNO NEWLINE$/);
  });

  interopTest(
    needs,
    `udp_server --duplicate answers ${talker} twice`,
    async () => {
      await using server = await serveHere("udp_server", "--duplicate", "1");
      await using client = new Program(command(server.port));
      await client.write("hello\n");
      await client.heard(/^HELLO\nHELLO\n$/);
    },
  );

  interopTest(needs, `time_server --udp tells ${talker} the time`, async () => {
    await using server = await serveHere("time_server", "--udp");
    await using client = new Program(command(server.port));
    await client.write(`${" ".repeat(30)}\n`); // as long as the reply
    await client.heard(/^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\r\n$/);
  });
}

interopTest(
  ["socat"],
  "udp_server answers socat, which leaves by itself after a silence",
  async () => {
    await using server = await serveHere("udp_server");
    const { code, stdout } = await run(
      ["socat", "-t", "1", "-", `UDP:127.0.0.1:${server.port}`],
      "hello\n",
    );
    assertEquals({ code, stdout }, { code: 0, stdout: "HELLO\n" });
  },
);

interopTest(
  ["socat"],
  "time_server --format rfc868 sends the seconds since 1900",
  async () => {
    await using server = await serveHere("time_server", "--format", "rfc868");
    const seconds = () => Math.floor(Date.now() / 1000) + 2_208_988_800;
    const earliest = seconds();
    const { code, stdoutBytes } = await run(
      ["socat", "-u", `TCP:127.0.0.1:${server.port}`, "-"],
    );
    const latest = seconds();
    assertEquals({ code, length: stdoutBytes.length }, { code: 0, length: 4 });
    const told = new DataView(stdoutBytes.buffer).getUint32(0);
    assert(earliest <= told && told <= latest, `${told}`);
  },
);
