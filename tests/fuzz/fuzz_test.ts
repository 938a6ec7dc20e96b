/**
 * Fuzzes all targets for half a minute: half of it with a fixed seed, half with
 * a fresh one. A failure prints the seed, and the command that repeats it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { randomSeed, seededRandom } from "../../lib/stats/seeded_random.ts";
import { escapeInput, parseInput } from "./input.ts";
import { mutated } from "./mutator.ts";
import { fuzzParser } from "./parser_fuzz.ts";
import { fuzzServer, SERVERS } from "./server_fuzz.ts";
import { TARGETS } from "./targets/mod.ts";

const PARSER_SEC = 0.2;
const SERVER_SEC = 0.5;
const SEEDS = [1, randomSeed()];
/** No rule depends on it. */
const TIMEOUT_MS = 120_000;

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

print(`seeds ${SEEDS.join(" and ")}`);

Deno.test("mutated() gives the same inputs for the same seed", () => {
  const corpus = [new TextEncoder().encode("hello 10\n")];
  const inputs = [1, 1, 2].map((seed) => {
    const random = seededRandom(seed);
    const material = { corpus, words: corpus, maxBytes: 100 };
    return Array.from({ length: 500 }, () => mutated(material, random));
  });
  assertEquals(inputs[0], inputs[1]);
  assert(inputs[0]!.join() !== inputs[2]!.join());
  for (const input of inputs[0]!) {
    assert(input.length <= 100);
    assertEquals(parseInput(escapeInput(input)), input);
  }
});

Deno.test("fuzzParser() reduces an input, and says how to repeat it", async () => {
  const broken = {
    name: "broken",
    corpus: ["hello world\n"],
    run(input: Uint8Array) {
      if (input.includes(0)) throw new TypeError("it has a zero");
      return "valid";
    },
  };
  const error = await fuzzParser(broken, { seed: 1, seconds: 5 })
    .then(() => null, (error: Error) => error);
  assert(error?.message.includes("deno task fuzz broken --input '\\x00'"));
});

for (const target of TARGETS) {
  Deno.test({
    name: `${target.name} holds for damaged inputs`,
    timeout: TIMEOUT_MS,
    async fn() {
      for (const seed of SEEDS) {
        await fuzzParser(target, { seed, seconds: PARSER_SEC });
      }
    },
  });
}

for (const target of SERVERS) {
  Deno.test({
    name: `${target.name} serves others beside hostile clients`,
    timeout: TIMEOUT_MS,
    async fn() {
      const seed = SEEDS[1]!;
      await fuzzServer(target, { seed, seconds: SERVER_SEC, print });
    },
  });
}
