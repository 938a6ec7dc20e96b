import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  EXPERIMENT_OPTIONS,
  experimentPlan,
} from "../../lib/cli/compare_options.ts";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";

const { signal } = new AbortController();

function planOf(...args: string[]) {
  const { options } = parseOptions(EXPERIMENT_OPTIONS, args);
  const { used: _, ...plan } = experimentPlan(options, signal);
  return plan;
}

const WHOLE = {
  rounds: 20,
  count: 40,
  sizeBytes: 100,
  intervalMs: 2,
  clients: 8,
  delayMs: 50,
  timeoutMs: 2000,
  signal,
};

Deno.test({
  name:
    "experimentPlan() takes the defaults, the short ones, and what is given",
  permissions: "none",
  fn() {
    assertEquals(planOf(), WHOLE);
    const short = { ...WHOLE, rounds: 10, count: 15, delayMs: 20 };
    assertEquals(planOf("--short"), short);
    const given = "--short --rounds 3 --delay 0 --size 1400 -i 0.1 -W 1s";
    assertEquals(planOf(...given.split(" "), "--clients", "1"), {
      ...short,
      rounds: 3,
      delayMs: 0,
      sizeBytes: 1400,
      intervalMs: 0.1,
      timeoutMs: 1000,
      clients: 1,
    });
    const { options } = parseOptions(EXPERIMENT_OPTIONS, ["--short"]);
    const { used } = experimentPlan(options, signal, ["rounds", "size"]);
    assertEquals(used, { rounds: 10, size_bytes: 100 });
  },
});

Deno.test({
  name: "experimentPlan() rejects what cannot be measured, in one sentence",
  permissions: "none",
  fn() {
    for (const size of [44, 48, 49, 1400]) {
      assertEquals(planOf("--size", String(size)).sizeBytes, size);
    }
    const rejected = "size=43 size=45 size=47 size=1401 rounds=0 rounds=1001 " +
      "count=0 count=91 interval=0 interval=2s clients=0 clients=257 " +
      "delay=11s";
    for (const argument of rejected.split(" ")) {
      const { message } = assertThrows(
        () => planOf(`--${argument}`),
        UsageError,
      );
      const [flag] = argument.split("=");
      assert(message.includes(`--${flag}`), message);
      assert(!/\n|\. /.test(message), message);
    }
  },
});
