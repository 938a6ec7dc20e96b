import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";
import { SWEEP_OPTIONS, sweepPlan } from "../../lib/cli/run_sweep.ts";

type Name = keyof typeof SWEEP_OPTIONS;

const SIZE_BYTES = { rtt: 100, tput: 1024 };
const HUNDRED = Array.from({ length: 100 }, (_, index) => index + 1);

function parse(name: Name, text: string): number[] | undefined {
  return parseOptions(SWEEP_OPTIONS, [`--${name}=${text}`]).options[name];
}

Deno.test({
  name: "SWEEP_OPTIONS take lists in the given order, each value once",
  permissions: "none",
  fn() {
    const cases: [Name, string, number[]][] = [
      ["sizes", "1,100,1K", [1, 100, 1024]],
      ["sizes", "1M", [1_048_576]],
      ["sizes", "300,2,10", [300, 2, 10]],
      ["sizes", " 1, 2 ,3 ", [1, 2, 3]],
      ["sizes", "1,1K,1024,1", [1, 1024]],
      ["sizes", HUNDRED.join(","), HUNDRED],
      ["delays", "0,50ms,1s", [0, 50, 1000]],
      ["delays", "0.5,60s,60000", [0.5, 60_000]],
      ["delays", "250us", [0.25]],
    ];
    for (const [name, text, values] of cases) {
      assertEquals(parse(name, text), values, text);
    }
  },
});

Deno.test({
  name: "SWEEP_OPTIONS reject anything else in one short sentence",
  permissions: "none",
  fn() {
    const sizes = "1,,2 0 2M 1025K , 1, -1 1.5 1;2 x".split(" ");
    const delays = "1,,2 61s 2m -1 soon 1e3 0, NaN".split(" ");
    const many = [...HUNDRED, 101].join(",");
    const cases: [Name, string][] = [
      ...[...sizes, many].map((text): [Name, string] => ["sizes", text]),
      ...[...delays, many].map((text): [Name, string] => ["delays", text]),
    ];
    for (const [name, text] of cases) {
      const { message } = assertThrows(() => parse(name, text), UsageError);
      assert(message.startsWith(`--${name} is a list of `), message);
      const quoted = text.length <= 60 ? text : `${text.slice(0, 60)}...`;
      assert(message.endsWith(`not "${quoted}"`), message);
      assertMatch(message, /\b100\b/);
      assert(!/\n|\. |\.$/.test(message), message);
    }
  },
});

Deno.test({
  name: "sweepPlan() is that of the course by default",
  permissions: "none",
  fn() {
    const none = { sizes: undefined, delays: undefined };
    assertEquals(sweepPlan(none, SIZE_BYTES), {
      sizesBytes: {
        rtt: [1, 100, 200, 400, 800, 1000],
        tput: [1024, 2048, 4096, 8192, 16_384, 32_768],
      },
      delaysMs: [0, 50, 100, 200],
      sizeBytes: SIZE_BYTES,
    });
    const sizeBytes = { rtt: 7, tput: 7 };
    assertEquals(sweepPlan({ sizes: [5], delays: [1, 2] }, sizeBytes), {
      sizesBytes: { rtt: [5], tput: [5] },
      delaysMs: [1, 2],
      sizeBytes,
    });
  },
});
