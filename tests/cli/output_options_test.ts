import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";
import { OUTPUT_OPTIONS, outputOptions } from "../../lib/cli/output_options.ts";
import { Terminal } from "../../lib/terminal/terminal.ts";

const TERMINAL = new Terminal();

function shown(...args: string[]) {
  const { form, plots, quiet } = outputOptions(
    parseOptions(OUTPUT_OPTIONS, args).options,
    TERMINAL,
  );
  return [form, plots, quiet];
}

Deno.test({
  name: "outputOptions() is a table unless another form is asked for",
  permissions: "none",
  fn() {
    assertEquals(shown(), ["table", "unicode", false]);
    assertEquals(shown("-J", "-q"), ["json", "unicode", true]);
    assertEquals(shown("--ndjson"), ["ndjson", "unicode", false]);
    assertEquals(shown("--csv", "--plots", "none"), ["csv", "none", false]);
    assertEquals(shown("--plots", "ascii"), ["table", "ascii", false]);
  },
});

Deno.test({
  name: "outputOptions() refuses two forms at once, and names them",
  permissions: "none",
  fn() {
    assertThrows(
      () => shown("--csv", "--json"),
      UsageError,
      "choose one of --json and --csv",
    );
    assertThrows(() => shown("--csv", "--json", "--ndjson"), UsageError);
  },
});
