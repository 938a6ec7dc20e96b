import { assert, assertEquals } from "@std/assert";
import { labelOf } from "../../lib/result/run_metadata.ts";
import type { Section } from "../../lib/result/section.ts";
import { sectionReporterOf } from "../../lib/terminal/section_reporter.ts";
import type { OutputForm, Plots } from "../../lib/terminal/output_options.ts";
import { keptTerminal } from "./sinks.ts";

const SECTION: Section = {
  title: "Bars",
  table: { columns: [{ name: "one" }], rows: [{ name: "row", values: [1] }] },
  charts: [{
    kind: "bars",
    title: "How long",
    value: { label: "wait", unit: "us" },
    names: ["a"],
    series: [{ name: "s", values: [41] }],
  }],
  sentences: ["It took 41 us."],
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
  const label = labelOf({
    mode: "compare",
    target: "127.0.0.1",
    started: new Date(0),
    options: { given: {}, used: {} },
  });
  reporter.start(label);
  reporter.part("part 1 of 2: bars");
  reporter.section(SECTION);
  reporter.part("part 2 of 2: bars");
  reporter.section({ ...SECTION, title: "Bars again" });
  const result = { ...label, sections: [SECTION], notes: ["a note"] };
  reporter.end(result);
  return { text: stdout.text, talk: stderr.text, result };
}

Deno.test({
  name: "sectionReporterOf() prints sections apart, and the notes",
  permissions: "none",
  fn() {
    const { text, talk } = printed("table", { plots: "none" });
    assertEquals(
      text,
      [
        "Bars\n       one\n  row    1\n\nIt took 41 us.\n",
        "Bars again\n       one\n  row    1\n\nIt took 41 us.\n",
        "note: a note\n",
      ].join("\n"),
    );
    assertEquals(talk, "");
    assert(printed("table").text.includes("How long\na █"));
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
      ["start", "section", "section", "end"],
    );
    assertEquals(events[1].data, SECTION);
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
