import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";
import { SWEEP_OPTIONS, sweepPlan } from "../../lib/cli/run_sweep.ts";

const SIZE_BYTES = { rtt: 100, tput: 1024 };

function sizes(text: string): number[] | undefined {
  return parseOptions(SWEEP_OPTIONS, ["--sizes", text]).options.sizes;
}

function delays(text: string): number[] | undefined {
  return parseOptions(SWEEP_OPTIONS, ["--delays", text]).options.delays;
}

Deno.test({
  name: "SWEEP_OPTIONS.sizes reads sizes as everywhere, in the given order",
  permissions: "none",
  fn() {
    assertEquals(sizes("1,100,1K"), [1, 100, 1024]);
    assertEquals(sizes("1M"), [1_048_576]);
    assertEquals(sizes("300,2,10"), [300, 2, 10]);
    assertEquals(sizes(" 1, 2 ,3 "), [1, 2, 3]);
    assertEquals(sizes("1,1K,1024,1"), [1, 1024]);
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    assertEquals(sizes(hundred.join(",")), hundred);
  },
});

Deno.test({
  name: "SWEEP_OPTIONS.delays reads times as everywhere",
  permissions: "none",
  fn() {
    assertEquals(delays("0,50ms,1s"), [0, 50, 1000]);
    assertEquals(delays("0.5,60s,60000"), [0.5, 60_000]);
    assertEquals(delays("250us"), [0.25]);
  },
});

const REFUSED: [keyof typeof SWEEP_OPTIONS, string[]][] = [
  ["sizes", ["1,,2", "0", "2M", "1025K", ",", "1,", "-1", "1.5", "1;2", "x"]],
  ["delays", ["1,,2", "61s", "2m", "-1", "soon", "1e3", "0,", "NaN"]],
];
for (const [name, texts] of REFUSED) {
  Deno.test({
    name: `SWEEP_OPTIONS.${name} refuses what it cannot mean, in one sentence`,
    permissions: "none",
    fn() {
      const many = Array.from({ length: 101 }, (_, index) => index + 1);
      for (const text of [...texts, many.join(",")]) {
        const error = assertThrows(
          () => parseOptions(SWEEP_OPTIONS, [`--${name}=${text}`]),
          UsageError,
        );
        assert(error.message.startsWith(`--${name} is a list of `));
        const quoted = text.length <= 60 ? text : `${text.slice(0, 60)}...`;
        assert(error.message.endsWith(`not "${quoted}"`), error.message);
        assertMatch(error.message, /\b100\b/);
        assert(!/\n|\. |\.$/.test(error.message), error.message);
      }
    },
  });
}

Deno.test({
  name: "SWEEP_OPTIONS refuses an empty list",
  permissions: "none",
  fn() {
    for (const flag of ["--sizes", "--delays"]) {
      assertThrows(
        () => parseOptions(SWEEP_OPTIONS, [`${flag}=`]),
        UsageError,
        `${flag} needs a value`,
      );
    }
  },
});

Deno.test({
  name: "sweepPlan() is the course's unless told otherwise",
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
    assertEquals(
      sweepPlan({ sizes: [5], delays: [1, 2] }, { rtt: 7, tput: 7 }),
      {
        sizesBytes: { rtt: [5], tput: [5] },
        delaysMs: [1, 2],
        sizeBytes: { rtt: 7, tput: 7 },
      },
    );
  },
});
