import { assert, assertEquals } from "@std/assert";
import { runMetadata } from "../../lib/result/run_metadata.ts";
import type { Experiment } from "../../lib/result/compare_schema.ts";
import { sectionReporterOf } from "../../lib/terminal/section_reporter.ts";
import type { OutputForm, Plots } from "../../lib/terminal/output_options.ts";
import { keptTerminal } from "./sinks.ts";

const SIDE = { sent_bytes: [1], received_bytes: [1] };
const EXPERIMENT: Experiment = {
  name: "boundaries",
  where: "on loopback",
  error: null,
  figures: { tcp: SIDE, udp: SIDE },
};
const BARS: Experiment = {
  name: "concurrency",
  where: "on loopback",
  error: null,
  figures: { delay_ms: 0, iterative_us: [41], concurrent_us: [41] },
};

function printed(
  form: OutputForm,
  { plots = "unicode", quiet = false, isPerson = false }: {
    plots?: Plots;
    quiet?: boolean;
    isPerson?: boolean;
  } = {},
) {
  const { terminal, stdout, stderr } = keptTerminal(isPerson);
  const reporter = sectionReporterOf({ form, plots, quiet, terminal });
  const metadata = runMetadata({
    mode: "compare",
    target: "127.0.0.1",
    started: new Date(0),
    options: { given: {}, used: {} },
  });
  reporter.start(metadata);
  reporter.part("part 1 of 2: bars");
  reporter.experiment(EXPERIMENT);
  reporter.part("part 2 of 2: bars");
  reporter.experiment(BARS);
  const result = { ...metadata, experiments: [EXPERIMENT], notes: ["a note"] };
  reporter.end(result);
  return { text: stdout.text, talk: stderr.text, result };
}

Deno.test({
  name: "sectionReporterOf() prints sections apart, and the notes",
  permissions: "none",
  fn() {
    const { text, talk } = printed("table", { plots: "none" });
    const blocks = text.trimEnd().split("\n\n").map((block) =>
      block.split("\n")[0]!.split(":")[0]
    );
    assertEquals(blocks.filter((start) => /^[A-Zn]/.test(start!)), [
      "Message boundaries, on loopback",
      "TCP",
      "Iterative and concurrent server, 1 client, 0 ms each, on loopback",
      "One client, or no delay, does not tell the two servers apart.",
      "note",
    ]);
    assertEquals(talk, "");
    assert(printed("table").text.includes("█"));
    // deno-lint-ignore no-control-regex
    assert(/^[\x00-\x7f]*$/.test(printed("table", { plots: "ascii" }).text));
  },
});

Deno.test({
  name:
    "sectionReporterOf() prints the same result as JSON and as the last event",
  permissions: "none",
  fn() {
    const { text, result } = printed("json");
    assertEquals(JSON.parse(text), result);
    const events = printed("ndjson").text.trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(
      events.map(({ event }) => event),
      ["start", "experiment", "experiment", "end"],
    );
    assertEquals(events[1].data, EXPERIMENT);
    assertEquals(events[3].data, result);
  },
});

Deno.test({
  name:
    "sectionReporterOf() tells a person which part is under way, if asked to",
  permissions: "none",
  fn() {
    const { talk } = printed("json", { isPerson: true });
    assert(talk.includes("part 1 of 2: bars"));
    assertEquals(printed("json", { isPerson: true, quiet: true }).talk, "");
    assertEquals(printed("json").talk, "");
  },
});
