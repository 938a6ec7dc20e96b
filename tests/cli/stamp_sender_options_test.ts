import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../../lib/cli/options.ts";
import {
  SENDER_OPTIONS,
  senderPlan,
} from "../../lib/cli/stamp_sender_options.ts";
import { StampKey } from "../../lib/stamp/key.ts";

const KEY = new StampKey(new Uint8Array(32));

function planOf(line: string, key?: StampKey) {
  const args = line.split(" ").filter((word) => word !== "");
  return senderPlan(parseOptions(SENDER_OPTIONS, args).options, key);
}

Deno.test({
  name: "senderPlan() sends ten probes, unless a time is given",
  permissions: "none",
  fn() {
    const plans = ["", "-t 1s", "-n 7 -t 1s", "-n 7"].map((line) =>
      planOf(line)
    );
    const limits = plans.map(({ session: { count, durationMs } }) => [
      count,
      durationMs,
    ]);
    assertEquals(limits, [
      [10, Infinity],
      [Infinity, 1000],
      [7, 1000],
      [7, Infinity],
    ]);
    assertEquals(plans.map(({ expected }) => expected), [10, 10, 7, 7]);
    assertEquals(planOf("-t 1s -i 0").expected, Infinity);
  },
});

Deno.test({
  name: "senderPlan() has the shortest packets of its kind, unless told a size",
  permissions: "none",
  fn() {
    const sizeOf = (line: string, key?: StampKey) =>
      planOf(line, key).session.request.sizeBytes;
    assertEquals([sizeOf(""), sizeOf("", KEY)], [44, 112]);
    assertEquals([sizeOf("--size 48"), sizeOf("--size 116", KEY)], [48, 116]);
    for (const size of [45, 47]) {
      assertThrows(() => sizeOf(`--size ${size}`), UsageError, "from 48");
    }
    for (const size of [44, 111, 113, 115]) {
      assertThrows(() => sizeOf(`--size ${size}`, KEY), UsageError, "from 116");
    }
  },
});

Deno.test({
  name: "senderPlan() repeats the random schedule of a seed",
  permissions: "none",
  fn() {
    const moments = (line: string) => {
      const { schedule } = planOf(`--schedule poisson ${line}`).session;
      return Array.from({ length: 20 }, () => schedule!());
    };
    assertEquals(moments("--seed 5"), moments("--seed 5"));
    const { used, summary } = planOf("--schedule poisson");
    assertStringIncludes(summary, `--seed ${(used as { seed: number }).seed}`);
    assertEquals("seed" in planOf("").used, false);
  },
});

Deno.test({
  name: "senderPlan() rejects contradicting options",
  permissions: "none",
  fn() {
    for (
      const [line, says] of [
        ["-i 10us", "50us"],
        ["-i 0 --relaxed", "--relaxed needs"],
        ["-i 0 --schedule poisson", "--schedule poisson needs"],
        ["--seed 1", "--seed needs"],
        ["-i 50us --timeout 1m -n 100000000", "shorten --timeout"],
      ] as const
    ) assertThrows(() => planOf(line), UsageError, says);
    // As many as there will be at all are remembered at the most.
    planOf("-i 50us --timeout 1h -n 1000");
    planOf("-i 0 --timeout 1h -n 100000000");
  },
});
