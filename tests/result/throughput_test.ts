import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  THROUGHPUT_CSV_HEADER,
  throughputCsvRow,
} from "../../lib/result/formats.ts";
import { intervalLine } from "../../lib/result/throughput_sections.ts";
import { resultSections } from "../../lib/result/sections.ts";
import { parseThreshold } from "../../lib/result/thresholds.ts";
import { formatSections } from "../../lib/terminal/section.ts";
import { UDP_THROUGHPUT } from "../report/results.ts";

const STYLE = { width: 80, ascii: true, color: false };

function text(...names: string[]): string[] {
  const results = names.map((name) => ({ name, result: UDP_THROUGHPUT }));
  return formatSections(resultSections(results), STYLE, false).split("\n");
}

Deno.test("throughputSections() fits 24 rows of 80 columns, goodput last", () => {
  const lines = text("one");
  assert(lines.length <= 24, lines.join("\n"));
  assert(lines.every(({ length }) => length <= 80));
  assertStringIncludes(
    lines.at(-1)!,
    "reverse: goodput 8.00 Mbit/s (received)",
  );
  assert(lines.some((line) => line.includes("10 lost (1 %), 2 reordered")));
});

Deno.test("throughputSections() puts several tests side by side", () => {
  const lines = text("one", "two").join("\n");
  assertStringIncludes(lines, "goodput forward");
  assertStringIncludes(lines, "two: reverse: goodput 8.00 Mbit/s");
});

Deno.test("parseThreshold() judges the summary of a throughput test", () => {
  const crossed: [string, boolean][] = [
    ["throughput<9M", true],
    ["throughput<8M", false],
    ["throughput.forward<9M", false],
    ["throughput.p10>8M", true],
    ["loss>0.5%", true],
    ["loss>1%", false],
    ["jitter>100us", true],
    ["fairness<0.9", false],
  ];
  for (const [rule, expected] of crossed) {
    assertEquals(parseThreshold(rule).judge(UDP_THROUGHPUT).crossed, expected);
  }
});

Deno.test("throughputCsvRow() has a value for each column", () => {
  const { direction, intervals } = UDP_THROUGHPUT.directions[0]!;
  const interval = { direction, ...intervals[1]! };
  const row = throughputCsvRow(interval);
  assertEquals(row.split(",").length, THROUGHPUT_CSV_HEADER.split(",").length);
  assertStringIncludes(row, "forward,1,2,false,1250000,10000000,500,,");
  assertStringIncludes(intervalLine(interval), "1.00-2.00 s");
});
