import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import {
  Program,
  ProgramHere,
  run,
  runHere,
  script,
  serveHere,
} from "../programs.ts";

const LIMIT = { timeout: 60_000 };

Deno.test(
  "tcp_client prints an answer for each line of standard input",
  LIMIT,
  async () => {
    await using server = await serveHere("tcp_server");
    const client = script("tcp_client", [server.address]);
    const lines = Array.from({ length: 500 }, (_, index) => `line ${index} ß`);
    const { code, stdout, stderr } = await run(client, lines.join("\n"));
    const expected = lines.map((line) => `${line.toUpperCase()}\n`).join("");
    assertEquals({ code, stdout, stderr }, {
      code: 0,
      stdout: expected,
      stderr: "",
    });
  },
);

Deno.test(
  "tcp_client gets a sentence of a megabyte back whole",
  LIMIT,
  async () => {
    await using server = await serveHere("tcp_server");
    const client = script("tcp_client", [server.address]);
    const { stdout } = await run(client, "abcdefgé".repeat(120_000));
    assertEquals(stdout, "ABCDEFGÉ".repeat(120_000) + "\n");
  },
);

Deno.test(
  "tcp_client ends at once when it is interrupted while waiting for input",
  LIMIT,
  async () => {
    await using server = await serveHere("tcp_server");
    await using client = new Program(script("tcp_client", [server.address]));
    await client.write("hello\n");
    await client.heard(/HELLO/);
    client.signal("SIGINT");
    assertEquals((await client.ended()).code, 0);
  },
);

Deno.test(
  "tcp_client gives up on a reply that does not end",
  LIMIT,
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const talking = (async () => {
      using conn = await listener.accept();
      const block = new Uint8Array(65_536).fill(0x61);
      try {
        for (;;) await conn.write(block);
      } catch (error) { // the client has gone
        if (error instanceof TypeError) throw error;
      }
    })();
    const { code, stderr } = await runHere(
      "tcp_client",
      `127.0.0.1:${listener.addr.port}`,
      "hello",
    );
    await talking;
    assertEquals(code, 1);
    assertMatch(stderr, /^tcp-client: The reply from \S+ does not end: /);
  },
);

Deno.test(
  "udp_client says Request timed out, on standard error alone",
  LIMIT,
  async () => {
    await using server = await serveHere("udp_server", "--drop", "1");
    const { code, stdout, stderr } = await runHere(
      "udp_client",
      server.address,
      "--timeout",
      "50ms",
      "hello",
    );
    assertEquals({ code, stdout, stderr }, {
      code: 1,
      stdout: "",
      stderr: "Request timed out\n",
    });
  },
);

Deno.test(
  "udp_client gets an answer by retries that one try would not get",
  LIMIT,
  async () => {
    // With seed 12 the first two replies are lost.
    await using server = await serveHere(
      "udp_server",
      "--drop",
      "0.5",
      "--seed",
      "12",
    );
    const ask = (...more: string[]) =>
      runHere("udp_client", server.address, "--timeout", "300ms", ...more);
    assertEquals((await ask("hello")).code, 1);
    const retried = await ask("--retries", "20", "hello");
    assertEquals(retried.stdout, "HELLO\n");
    await server.heard(/seed 12/, "stderr");
  },
);

Deno.test(
  "udp_client takes no late answer for the next one",
  LIMIT,
  async () => {
    // Each answer comes when the next sentence has been asked already.
    await using server = await serveHere("udp_server", "--delay", "150ms");
    const client = script("udp_client", [server.address, "--timeout", "100ms"]);
    const { code, stdout, stderr } = await run(client, "one\ntwo\nthree\n");
    assertEquals({ code, stdout }, { code: 1, stdout: "" });
    assertEquals(stderr, "Request timed out\n".repeat(3));
  },
);

for (const format of ["ctime", "iso", "rfc868"]) {
  for (const transport of [[], ["--udp"]]) {
    Deno.test(
      `time_client reads ${format} ${transport.join("")}`.trimEnd(),
      LIMIT,
      async () => {
        await using server = await serveHere(
          "time_server",
          "--format",
          format,
          ...transport,
        );
        const { code, stdout } = await runHere(
          "time_client",
          server.address,
          ...transport,
        );
        assertEquals(code, 0);
        const found = /^clock offset ([+-])([\d.]+) (\w+), \+- /m.exec(stdout);
        // Both clocks are this machine's: within a resolution of each other.
        const units: Record<string, number> = { us: 1e-3, ms: 1, s: 1000 };
        const offsetMs = Number(found?.[2]) * units[found?.[3] ?? ""]!;
        assertEquals(offsetMs <= 10_000, true, stdout);
      },
    );
  }
}

Deno.test(
  "measure_client prints a table of every percentile",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const { code, stdout, stderr } = await runHere(
      "measure_client",
      "rtt",
      server.address,
      "-n",
      "20",
      "-i",
      "1ms",
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    // Of 20 samples there is no p99 and no p99.9.
    assertMatch(stdout, /^ +min +p50 +p90 +max +mean$/m);
    for (const row of ["RTT", "from intended"]) {
      assertMatch(
        stdout,
        new RegExp(`^  ${row}( +[\\d.]+ \\S+){5}$`, "m"),
      );
    }
    assertMatch(
      stdout,
      /^20 probes sent, 20 received, 0 lost \(0 %\)(, \d+ not sent)?$/m,
    );
    assertMatch(stdout, /^5 warm-up probes left out$/m);
  },
);

Deno.test(
  "measure_client prints the same result as JSON and as the last event",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const measure = (form: string) =>
      runHere("measure_client", "tput", server.address, "-n", "12", form);
    const json = JSON.parse((await measure("--json")).stdout);
    assertEquals(json.format, 2);
    assertEquals(json.mode, "tput");
    assertEquals(json.probes, { sent: 12, received: 12, lost: 0, warmup: 5 });
    assertGreater(json.throughput.aggregate_bits_per_second, 0);
    assertEquals(json.options.used.size_bytes, 1024);

    const events = (await measure("--ndjson")).stdout.trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    const names = events.map(({ event }) => event);
    assertEquals(names, ["start", ...Array(17).fill("sample"), "end"]);
    assertEquals(Object.keys(events.at(-1).data), Object.keys(json));

    const rows = (await measure("--csv")).stdout.trimEnd().split("\n");
    assertEquals(rows.length, 18);
    assertEquals(
      new Set(rows.map((row) => row.split(",").length)),
      new Set([9]),
    );
  },
);

Deno.test(
  "measure_client exits with 3 when a threshold is crossed, and says which",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    const judge = (...rules: string[]) =>
      runHere(
        "measure_client",
        "rtt",
        server.address,
        ...rules.flatMap((rule) => ["--fail-if", rule]),
      );
    const crossed = await judge("p99>0ms", "loss>1%");
    assertEquals(crossed.code, 3);
    assertMatch(
      crossed.stderr,
      /^crossed p99>0ms: (rtt|intended)\.p99 is [\d.]+ \S+\n$/,
    );
    assertEquals((await judge("p99>1h", "loss>1%")).code, 0);
  },
);

Deno.test(
  "measure_client prints what it has when it is interrupted",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    await using client = new ProgramHere(
      script("measure_client", [
        "rtt",
        server.address,
        "--count",
        "900000",
        "--ndjson",
      ]),
    );
    await client.heard(/"sequence":100,/);
    client.interrupt();
    const { code, stdout } = await client.ended();
    assertEquals(code, 0);
    const { event, data } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    assertEquals(event, "end");
    assertEquals(data.probes.lost, 0);
    assertMatch(
      data.quality.notes.join(),
      /the run was interrupted, after \d+ of/,
    );
  },
);

Deno.test(
  "measure_client ends quietly when its output is closed",
  LIMIT,
  async () => {
    await using server = await serveHere("measure_server");
    await using client = new ProgramHere(
      script("measure_client", [
        "rtt",
        server.address,
        "--count",
        "900000",
        "--csv",
      ]),
    );
    await client.heard(/^100,/m);
    client.stdout.cancel();
    const { code, stderr } = await client.ended();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  },
);

Deno.test(
  "measure_client gives up on a silent server after --timeout",
  LIMIT,
  async () => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const ended = await runHere(
      "measure_client",
      "rtt",
      `127.0.0.1:${silent.addr.port}`,
      "--timeout",
      "200ms",
    );
    assertEquals(ended.code, 1);
    assertMatch(ended.stderr, /no whole message arrived within 200 ms/);
  },
);

Deno.test(
  "measure_client connect measures a host on which nothing of ours runs",
  LIMIT,
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const args = "-n 3 -i 1ms --warmup 1".split(" ");
    const measure = (target: string, ...more: string[]) =>
      runHere("measure_client connect", target, ...args, ...more);
    const { code, stdout } = await measure(`localhost:${port}`, "--json");
    const { mode, protocol, probes, quality, options } = JSON.parse(stdout);
    assertEquals([code, mode, protocol], [0, "connect", "tcp"]);
    assertEquals([probes.received, probes.lost, probes.warmup], [3, 0, 1]);
    assertEquals(options.used.address, "127.0.0.1");
    assertEquals(quality.send_call_us, null);
    assertMatch(
      quality.notes[0],
      /^localhost is 127\.0\.0\.1; the lookup took /,
    );
    const text = await measure(`127.0.0.1:${port}`);
    assertMatch(text.stdout, /^connect to .*, TCP: SYN to SYN-ACK, as seen by/);
    assertMatch(text.stdout, /^RTT p50 [\d.]+ .s, max [\d.]+ .s$/m);
    const csv = await measure(`127.0.0.1:${port}`, "--csv");
    assertMatch(csv.stdout, /^sequence,warmup,intended_ms,sent_ms,rtt_us,/);
    assertEquals(csv.stdout.trimEnd().split("\n").length, 5);
  },
);
