import { assertEquals, assertMatch } from "@std/assert";
import { run, runHere, script } from "../programs.ts";

const LIMIT = { timeout: 60_000 };
/** A reserved port of the loopback, on which nothing listens. */
const AT = "127.0.0.1:1";

/** Command lines that are invalid, and what is said of them. */
const MISUSES: [string, RegExp][] = [
  ["tcp_server --port 70000", /--port is a whole .* 0 to 65535, not "70000"/],
  ["tcp_server --transform rot13", /--transform is upper, .* not "rot13"/],
  ["udp_server --prot 1", /unknown option --prot: did you mean --port\? see/],
  ["udp_server --drop 30", /--drop is a number, from 0 to 1, not "30"/],
  ["hello_server please", /unexpected argument "please"/],
  ["hello_client 127.0.0.1 -4 -6", /exclude each other/],
  ["tcp_client 127.0.0.1:http hello", /not a target: the port must be a numb/],
  ["time_client 127.0.0.1 --source ::1", /goes with --udp/],

  ["measure_client", /name what to measure and the target/],
  [`measure_client swep ${AT}`, /name what to measure and the target/],
  ["measure_client rtt", /name the target, as in 127\.0\.0\.1/],
  ["measure_client sweep", /name the target/],
  ["measure_client rtt 127.0.0.1 10000", /argument "10000"; a port is written/],
  [`measure_client rtt ${AT} --count 0`, /--count is a whole .*, not "0"/],
  [`measure_client rtt ${AT} --count abc`, /--count is a whole number/],
  [`measure_client rtt ${AT} --count 1M`, /--count is a whole number/],
  [`measure_client rtt ${AT} --count 1000000`, /use --count 999995, or --wa/],
  [`measure_client rtt ${AT} --size 1G`, /--size is .* from 1 to 1M, not "1G"/],
  [`measure_client rtt ${AT} --json --csv`, /choose one of --json and --csv/],
  [`measure_client rtt ${AT} --fail-if p1000>1ms`, /is about min, .* "p1000"/],
  [`measure_client rtt ${AT} --fail-if throughput<1M`, /throughput needs tput/],
  [
    `measure_client rtt ${AT} --fail-if intended.p99>1ms`,
    /--fail-if on intended\.p99 needs --interval/,
  ],
  [`measure_client rtt ${AT} --sizes 1,2`, /--sizes goes with sweep, not with/],
  [`measure_client tput ${AT} --delays 1`, /--delays goes with sweep, not wi/],
  [`measure_client sweep ${AT} --delay 5`, /--delay goes with rtt and tput/],
  [
    `measure_client sweep ${AT} -t 1s`,
    /--time goes with rtt, tput and connect/,
  ],
  [`measure_client sweep ${AT} --hdr f`, /--hdr goes with rtt, tput and conn/],
  [`measure_client sweep ${AT} --calibrate`, /--calibrate goes with rtt, tput/],
  [`measure_client sweep ${AT} --fail-if p99>5ms`, /--fail-if goes with rtt, /],
  [`measure_client sweep ${AT} --sizes 1,,2`, /--sizes is a list of sizes/],
  [`measure_client sweep ${AT} --sizes 0`, /--sizes is a list of sizes/],
  [`measure_client sweep ${AT} --delays 61s`, /--delays is a list of times/],
  [`measure_client sweep ${AT} --json --csv`, /choose one of --json and --csv/],
  ["measure_client connect 127.0.0.1", /port as well, as in 127\.0\.0\.1:443/],
  ["measure_client connect unix:/tmp/x", /name a host/],
  [`measure_client connect ${AT} --lenient`, /goes with rtt, tput and sweep/],

  ["stamp_client", /name the target, as in 127\.0\.0\.1/],
  ["stamp_client unix:/tmp/x.sock", /does not use Unix sockets/],
  [`stamp_client ${AT} 862`, /unexpected argument "862"/],
  [`stamp_client ${AT} -i 10us`, /--interval is 0, or 50us/],
  [`stamp_client ${AT} -i 0 --relaxed`, /--relaxed needs an --interval/],
  [`stamp_client ${AT} -i 0 --schedule poisson`, /poisson needs an --interval/],
  [`stamp_client ${AT} --schedule uniform`, /one of periodic, poisson, not "u/],
  [`stamp_client ${AT} --seed 1`, /--seed needs --schedule poisson/],
  [`stamp_client ${AT} --size 45`, /--size is 44, or [^\n]*from 48 /],
  [`stamp_client ${AT} --size 43`, /--size is a size .* 44 /],
  [`stamp_client ${AT} --size 65508`, /--size is a size .* 65507, /],
  [`stamp_client ${AT} --fail-if throughput>1M`, /on throughput needs tput/],
  [`stamp_client ${AT} --fail-if intended.p99>1 -i 0`, /p99 needs --interval/],
  [`stamp_client ${AT} --json --csv`, /choose one of --json and --csv/],
  [`stamp_client ${AT} -t 0`, /--time is a time .*, not "0"/],
  [`stamp_client ${AT} -n 0`, /--count is a whole number, from 1 /],
  [`stamp_client ${AT} --ssid 65536`, /--ssid is a whole/],
  [
    `stamp_client ${AT} -i 50us --timeout 1h -n 100000000`,
    /too many probes would be outstanding at once: shorten --timeout/,
  ],
  [
    `stamp_client ${AT} -i 50us --timeout 1h -t 10s`,
    /too many probes would be outstanding at once: shorten --timeout/,
  ],

  ["compare --size 46", /--size is 44, or from 48 to 1400 bytes, not 46/],
  ["compare --csv", /unknown option --csv/],
  ["compare --json --ndjson", /choose one of --json and --ndjson/],
  ["compare one.example two.example", /"two\.example"/],
  ["compare unix:/tmp/socket", /name a host/],
  ["compare --count 91", /--count is a whole number, from 1 to 90/],
  ["compare --port 9", /--port needs a HOST/],
  ["compare --stamp-port 9", /--stamp-port needs a HOST/],
  ["compare --iterative-port 9", /--iterative-port needs a HOST/],

  ["report", /name a result, as in result\.json: see --help$/],
  ["report - -", /which is read only once$/],
  [`report ${"a.json ".repeat(21).trim()}`, /a page shows at most 20 results/],
  ["report a.json -o", /--output needs a value/],
];

/** Command lines that fail, and what is said of that. */
const FAILURES: [string, RegExp][] = [
  [`measure_client rtt ${AT}`, /Cannot connect to 127\.0\.0\.1:1: nothing lis/],
  [
    `tcp_client ${AT} hello`,
    /Cannot connect to 127\.0\.0\.1:1: nothing listen/,
  ],
  [
    `time_client ${AT}`,
    /Cannot connect to 127\.0\.0\.1:1: nothing listens the/,
  ],
  ["tcp_client 127.0.0.1 -6 hi", /it is no IPv6 address/],
  ["udp_client ::1 -4 hi", /it is no IPv4 address/],
  ["udp_client ::1 --source 127.0.0.1 hi", /no IPv4 address/],
  [
    "report /nothing/a.json",
    /read \/nothing\/a\.json: there is no such path; c/,
  ],
  ["report tests", /^report: Cannot read tests: it is a folder; /],
  ["report deno.json", /read deno\.json: it is JSON, but no result of this/],
  [`report ${Deno.execPath()}`, /Cannot read \S+: it is not text; /],
];

for (const [table, expected] of [[MISUSES, 2], [FAILURES, 1]] as const) {
  Deno.test(
    `Programs say in one sentence what is wrong, with code ${expected}`,
    LIMIT,
    async () => {
      for (const [line, says] of table) {
        const { code, stdout, stderr } = await runHere(line);
        const sentence = stderr.trimEnd();
        assertEquals(code, expected, `${line}: ${stderr}`);
        if (code === 2) assertEquals(stdout, "", line);
        assertMatch(sentence, says, line);
        const name = line.split(" ")[0]!.replaceAll("_", "-");
        assertMatch(sentence, new RegExp(`^${name}: [^\n]+$`), line);
      }
    },
  );
}

/** Command lines, flags other than those of the task, and what is said. */
const DENIED: [string, string[], RegExp][] = [
  [
    "tcp_server --port 12345",
    [],
    /^tcp-server: .* --allow-net=127\.0\.0\.1:12345\n$/,
  ],
  [
    "tcp_server --unix /tmp/roundtrip-denied.sock",
    [],
    /--allow-net=unix:(\S+) --allow-read=\1 --allow-write=\1\n$/,
  ],
  [
    "stamp_client localhost:1",
    ["--allow-net=127.0.0.1"],
    /^stamp-client: [^\n]* --allow-net=localhost[^\n]*\n$/,
  ],
  [
    "stamp_client no-such-host.invalid",
    ["--allow-net"],
    /^stamp-client: [^\n]*: there is no host of that name[^\n]*\n$/,
  ],
  [
    "hello_server --host 127.0.0.1.5",
    ["--allow-net"],
    /Cannot listen on 127\.0\.0\.1\.5:11000: /,
  ],
];

Deno.test(
  "A program names the flag of a permission that is not granted",
  LIMIT,
  async () => {
    await Promise.all(DENIED.map(async ([line, flags, says]) => {
      const { code, stderr } = await run(
        script(line, [], ["--no-prompt", "--unstable-net", ...flags]),
      );
      assertEquals(code, 1, line);
      assertMatch(stderr, says);
    }));
  },
);

Deno.test(
  "A program shows the stack of an error with --verbose, and only then",
  LIMIT,
  async () => {
    const { code, stderr } = await runHere(`tcp_client ${AT} hello --verbose`);
    assertEquals(code, 1);
    assertMatch(stderr, /\n +at /);
  },
);
