import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { openDatagrams } from "../fixtures.ts";
import {
  type Ended,
  Program,
  ProgramHere,
  run,
  runHere,
  script,
  serve,
  serveHere,
  serveScript,
} from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";

const LIMIT = { timeout: 60_000 };
const EVERY_ADDRESS = ["--no-prompt", "--unstable-net", "--allow-net"];
/** The line in which the reflector counts. */
const COUNTERS =
  /^received (\d+), reflected (\d+), sessions (\d+); refused: too short (\d+), wrongly signed (\d+), replies (\d+), denied (\d+), from responders (\d+), too fast (\d+)$/m;
const COUNTER_NAMES =
  "received reflected sessions tooShort wronglySigned replies denied responders tooFast"
    .split(" ");
const NOTHING = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0]));
/** The figures of a distribution. */
const FIGURES = "count min mean stddev p50 p90 p95 p99 p999 max".split(" ");

/** Runs the client against a server. */
function measure({ address }: { address: string }, line = ""): Promise<Ended> {
  return runHere(`stamp_client ${address} ${line}`);
}

/** Ends a reflector; what it counted. */
async function countersOf(
  server: Pick<ProgramHere, "stop">,
): Promise<Record<string, number>> {
  const { code, stderr } = await server.stop();
  assertEquals(code, 0);
  const found = COUNTERS.exec(stderr);
  assert(found !== null, stderr);
  return Object.fromEntries(
    COUNTER_NAMES.map((name, index) => [name, Number(found[index + 1])]),
  );
}

// deno-lint-ignore no-explicit-any -- JSON, whose every key is looked at
function json(text: string): any {
  return JSON.parse(text);
}

Deno.test(
  "stamp_server prints one line, and its counters at its end",
  LIMIT,
  async () => {
    await using server = await serveScript("stamp_server");
    const measured = await measure(server, "-n 3 -i 1ms");
    assertEquals(measured.code, 0);
    const { code, stdout, stderr } = await server.stop();
    assertEquals(code, 0);
    assertMatch(stdout, /^listening udp 127\.0\.0\.1:\d+\n$/);
    assertMatch(stderr, /^stateful, not signed\n/);
    const counts = COUNTERS.exec(stderr)!.slice(1).map(Number);
    assertEquals(counts, [8, 8, 1, 0, 0, 0, 0, 0, 0]);
  },
);

Deno.test(
  "stamp_server prints its counters again and again",
  LIMIT,
  async () => {
    await using server = await serveHere(
      "stamp_server --report-interval 100ms",
    );
    const line = COUNTERS.source.replaceAll(/[()]/g, "");
    await server.heard(new RegExp(`(${line}\\n){3}`, "m"), "stderr");
    await measure(server, "-n 1 --warmup 0");
    await server.heard(/^received 1, reflected 1, sessions 1;/m, "stderr");
    assertEquals((await server.stop()).code, 0);
  },
);

Deno.test(
  "stamp_server prints its counters only at its end, if not told otherwise",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { stderr } = await server.stop();
    assertEquals(stderr.split("\n").length, 3, stderr); // the mode, and these
    assertEquals((COUNTERS.exec(stderr) ?? [])[1], "0");
  },
);

Deno.test("stamp_server says so when its port is taken", LIMIT, async () => {
  using taken = new SilentPort();
  const ended = await runHere("stamp_server", "--port", taken.port);
  assertEquals(ended.code, 1);
  assertMatch(
    ended.stderr,
    /^stamp-server: Cannot listen on \S+: the address is taken by another/,
  );
  assertEquals(ended.stderr.trimEnd().split("\n").length, 1);
});

Deno.test(
  "stamp_client prints a table of every percentile, by all three times",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { code, stdout, stderr } = await measure(server, "-n 20 -i 2ms");
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const [first, second] = stdout.split("\n");
    assertEquals(
      first,
      `rtt to ${server.address} over UDP, STAMP, not signed`,
    );
    assertMatch(second!, /^20 probes of 44 bytes, one every 2(\.0+)? ms$/);
    // Of 20 samples there is no p99 and no p99.9.
    assertMatch(stdout, /^ +min +p50 +p90 +max +mean$/m);
    for (const row of ["RTT", "with reflector", "from intended"]) {
      assertMatch(
        stdout,
        new RegExp(`^  ${row}( +[\\d.]+ \\S+){5}$`, "m"),
      );
    }
    assertMatch(stdout, /^20 probes sent, 20 received, 0 lost \(0 %\)(, |$)/m);
    assertMatch(
      stdout,
      /^0 late, 0 duplicate, 0 reordered, 0 corrupt; 5 warm-up probes left out$/m,
    );
    assertMatch(stdout, /probes a second asked 500, achieved [\d.]+;/);
    assertMatch(stdout, /^ +there +0 to [\d.]+ \S+( +[\d.]+ \S+){3}$/m);
    assertMatch(stdout, /^ +back +0 to [\d.]+ \S+( +[\d.]+ \S+){3}$/m);
    const widest = Math.max(...stdout.split("\n").map((line) => line.length));
    assertLessOrEqual(widest, 80);
    assertEquals(await countersOf(server), {
      ...NOTHING,
      received: 25,
      reflected: 25,
      sessions: 1,
    });
  },
);

Deno.test(
  "stamp_client sends ten probes, 100 ms apart, if not told otherwise",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { used } = json((await measure(server, "--json")).stdout).options;
    const { ssid, ...others } = used;
    assert(ssid >= 1 && ssid <= 65_535, `${ssid}`);
    assertEquals(others, {
      count: 10,
      time_ms: null,
      interval_ms: 100,
      schedule: "periodic",
      size_bytes: 44,
      warmup: 5,
      timeout_ms: 2000,
      timestamp: "ntp",
      relaxed: false,
      signed: false,
      trust_clocks: false,
    });
    assertEquals((await countersOf(server)).reflected, 15);
  },
);

/** Fails unless figures are those of a distribution of so many. */
function assertDistribution(
  figures: Record<string, number>,
  count: number,
): void {
  assertEquals(Object.keys(figures), FIGURES);
  assertEquals(figures["count"], count);
  const { min, p50, p90, p99, p999, max, mean, stddev } = figures;
  const rising = [min, p50, p90, p99, p999, max];
  // Each is rounded to the nanosecond by itself.
  rising.forEach((us, index) => {
    if (index > 0) assertGreaterOrEqual(us! + 0.002, rising[index - 1]!);
  });
  assert(mean! >= min! - 0.002 && mean! <= max! + 0.002);
  assertGreaterOrEqual(stddev!, 0);
}

/** Fails unless figures are those of jitter. */
function assertJitter(figures: Record<string, number>): void {
  assertEquals(Object.keys(figures), ["rfc3550", "ipdv_p50", "ipdv_p99"]);
  assertGreaterOrEqual(figures["rfc3550"]!, 0);
  assertGreaterOrEqual(figures["ipdv_p99"]!, figures["ipdv_p50"]!);
}

Deno.test(
  "stamp_client prints a result of every key as JSON",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const ended = await measure(server, "-n 50 -i 2ms --json");
    assertEquals([ended.code, ended.stderr], [0, ""]);
    const result = json(ended.stdout);
    assertEquals(
      Object.keys(result),
      "format tool version runtime mode target started options protocol ended probes probes_per_second rtt_us rtt_with_reflector_us rtt_from_intended_us jitter_us one_way quality series"
        .split(" "),
    );
    assertEquals([result.format, result.protocol, result.mode], [
      2,
      "stamp",
      "rtt",
    ]);
    assertEquals(result.target, server.address);
    assertEquals(result.options.given, {
      port: "8620", // of the task
      count: "50",
      interval: "2ms",
      json: true,
    });
    assertEquals(result.probes, {
      sent: 50,
      received: 50,
      lost: 0,
      warmup: 5,
      not_sent: result.probes.not_sent, // some on a busy machine
      lost_forward: 0,
      lost_backward: 0,
      late: 0,
      duplicate: 0,
      reordered: 0,
      corrupt: 0,
    });
    assertEquals(result.probes_per_second.asked, 500);
    assertGreater(result.probes_per_second.achieved, 0);

    const columns = [
      result.rtt_us,
      result.rtt_with_reflector_us,
      result.rtt_from_intended_us,
    ];
    for (const column of columns) assertDistribution(column, 50);
    assertGreater(result.rtt_us.min, 0);
    // Both have something on top of each RTT.
    for (const column of columns.slice(1)) {
      for (const figure of ["min", "mean", "max"]) {
        assertGreaterOrEqual(column[figure] + 0.002, result.rtt_us[figure]);
      }
    }
    assertJitter(result.jitter_us);

    const { clock_offset_us, clock_bound_us, forward, backward, ...rest } =
      result.one_way;
    assertEquals(Object.keys(rest), [
      "clocks_trusted",
      "clock_error_us",
      "clock_drift_ppm",
      "drift_bound_ppm",
    ]);
    for (const way of [forward, backward]) {
      assertEquals(Object.keys(way), ["min_us", "variation_us", "jitter_us"]);
      assertJitter(way.jitter_us);
      assertEquals(way.min_us.low, 0);
    }
    // One machine has one clock; each process follows it to a few ms. Where one
    // of them has followed it in the meantime, nothing is known.
    assertEquals(clock_offset_us === null, clock_bound_us === null);
    if (clock_offset_us !== null) {
      assertLess(Math.abs(clock_offset_us), 100_000 + clock_bound_us);
      assertDistribution(forward.variation_us, 50);
      assertDistribution(backward.variation_us, 50);
      assertLess(forward.min_us.high, 1.01 * result.rtt_us.min + 10);
    }

    const { quality } = result;
    assertEquals(
      Object.keys(quality),
      "clock_resolution_us send_lateness_us send_call_us processor_percent maybe_dropped_here floor_us notes"
        .split(" "),
    );
    assertGreater(quality.clock_resolution_us, 0);
    assertEquals(Object.keys(quality.send_lateness_us), ["p50", "p99", "max"]);
    assertGreaterOrEqual(quality.send_lateness_us.p50, 0);
    assertEquals(Object.keys(quality.send_call_us), ["p50", "p99"]);
    assertGreater(quality.send_call_us.p50, 0);
    assertGreater(quality.processor_percent, 0);
    assertEquals(quality.floor_us, null);
    assertEquals(
      quality.notes.filter((note: unknown) => typeof note !== "string"),
      [],
    );
  },
);

Deno.test(
  "stamp_client prints an event of each sample as NDJSON",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { code, stdout, stderr } = await measure(
      server,
      "-n 12 -i 1ms --warmup 3 --ndjson",
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const events = stdout.trimEnd().split("\n").map(json);
    assertEquals(events.map(({ event }) => event), [
      "start",
      ...Array(15).fill("sample"),
      "end",
    ]);
    for (const event of events) {
      assertEquals(Object.keys(event), ["event", "data"]);
    }
    assertEquals(events[0].data.target, server.address);
    assertEquals(events[0].data.options.used.interval_ms, 1);
    const samples = events.slice(1, -1).map(({ data }) => data);
    const sequences = samples.map(({ sequence }) => sequence);
    assertEquals(
      sequences.toSorted((one, other) => one - other),
      Array.from({ length: 15 }, (_, index) => index),
    );
    for (const sample of samples) {
      assertEquals(
        Object.keys(sample),
        "sequence warmup intended_ms sent_ms send_call_us rtt_us reflector_us forward_us backward_us"
          .split(" "),
      );
      assertEquals(sample.warmup, sample.sequence < 3);
      assertGreaterOrEqual(sample.sent_ms, sample.intended_ms);
      assertGreater(sample.rtt_us, 0);
      assertGreaterOrEqual(sample.reflector_us, 0);
      assertAlmostEquals(
        sample.forward_us + sample.backward_us,
        sample.rtt_us,
        1,
      );
    }
    const { data } = events.at(-1);
    assertEquals(data.probes.received, 12);
    assertEquals(data.probes.warmup, 3);
    assertEquals(data.protocol, "stamp");
  },
);

/** The rows of a CSV form, each by its columns' names. */
function rowsOf(stdout: string): Record<string, string>[] {
  const [header, ...rows] = stdout.trimEnd().split("\n")
    .map((row) => row.split(","));
  return rows.map((row) => {
    assertEquals(row.length, header!.length);
    return Object.fromEntries(header!.map((name, at) => [name, row[at]!]));
  });
}

Deno.test(
  "stamp_client prints a row of each sample as CSV",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { code, stdout } = await measure(
      server,
      "-n 12 -i 1ms --warmup 2 --csv",
    );
    assertEquals(code, 0);
    assertEquals(
      stdout.split("\n")[0],
      "sequence,warmup,intended_ms,sent_ms,send_call_us,rtt_us,reflector_us," +
        "forward_us,backward_us,time,target,run",
    );
    const rows = rowsOf(stdout);
    assertEquals(rows.length, 14);
    assertEquals(
      rows.filter(({ warmup }) => warmup === "true").map((row) =>
        row["sequence"]
      ),
      ["0", "1"],
    );
    for (const row of rows) {
      const { warmup: _, time, target, run, ...figures } = row;
      assertMatch(`${time} ${run}`, /^[\dT:.-]{23}Z [\dT:.-]{23}Z$/);
      assertEquals(target, server.address);
      for (const [name, figure] of Object.entries(figures)) {
        assertMatch(figure, /^-?\d+(\.\d+)?$/, name);
      }
    }
  },
);

Deno.test(
  "stamp_client leaves the time of a lost probe empty in CSV",
  LIMIT,
  async () => {
    using silent = new SilentPort();
    const { code, stdout } = await measure(
      silent,
      "--csv --timeout 100ms -n 2 -i 10ms --warmup 0",
    );
    assertEquals(code, 1);
    const rows = rowsOf(stdout);
    assertEquals(rows.map((row) => row["sequence"]), ["0", "1"]);
    for (const row of rows) {
      assertEquals([row["rtt_us"], row["reflector_us"]], ["", ""]);
    }
  },
);

/** A port that nothing answers: datagrams to it are received, and that is all. */
class SilentPort implements Disposable {
  readonly socket = openDatagrams();
  readonly port = `${(this.socket.addr as Deno.NetAddr).port}`;
  readonly address = `127.0.0.1:${this.port}`;
  #closed = false;

  /** From now on nothing receives them. */
  close(): void {
    if (!this.#closed) this.socket.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

for (const listening of [true, false]) {
  Deno.test(
    `stamp_client says that no probe was answered: ${
      listening ? "a silent port" : "a closed port"
    }`,
    LIMIT,
    async () => {
      using silent = new SilentPort();
      const { address } = silent;
      if (!listening) silent.close();
      const startMs = performance.now();
      const { code, stdout, stderr } = await measure(
        { address },
        "--timeout 200ms -n 2 -i 10ms --warmup 0",
      );
      assertLess(performance.now() - startMs, 10_000);
      assertEquals(code, 1);
      assertMatch(stderr, /^[^\n]*: no probe was answered[^\n]*\n$/);
      const done = `stamp-client: Cannot measure the path to ${address}: `;
      assertEquals(stderr.slice(0, done.length), done);
      assertMatch(
        stdout,
        /^2 probes sent, 0 received, 2 lost \(100 %\)(, \d+ not sent)?$/m,
      );
    },
  );
}

Deno.test(
  "stamp_client has null for each figure that nothing came of",
  LIMIT,
  async () => {
    using silent = new SilentPort();
    const { code, stdout } = await measure(
      silent,
      "--json --timeout 100ms -n 3 -i 10ms --warmup 1",
    );
    assertEquals(code, 1);
    const result = json(stdout);
    assertEquals(result.probes, {
      sent: 3,
      received: 0,
      lost: 3,
      warmup: 1,
      not_sent: result.probes.not_sent,
      lost_forward: null,
      lost_backward: null,
      late: 0,
      duplicate: 0,
      reordered: 0,
      corrupt: 0,
    });
    for (
      const key of [
        "rtt_us",
        "rtt_with_reflector_us",
        "rtt_from_intended_us",
        "jitter_us",
        "one_way",
      ]
    ) assertEquals(result[key], null, key);
  },
);

for (
  const [reflector, client] of [
    ["stamp_server", "stamp_client -i 1ms"],
    ["stamp_server", "stamp_client -i 0"],
    ["measure_server", "measure_client rtt"],
  ] as const
) {
  Deno.test(`${client} --calibrate tells the floor`, LIMIT, async () => {
    await using server = await serveHere(reflector);
    const { code, stdout, stderr } = await runHere(
      `${client} ${server.address} --calibrate --json -n 10 --quiet`,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { floor_us } = json(stdout).quality;
    assertGreater(floor_us.p50, 0);
    assertGreaterOrEqual(floor_us.p99, floor_us.p50);
    assertLess(floor_us.p99, 1e7);
  });
}

Deno.test(
  "stamp_client --hdr writes the percentiles to a file",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    using folder = new ScratchFolder();
    const path = folder.file("file", "what was there before");
    const { code, stderr } = await measure(
      server,
      `-n 20 -i 1ms --hdr ${path}`,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    assertMatch(lines[0]!, /^ *Value +Percentile +TotalCount/);
    assertMatch(lines.slice(-3).join("\n"), /Total count += +20\]/);
  },
);

Deno.test(
  "stamp_client --hdr names the permission before it measures",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const path = "/tmp/roundtrip-no-such-permission.hgrm";
    const { code, stdout, stderr } = await run(
      script("stamp_client", [server.address, "--hdr", path], EVERY_ADDRESS),
    );
    assertEquals(code, 1);
    assertEquals(
      stderr,
      `stamp-client: Cannot write ${path}: permission not granted; run it with ` +
        `deno run --allow-write=${path}\n`,
    );
    assertEquals(/ probes sent/.test(stdout), false);
    assertEquals(await countersOf(server), NOTHING);
  },
);

Deno.test(
  "stamp_client needs only the permission for the address of the target",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { code, stderr } = await run(
      script("stamp_client", [server.address, "-n", "3", "-i", "1ms"], [
        "--no-prompt",
        "--unstable-net",
        "--allow-net=127.0.0.1",
      ]),
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

Deno.test(
  "Both programs say that they may not look for a key",
  LIMIT,
  async () => {
    await using server = await serve(
      script("stamp_server", ["--port", "0"], EVERY_ADDRESS),
    );
    await server.heard(
      /^stateful, not signed \(.*--allow-env=STAMP_HMAC_KEY\)$/m,
      "stderr",
    );
    const { stdout } = await run(
      script("stamp_client", [
        server.address,
        ..."-n 3 -i 1ms --json".split(" "),
      ], EVERY_ADDRESS),
    );
    const { notes } = json(stdout).quality;
    assertMatch(
      notes.join("\n"),
      /^not signed: .*--allow-env=STAMP_HMAC_KEY$/m,
    );
  },
);

Deno.test("stamp_client finds a server by name", LIMIT, async () => {
  await using server = await serveHere("stamp_server");
  const { code, stdout } = await measure(
    { address: `localhost:${server.port}` },
    "-n 3 -i 1ms",
  );
  assertEquals(code, 0);
  assertMatch(stdout, /^rtt to localhost:\d+ over UDP/);
});

Deno.test("stamp_client and stamp_server speak over IPv6", LIMIT, async () => {
  await using server = await serveHere("stamp_server --host ::1");
  assertMatch(server.address, /^\[::1\]:\d+$/);
  for (const host of ["[::1]", "[0:0:0:0:0:0:0:1]"]) {
    const { code, stdout } = await measure(
      { address: `${host}:${server.port}` },
      "-n 3 -i 1ms",
    );
    assertEquals(code, 0, host);
    assertMatch(stdout, /^3 probes sent, 3 received, 0 lost/m);
  }
});

Deno.test(
  "stamp_client exits with 3 when a threshold is crossed, and says which",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const judge = (...rules: string[]) =>
      measure(
        server,
        `-n 5 -i 1ms ${rules.map((rule) => `--fail-if ${rule}`).join(" ")}`,
      );
    const crossed = await judge("p99>0ms", "loss>1%");
    assertEquals(crossed.code, 3);
    assertMatch(
      crossed.stderr,
      /^crossed p99>0ms: (rtt|intended)\.p99 is [\d.]+ \S+\n$/,
    );
    const kept = await judge("p99>1h", "loss>1%", "intended.max>1h");
    assertEquals([kept.code, kept.stderr], [0, ""]);
  },
);

/** Runs both programs with key files; what the client and the server say. */
async function measureSigned(
  serverKey: string | null,
  clientKey: string | null,
  line = "",
) {
  using folder = new ScratchFolder();
  const key = (name: string, secret: string | null) =>
    secret === null ? "" : `--key-file ${folder.file(name, secret)}`;
  await using server = await serveHere(
    `stamp_server ${key("server", serverKey)}`,
  );
  const ended = await measure(
    server,
    `${key("client", clientKey)} -n 5 -i 10ms --warmup 0 -W 300ms ${line}`,
  );
  const counters = await countersOf(server);
  return { ...ended, counters, serverSaid: server.stderr.text };
}

Deno.test(
  "stamp_client and stamp_server sign with the same key",
  LIMIT,
  async () => {
    const { code, stdout, counters, serverSaid } = await measureSigned(
      "a secret\n",
      "a secret",
    );
    assertEquals(code, 0);
    assertMatch(stdout, /^rtt to \S+ over UDP, STAMP, signed$/m);
    assertMatch(stdout, /^5 probes of 112 bytes, /m);
    assertMatch(stdout, /^5 probes sent, 5 received, 0 lost/m);
    assertMatch(serverSaid, /^stateful, signed$/m);
    const expected = { received: 5, reflected: 5, sessions: 1 };
    assertEquals(counters, { ...NOTHING, ...expected });
  },
);

/** Keys that differ, the client's options, and how the server counts. */
const UNSIGNED = [
  ["one", "other", "", "wronglySigned"],
  ["a secret", null, "--size 44", "tooShort"],
  ["a secret", null, "--size 112", "wronglySigned"],
  ["a secret", null, "--size 1000", "wronglySigned"],
  [null, "a secret", "", null],
] as const;
for (const [serverKey, clientKey, line, counter] of UNSIGNED) {
  Deno.test(
    `stamp_server with the key ${serverKey} and stamp_client with ` +
      `${clientKey} ${line} do not answer each other`,
    LIMIT,
    async () => {
      const keys = [serverKey, clientKey] as const;
      const { code, stderr, counters } = await measureSigned(...keys, line);
      assertEquals(code, 1);
      assertMatch(stderr, /^stamp-client: .*: no probe was answered[^\n]*\n$/);
      assertGreaterOrEqual(counters["received"]!, 5);
      if (counter) assertEquals(counters[counter], counters["received"]);
    },
  );
}

Deno.test(
  "stamp_client refuses a size in which no signed packet fits",
  LIMIT,
  async () => {
    for (const size of [44, 111, 113]) {
      const { code, stderr } = await measureSigned(
        null,
        "a secret",
        `--size ${size}`,
      );
      assertEquals(code, 2, stderr);
      assertMatch(stderr, /^stamp-client: --size is 112, or .*from 116 .+\n$/);
    }
  },
);

for (const form of ["", "--json"]) {
  Deno.test(
    `stamp_client prints what it has when it is interrupted ${form}`
      .trimEnd(),
    LIMIT,
    async () => {
      await using server = await serveHere(
        "stamp_server --report-interval 100ms",
      );
      await using client = new ProgramHere(
        script(`stamp_client ${server.address} -n 100000 -i 10ms ${form}`),
      );
      await server.heard(/^received \d{2,}/m, "stderr");
      const startMs = performance.now();
      client.interrupt();
      const { code, stdout, stderr } = await client.ended();
      assertLess(performance.now() - startMs, 5000); // of a quarter of an hour
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      if (form === "") {
        assertMatch(stdout, /^[1-9]\d* probes sent, \d+ received, 0 lost/m);
        assertMatch(stdout, /^note: the run was interrupted, after \d+ of/m);
      } else {
        const { probes, quality } = json(stdout);
        assertGreater(probes.received, 0);
        assertEquals(probes.lost, 0);
        assertMatch(quality.notes.join("\n"), /the run was interrupted, after/);
      }
    },
  );
}

Deno.test(
  "stamp_client says so when it is interrupted before the first reply",
  LIMIT,
  async () => {
    using silent = new SilentPort();
    await using client = new ProgramHere(
      script(`stamp_client ${silent.address} --timeout 1h`),
    );
    await silent.socket.receive();
    const startMs = performance.now();
    client.interrupt();
    const { code, stderr } = await client.ended();
    assertLess(performance.now() - startMs, 5000);
    assertEquals({ code, stderr }, {
      code: 1,
      stderr: "stamp-client: Interrupted before anything was measured\n",
    });
  },
);

Deno.test(
  "stamp_client sends no burst after it was stopped, and loses nothing",
  { ...LIMIT, ignore: Deno.build.os === "windows" },
  async () => {
    await using server = await serveHere("stamp_server");
    await using client = new Program(
      // Their deadline passes in the pause.
      script(`stamp_client ${server.address} -n 1000 -i 2ms -W 300ms --ndjson`),
    );
    await client.heard(/"sequence":200,/);
    client.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 600));
    client.signal("SIGCONT");
    const { code, stdout, stderr } = await client.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const events = stdout.trimEnd().split("\n").map(json);
    const { data } = events.find(({ event }) => event === "end");
    const { sent, received, lost, not_sent } = data.probes;
    assertEquals([sent, received, lost], [1000, 1000, 0]);
    assertGreaterOrEqual(not_sent, 290);
    assertLess(data.probes_per_second.achieved, 400);
    const pause = /^this program did not run for up to (\d+) ms .* not sent/;
    const note = data.quality.notes.find((note: string) => pause.test(note));
    assertGreaterOrEqual(Number(pause.exec(note)![1]), 590);
  },
);

Deno.test(
  "stamp_client ends quietly when its output is closed",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    await using client = new ProgramHere(
      script(`stamp_client ${server.address} -n 100000 -i 5ms --csv`),
    );
    await client.heard(/^20,/m);
    client.stdout.cancel();
    const { code, stderr } = await client.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

Deno.test("stamp_client sends for a time", LIMIT, async () => {
  await using server = await serveHere("stamp_server");
  const { code, stdout } = await measure(server, "-t 300ms -i 10ms --json");
  assertEquals(code, 0);
  const { probes, options, quality } = json(stdout);
  assertEquals([options.used.time_ms, options.used.count], [300, null]);
  // At 0, 10, .. 290 ms; fewer where this machine was busy at the end.
  assertLessOrEqual(probes.sent, 30);
  assertGreaterOrEqual(probes.sent, 15);
  assertEquals(probes.received, probes.sent);
  assertEquals(/ended early|interrupted/.test(quality.notes.join()), false);
});

Deno.test(
  "stamp_client sends a count or for a time, whichever is over first",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const sent = async (limits: string) =>
      json((await measure(server, `--json -i 10ms ${limits}`)).stdout)
        .probes.sent;
    assertEquals(await sent("-t 1h -n 4"), 4);
    assertLessOrEqual(await sent("-t 100ms -n 1000000"), 10);
  },
);

Deno.test(
  "stamp_client sends each probe after the last reply with -i 0",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { code, stdout } = await measure(server, "-i 0 -t 200ms --json");
    assertEquals(code, 0);
    const result = json(stdout);
    assertGreater(result.probes.sent, 1);
    assertEquals(result.probes.received, result.probes.sent);
    assertEquals(result.probes_per_second.asked, null);
    assertGreater(result.probes_per_second.achieved, 0);
    assertEquals("rtt_from_intended_us" in result, false);
    assertEquals("send_lateness_us" in result.quality, false);
    const table = await measure(server, "-i 0 -n 5");
    assertMatch(
      table.stdout,
      /^5 probes of 44 bytes, each after the reply to the one before$/m,
    );
    assertMatch(
      table.stdout,
      /^ +RTT .*\n +with reflector [^\n]+\n(?! +from)/m,
    );
  },
);

Deno.test(
  "stamp_client tells the seed of a random schedule that it picked",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server");
    const { stdout } = await measure(server, "-n 3 -i 2ms --schedule poisson");
    assertMatch(stdout, /one every .* on average, at random \(--seed \d+\)$/m);
  },
);

/** Options that change what is on the wire, and not what comes of it. */
const VARIANTS = [
  ["--stateless", ""],
  ["", "--timestamp ptp"],
  ["", "--ssid 0"],
  ["", "--size 48"],
  // One at a time: a socket holds only a few of these.
  ["", "--size 65507 --interval 0"],
  ["--stateless", "--timestamp ptp --size 1400"],
  ["", "--relaxed"],
] as const;
for (const [serverArgs, clientArgs] of VARIANTS) {
  Deno.test(
    `stamp_client ${clientArgs} measures the path to ` +
      `stamp_server ${serverArgs}`.trimEnd(),
    LIMIT,
    async () => {
      await using server = await serveHere(`stamp_server ${serverArgs}`);
      const { code, stdout, stderr } = await measure(
        server,
        `-n 10 -i 2ms --json ${clientArgs}`,
      );
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const { probes, one_way } = json(stdout);
      assertEquals([probes.sent, probes.received], [10, 10]);
      assertEquals([probes.corrupt, probes.lost_forward], [0, 0]);
      assertNotEquals(one_way, null);
      const { reflected, sessions } = await countersOf(server);
      assertEquals([reflected, sessions], [15, serverArgs === "" ? 1 : 0]);
    },
  );
}

Deno.test(
  "stamp_server answers one source at most --max-rate times a second",
  LIMIT,
  async () => {
    await using server = await serveHere("stamp_server --max-rate 10");
    const { code, stdout } = await measure(
      server,
      "-n 50 -i 1ms --warmup 0 --timeout 200ms --json",
    );
    assertEquals(code, 0);
    const { probes } = json(stdout);
    assertGreater(probes.received, 0);
    assertGreater(probes.lost, 0);
    assertEquals(probes.sent, probes.received + probes.lost);
    // What the reflector did not answer it has not numbered: lost on the way.
    assertEquals([probes.lost_forward, probes.lost_backward], [probes.lost, 0]);
    const { received, reflected, tooFast } = await countersOf(server);
    assertGreaterOrEqual(tooFast, probes.lost);
    assertEquals(received, reflected! + tooFast!);
  },
);
