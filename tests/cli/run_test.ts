import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { RunError } from "../../lib/cli/context.ts";
import { UsageError } from "../../lib/cli/options.ts";
import type { CompareResult } from "../../lib/result/compare_schema.ts";
import type {
  MeasurementResult,
  Result,
  SweepResult,
} from "../../lib/result/schema.ts";
import { parseThreshold } from "../../lib/result/thresholds.ts";
import { ScratchFolder } from "../scratch.ts";
import { comparison, measurement, PROBES, ran, STEPS, sweep } from "./runs.ts";

const REFUSED = new RunError("Cannot connect");

function refuse(): never {
  throw REFUSED;
}

function pointsOf(result: Result) {
  return (result as SweepResult).curves.flatMap(({ points }) => points);
}

/** Each kind of run, the event of its parts, and how many it has. */
const KINDS = [
  [measurement, "sample", PROBES],
  [sweep, "point", STEPS.length],
  [() => comparison(() => {}, () => {}), "experiment", 2],
] as const;

Deno.test({
  name: "run() prints the same result as JSON and as the last event",
  permissions: "none",
  async fn() {
    for (const [kind, part, count] of KINDS) {
      const { outcome, json, stderr } = await ran(kind(), { json: true });
      assertEquals([outcome, stderr, json.ended], [0, "", "complete"]);
      const { events } = await ran(kind(), { ndjson: true });
      assertEquals(
        events.map(({ event }) => event),
        ["start", ...Array(count).fill(part), "end"],
      );
      const { data } = events.at(-1)!;
      assertEquals(Object.keys(data as object), Object.keys(json));
    }
  },
});

Deno.test({
  name: "run() prints text: the title, and sections as they are complete",
  permissions: "none",
  async fn() {
    for (const [kind] of KINDS) {
      const { outcome, stdout, stderr } = await ran(kind());
      assertEquals([outcome, stderr], [0, ""]);
      assert(!stdout.includes("\n\n\n"), stdout);
    }
    const { stdout } = await ran(sweep());
    assert(stdout.startsWith("the title\n\nRTT against size\n"), stdout);
    assertEquals(
      stdout.match(/^(RTT|Throughput) against \w+$/gm)?.length,
      4,
    );
    assert(stdout.endsWith("\n\nnote: noted\n"), stdout);
    // The third curve is complete before the fourth fails.
    const cut = await ran(sweep((_number, step) => {
      if (step?.against === "delay" && step.quantity === "tput") refuse();
    }));
    assertStringIncludes(cut.stdout, "RTT against delay");
    assertEquals(cut.outcome, 1);
  },
});

Deno.test({
  name: "run() prints a row of CSV for each sample or point",
  permissions: "none",
  async fn() {
    for (const [kind, _part, count] of KINDS.slice(0, 2)) {
      const { stdout } = await ran(kind(), { csv: true });
      const [header, ...rows] = stdout.trimEnd().split("\n");
      assertEquals(rows.length, count);
      assert(header!.endsWith(",time,target,run"));
      const time = String.raw`[\d-]{10}T[\d:.]{12}Z`;
      for (const row of rows) {
        assertEquals(row.split(",").length, header!.split(",").length);
        assertMatch(row, new RegExp(`,${time},127.0.0.1:10000,${time}$`));
      }
    }
  },
});

Deno.test({
  name: "run() draws in ASCII or not at all where asked",
  permissions: "none",
  async fn() {
    const text = async (plots: "unicode" | "ascii" | "none") =>
      (await ran(measurement(), { plots })).stdout;
    assertStringIncludes(await text("unicode"), "█");
    // deno-lint-ignore no-control-regex
    assert(/^[\x00-\x7f]*$/.test(await text("ascii")));
    assert(!/[█#]/.test(await text("none")));
  },
});

Deno.test({
  name: "run() reports what was measured before a failure, with the error",
  permissions: "none",
  async fn() {
    const failing = () =>
      measurement((number) => {
        if (number === 3) refuse();
      });
    const { outcome, json } = await ran(failing(), { json: true });
    assertStrictEquals(outcome, REFUSED);
    const { ended, error, probes, quality } = json as MeasurementResult;
    assertEquals([ended, error], ["failed", "Cannot connect"]);
    assertEquals(probes.sent, 2);
    assertEquals(quality.notes, ["the run ended early, after 2 of 3 probes"]);
    const { events } = await ran(failing(), { ndjson: true });
    assertEquals(
      events.map(({ event }) => event),
      "start sample sample error end".split(" "),
    );
    assertStringIncludes((await ran(failing())).stdout, "2 probes sent");
  },
});

Deno.test({
  name: "run() prints only the title of a run that fails at once",
  permissions: "none",
  async fn() {
    for (const kind of [measurement(refuse), sweep(refuse)]) {
      const { outcome, stdout } = await ran(kind);
      assertEquals([outcome, stdout], [REFUSED, "the title\n"]);
    }
    const { json } = await ran(sweep(refuse), { json: true });
    const { ended, error, curves, notes } = json as SweepResult;
    assertEquals([ended, error], ["failed", "Cannot connect"]);
    assertEquals([curves, notes], [[], ["noted"]]);
  },
});

Deno.test({
  name: "run() reports why a run could not be prepared, but no misuse",
  permissions: "none",
  async fn() {
    const { outcome, json } = await ran(refuse, { json: true });
    assertStrictEquals(outcome, REFUSED);
    assertEquals<unknown>(json, {
      tool: "roundtrip",
      ended: "failed",
      error: "Cannot connect",
    });
    assertEquals((await ran(refuse, { ndjson: true })).events, [
      { event: "error", data: { message: "Cannot connect" } },
    ]);
    const misuse = await ran(() => {
      throw new UsageError("no");
    }, { json: true });
    assert(misuse.outcome instanceof UsageError);
    assertEquals(misuse.stdout, "");
  },
});

Deno.test({
  name: "run() reports what was measured before an interrupt",
  permissions: "none",
  async fn() {
    const cases: [
      (stop: AbortController) => Parameters<typeof ran>[0],
      number,
      string,
    ][] = [
      [
        (stop) => measurement((number) => number === 3 ? stop.abort() : void 0),
        2,
        "the run was interrupted, after 2 of 3 probes",
      ],
      [
        (stop) =>
          sweep((number, step) =>
            step?.against === "delay" && number === 2 ? stop.abort() : void 0
          ),
        7,
        "the run was interrupted, after 10 of 21 sessions",
      ],
      [
        (stop) => comparison(() => {}, () => stop.abort(), () => {}),
        1,
        "the run was interrupted, after 1 of 3 experiments",
      ],
      [
        (stop) =>
          comparison(() => {}, () => {
            stop.abort();
            refuse();
          }),
        1,
        "the run was interrupted, after 1 of 2 experiments",
      ],
    ];
    for (const [kind, count, note] of cases) {
      const stop = new AbortController();
      const { outcome, json } = await ran(kind(stop), { json: true }, { stop });
      assertEquals([outcome, json.ended], [0, "interrupted"]);
      const notes = "quality" in json ? json.quality.notes : json.notes;
      assert(notes.includes(note), notes.join());
      const done = "probes" in json
        ? json.probes.sent
        : "curves" in json
        ? pointsOf(json).length
        : "experiments" in json
        ? json.experiments.length
        : NaN;
      assertEquals(done, count);
    }
  },
});

Deno.test({
  name: "run() fails if it is interrupted before anything was measured",
  permissions: "none",
  async fn() {
    const reason = new RunError("Interrupted");
    for (
      const kind of [
        (stop: AbortController) => measurement(() => stop.abort(reason)),
        (stop: AbortController) => sweep(() => stop.abort(reason)),
        (stop: AbortController) => comparison(() => stop.abort(reason)),
      ]
    ) {
      const stop = new AbortController();
      const { outcome, json } = await ran(kind(stop), { json: true }, { stop });
      assertStrictEquals(outcome, reason);
      assertEquals([json.ended, json.error], ["interrupted", "Interrupted"]);
    }
  },
});

Deno.test({
  name: "run() goes on after a point or an experiment that failed",
  permissions: "none",
  async fn() {
    const points = await ran(
      sweep((number, step) =>
        step?.sizeBytes === 1024 && number === 2 ? refuse() : undefined
      ),
      { json: true },
    );
    assertEquals(points.outcome, 1);
    assertEquals(points.stderr, "3 of 7 points failed\n");
    const failed = pointsOf(points.json).filter(({ error }) => error !== null);
    assertEquals(failed.map(({ error, probes }) => [error, probes.received]), [
      ["Cannot connect", 1],
      ["Cannot connect", 1],
      ["Cannot connect", 1],
    ]);

    const experiments = await ran(
      comparison(refuse, () => {
        throw new Deno.errors.ConnectionReset("os error 104");
      }, () => {}),
      { json: true },
    );
    assertEquals(experiments.outcome, 1);
    assertEquals(experiments.stderr, "2 of 3 experiments failed\n");
    const [one, two, three] = (experiments.json as CompareResult).experiments;
    assertEquals([one!.error, three!.error], ["Cannot connect", null]);
    assertStringIncludes(two!.error!, "the peer reset the connection");
  },
});

Deno.test({
  name: "run() fails if no probe is answered",
  permissions: "none",
  async fn() {
    const { outcome, stdout } = await ran(measurement(() => "lost"));
    assert(outcome instanceof RunError);
    assertStringIncludes(outcome.message, "no probe was answered");
    assertStringIncludes(stdout, "3 probes sent, 0 received, 3 lost (100 %)");
  },
});

Deno.test({
  name: "run() exits with 3 where a threshold is crossed, and names it",
  permissions: "none",
  async fn() {
    for (const [rule, code] of [["p50>10us", 3], ["p50>1s", 0]] as const) {
      const judged = measurement(() => {}, undefined, [parseThreshold(rule)]);
      const { outcome, stderr } = await ran(judged);
      assertEquals(outcome, code);
      assertEquals(stderr.startsWith(`crossed ${rule}: rtt.p50 `), code === 3);
      const { json } = await ran(judged, { json: true });
      assertEquals("limits" in json && json.limits, [{
        rule,
        figure: "rtt.p50",
        value: 50,
        unit: "us",
        crossed: code === 3,
      }]);
    }
  },
});

Deno.test({
  name: "run() shows progress to a person, unless quiet or where rows scroll",
  permissions: "none",
  async fn() {
    const person = { isPerson: true };
    const seen = async (
      kind: Parameters<typeof ran>[0],
      output: Parameters<typeof ran>[1],
    ) => (await ran(kind, output, person)).stderr;
    assertStringIncludes(await seen(measurement(), {}), "1 of 3");
    assertStringIncludes(await seen(sweep(), { json: true }), "point 1 of 7:");
    assertStringIncludes(
      await seen(comparison(() => {}), {}),
      "experiment 1 of 1:",
    );
    for (const output of [{ quiet: true }, { csv: true }, { ndjson: true }]) {
      assertEquals(await seen(measurement(), output), "");
    }
    assertEquals((await ran(measurement())).stderr, "");
  },
});

Deno.test({
  name: "run() writes percentiles to a file, and checks its path first",
  async fn() {
    using folder = new ScratchFolder();
    const path = `${folder.path}/rtt.hgrm`;
    assertEquals((await ran(measurement(() => {}, path))).outcome, 0);
    assertStringIncludes(await Deno.readTextFile(path), "Percentile");
    let probes = 0;
    const count = () => void probes++;
    const { outcome } = await ran(measurement(count, `${path}/none`));
    assert(outcome instanceof RunError);
    assertEquals(probes, 0);
  },
});

Deno.test({
  name: "run() prints its progress off a terminal every --report-every",
  permissions: "none",
  async fn() {
    const output = { reportEvery: 0, csv: true }; // after each probe
    assertMatch(
      (await ran(measurement(), output)).stderr,
      /^33 % {2}1 of 3 .* p50 50\.0 us .*\n66 % {2}2 of 3 .*\n100 % {2}3 of 3 /,
    );
    assertEquals(
      (await ran(measurement(), { ...output, quiet: true })).stderr,
      "",
    );
  },
});

Deno.test({
  name: "run() escapes what an error quotes from a peer, also in CSV",
  permissions: "none",
  async fn() {
    const hostile = () => {
      throw new RunError('Expected "a", received "\u202e\x9b"');
    };
    const { stdout } = await ran(
      sweep((_number, step) => step?.sizeBytes === 1024 ? hostile() : void 0),
      { csv: true },
    );
    assertStringIncludes(stdout, String.raw`""\u202e\x9b""`);
  },
});
