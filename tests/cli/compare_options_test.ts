import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  COMPARE_OPTIONS,
  type ComparePlan,
  comparePlan,
} from "../../lib/cli/compare_options.ts";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";

function planOf(...args: string[]): ComparePlan {
  return comparePlan(parseOptions(COMPARE_OPTIONS, args).options);
}

Deno.test({
  name: "comparePlan() is the whole one unless a short one is asked for",
  permissions: "none",
  fn() {
    const whole = planOf();
    assertEquals(whole, {
      rounds: 20,
      count: 40,
      sizeBytes: 100,
      intervalMs: 2,
      clients: 8,
      delayMs: 50,
      timeoutMs: 2000,
    });
    const short = planOf("--short");
    assertEquals(short, { ...whole, rounds: 10, count: 15, delayMs: 20 });
  },
});

Deno.test({
  name: "comparePlan() takes what is given before what is usual",
  permissions: "none",
  fn() {
    const given = "--short --rounds 3 -n 90 --delay 0 --size 1400 -i 0.1 -W 1s"
      .split(" ");
    assertEquals(planOf(...given, "--clients", "1"), {
      rounds: 3,
      count: 90,
      sizeBytes: 1400,
      intervalMs: 0.1,
      clients: 1,
      delayMs: 0,
      timeoutMs: 1000,
    });
  },
});

Deno.test({
  name: "comparePlan() refuses the sizes of no packet, in one sentence",
  permissions: "none",
  fn() {
    for (const size of [44, 48, 49, 1400]) {
      assertEquals(planOf("--size", String(size)).sizeBytes, size);
    }
    for (const size of [45, 46, 47]) {
      const error = assertThrows(
        () => planOf("--size", String(size)),
        UsageError,
      );
      assertEquals(
        error.message,
        `--size is 44, or from 48 to 1400 bytes, not ${size}`,
      );
    }
  },
});

Deno.test({
  name: "COMPARE_OPTIONS refuses what cannot be measured, in one sentence",
  permissions: "none",
  fn() {
    const refused = [
      "--size=43",
      "--size=1401",
      "--rounds=0",
      "--rounds=1001",
      "--count=0",
      "--count=91",
      "--interval=0",
      "--interval=2s",
      "--clients=0",
      "--clients=257",
      "--delay=11s",
      "--port=0",
      "--stamp-port=65536",
      "--iterative-port=0",
      "--plots=pretty",
      "--csv",
    ];
    for (const argument of refused) {
      const error = assertThrows(() => planOf(argument), UsageError);
      const [flag] = argument.split("=");
      assert(error.message.includes(flag!), error.message);
      assert(!/\n|\. /.test(error.message), error.message);
    }
    const { message } = assertThrows(() => planOf("--csv"), UsageError);
    assertMatch(message, /^unknown option --csv/);
  },
});
