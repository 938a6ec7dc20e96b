import { assert, assertEquals, assertMatch } from "@std/assert";
import type { UnderLoadResult } from "../../lib/result/under_load_schema.ts";
import { readResult } from "../../lib/report/read_result.ts";
import { ProgramHere, runHere, script, serveHere } from "../programs.ts";

const TIMEOUT_MS = 60_000;
const SHORT = ["--quick", "--time", "1s", "-P", "1"];

/** The servers of an agent, in this process, and how to reach them. */
async function agent() {
  const stack = new AsyncDisposableStack();
  const load = stack.use(await serveHere("throughput_server"));
  const stamp = stack.use(await serveHere("stamp_server"));
  const measure = stack.use(await serveHere("measure_server"));
  return {
    args: [load.address, "--connect", measure.port],
    reflector: ["--reflector", stamp.port],
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

Deno.test({
  name:
    "under-load measures all phases with an agent, and writes them as events",
  timeout: TIMEOUT_MS,
  async fn() {
    await using far = await agent();
    const { code, stdout, stderr } = await runHere(
      "under_load",
      ...[...far.args, ...far.reflector, ...SHORT, "--ndjson"],
      ...["--ramp", "--phases", "download,both", "--also", far.args[2]!],
      ...["--fail-if", "increase>0.001us", "--fail-if", "grade>F"],
    );
    assertEquals([code, stderr.includes("increase>0.001us")], [3, true]);
    assertEquals(stderr.includes("grade"), false);
    const lines = stdout.trimEnd().split("\n");
    const read = async (lines: string[]) =>
      (await readResult([new TextEncoder().encode(`${lines.join("\n")}\n`)]))
        .result as UnderLoadResult;
    const result = await read(lines);
    const cut = await read(lines.slice(0, -1));
    assertEquals([result.ended, cut.ended], ["complete", "interrupted"]);
    assertEquals(cut.load, result.load);
    assertEquals(
      result.phases.map(({ name }) => name),
      ["idle", "download", "rest", "both", "cooldown"],
    );
    const [idle, download, , both] = result.phases;
    assertEquals([result.mode, result.probe], ["under-load", "stamp"]);
    assert(idle!.rtt_us!.count > 10 && idle!.connect_us!.count > 0);
    assert(idle!.also_us[0]!.count > 0);
    assert(download!.goodput.down!.mean > 1e6 && !download!.goodput.up);
    assert(both!.goodput.down!.mean > 1e6 && both!.goodput.up!.mean > 1e6);
    assertEquals(download!.load!.confidence, "low");
    assert(result.instrument.processor_percent.client! > 0);
    const { streams, delivered_bits_per_second } = result.series[3]!;
    assert(streams >= 1 && delivered_bits_per_second! > 0);
  },
});

Deno.test({
  name: "under-load probes by connect where nothing reflects, in twelve lines",
  timeout: TIMEOUT_MS,
  async fn() {
    await using far = await agent();
    const args = [...far.args, "--reflector", "9"];
    const failed = await runHere("under_load", ...args);
    assertEquals(failed.code, 1);
    assertMatch(failed.stderr, /Cannot probe 127.0.0.1:9: no STAMP reply; /);
    // The default reflector's port may be in use, but not with this address.
    const { code, stdout } = await runHere(
      "under_load",
      ...[...far.args, ...SHORT, "--phases", "upload", "--udp", "1M"],
      ...["--plots", "none"],
    );
    assertEquals(code, 0);
    assertMatch(stdout, /probes by (connect|STAMP)/);
    assertMatch(stdout, /\n {2}upload +[\d.]+ +[\d.]+ [mu]s /);
    // A busy machine is the limit, and gets no grade.
    assertMatch(stdout, /^(Grade [A-F]\+?: the load |.* was the limit)/m);
    assert(stdout.trimEnd().split("\n").length <= 14, stdout);
  },
});

Deno.test({
  name: "under-load reports what an interrupt leaves",
  timeout: TIMEOUT_MS,
  async fn() {
    await using far = await agent();
    const args = [...far.args, ...far.reflector, "--quick", "--ndjson"];
    await using run = new ProgramHere(
      script("under_load", [...args, "--stable", "--phases", "download"]),
    );
    await run.heard(/"event":"phase"/);
    run.interrupt();
    const { code, stdout, stderr } = await run.ended();
    assertEquals(code, 0, stderr);
    const { data } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    assertEquals(data.ended, "interrupted");
    assertEquals(data.phases[0].name, "idle");
  },
});

Deno.test({
  name: "under-load rejects what it does not measure",
  async fn() {
    const cases: [string[], RegExp][] = [
      [["--fail-if", "p99>5ms"], /a run under load has increase/],
      [
        ["--phases", "download,sideways"],
        /--phases is a list of at most 9 of download/,
      ],
      [["--udp", "fast"], /--udp is a rate/],
      [["--time", "10s", "-i", "1ms"], /at most 8000 probes/],
      [["--ramp", "--udp", "1M"], /--ramp needs TCP/],
      [["--fail-if", "grade>G"], /a grade from A\+ to F/],
    ];
    for (const [args, complaint] of cases) {
      const { code, stderr } = await runHere(
        "under_load",
        "127.0.0.1",
        ...args,
      );
      assertEquals(code, 2);
      assertMatch(stderr, complaint);
    }
  },
});
