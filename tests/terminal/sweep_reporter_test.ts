import { assert, assertEquals, assertMatch } from "@std/assert";
import { runMetadata } from "../../lib/result/run_metadata.ts";
import type {
  SweepCurve,
  SweepPoint,
  SweepResult,
} from "../../lib/result/schema.ts";
import {
  addPoint,
  type SweepStep,
  sweepSteps,
} from "../../lib/result/sweep.ts";
import type { OutputForm, Plots } from "../../lib/terminal/output_options.ts";
import { sweepReporterOf } from "../../lib/terminal/sweep_reporter.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { keptTerminal } from "./sinks.ts";

const STEPS = sweepSteps({
  sizesBytes: { rtt: [1, 100], tput: [1024] },
  delaysMs: [0, 50],
  sizeBytes: { rtt: 100, tput: 1024 },
});

/** A point that was measured. */
function measured(step: SweepStep): SweepPoint {
  const histogram = new Histogram();
  histogram.record(step.sizeBytes + 10);
  return {
    ...pointOf(step),
    rtt_us: histogram.distribution(),
    error: null,
  };
}

/** A point that failed. */
function pointOf(step: SweepStep): SweepPoint {
  return {
    size_bytes: step.sizeBytes,
    delay_ms: step.delayMs,
    probes: { sent: 0, received: 0, lost: 0, warmup: 0 },
    rtt_us: null,
    error: "nothing, really",
  };
}

/** Everything that is printed of a sweep, whose points all fail unless said. */
function printed(
  form: OutputForm,
  plots: Plots = "unicode",
  notes = ["a note"],
  at: (step: SweepStep) => SweepPoint = pointOf,
) {
  const { terminal, stdout, stderr } = keptTerminal();
  const reporter = sweepReporterOf(
    { form, plots, quiet: false, terminal },
    10,
    STEPS.length,
  );
  const metadata = {
    ...runMetadata({
      mode: "sweep",
      target: "127.0.0.1:10000",
      started: new Date(0),
      options: { given: {}, used: {} },
    }),
    protocol: "measure" as const,
  };
  const curves: SweepCurve[] = [];
  reporter.start("the title", metadata);
  for (const step of STEPS) {
    reporter.step(step);
    addPoint(curves, step, at(step));
    reporter.point(step, at(step));
  }
  const result: SweepResult = {
    ...metadata,
    curves,
    notes,
  };
  reporter.end(result);
  assertEquals(stderr.text, "");
  return { text: stdout.text, result };
}

Deno.test({
  name: "sweepReporterOf() prints a table for each curve, and the notes",
  permissions: "none",
  fn() {
    const { text } = printed("table");
    assertMatch(text, /^the title\n\nRTT against size\n/);
    assertEquals(text.match(/^(RTT|Throughput) against (size|delay)$/gm), [
      "RTT against size",
      "Throughput against size",
      "RTT against delay",
      "Throughput against delay",
    ]);
    assert(text.endsWith("\n\nnote: a note\n"));
    assert(!text.includes("\n\n\n"));
  },
});

Deno.test({
  name: "sweepReporterOf() draws as it is told to, or not at all",
  permissions: "none",
  fn() {
    // deno-lint-ignore no-control-regex
    assert(/^[\x00-\x7f]*$/.test(printed("table", "ascii").text));
    const text = (plots: Plots) => printed("table", plots, [], measured).text;
    assert(!text("none").includes(", median, by "));
    assert(text("unicode").includes(", median, by "));
  },
});

Deno.test({
  name:
    "sweepReporterOf() prints the same result as JSON and as the last event",
  permissions: "none",
  fn() {
    const { text, result } = printed("json");
    assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(result)));
    const events = printed("ndjson").text.trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(
      events.map(({ event }) => event),
      ["start", ...STEPS.map(() => "point"), "end"],
    );
    assertEquals(events.at(-1).data, JSON.parse(text));
    const points = events.slice(1, -1).map(({ data }) => data);
    assertEquals(
      points.map(({ quantity, against }) => `${quantity} ${against}`),
      STEPS.map(({ quantity, against }) => `${quantity} ${against}`),
    );
  },
});

Deno.test({
  name: "sweepReporterOf() prints a row of CSV a point, and nothing else",
  permissions: "none",
  fn() {
    const rows = printed("csv").text.trimEnd().split("\n");
    assertEquals(rows.length, 1 + STEPS.length);
    assertEquals(rows[1], 'rtt,size,1,0,0,0,,,,,,,,,,,,"nothing, really"');
  },
});

Deno.test({
  name: "sweepReporterOf() prints a note as it prints a sentence",
  permissions: "none",
  fn() {
    const said = `tolerated: the reply "\u009b2J${"very ".repeat(30)}long"`;
    const { text } = printed("table", "ascii", [said]);
    assert(/^[\n\x20-\x7e]*$/.test(text), "there is a control character");
    for (const line of text.split("\n")) assert(line.length <= 80, line);
    assert(text.replaceAll(/\s+/g, " ").includes("note: tolerated: the reply"));
  },
});
