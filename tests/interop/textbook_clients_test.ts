/** Clients as textbooks write them, in Python, against our servers. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { run, serveHere } from "../programs.ts";
import { COUNTS_ALONE, interopTest, python } from "./programs.ts";

const CONVERSATIONS: {
  title: string;
  server: [name: string, ...args: string[]];
  client: string;
  words?: string[];
  answer: string | RegExp;
}[] = [
  {
    title: "tcp_server answers the textbook's client, which sends no newline",
    server: ["tcp_server"],
    client: "tcp_client",
    words: ["hello world"],
    answer: "From server: HELLO WORLD\n",
  },
  {
    title: "tcp_server answers the textbook's client one at a time as well",
    server: ["tcp_server", "--mode", "iterative"],
    client: "tcp_client",
    words: ["hello world"],
    answer: "From server: HELLO WORLD\n",
  },
  {
    title: "tcp_server answers a sentence that has a newline at once",
    server: ["tcp_server", "--flush-after", "1h"],
    client: "tcp_client",
    words: ["hello world\n"],
    answer: "From server: HELLO WORLD\n\n",
  },
  {
    title: "tcp_server counts letters for the textbook's client",
    server: ["tcp_server", "--transform", "count=s"],
    client: "tcp_client",
    words: ["mississippi"],
    answer: "From server: 4\n",
  },
  {
    title: "tcp_server upper-cases beyond ASCII for the textbook's client",
    server: ["tcp_server"],
    client: "tcp_client",
    words: ["straße"],
    answer: "From server: STRASSE\n",
  },
  {
    title: "udp_server answers the textbook's client",
    server: ["udp_server"],
    client: "udp_client",
    words: ["hello world"],
    answer: "From server: HELLO WORLD\n",
  },
  {
    title: "udp_server answers an empty datagram by an empty one",
    server: ["udp_server"],
    client: "udp_client",
    answer: "From server: \n",
  },
  {
    title: "udp_server answers a datagram that the client's recvfrom cuts",
    server: ["udp_server"],
    client: "udp_client",
    words: ["--bytes", "3000"],
    answer: `From server: ${"A".repeat(2048)}\n`,
  },
  {
    title: "hello_server answers hi without a newline",
    server: ["hello_server"],
    client: "tcp_client",
    words: ["hi"],
    answer: "From server: hello\n\n",
  },
  {
    title: "time_server tells the time as ctime, CR LF, and closes",
    server: ["time_server"],
    client: "time_client",
    answer: /^'\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\\r\\n'\n$/,
  },
  {
    title: "time_server tells the time over UDP for as many bytes as it takes",
    server: ["time_server", "--udp"],
    client: "time_client",
    words: ["udp"],
    answer: /^'\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\\r\\n'\n$/,
  },
];

for (const { title, server, client, words = [], answer } of CONVERSATIONS) {
  interopTest(["python3"], title, async () => {
    await using running = await serveHere(...server);
    // Twice: the server has to outlive a client.
    for (let time = 1; time <= 2; time++) {
      const { code, stdout, stderr } = await run(
        python(client, ...running.hostAndPort, ...words),
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      if (typeof answer === "string") assertEquals(stdout, answer);
      else assertMatch(stdout, answer);
    }
  });
}

interopTest(
  ["python3"],
  "tcp_server outlives a client that leaves before it has read its answer",
  async () => {
    await using server = await serveHere("tcp_server");
    const ask = (sentence: string) =>
      run(python("tcp_client", ...server.hostAndPort, sentence));
    const long = await ask("a".repeat(100_000));
    assertMatch(long.stdout, /^From server: A{1,1024}\n$/);
    assertEquals((await ask("hello")).stdout, "From server: HELLO\n");
    const ended = await server.stop();
    assertEquals(ended.code, 0);
    assertMatch(ended.stderr, COUNTS_ALONE);
  },
);

interopTest(
  ["python3"],
  "udp_server --drop loses the same pings again with the same --seed",
  async () => {
    const outcomes = [];
    for (let time = 1; time <= 2; time++) {
      await using server = await serveHere(
        "udp_server",
        ...["--drop", "0.3", "--seed", "1"],
      );
      const { code, stdout, stderr } = await run(
        python("udp_pinger", ...server.hostAndPort, "0.5"),
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      outcomes.push(stdout);
    }
    const [first = "", second] = outcomes;
    assertEquals(first, second);
    assertMatch(first, /^(\d+ (answered|Request timed out)\n){10}$/);
    assert(first.includes("timed out") && first.includes("answered"), first);
  },
);

const CONFORMING: {
  title: string;
  server?: string[];
  client: string[];
  echoes?: number;
}[] = [
  { title: "a plain client", client: [] },
  {
    title: "a client one at a time",
    server: ["--mode", "iterative"],
    client: [],
  },
  {
    title: "a client that takes one recv for an answer",
    client: ["--one-recv"],
  },
  { title: "the first byte of each line by itself", client: ["--split"] },
  { title: "each byte by itself", client: ["--bytewise", "--size", "10"] },
  { title: "an empty line after t", client: ["--empty-line"] },
  {
    title: "twelve sessions on one connection",
    client: ["--sessions", "12"],
    echoes: 120,
  },
  { title: "a payload of NULs", client: ["--payload", "nul"] },
  { title: "a payload with spaces", client: ["--payload", "spaces"] },
  {
    title: "a payload that is one space",
    client: ["--payload", "spaces", "--size", "1"],
  },
  { title: "lines that end in CR LF", client: ["--crlf"] },
  { title: "all probes at once", client: ["--pipelined"] },
  {
    title: "all probes at once, and a delay",
    client: ["--pipelined", "--delay", "50"],
  },
  { title: "a delay with decimals", client: ["--delay", "20.5"] },
  {
    title: "throughput with 32K",
    client: ["--type", "tput", "--size", "32768"],
  },
  {
    title: "the largest payload",
    client: ["--type", "tput", "--size", "1048576", "--probes", "3"],
    echoes: 3,
  },
];

for (const { title, server = [], client, echoes = 10 } of CONFORMING) {
  interopTest(["python3"], `measure_server serves ${title}`, async () => {
    await using running = await serveHere("measure_server", ...server);
    const { code, stdout, stderr } = await run(
      python("course_client", ...running.hostAndPort, ...client),
    );
    assertEquals({ code, stdout, stderr }, {
      code: 0,
      stdout: `${echoes} echoes\n`,
      stderr: "",
    });
    const ended = await running.stop();
    assertEquals(ended.code, 0);
    assertMatch(ended.stderr, COUNTS_ALONE);
  });
}
