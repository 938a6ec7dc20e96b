import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import type { CompareResult } from "../../lib/result/compare_schema.ts";
import { checkedResult } from "../../lib/result/schema.ts";
import { ProgramHere, runHere, script, serveHere } from "../programs.ts";

const LIMIT = { timeout: 60_000 };
/** As little as possible; the emulated losses take two seconds all the same. */
const LEAST = "--rounds 1 -n 1 --clients 2 --delay 1".split(" ");
const NAMES = "first_byte round_trip head_of_line boundaries nagle concurrency"
  .split(" ");

function resultOf(stdout: string): CompareResult {
  const result = checkedResult(JSON.parse(stdout));
  assert(result.mode === "compare");
  return result;
}

function assertOneSentence(stderr: string, pattern: RegExp): void {
  assertMatch(stderr, pattern);
  assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
}

/** Three servers on loopback, as another host has them. */
async function host() {
  const servers = new AsyncDisposableStack();
  const start = async (name: string, ...args: string[]) =>
    servers.use(await serveHere(name, ...args));
  const measure = await start("measure_server");
  const iterative = await start("measure_server", "--mode", "iterative");
  const stamp = await start("stamp_server");
  return {
    measure,
    args: [
      ...["127.0.0.1", "--port", measure.port],
      ...["--iterative-port", iterative.port, "--stamp-port", stamp.port],
    ],
    [Symbol.asyncDispose]: () => servers.disposeAsync(),
  };
}

Deno.test("compare runs every experiment on loopback", LIMIT, async () => {
  const { code, stdout, stderr } = await runHere(
    "compare",
    "--short",
    "--json",
  );
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const { experiments, notes, format, options } = resultOf(stdout);
  assertEquals(experiments.map(({ name }) => name), NAMES);
  assertEquals([format, notes], [2, []]);
  assertEquals(options.given, { short: true, json: true });
  assertEquals(options.used["rounds"], 10);
  for (const { where, error } of experiments) {
    assertEquals([where, error], ["on loopback", null]);
  }
  const [, roundTrip] = experiments;
  assert(roundTrip?.name === "round_trip");
  const { tcp, udp, loopback_p50_us } = roundTrip.figures!;
  assertEquals([tcp.sent, tcp.received, udp.sent], [150, 150, 150]);
  assertEquals(loopback_p50_us, null);
});

Deno.test(
  "compare measures the servers of a host, and loopback beside them",
  LIMIT,
  async () => {
    await using there = await host();
    const { code, stdout, stderr } = await runHere(
      "compare",
      ...there.args,
      ...LEAST,
      "--json",
    );
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { experiments, target, options: { used } } = resultOf(stdout);
    assertEquals(target, `127.0.0.1:${used["port"]}`);
    const [path, here] = ["to 127.0.0.1", "on loopback"];
    assertEquals(experiments.map(({ where }) => where), [
      path,
      path,
      here,
      here,
      path,
      path,
    ]);
    const [, roundTrip] = experiments;
    assert(roundTrip?.name === "round_trip");
    const { loopback_p50_us } = roundTrip.figures!;
    assert(loopback_p50_us!.tcp! > 0 && loopback_p50_us!.udp! > 0);
  },
);

Deno.test(
  "compare prints 80 columns, drawn as it is told to, and no verdict of one round",
  LIMIT,
  async () => {
    const [unicode, ascii, none] = await Promise.all(
      ["unicode", "ascii", "none"].map((plots) =>
        runHere("compare", ...LEAST, "--plots", plots)
      ),
    );
    for (const { code, stdout, stderr } of [unicode!, ascii!, none!]) {
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assert(!/NaN|null|undefined|Infinity/.test(stdout), stdout);
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x09\x0b-\x1f\x7f]/.test(stdout), stdout);
      for (const line of stdout.split("\n")) {
        assert([...line].length <= 80, line);
      }
      assertEquals(stdout.match(/^No verdict: /mg)?.length, 2);
      assert(!/ faster (over|with)/.test(stdout), stdout);
    }
    assertMatch(unicode!.stdout, /█/);
    assertMatch(ascii!.stdout, /^[\n\x20-\x7e]*$/);
    assertMatch(ascii!.stdout, /^Wait of each client/m);
    assert(!/^Wait of each client/m.test(none!.stdout));
  },
);

Deno.test(
  "compare prints each experiment as an event, and the result as the last",
  LIMIT,
  async () => {
    const { code, stdout } = await runHere("compare", ...LEAST, "--ndjson");
    assertEquals(code, 0);
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assertEquals(
      events.map(({ event }) => event),
      ["start", ...NAMES.map(() => "experiment"), "end"],
    );
    const { experiments, notes, ended, ...metadata } = events.at(-1).data;
    assertEquals([events[0].data, notes, ended], [metadata, [], "complete"]);
    assertEquals(experiments, events.slice(1, -1).map(({ data }) => data));
  },
);

Deno.test(
  "compare shows the experiments done when it is interrupted",
  LIMIT,
  async () => {
    await using program = new ProgramHere(script("compare", ["--ndjson"]));
    await program.heard(/"experiment","data":\{"name":"first_byte"/);
    const { code, stdout, stderr } = await program.stop();
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { event, data } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    const { experiments, ended } = data;
    assertEquals([event, experiments.length, ended], ["end", 1, "interrupted"]);
    assertEquals(data.notes, [
      "the run was interrupted, after 1 of 6 experiments",
    ]);
  },
);

Deno.test(
  "compare ends when it is interrupted while it waits for an answer",
  LIMIT,
  async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using program = new ProgramHere(
      script(`compare 127.0.0.1 -p ${listener.addr.port} --timeout 60s`),
    );
    using conn = await listener.accept();
    await conn.read(new Uint8Array(100)); // it has asked
    const startMs = performance.now();
    const { code, stdout, stderr } = await program.stop();
    assertEquals([code, stdout], [1, ""]);
    assertOneSentence(stderr, /Interrupted before anything was measured/);
    assertLess(performance.now() - startMs, 20_000);
  },
);

Deno.test(
  "compare says in one sentence what a host does not answer",
  LIMIT,
  async () => {
    await using measure = await serveHere("measure_server");
    await using other = await serveHere("tcp_server");
    await using stamp = await serveHere("stamp_server");
    const cases: [string, string, RegExp][] = [
      [
        "1",
        stamp.port,
        /^compare: Cannot measure the path to 127\.0\.0\.1:1: nothing listens there/,
      ],
      [
        other.port,
        stamp.port,
        /^compare: Cannot measure the path to .*Expected the reply/,
      ],
      [
        measure.port,
        "1",
        /^compare: Cannot measure the path to 127\.0\.0\.1:1 over UDP: no STAMP reply came; start stamp-server there, without a key/,
      ],
    ];
    for (const [port, stampPort, pattern] of cases) {
      const { code, stdout, stderr } = await runHere(
        `compare 127.0.0.1 -p ${port} --stamp-port ${stampPort} -W 300ms`,
      );
      assertEquals([code, stdout], [1, ""]);
      assertOneSentence(stderr, pattern);
    }
  },
);

Deno.test(
  "compare goes on where a server dies, and says which experiments failed",
  LIMIT,
  async () => {
    await using there = await host();
    await using program = new ProgramHere(
      script("compare", [...there.args, ...LEAST, "--ndjson", "-W", "1s"]),
    );
    await program.heard(/"experiment","data":\{"name":"round_trip"/);
    await there.measure.stop();
    const { code, stdout, stderr } = await program.ended();
    assertEquals([code, stderr], [1, "2 of 6 experiments failed\n"]);
    const { experiments } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!)
      .data as CompareResult;
    assertEquals(experiments.map(({ figures }) => figures === null), [
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
    for (const { error } of experiments.slice(4)) {
      assertMatch(
        error!,
        /nothing listens there/,
      );
    }
  },
);

Deno.test("compare ends quietly when its output is closed", LIMIT, async () => {
  await using program = new ProgramHere(
    script("compare", [...LEAST, "--ndjson"]),
  );
  await program.heard(/"start"/);
  program.stdout.cancel();
  const { code, stderr } = await program.ended();
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
});
