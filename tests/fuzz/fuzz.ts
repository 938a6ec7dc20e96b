/**
 * Fuzzes parsers and servers: `deno task fuzz [SECONDS] [TARGET]...`.
 *
 * @module
 */

import { integer, text } from "../../lib/cli/option.ts";
import { UsageError } from "../../lib/cli/options.ts";
import { defineProgram } from "../../lib/cli/program.ts";
import { randomSeed } from "../../lib/stats/seeded_random.ts";
import { parseInput } from "./input.ts";
import {
  FuzzFailure,
  type FuzzFigures,
  fuzzParser,
  tried,
} from "./parser_fuzz.ts";
import { fuzzServer, SERVERS } from "./server_fuzz.ts";
import { TARGETS } from "./targets/mod.ts";

/** The longest turn of a parser and of a server, in seconds. */
const PARSER_TURN_SEC = 10;
const SERVER_TURN_SEC = 60;
const NAMES = [...TARGETS, ...SERVERS].map(({ name }) => name);

/** Fuzzes until the time is over; exits with 1 if a rule was broken. */
export const main = defineProgram({
  name: "fuzz",
  summary: "Gives damaged inputs to parsers and servers.",
  operands: "[SECONDS] [TARGET]...",
  details: [`Targets: ${NAMES.join(", ")}.`],
  options: {
    seed: integer("repeat a run; by default a random seed", {
      min: 0,
      max: 2 ** 31,
    }),
    input: text("TEXT", "try this one input, as a failure prints it"),
  },
  examples: ["60", "3600 serve-measure serve-stamp", "10 lines --seed 1"],
}, async ({ options, operands, terminal, signal }) => {
  const [first = ""] = operands;
  const isTimed = /^\d+$/.test(first);
  const seconds = isTimed ? Number(first) : 60;
  const names = isTimed ? operands.slice(1) : operands;
  for (const name of names) {
    if (NAMES.includes(name)) continue;
    throw new UsageError(`${name} is no target: see --help`);
  }
  const isAsked = ({ name }: { name: string }) =>
    names.length === 0 || names.includes(name);
  const parsers = TARGETS.filter(isAsked);
  const servers = SERVERS.filter(isAsked);
  if (options.input !== undefined) {
    for (const target of parsers) {
      const { outcome } = await tried(target, parseInput(options.input));
      terminal.print(`${target.name}: ${outcome}`);
    }
    return 0;
  }
  let { seed = randomSeed() } = options;
  terminal.print(`seed ${seed}`);
  const all = new Map<string, FuzzFigures>();
  const failed = new Set<string>();
  const share = seconds / (parsers.length + 4 * servers.length);
  const untilMs = performance.now() + seconds * 1000;
  do {
    for (const target of [...parsers, ...servers]) {
      if (signal.aborted || failed.has(target.name)) continue;
      try {
        const figures = "run" in target
          ? await fuzzParser(target, {
            seed,
            seconds: Math.min(share, PARSER_TURN_SEC),
          })
          : await fuzzServer(target, {
            seed,
            seconds: Math.min(4 * share, SERVER_TURN_SEC),
            print: (line) => terminal.print(line),
          });
        const before = all.get(target.name);
        all.set(target.name, {
          inputs: figures.inputs + (before?.inputs ?? 0),
          outcomes: figures.outcomes.union(before?.outcomes ?? new Set()),
          slowestMs: Math.max(figures.slowestMs, before?.slowestMs ?? 0),
        });
      } catch (error) {
        if (!(error instanceof FuzzFailure)) throw error;
        terminal.print(error.message);
        failed.add(target.name);
      }
    }
    seed += 1;
  } while (performance.now() < untilMs && !signal.aborted);
  for (const [name, { inputs, outcomes, slowestMs }] of all) {
    terminal.print(
      `${name.padEnd(20)} ${String(inputs).padStart(9)} inputs, ${
        String(outcomes.size).padStart(4)
      } outcomes, slowest ${slowestMs.toFixed(1)} ms`,
    );
  }
  if (failed.size > 0) terminal.print(`failed: ${[...failed].join(", ")}`);
  return failed.size > 0 ? 1 : 0;
});

if (import.meta.main) Deno.exit(await main(Deno.args));
