import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
} from "@std/assert";
import {
  type Ended,
  ProgramHere,
  runHere,
  script,
  serveHere,
  serveScript,
} from "../programs.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { TcpRelay } from "../tcp_relay.ts";

const LIMIT = { timeout: 60_000 };
/** Short enough for a test: the course's sizes, and one short delay. */
const SHORT = "--delays 0,5 -n 4 --warmup 1";
const CURVES = ["rtt size", "tput size", "rtt delay", "tput delay"];

function sweep(address: string, line: string): Promise<Ended> {
  return runHere(`measure_client sweep ${address} ${line}`);
}

interface Point {
  quantity: string;
  against: string;
  size_bytes: number;
  delay_ms: number;
  probes: { sent: number; received: number; lost: number; warmup: number };
  rtt_us: { count: number; p50: number; min: number; max: number } | null;
  throughput?: { aggregate_bits_per_second: number | null };
  error: string | null;
}

/** The points of a result, each with its curve's name. */
// deno-lint-ignore no-explicit-any -- JSON, whose every key is looked at
function pointsOf({ curves }: any): Point[] {
  return curves.flatMap((
    { quantity, against, points }: Point & { points: Point[] },
  ) => points.map((point) => ({ ...point, quantity, against })));
}

function assertPlain(text: string): void {
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(text), JSON.stringify(text));
  for (const line of text.split("\n")) assert([...line].length <= 80, line);
}

function assertOneSentence(stderr: string, pattern: RegExp): void {
  assertMatch(stderr, pattern);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
  assert(!/^ +at /m.test(stderr), stderr);
}

Deno.test(
  "measure_client sweep prints four tables, four curves, four sentences",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const { code, stdout, stderr } = await sweep(server.address, SHORT);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(
      stdout,
      /^sweep to \S+ over TCP, .*\n16 points of 4 probes each, in rounds$/m,
    );
    assertPlain(stdout);
    assertEquals(stdout.match(/^(RTT|Throughput) against \w+$/gm), [
      "RTT against size",
      "Throughput against size",
      "RTT against delay",
      "Throughput against delay",
    ]);
    for (const bytes of [1, 100, 200, 400, 800, 1000]) {
      const row = new RegExp(
        `^ {2}${bytes} bytes? +([\\d.]+ \\wm?s +){4}4$`,
        "m",
      );
      assertMatch(stdout, row);
    }
    for (const size of [1024, 2048, 4096, 8192, 16_384, 32_768]) {
      assertMatch(
        stdout,
        new RegExp(`^ {2}${size} bytes +([\\d.]+ [kMG]?bit/s +){2}4$`, "m"),
      );
    }
    assertEquals(stdout.match(/^ {2}[05] ms +/gm)?.length, 4);
    const said = stdout.replaceAll(/\s+/g, " ").match(
      /From [^.]+ the (median|aggregate) (rose from|fell from|went from|stayed)/g,
    );
    assertEquals(said?.length, 4);
    assertEquals(stdout.match(/, by (size|delay)$/gm)?.length, 4);
  },
);

Deno.test(
  "measure_client sweep draws in ASCII, or not at all",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const ascii = await sweep(server.address, `${SHORT} --plots ascii`);
    assertEquals(ascii.code, 0);
    assertMatch(ascii.stdout, /^[\n\x20-\x7e]*$/);
    assertPlain(ascii.stdout);
    const none = await sweep(server.address, `${SHORT} --plots none`);
    assertMatch(none.stdout, /^[\n\x20-\x7e]*$/);
    assertEquals(none.stdout.match(/, by (size|delay)$/gm), null);
  },
);

Deno.test(
  "measure_client sweep prints the same shape as JSON and as the last event",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const { code, stdout, stderr } = await sweep(
      server.address,
      `${SHORT} --json`,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const json = JSON.parse(stdout);
    assertEquals([json.format, json.mode, json.protocol, json.target], [
      2,
      "sweep",
      "measure",
      server.address,
    ]);
    assertEquals(json.notes, []);
    assertEquals(
      json.curves.map((
        { quantity, against, points }: Point & { points: Point[] },
      ) => [`${quantity} ${against}`, points.length]),
      CURVES.map((name, at) => [name, at < 2 ? 6 : 2]),
    );
    const points = pointsOf(json);
    for (const { quantity, probes, rtt_us, throughput, error } of points) {
      assertEquals(probes, { sent: 4, received: 4, lost: 0, warmup: 3 });
      assertEquals(error, null);
      assertEquals(rtt_us!.count, 4);
      assert(rtt_us!.min <= rtt_us!.p50 && rtt_us!.p50 <= rtt_us!.max);
      assertEquals(throughput !== undefined, quantity === "tput");
    }
    for (const point of points.filter(({ throughput }) => throughput)) {
      const bits = point.throughput!.aggregate_bits_per_second!;
      const { min, max } = point.rtt_us!;
      assert(bits <= point.size_bytes * 8e6 / min * 1.001);
      assert(bits >= point.size_bytes * 8e6 / max * 0.999);
    }
    // No echo is there before its delay.
    for (const { delay_ms, rtt_us } of points) {
      assert(rtt_us!.min >= delay_ms * 1000);
    }

    const events = (await sweep(server.address, `${SHORT} --ndjson`)).stdout
      .trimEnd()
      .split("\n").map((line) => JSON.parse(line));
    assertEquals(
      events.map(({ event }) => event),
      ["start", ...Array(16).fill("point"), "end"],
    );
    const last = events.at(-1).data;
    assertEquals(Object.keys(last), Object.keys(json));
    assertEquals(
      events.slice(1, -1).map(({ data }) => data),
      pointsOf(last).map(({ quantity, against, ...point }) => (
        { quantity, against, ...point }
      )),
    );
    assertEquals(
      pointsOf(last).map(({ size_bytes, delay_ms }) => [size_bytes, delay_ms]),
      points.map(({ size_bytes, delay_ms }) => [size_bytes, delay_ms]),
    );
  },
);

Deno.test(
  "measure_client sweep prints a row of CSV a point",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const { code, stdout, stderr } = await sweep(
      server.address,
      `${SHORT} --csv`,
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const [header, ...rows] = stdout.trimEnd().split("\n")
      .map((line) => line.split(","));
    assertEquals(
      header!.slice(0, 6).join(","),
      "quantity,against,size_bytes,delay_ms,sent,received",
    );
    assertEquals(rows.length, 16);
    for (const row of rows) {
      assertEquals(row.length, header!.length);
      assertEquals(row.slice(4, 6), ["4", "4"]);
      assertGreater(Number(row[header!.indexOf("rtt_p50_us")]), 0);
      assertEquals(row[header!.indexOf("error")], "");
    }
    assertEquals(
      [...new Set(rows.map((row) => row.slice(0, 2).join(" ")))],
      CURVES,
    );
  },
);

Deno.test(
  "measure_client sweep takes sizes, delays, and how many probes",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const { code, stdout } = await sweep(
      server.address,
      "--json --sizes 300,1K,1 --delays 2ms --size 50 -n 2 -i 1ms",
    );
    assertEquals(code, 0);
    const json = JSON.parse(stdout);
    assertEquals(
      pointsOf(json).map(({ quantity, against, size_bytes, delay_ms }) =>
        [quantity, against, size_bytes, delay_ms].join(" ")
      ),
      [
        ...["rtt", "tput"].flatMap((quantity) =>
          [300, 1024, 1].map((size) => `${quantity} size ${size} 0`)
        ),
        "rtt delay 50 2",
        "tput delay 50 2",
      ],
    );
    assert(pointsOf(json).every(({ probes }) => probes.received === 2));
    assertEquals(json.options.given.sizes, "300,1K,1");
    assertEquals(json.options.used.sizes_bytes, {
      rtt: [300, 1024, 1],
      tput: [300, 1024, 1],
    });
    assertEquals(json.options.used.delays_ms, [2]);
  },
);

Deno.test(
  "measure_client sweep goes on where the server refuses a size",
  LIMIT,
  async () => {
    await using server = await serveHere(
      "measure_server",
      "--max-size",
      "16K",
    );
    const line = "--delays 0,1 -n 3 --warmup 1";
    const table = await sweep(server.address, line);
    assertEquals(table.code, 1);
    assertEquals(table.stderr, "1 of 16 points failed\n");
    assertPlain(table.stdout);
    assertMatch(table.stdout, /^ {2}32768 bytes +failed +failed +0$/m);
    assertMatch(table.stdout, /^ {2}16384 bytes +[\d.]+ [kMG]bit\/s /m);
    assertMatch(
      table.stdout.replaceAll(/\s+/g, " "),
      /At 32768 bytes it failed: Expected the reply "200 OK: Ready\\n" to the setup, received "404 ERROR: Invalid Connection Setup Message\\n"; the setup exceeds a limit of the server, or /,
    );

    const { code, stdout } = await sweep(server.address, `${line} --json`);
    assertEquals(code, 1);
    const points = pointsOf(JSON.parse(stdout));
    assertEquals(points.length, 16);
    const failed = points.filter(({ error }) => error !== null);
    assertEquals(failed.map(({ size_bytes }) => size_bytes), [32_768]);
    assertEquals(failed[0]!.rtt_us, null);
    assertEquals(failed[0]!.probes.sent, 0);

    const csv = await sweep(server.address, `${line} --csv`);
    assertMatch(
      csv.stdout,
      /^tput,size,32768,.*,"Expected the reply .*""404 /m,
    );
    assertEquals(csv.stdout.trimEnd().split("\n").length, 17);
  },
);

Deno.test(
  "measure_client sweep says in one sentence that nothing listens",
  LIMIT,
  async () => {
    for (const form of ["", "--json"]) {
      const { code, stdout, stderr } = await sweep("127.0.0.1:1", form);
      assertEquals(code, 1);
      assertOneSentence(
        stderr,
        /^measure-client: Cannot connect to 127\.0\.0\.1:1: nothing listens there; .*\n$/,
      );
      if (form === "") {
        assert(!/against|failed|\{/.test(stdout), stdout);
        continue;
      }
      const { ended, error, curves } = JSON.parse(stdout);
      assertEquals([ended, curves], ["failed", []]);
      assertEquals(stderr, `measure-client: ${error}\n`);
    }
  },
);

Deno.test(
  "measure_client sweep outlives a server that is killed",
  LIMIT,
  async () => {
    await using server = await serveScript("measure_server");
    // The second point; the warm-up has the size of the first.
    await using path = new TcpRelay();
    const seen = path.seen(/^s rtt \d+ 2 0\n/);
    await using client = new ProgramHere(script(
      `measure_client sweep ${
        path.to(server.address)
      } --ndjson --sizes 1,2,3 ` +
        "--delays 0,1 -n 100 -i 1ms",
    ));
    await seen;
    server.signal("SIGKILL");
    const { code, stdout, stderr } = await client.ended();
    assertEquals([code, stderr], [1, "10 of 10 points failed\n"]);
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const points = pointsOf(events.at(-1).data);
    assertEquals(points.length, 10);
    // The first was measured in one round.
    assertGreater(points[0]!.probes.received, 30);
    assertEquals(points.at(-1)!.probes.received, 0);
  },
);

for (const form of ["--ndjson", "--csv", "--json", "--plots=ascii"]) {
  Deno.test(
    `measure_client sweep ${form} shows whole points after an interrupt`,
    LIMIT,
    async () => {
      await using server = await serveHere("measure_server");
      await using path = new TcpRelay();
      const seen = path.seen(/^s rtt \d+ \d+ 20000\n/);
      await using client = new ProgramHere(script(
        `measure_client sweep ${path.to(server.address)} --sizes 1 ` +
          `--delays 20s -n 2 --warmup 0 -W 30s ${form}`,
      ));
      await seen; // the third point, which waits
      const { code, stdout, stderr } = await client.stop();
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const note = "the run was interrupted, after 2 of 8 sessions";
      const lines = stdout.trimEnd().split("\n");
      if (form === "--csv") return assertEquals(lines.length, 3);
      if (form === "--plots=ascii") {
        assertEquals(
          stdout.match(/^(RTT|Throughput) against \w+$/gm)?.length,
          2,
        );
        assert(stdout.endsWith(`\nnote: ${note}\n`), stdout);
        return assertPlain(stdout);
      }
      const events = form === "--ndjson"
        ? lines.map((line) => JSON.parse(line))
        : [{ data: JSON.parse(stdout) }];
      const { data } = events.at(-1);
      assertEquals(pointsOf(data).length, 2);
      assertEquals([data.ended, data.notes], ["interrupted", [note]]);
    },
  );
}

Deno.test(
  "measure_client sweep waits for a server that takes delays for seconds",
  LIMIT,
  async () => {
    // It serves one client at a time, and holds each echo for 1 s, not 1 ms.
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const decoder = new TextDecoder();
    const serving = (async () => {
      for await (const conn of listener) {
        using connection = new StreamConnection(conn);
        let delayMs = 0;
        try {
          for (let line; (line = await connection.readLine()) !== null;) {
            const message = decoder.decode(line);
            const [kind] = message;
            if (kind === "s") delayMs = 1000 * Number(message.split(" ")[4]);
            if (kind === "m") {
              await new Promise((resolve) => setTimeout(resolve, delayMs));
            }
            const reply = { s: "200 OK: Ready\n", m: message };
            await connection.writeAll(
              new TextEncoder().encode(
                reply[kind as "s" | "m"] ?? "200 OK: Closing Connection\n",
              ),
            );
          }
        } catch { // the client gave up
        }
      }
    })();
    const { code, stdout, stderr } = await sweep(
      `127.0.0.1:${listener.addr.port}`,
      "--json --sizes 1 --delays 0,1,2 -n 3 --warmup 0 -W 300ms",
    );
    listener.close();
    await serving;
    assertEquals([code, stderr], [1, "4 of 8 points failed\n"]);
    for (const { delay_ms, error, probes } of pointsOf(JSON.parse(stdout))) {
      assertEquals(error !== null, delay_ms > 0);
      if (delay_ms > 0) assertMatch(error!, /--delay-unit s/);
      else assertEquals(probes.received, 3);
    }
  },
);

Deno.test(
  "measure_client sweep ends quietly when its output is closed",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    for (const form of ["--csv", "--ndjson", "--plots=none"]) {
      await using client = new ProgramHere(
        script(`measure_client sweep ${server.address} ${SHORT} ${form}`),
      );
      await client.heard(/\n/);
      client.stdout.cancel();
      const { code, stderr } = await client.ended();
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, form);
    }
  },
);

Deno.test(
  "measure_client sweep costs the time of its delays, and little more",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const startMs = performance.now();
    const { code } = await sweep(
      server.address,
      "--delays 0,10 -n 5 --warmup 0",
    );
    assertEquals(code, 0);
    const elapsedMs = performance.now() - startMs;
    assertGreater(elapsedMs, 2 * 5 * 10);
    assertLess(elapsedMs, 20_000);
  },
);
