#!/usr/bin/env -S deno run --no-lock --allow-read --allow-write=.
/**
 * Report: makes an HTML page with charts from results, to view, print and send.
 * The page is one file that loads nothing and runs no script.
 *
 * Permission: --allow-read, for the results; --allow-write=., to write the page
 *             to this folder or below. The task also names a lock file of its
 *             own, for the chart library
 *
 *     $ deno task -q measure-client rtt 127.0.0.1 -n 1000 --json > rtt.json
 *     $ deno task report rtt.json -o report.html
 *     wrote report.html, 67 KB
 *
 *     $ deno task report before.json after.ndjson -o report.html
 *
 * @module
 */

import { fstatSync, statSync } from "node:fs";
import { abortable } from "npm:deno-std@^1.4.0/async/abortable.js";
import { withContext } from "../lib/cli/context.ts";
import { UsageError } from "../lib/cli/options.ts";
import { text } from "../lib/cli/option.ts";
import { defineProgram } from "../lib/cli/program.ts";
import { fileNames, type NamedFile, reportPage } from "../lib/report/page.ts";
import type { ReadResult } from "../lib/report/event_replay.ts";
import { readResult } from "../lib/report/read_result.ts";

/** Stands for standard input. */
const STDIN = "-";
/** The maximum number of results; more cannot be told apart in a chart. */
const MAX_FILES = 20;

/** Makes one page, and returns the exit code. */
export const main = defineProgram({
  name: "report",
  summary: "Makes an HTML page with charts from results.",
  operands: "RESULT...",
  details: [
    "RESULT is a file that a measuring program wrote with --json or --ndjson, or - for standard input. Results of the same kind are shown side by side. If an --ndjson file ends early, the page shows what is in it.",
    "The page is one file that loads nothing and runs no script. Without --output it goes to standard output. The task may write to this folder alone; for another place redirect standard output.",
  ],
  options: {
    output: text("FILE", "write the page to this file", { short: "o" }),
  },
  examples: [
    "result.json -o report.html",
    "before.json after.json -o report.html",
  ],
}, async (run) => {
  const { options: { output }, operands: paths, signal, terminal } = run;
  refuseMisuse(paths, output);
  if (output === undefined && terminal.isTerminal) {
    throw new UsageError(
      "a terminal shows no page; name a file, as in --output report.html",
    );
  }

  const names = fileNames(paths);
  const files: NamedFile[] = [];
  for (const [index, path] of paths.entries()) {
    const name = names[index]!;
    const read = await withContext(
      path === STDIN ? `read ${name}` : { action: "read", read: path },
      () => abortable(readFrom(path), signal),
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
    async () => {
      try {
        await Deno.writeFile(output, page);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotCapable)) throw error;
        throw new Error(
          "permission granted for this folder alone; name a file in it, or " +
            `redirect the page: report ${paths.join(" ")} > ${output}`,
        );
      }
    },
  );
  terminal.info(`wrote ${output}, ${Math.ceil(page.length / 1000)} KB`);
  return 0;
});

function refuseMisuse(paths: string[], output: string | undefined): void {
  if (paths.length === 0) {
    throw new UsageError("name a result, as in result.json: see --help");
  }
  if (output !== undefined && paths.some((path) => isSameFile(path, output))) {
    throw new UsageError(
      `--output ${output} is a result; write the page to another file`,
    );
  }
  if (paths.length > MAX_FILES) {
    throw new UsageError(
      `a page shows at most ${MAX_FILES} results, not ${paths.length}`,
    );
  }
  if (paths.filter((path) => path === STDIN).length > 1) {
    throw new UsageError(`${STDIN} is standard input, which is read only once`);
  }
}

async function readFrom(path: string): Promise<ReadResult> {
  return await readResult(
    path === STDIN ? Deno.stdin.readable : (await Deno.open(path)).readable,
  );
}

/** Also true of two names of one file, and of a file that is standard input. */
function isSameFile(path: string, output: string): boolean {
  try {
    const [source, target] = [
      path === STDIN ? fstatSync(0) : statSync(path),
      statSync(output),
    ];
    return source.dev === target.dev && source.ino === target.ino;
  } catch { // one of them does not exist
    return false;
  }
}

// Exit at once: a pending open or read of a pipe cannot be cancelled.
if (import.meta.main) Deno.exit(await main(Deno.args));
