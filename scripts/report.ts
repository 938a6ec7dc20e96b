#!/usr/bin/env -S deno run --no-lock --allow-read --allow-write=.
/**
 * Report: makes a page with charts from results, to look at, to print and to
 * send. It is one HTML file that loads nothing and runs no script.
 *
 * Permission: --allow-read, for the results; --allow-write=., to write the page
 *             here or below. The task also names a lock file of its own, for the
 *             libraries that draw
 *
 *     $ deno task -q measure-client rtt 127.0.0.1 -n 1000 --json > rtt.json
 *     $ deno task report rtt.json -o report.html
 *     wrote report.html, 67 KB
 *
 *     $ deno task report before.json after.ndjson -o report.html
 *
 * @module
 */

import { withContext } from "../lib/cli/context.ts";
import { UsageError } from "../lib/cli/options.ts";
import { defineProgram, type ProgramIo, runMain } from "../lib/cli/run_main.ts";

import { fileNames, type NamedFile, reportPage } from "../lib/report/page.ts";
import { readResult } from "../lib/report/result_file.ts";

/** Stands for standard input. */
const STDIN = "-";
/** More cannot be told apart in a chart. */
const MOST_FILES = 20;

const program = defineProgram({
  name: "report",
  summary: "Makes an HTML page with charts from results.",
  operands: "RESULT...",
  details: [
    "RESULT is a file that measure-client, stamp-client or compare wrote with --json or --ndjson, or - for standard input. Results of the same kind are shown side by side. Of an --ndjson file that ends early, what is in it is shown.",
    "The page is one file that loads nothing and runs no script. Without --output it goes to standard output.",
  ],
  options: {
    output: {
      kind: "text",
      short: "o",
      placeholder: "FILE",
      help: "write the page to this file",
    },
  },
  examples: [
    "result.json -o report.html",
    "before.json after.json -o report.html",
  ],
});

/** Makes one page; gives the exit code. */
export function main(args: string[], io?: ProgramIo): Promise<number> {
  return runMain(program, args, io, async (run) => {
    const { options: { output }, operands: paths, signal, terminal } = run;
    refuseMisuse(paths, output);
    if (output === undefined && terminal.isTerminal) {
      throw new UsageError(
        "say where to write the page, as in --output report.html",
      );
    }

    const names = fileNames(paths);
    const files: NamedFile[] = [];
    for (const [index, path] of paths.entries()) {
      const name = names[index]!;
      const read = await withContext(
        path === STDIN ? `read ${name}` : { action: "read", read: path },
        async () => {
          const chunks = path === STDIN
            ? Deno.stdin.readable
            : (await Deno.open(path)).readable;
          return readResult(
            chunks.pipeThrough(new TransformStream(), { signal }),
          );
        },
      );
      files.push({ name, ...read });
    }

    const page = new TextEncoder().encode(reportPage(files));
    if (output === undefined) {
      terminal.write(page);
      return 0;
    }
    await withContext(
      { action: "write", write: output },
      () => Deno.writeFile(output, page),
    );
    terminal.info(`wrote ${output}, ${Math.ceil(page.length / 1000)} KB`);
    return 0;
  });
}

function refuseMisuse(paths: string[], output: string | undefined): void {
  if (paths.length === 0) {
    throw new UsageError("name a result, as in result.json: see --help");
  }
  if (output !== undefined && paths.some((path) => isSameFile(path, output))) {
    throw new UsageError(
      `--output ${output} is a result; write the page to another file`,
    );
  }
  if (paths.length > MOST_FILES) {
    throw new UsageError(
      `${MOST_FILES} results at most make a page, not ${paths.length}`,
    );
  }
  if (paths.filter((path) => path === STDIN).length > 1) {
    throw new UsageError(`${STDIN} is standard input, which is read only once`);
  }
}

function isSameFile(path: string, output: string): boolean {
  try {
    return Deno.realPathSync(path) === Deno.realPathSync(output);
  } catch { // one of them is not there
    return false;
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
