import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RunError } from "../../lib/cli/context.ts";
import { type Experiment, runParts } from "../../lib/cli/run_parts.ts";
import { labelOf } from "../../lib/result/run_metadata.ts";
import type { CompareResult } from "../../lib/result/compare_result.ts";
import { keptTerminal } from "../terminal/sinks.ts";

const LABEL = labelOf({
  mode: "compare" as const,
  target: "127.0.0.1",
  started: new Date(0),
  options: { given: {}, used: {} },
});

function part(name: string, run: () => void = () => {}): Experiment {
  return {
    name,
    run: async () => {
      await Promise.resolve();
      run();
      return {
        title: name,
        table: { columns: [], rows: [] },
        charts: [],
        sentences: [],
      };
    },
  };
}

async function done(
  parts: Experiment[],
  stop = new AbortController(),
) {
  const { terminal, stdout, stderr } = keptTerminal();
  const code = await runParts(parts, {
    label: LABEL,
    output: { form: "json", plots: "none", quiet: true, terminal },
    signal: stop.signal,
  });
  const result: CompareResult = JSON.parse(stdout.text);
  const titles = result.sections.map(({ title }) => title);
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
    const { code, titles, talk } = await done([part("one"), part("two")]);
    assertEquals({ code, talk }, { code: 0, talk: "" });
    assertEquals(titles, ["one", "two"]);
  },
});

Deno.test({
  name: "runParts() goes on after a part that failed, and says why it did",
  permissions: "none",
  async fn() {
    const { code, result, titles, talk } = await done([
      part("one", fails(new RunError("Cannot connect to nobody"))),
      part("two", fails(new Deno.errors.ConnectionReset("os error 104"))),
      part("three"),
    ]);
    assertEquals(code, 1);
    assertEquals(talk, "2 of 3 parts failed\n");
    assertEquals(titles, ["one", "two", "three"]);
    const [one, two] = result.sections.map(({ sentences }) => sentences[0]!);
    assertEquals(one, "This part failed: Cannot connect to nobody.");
    assertMatch(two!, /^This part failed: the peer reset the connection/);
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
        [part("one"), part("two", interrupt), part("three")],
        stop,
      );
      assertEquals({ code, talk }, { code: 0, talk: "" });
      assertEquals(titles, ["one"]);
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
      () => done([part("one", () => stop.abort(reason))], stop),
      RunError,
      "Interrupted",
    );
  },
});
