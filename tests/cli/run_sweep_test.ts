import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../../lib/cli/context.ts";
import { runSweep } from "../../lib/cli/run_sweep.ts";
import { runMetadata } from "../../lib/result/run_metadata.ts";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { newSample, type Sample } from "../../lib/stats/sample.ts";
import type { SweepResult } from "../../lib/result/schema.ts";
import { type SweepStep, sweepSteps } from "../../lib/result/sweep.ts";
import { sweepReporterOf } from "../../lib/terminal/sweep_reporter.ts";
import { keptTerminal } from "../terminal/sinks.ts";

const STEPS = sweepSteps({
  sizesBytes: { rtt: [1, 100], tput: [1024] },
  delaysMs: [0, 50],
  sizeBytes: { rtt: 100, tput: 1024 },
});

const METADATA = {
  ...runMetadata({
    mode: "sweep",
    target: "127.0.0.1:10000",
    started: new Date(0),
    options: { given: {}, used: {} },
  }),
  protocol: "measure" as const,
};

/** Runs a sweep of points of so many probes; a probe may throw. */
async function swept(
  probe: (step: SweepStep, number: number) => void,
  stop = new AbortController(),
) {
  const { terminal, stdout, stderr } = keptTerminal();
  const output = {
    form: "json",
    plots: "none",
    quiet: true,
    terminal,
  } as const;
  const code = await runSweep({
    metadata: METADATA,
    steps: STEPS,
    warmUp: () => samples(STEPS[0]!),
    measure: (step) => {
      const builder = new ResultBuilder({
        protocol: "measure",
        mode: step.quantity,
        target: METADATA.target,
        sizeBytes: step.sizeBytes,
        intervalMs: 0,
        options: METADATA.options,
      });
      return { builder, samples: samples(step) };
    },
    notes: new Set(["noted"]),
    reporter: sweepReporterOf(output, 3, STEPS.length),
    signal: stop.signal,
    terminal,
  });
  const result: SweepResult = JSON.parse(stdout.text);
  const points = result.curves.flatMap(({ points }) => points);
  return { code, result, points, talk: stderr.text };

  async function* samples(step: SweepStep): AsyncGenerator<Sample> {
    for (let number = 1; number <= 3; number++) {
      probe(step, number);
      await Promise.resolve();
      if (stop.signal.aborted) return;
      yield { ...newSample(number, false, number), rttMs: 0.05 };
    }
  }
}

Deno.test({
  name: "runSweep() measures every step, in order",
  permissions: "none",
  async fn() {
    const { code, result, points, talk } = await swept(() => {});
    assertEquals({ code, talk }, { code: 0, talk: "" });
    assertEquals(points.length, STEPS.length);
    assertEquals(
      result.curves.map(({ quantity, against, points }) => [
        quantity,
        against,
        points.length,
      ]),
      [["rtt", "size", 2], ["tput", "size", 1], ["rtt", "delay", 2], [
        "tput",
        "delay",
        2,
      ]],
    );
    assertEquals(result.notes, ["noted"]);
    assert(points.every(({ error, rtt_us }) => error === null && rtt_us));
  },
});

Deno.test({
  name: "runSweep() goes on where a point fails, and says how many did",
  permissions: "none",
  async fn() {
    const { code, points, talk } = await swept(({ sizeBytes }, number) => {
      if (sizeBytes === 1024 && number === 2) throw new Error("too large");
    });
    assertEquals(code, 1);
    assertEquals(talk, "3 of 7 points failed\n");
    const failed = points.filter(({ error }) => error !== null);
    assertEquals(failed.map(({ size_bytes }) => size_bytes), [
      1024,
      1024,
      1024,
    ]);
    assertEquals(failed[0]!.error, "too large");
    // What was measured before is kept.
    assertEquals(failed[0]!.probes.received, 1);
  },
});

Deno.test({
  name: "runSweep() fails at once if there is no server from the first",
  permissions: "none",
  async fn() {
    await assertRejects(
      () =>
        swept(() => {
          throw new RunError("Cannot connect");
        }),
      RunError,
      "Cannot connect",
    );
  },
});

Deno.test({
  name: "runSweep() goes on where the server goes away later",
  permissions: "none",
  async fn() {
    let probes = 0;
    const { code, points, talk } = await swept(() => {
      if (++probes > 6) throw new RunError("Cannot connect");
    });
    assertEquals(code, 1);
    assertEquals(talk, "6 of 7 points failed\n");
    assertEquals(points.length, 7);
    assertEquals(points[6]!.error, "Cannot connect");
  },
});

Deno.test({
  name: "runSweep() shows the whole points of a run that was interrupted",
  permissions: "none",
  async fn() {
    const stop = new AbortController();
    const { code, points, result, talk } = await swept(
      ({ against }, number) => {
        if (against === "delay" && number === 2) stop.abort();
      },
      stop,
    );
    assertEquals({ code, talk }, { code: 0, talk: "" });
    assertEquals(points.length, 3);
    assertEquals(result.notes, [
      "noted",
      "the run was interrupted, after 3 of 7 points",
    ]);
  },
});

Deno.test({
  name: "runSweep() has nothing to show of a run interrupted at once",
  permissions: "none",
  async fn() {
    const stop = new AbortController();
    const reason = new RunError("Interrupted");
    await assertRejects(
      () => swept(() => stop.abort(reason), stop),
      RunError,
      "Interrupted",
    );
  },
});
