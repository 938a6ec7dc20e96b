import { assert, assertEquals } from "@std/assert";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { newSample } from "../../lib/stats/sample.ts";
import {
  liveOf,
  type OutputForm,
  type OutputOptions,
  plotStyle,
} from "../../lib/terminal/output_options.ts";
import { keptTerminal } from "./sinks.ts";

function output(
  form: OutputForm,
  isPerson: boolean,
  quiet = false,
): { output: OutputOptions; talk: () => string } {
  const { terminal, stderr } = keptTerminal(isPerson);
  return {
    output: { form, plots: "ascii", quiet, terminal },
    talk: () => stderr.text,
  };
}

/** What a person sees after one sample. */
function seen(form: OutputForm, isPerson: boolean, quiet = false): string {
  const { output: shown, talk } = output(form, isPerson, quiet);
  const builder = new ResultBuilder({
    protocol: "measure",
    mode: "rtt",
    target: "127.0.0.1:10000",
    sizeBytes: 100,
    intervalMs: 0,
    options: { given: {}, used: {} },
  });
  const sample = { ...newSample(1, false, 0), rttMs: 0.05 };
  builder.add(sample);
  liveOf(shown, 10, "the title")(sample, builder);
  return talk();
}

Deno.test({
  name: "plotStyle() has colours for a person alone, and ASCII where asked",
  permissions: "none",
  fn() {
    const pipe = plotStyle(output("table", false).output);
    assertEquals([pipe.ascii, pipe.color], [true, false]);
    const { output: shown } = output("table", true);
    assertEquals(plotStyle(shown).color, !Deno.noColor);
    assertEquals(plotStyle({ ...shown, plots: "unicode" }).ascii, false);
  },
});

Deno.test({
  name: "liveOf() shows the figures to a person, below the title",
  permissions: "none",
  fn() {
    for (const form of ["table", "json"] as const) {
      const text = seen(form, true);
      assert(text.includes("the title\n"), text);
      assert(text.includes("1 of 10"), text);
      assert(text.includes("last 50.0 us"), text);
    }
  },
});

Deno.test({
  name: "liveOf() is silent in a pipe, when quiet, and where rows are shown",
  permissions: "none",
  fn() {
    assertEquals(seen("table", false), "");
    assertEquals(seen("table", true, true), "");
    assertEquals(seen("csv", true), "");
    assertEquals(seen("ndjson", true), "");
  },
});
