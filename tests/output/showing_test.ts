import { assert, assertEquals } from "@std/assert";
import { ResultBuilder } from "../../lib/measure/result_builder.ts";
import { newSample } from "../../lib/measure/sample.ts";
import {
  liveOf,
  type OutputForm,
  plotStyle,
  type Showing,
} from "../../lib/output/showing.ts";
import { keptTerminal } from "./sinks.ts";

function showing(
  form: OutputForm,
  isPerson: boolean,
  quiet = false,
): { showing: Showing; talk: () => string } {
  const { terminal, stderr } = keptTerminal(isPerson);
  return {
    showing: { form, plots: "ascii", quiet, terminal },
    talk: () => stderr.text,
  };
}

/** What a person sees after one sample. */
function seen(form: OutputForm, isPerson: boolean, quiet = false): string {
  const { showing: shown, talk } = showing(form, isPerson, quiet);
  const builder = new ResultBuilder({
    protocol: "course",
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
    const pipe = plotStyle(showing("table", false).showing);
    assertEquals([pipe.ascii, pipe.color], [true, false]);
    const { showing: shown } = showing("table", true);
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
