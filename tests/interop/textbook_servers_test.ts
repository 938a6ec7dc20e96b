/** Our clients against servers as textbooks write them, in Python. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { run, runHere, script, serve } from "../programs.ts";
import { interopTest, python } from "./programs.ts";

interface Expected {
  code?: number;
  stdout: string | RegExp;
  stderr?: RegExp;
}

const CONVERSATIONS: {
  title: string;
  server: [name: string, ...args: string[]];
  client: [name: string, ...args: string[]];
  stdin?: string;
  expected: Expected;
}[] = [
  {
    title: "tcp_client prints the answer of the textbook's server as a line",
    server: ["tcp_server"],
    client: ["tcp_client", "hello", "world"],
    expected: { stdout: "HELLO WORLD\n" },
  },
  {
    title: "tcp_client says that the textbook's server answers only once",
    server: ["tcp_server"],
    client: ["tcp_client"],
    stdin: "one\ntwo\n",
    expected: {
      code: 1,
      stdout: "ONE\n",
      stderr: /^tcp-client: [^\n]*(closed the connection|reset)[^\n]*\n$/,
    },
  },
  {
    title:
      "tcp_client prints what a recv left of a long sentence, and the reset",
    server: ["tcp_server"],
    client: ["tcp_client", "a".repeat(5000)],
    expected: {
      code: 1,
      stdout: /^A{1024}\n?$/,
      stderr: /^tcp-client: Cannot get a reply [^\n]*reset[^\n]*\n$/,
    },
  },
  {
    title: "tcp_client asks the line-based server for any number of lines",
    server: ["tcp_server", "--lines"],
    client: ["tcp_client"],
    stdin: "one\ntwo\nthree",
    expected: { stdout: "ONE\nTWO\nTHREE\n" },
  },
  {
    title: "udp_client prints the textbook's answer",
    server: ["udp_server"],
    client: ["udp_client"],
    stdin: "one\n\nthree\n",
    expected: { stdout: "ONE\n\nTHREE\n" },
  },
  {
    title: "udp_client prints what a recvfrom left of a long sentence",
    server: ["udp_server"],
    client: ["udp_client", "a".repeat(3000)],
    expected: { stdout: `${"A".repeat(2048)}\n` },
  },
  {
    title: "udp_client prints an answer padded with NULs as it came",
    server: ["udp_server", "--pad", "1024"],
    client: ["udp_client", "hello"],
    expected: { stdout: `HELLO${"\0".repeat(1019)}\n` },
  },
  {
    title: "udp_client repeats what got no answer",
    server: ["udp_server", "--ignore", "2"],
    client: ["udp_client", "--timeout", "500ms", "--retries", "2", "hello"],
    expected: { stdout: "HELLO\n" },
  },
  {
    title: "udp_client says what got no answer, and goes on",
    server: ["udp_server", "--ignore", "1"],
    client: ["udp_client", "--timeout", "500ms"],
    stdin: "one\ntwo\n",
    expected: { code: 1, stdout: "TWO\n", stderr: /^Request timed out\n$/ },
  },
  {
    title: "hello_client prints the answer of a line-based server",
    server: ["hello_server", "--newline"],
    client: ["hello_client"],
    expected: { stdout: "hello\n" },
  },
  {
    title: "hello_client prints the answer of a server that sends no newline",
    server: ["hello_server"],
    client: ["hello_client"],
    expected: { stdout: "hello\n" },
  },
  {
    title: "time_client reads what the textbook's server tells",
    server: ["time_server"],
    client: ["time_client"],
    expected: {
      stdout:
        /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\nclock offset [+-][\d.]+ \S+, \+- [\d.]+ \S+\n$/,
    },
  },
];

for (const { title, server, client, stdin, expected } of CONVERSATIONS) {
  interopTest(["python3"], title, async () => {
    await using running = await serve(python(...server));
    const [name, ...words] = client;
    const { code, stdout, stderr } = stdin === undefined
      ? await runHere(name, running.address, ...words)
      : await run(script(name, [running.address, ...words]), stdin);
    assertMatch(stderr, expected.stderr ?? /^$/);
    assertEquals(code, expected.code ?? 0);
    if (typeof expected.stdout === "string") {
      assertEquals(stdout, expected.stdout);
    } else assertMatch(stdout, expected.stdout);
  });
}

interopTest(
  ["python3"],
  "time_client finds the offset of a clock that is 100 s ahead",
  async () => {
    await using server = await serve(python("time_server", "--ahead", "100"));
    const { stdout } = await runHere("time_client", server.address);
    const found = /^clock offset \+([\d.]+) s, \+- ([\d.]+) (ms|s)$/m
      .exec(stdout);
    assert(found, stdout);
    const [, offset, bound, unit] = found;
    const boundSec = Number(bound) / (unit === "ms" ? 1000 : 1);
    assert(Math.abs(Number(offset) - 100) <= boundSec + 0.1, stdout);
    assert(boundSec < 10, stdout);
  },
);
