import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RunError } from "../../lib/cli/context.ts";
import { type ExperimentRun, runParts } from "../../lib/cli/run_parts.ts";
import { runMetadata } from "../../lib/result/run_metadata.ts";
import type {
  CompareResult,
  ExperimentName,
} from "../../lib/result/compare_schema.ts";
import { keptTerminal } from "../terminal/sinks.ts";

const METADATA = runMetadata({
  mode: "compare",
  target: "127.0.0.1",
  started: new Date(0),
  options: { given: {}, used: {} },
});

function part(name: ExperimentName, run: () => void = () => {}): ExperimentRun {
  const side = { sent_bytes: [1], received_bytes: [1] };
  return {
    name,
    where: "on loopback",
    run: async () => {
      await Promise.resolve();
      run();
      return { tcp: side, udp: side };
    },
  };
}

async function done(
  parts: ExperimentRun[],
  stop = new AbortController(),
) {
  const { terminal, stdout, stderr } = keptTerminal();
  const code = await runParts(parts, {
    metadata: METADATA,
    output: { form: "json", plots: "none", quiet: true, terminal },
    signal: stop.signal,
  });
  const result: CompareResult = JSON.parse(stdout.text);
  const titles = result.experiments.map(({ name }) => name);
  return { code, result, titles, talk: stderr.text };
}

function fails(error: Error) {
  return () => {
    throw error;
  };
}

Deno.test({
  name: "runParts() runs the parts in order",
  permissions: "none",
  async fn() {
    const { code, titles, talk } = await done([
      part("boundaries"),
      part("nagle"),
    ]);
    assertEquals({ code, talk }, { code: 0, talk: "" });
    assertEquals(titles, ["boundaries", "nagle"]);
  },
});

Deno.test({
  name: "runParts() goes on after a part that failed, and says why it did",
  permissions: "none",
  async fn() {
    const { code, result, titles, talk } = await done([
      part("boundaries", fails(new RunError("Cannot connect to nobody"))),
      part("nagle", fails(new Deno.errors.ConnectionReset("os error 104"))),
      part("first_byte"),
    ]);
    assertEquals(code, 1);
    assertEquals(talk, "2 of 3 parts failed\n");
    assertEquals(titles, ["boundaries", "nagle", "first_byte"]);
    const [one, two] = result.experiments.map(({ error }) => error);
    assertEquals(one, "Cannot connect to nobody");
    assertMatch(two!, /^the peer reset the connection/);
  },
});

Deno.test({
  name: "runParts() shows the parts that were done before an interrupt",
  permissions: "none",
  async fn() {
    for (const end of [() => {}, fails(new Error("aborted"))]) {
      const stop = new AbortController();
      const interrupt = () => {
        stop.abort();
        end();
      };
      const { code, titles, result, talk } = await done(
        [part("boundaries"), part("nagle", interrupt), part("first_byte")],
        stop,
      );
      assertEquals({ code, talk }, { code: 0, talk: "" });
      assertEquals(titles, ["boundaries"]);
      assertEquals(result.notes, [
        "the run was interrupted, after 1 of 3 parts",
      ]);
    }
  },
});

Deno.test({
  name: "runParts() has nothing to show of a run interrupted at once",
  permissions: "none",
  async fn() {
    const stop = new AbortController();
    const reason = new RunError("Interrupted");
    await assertRejects(
      () => done([part("boundaries", () => stop.abort(reason))], stop),
      RunError,
      "Interrupted",
    );
  },
});
