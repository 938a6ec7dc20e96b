/**
 * How a run is shown: the options, and what they mean together.
 *
 * @module
 */

import type {
  OutputForm,
  OutputOptions,
  Plots,
} from "../terminal/output_options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { OptionTable } from "./options.ts";
import { UsageError } from "./options.ts";

/** The options that say so. */
export const OUTPUT_OPTIONS = {
  json: {
    kind: "flag",
    short: "J",
    help: "print one JSON object at the end",
  },
  ndjson: { kind: "flag", help: "print one JSON event a line as it happens" },
  csv: { kind: "flag", help: "print one row of CSV a probe, or a point" },
  plots: {
    kind: "choice",
    choices: ["unicode", "ascii", "none"],
    default: "unicode",
    help: "how to draw beside the table",
  },
  quiet: { kind: "flag", short: "q", help: "show no progress" },
} as const satisfies OptionTable;

/**
 * How a run is to be shown.
 *
 * @param options The values of {@linkcode OUTPUT_OPTIONS}.
 * @param terminal Where to write.
 * @returns The table unless another form is asked for.
 * @throws {UsageError} If more than one form is asked for.
 */
export function outputOptions(
  options: {
    json: boolean;
    ndjson: boolean;
    csv?: boolean;
    plots: Plots;
    quiet: boolean;
  },
  terminal: Terminal,
): OutputOptions {
  const forms = (["json", "ndjson", "csv"] as const)
    .filter((form) => options[form]);
  if (forms.length > 1) {
    throw new UsageError(
      `choose one of ${forms.map((form) => `--${form}`).join(" and ")}`,
    );
  }
  const form: OutputForm = forms[0] ?? "table";
  return { form, plots: options.plots, quiet: options.quiet, terminal };
}
