import { assert, assertEquals, assertMatch } from "@std/assert";
import { ResultBuilder } from "../../lib/result/builder.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { liveBlock, type Progress } from "../../lib/terminal/live_block.ts";
import { AS_TEXT, STYLES } from "./section_snapshots.ts";

/** Holds `performance.now()` still until disposed of. */
class StillTime implements Disposable {
  #now = performance.now;
  constructor(nowMs: number) {
    performance.now = () => nowMs;
  }
  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}

const START_MS = 1000;

/** What was measured: round-trip times in milliseconds, 10 ms apart. */
function measured(rttsMs: (number | null)[]): [Sample, ResultBuilder] {
  const builder = new ResultBuilder({
    protocol: "measure",
    mode: "rtt",
    target: "127.0.0.1:10000",
    sizeBytes: 100,
    intervalMs: 0,
    options: { given: {}, used: {} },
  });
  let last: Sample | undefined;
  rttsMs.forEach((rttMs, index) => {
    const sentAtMs = START_MS + 10 * index;
    last = {
      sequence: index + 1,
      warmup: false,
      intendedAtMs: sentAtMs,
      sentAtMs,
      sendCallMs: 0.01,
      rttMs,
    };
    builder.add(last);
  });
  return [last!, builder];
}

const RISING = Array.from({ length: 60 }, (_, index) => 0.04 + index / 1000);

async function assertBlocks(
  t: Deno.TestContext,
  rttsMs: (number | null)[],
  total: number,
): Promise<string[]> {
  using _ = new StillTime(START_MS + 1234);
  const [last, builder] = measured(rttsMs);
  const progress: Progress = { total, startMs: START_MS, draw: true };
  for (const style of STYLES) {
    const lines = liveBlock(last, builder, progress, style);
    for (const line of lines) {
      assert([...line].length < style.width, line);
      assert(!/NaN|Infinity|null|undefined/.test(line), line);
      if (style.ascii) assert(/^[\x20-\x7e]*$/.test(line), line);
    }
    await t.assertSnapshot(lines.join("\n"), AS_TEXT);
  }
  return liveBlock(last, builder, progress, STYLES[2]!);
}

Deno.test({
  name: "liveBlock() of a run half done",
  permissions: "none",
  async fn(t) {
    const [far, figures, spark] = await assertBlocks(t, RISING, 120);
    assertMatch(far!, / 50 % {2}60 of 120 {2}1\.23 s$/);
    assertMatch(figures!, /^last 99\.0 us {2}p50 .* lost 0$/);
    assert(spark!.length > 0);
  },
});

Deno.test({
  name: "liveBlock() of a run of nobody knows how many probes",
  permissions: "none",
  async fn(t) {
    const [far] = await assertBlocks(t, RISING, Infinity);
    assertEquals(far, "60 probes  1.23 s");
    const [one] = await assertBlocks(t, [0.04], Infinity);
    assertEquals(one, "1 probe  1.23 s");
  },
});

Deno.test({
  name: "liveBlock() before the first reply draws nothing",
  permissions: "none",
  async fn(t) {
    const lines = await assertBlocks(t, [null, null], 10);
    assertEquals(lines.length, 2);
    assertEquals(lines[1], "last lost  p50 -  p90 -  p99 -  lost 2 (100 %)");
  },
});

Deno.test({
  name: "liveBlock() shows losses as x, and their share",
  permissions: "none",
  async fn(t) {
    const rtts = RISING.map((ms, index) => index % 20 === 3 ? null : ms);
    const [, figures, spark] = await assertBlocks(t, rtts, 100);
    assertMatch(figures!, /lost 3 \(5 %\)$/);
    assertMatch(spark!, /x/);
  },
});

Deno.test({
  name: "liveBlock() fills its bar, and not more",
  permissions: "none",
  fn() {
    using _ = new StillTime(START_MS + 3_600_000);
    for (const style of STYLES) {
      for (const total of [60, 61, 30, 1_000_000]) {
        const [last, builder] = measured(RISING);
        const progress = { total, startMs: START_MS, draw: true };
        const [far] = liveBlock(last, builder, progress, style);
        assert([...far!].length < style.width, far);
        const percent = Number(/(\d+) %/.exec(far!)![1]);
        assertEquals(percent, Math.floor(Math.min(1, 60 / total) * 100));
        const left = [...far!].filter((sign) => sign === "." || sign === "░");
        if (total <= 60) assert(left.length === 0 || style.ascii, far);
      }
    }
  },
});

Deno.test({
  name: "liveBlock() shows a figure whole or not at all",
  permissions: "none",
  fn() {
    using _ = new StillTime(START_MS + 1234);
    const [last, builder] = measured([...RISING, null]);
    const progress = { total: 120, startMs: START_MS, draw: true };
    const at = (width: number) =>
      liveBlock(last, builder, progress, { ...STYLES[0]!, width })[1]!;
    const whole = at(200).split("  ");
    for (let width = 40; width <= 80; width++) {
      const line = at(width);
      assert(line.length < width, line);
      for (const figure of line.split("  ")) {
        assert(whole.includes(figure), `${figure} in ${width} columns`);
      }
    }
  },
});
