import { assertEquals, assertMatch } from "@std/assert";
import { run, runHere, script } from "../programs.ts";

const TIMEOUT_MS = 60_000;
/** Listens on nothing: a port of the loopback that is reserved. */
const NOBODY = "127.0.0.1:1";

/** What is wrong, the command line, its exit code, and what it has to say. */
const MISTAKES: [string, [string, ...string[]], number, RegExp][] = [
  [
    "a port that is none",
    ["tcp_server", "--port", "70000"],
    2,
    /--port is a whole number, from 0 to 65535, not "70000"/,
  ],
  [
    "a count of nothing",
    ["measure_client", "rtt", NOBODY, "--count", "0"],
    2,
    /--count is a whole number, from 1 to 1000000, not "0"/,
  ],
  [
    "a count that is no number",
    ["measure_client", "rtt", NOBODY, "--count", "abc"],
    2,
    /--count is a whole number/,
  ],
  [
    "a size beyond the protocol's",
    ["measure_client", "rtt", NOBODY, "--size", "1G"],
    2,
    /--size is a size .* from 1 to 1M, not "1G"/,
  ],
  [
    "more probes than a session has",
    ["measure_client", "rtt", NOBODY, "--count", "1M"],
    2,
    /--count is a whole number/,
  ],
  [
    "a warm-up that leaves too little of a session",
    ["measure_client", "rtt", NOBODY, "--count", "1000000"],
    2,
    /use --count 999995, or --warmup 0/,
  ],
  [
    "an unknown option",
    ["udp_server", "--prot", "1"],
    2,
    /unknown option --prot: did you mean --port\? see --help/,
  ],
  [
    "a missing target",
    ["measure_client", "rtt"],
    2,
    /name the target, as in 127\.0\.0\.1/,
  ],
  [
    "a missing measurement",
    ["measure_client"],
    2,
    /name what to measure and the target/,
  ],
  [
    "a word too many",
    ["hello_server", "please"],
    2,
    /unexpected argument "please"/,
  ],
  [
    "a target that is none",
    ["tcp_client", "127.0.0.1:http", "hello"],
    2,
    /"127.0.0.1:http" is not a target: the port must be a number/,
  ],
  [
    "two output forms",
    ["measure_client", "rtt", NOBODY, "--json", "--csv"],
    2,
    /choose one of --json and --csv/,
  ],
  [
    "a threshold about nothing known",
    ["measure_client", "rtt", NOBODY, "--fail-if", "p1000>1ms"],
    2,
    /--fail-if is about min, .* not "p1000"/,
  ],
  [
    "a threshold on what is not measured",
    ["measure_client", "rtt", NOBODY, "--fail-if", "throughput<1M"],
    2,
    /--fail-if on throughput needs tput/,
  ],
  [
    "a threshold on turns without an interval",
    ["measure_client", "rtt", NOBODY, "--fail-if", "intended.p99>1ms"],
    2,
    /--fail-if on intended\.p99 needs --interval/,
  ],
  [
    "a port apart from its host",
    ["measure_client", "rtt", "127.0.0.1", "10000"],
    2,
    /unexpected argument "10000"; a port is written as HOST:PORT/,
  ],
  [
    "a transform there is not",
    ["tcp_server", "--transform", "rot13"],
    2,
    /--transform is upper, echo, reverse or count=LETTER .* not "rot13"/,
  ],
  [
    "a share above one",
    ["udp_server", "--drop", "30"],
    2,
    /--drop is a number, from 0 to 1, not "30"/,
  ],
  [
    "a refused target",
    ["measure_client", "rtt", NOBODY],
    1,
    /Cannot connect to 127\.0\.0\.1:1: nothing listens there/,
  ],
  [
    "a refused target of the uppercase client",
    ["tcp_client", NOBODY, "hello"],
    1,
    /Cannot connect to 127\.0\.0\.1:1: nothing listens there/,
  ],
  [
    "a refused target of the time client",
    ["time_client", NOBODY],
    1,
    /Cannot connect to 127\.0\.0\.1:1: nothing listens there/,
  ],
  [
    "a host without a name",
    ["hello_client", "no-such-host.invalid"],
    1,
    /there is no host of that name/,
  ],
  [
    "an address of another machine",
    ["hello_server", "--host", "127.0.0.1.5"],
    1,
    /Cannot listen on 127\.0\.0\.1\.5:11000: /,
  ],
];

for (const [what, [name, ...args], code, says] of MISTAKES) {
  Deno.test({
    name: `${name} says what to do about ${what}`,
    timeout: TIMEOUT_MS,
    async fn() {
      // With every address granted: permissions have tests of their own.
      const flags = ["--no-prompt", "--unstable-net", "--allow-net"];
      const ended = await run(script(name, args, flags));
      assertEquals(ended.code, code, ended.stderr);
      assertMatch(ended.stderr, says);
      assertEquals(ended.stderr.trimEnd().split("\n").length, 1);
      assertEquals(/\n +at /.test(ended.stderr), false);
    },
  });
}

Deno.test({
  name: "A program names the flag of a permission that is not granted",
  timeout: TIMEOUT_MS,
  async fn() {
    const flags = ["--no-prompt", "--unstable-net"];
    const tcp = await run(script("tcp_server", ["--port", "12345"], flags));
    assertEquals(tcp.code, 1);
    assertMatch(
      tcp.stderr,
      /^tcp-server: .* --allow-net=127\.0\.0\.1:12345\n$/,
    );
    const path = "/tmp/roundtrip-denied.sock";
    const unix = await run(script("tcp_server", ["--unix", path], flags));
    assertEquals(unix.code, 1);
    assertMatch(
      unix.stderr,
      /--allow-net=unix:(\S+) --allow-read=\1 --allow-write=\1\n$/,
    );
  },
});

Deno.test({
  name: "A program shows the stack of an error with --verbose, and only then",
  timeout: TIMEOUT_MS,
  async fn() {
    const { code, stderr } = await runHere(
      "tcp_client",
      NOBODY,
      "hello",
      "--verbose",
    );
    assertEquals(code, 1);
    assertMatch(stderr, /\n +at /);
  },
});
