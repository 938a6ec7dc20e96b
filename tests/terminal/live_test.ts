import { assert, assertEquals, assertMatch } from "@std/assert";
import { ResultBuilder } from "../../lib/result/builder.ts";
import { newSample, type Sample } from "../../lib/stats/sample.ts";
import { formatLive, showLive } from "../../lib/terminal/live.ts";
import { type Style, textWidth } from "../../lib/terminal/style.ts";
import { FakeTime, recordingTerminal } from "./sinks.ts";
import { pureTest } from "../pure.ts";

const START_MS = 1000;
const STYLE: Style = { width: 80, ascii: false, color: false };
const RISING = Array.from({ length: 60 }, (_, index) => 0.04 + index / 1000);

/** Measures round-trip times in milliseconds, 10 ms apart. */
function measured(rttsMs: (number | null)[]): [Sample, ResultBuilder] {
  const builder = new ResultBuilder({
    protocol: "measure",
    mode: "rtt",
    target: "127.0.0.1:10000",
    sizeBytes: 100,
    intervalMs: 0,
    options: { given: {}, used: {} },
  });
  const samples = rttsMs.map((rttMs, index) => ({
    ...newSample(index + 1, false, START_MS + 10 * index),
    rttMs,
  }));
  for (const sample of samples) builder.add(sample);
  return [samples.at(-1)!, builder];
}

function lines(
  rttsMs: (number | null)[],
  total: number,
  style = STYLE,
  draw = true,
): string[] {
  using _ = new FakeTime(START_MS + 1234);
  const [last, builder] = measured(rttsMs);
  const progress = { total, startMs: START_MS, draw };
  return formatLive(last, builder, progress, style);
}

const LOSSY = RISING.map((ms, index) => index % 20 === 3 ? null : ms);

const CASES: [string, (number | null)[], number, RegExp[]][] = [
  ["half done", RISING, 120, [
    /^█{15}░{15} 50 % {2}60 of 120 {2}1\.23 s$/,
    /^last 99\.0 us {2}p50 .* lost 0$/,
    /^[▁-█]+$/,
  ]],
  ["done", RISING, 60, [/^█{30} 100 %/, /lost 0$/, /./]],
  ["of an unknown number of probes", RISING, Infinity, [
    /^60 probes {2}1\.23 s$/,
    /lost 0$/,
    /./,
  ]],
  ["before the first reply", [null, null], 10, [
    / 20 % {2}2 of 10/,
    /^last lost {2}p50 - {2}p90 - {2}p99 - {2}lost 2 \(100 %\)$/,
  ]],
  ["with losses", LOSSY, 100, [
    /60 of 100/,
    /lost 3 \(5 %\)$/,
    /^[ ▁-█]+$/,
    /^ +[▁-█][ ▁-█]*$/,
  ]],
];

for (const [state, rtts, total, expected] of CASES) {
  pureTest(`formatLive() of a measurement ${state}`, () => {
    const shown = lines(rtts, total);
    assertEquals(shown.length, expected.length);
    shown.forEach((line, index) => assertMatch(line, expected[index]!));
  });
}

pureTest("formatLive() keeps to the width, with whole figures only", () => {
  const whole = lines(RISING, 120, { ...STYLE, width: 200 })[1]!.split("  ");
  for (let width = 40; width <= 200; width++) {
    for (const ascii of [false, true]) {
      const shown = lines(RISING, 120, { ...STYLE, width, ascii });
      for (const line of shown) {
        assert(textWidth(line) < width, line);
        if (ascii) assertMatch(line, /^[\x20-\x7e]*$/);
      }
      const figures = shown[1]!.split("  ");
      assert(figures.every((figure) => whole.includes(figure)));
      assertEquals([figures[0], figures.at(-1)], [whole[0], whole.at(-1)]);
    }
  }
});

pureTest("formatLive() draws nothing on request", () => {
  const shown = lines(RISING, 120, STYLE, false);
  assertEquals([shown.length, shown[0]], [2, "50 %  60 of 120  1.23 s"]);
});

pureTest("showLive() follows samples and the size of the terminal", () => {
  using time = new FakeTime(START_MS);
  const { terminal, stderr } = recordingTerminal(true);
  const style = { ...STYLE };
  const show = showLive(terminal, {
    total: 120,
    draw: true,
    style: () => style,
    title: "point 1\x1b[2J",
  });
  const measurement = measured(RISING);
  show(...measurement);
  assertMatch(stderr.text, /point 1\\x1b\[2J\n█+░+ 50 %.*\n/);
  stderr.text = "";
  show(...measurement);
  assertEquals(stderr.text, "");
  time.nowMs += 200;
  style.width = 40;
  show(...measurement);
  // deno-lint-ignore no-control-regex
  for (const line of stderr.text.replace(/\x1b\[[AK]|\r/g, "").split("\n")) {
    assert(textWidth(line) < 40, line);
  }
});
