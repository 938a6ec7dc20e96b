import { assert, assertEquals } from "@std/assert";
import { reportPage } from "../../../lib/report/page.ts";
import { readResult } from "../../../lib/report/read_result.ts";
import { escapeControls, safeJson } from "../../../lib/result/escape.ts";
import {
  formatDuration,
  parseDuration,
  parseRate,
  parseSize,
} from "../../../lib/result/quantities.ts";
import { resultSections } from "../../../lib/result/sections.ts";
import { parseThreshold } from "../../../lib/result/thresholds.ts";
import { formatSections } from "../../../lib/terminal/section.ts";
import * as results from "../../report/results.ts";
import type { Target } from "../parser_fuzz.ts";

const RESULTS = Object.values(results).filter((value) =>
  typeof value === "object" && "mode" in value
);
const EVENTS = [
  { event: "start", data: { ...results.RTT, ended: undefined } },
  {
    event: "sample",
    data: {
      ...{ sequence: 1, warmup: false, intended_ms: 0, sent_ms: 0.1 },
      ...{ send_call_us: 5, rtt_us: 41.5 },
    },
  },
];
/** As some shells of Windows write a file. */
function utf16(text: string): Uint8Array<ArrayBuffer> {
  const units = Uint16Array.from(`\ufeff${text}`, (unit) => unit.charCodeAt(0));
  return new Uint8Array(units.buffer);
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u200b-\u200f]/;
/** Pages are drawn of one result in so many: a chart takes 50 ms. */
const PAGE_EVERY = 50;

export const RESULT_TARGETS: Target[] = [{
  /** A result that was read can be shown, and the same whatever its chunks. */
  name: "result",
  corpus: [
    ...RESULTS.map((value) => JSON.stringify(value)),
    EVENTS.map((event) => JSON.stringify(event)).join("\n") + "\n",
    "sequence,warmup,rtt_us\n1,false,9\n",
    utf16(JSON.stringify(results.NOTHING)),
  ],
  words: [
    ...["null", "1e308", "-1", "{}", "[]", '"', '\\"', "<script>", "true"],
    ...['"mode":"rtt"', '"event":"sample"', '"event":"end"', "rtt_us", "p50"],
    ...["\\u202e", "\\ud800", '"ended":"failed"', "edges_us", "timeline"],
  ],
  maxBytes: 20_000,
  maxMs: 2000,
  refusals: [SyntaxError, RangeError],
  async run(input, random) {
    const cut = Math.floor(random() * input.length);
    const [found, whole] = await Promise.allSettled([
      readResult(
        [[0, 1], [1, cut], [Math.max(1, cut)]].map(([from, to]) =>
          input.subarray(from, to)
        ),
      ),
      readResult([input]),
    ]);
    assertEquals(whole.status, found.status);
    if (found.status === "rejected") throw found.reason;
    assertEquals(whole, found);
    const file = { ...found.value, name: "a" };
    const text = formatSections(resultSections([file]), {
      ...{ width: 80, ascii: random() < 0.5, color: false },
    });
    assert(!CONTROLS.test(text), "Control characters are printed");
    if (random() * PAGE_EVERY < 1) {
      const page = reportPage([file]);
      assert(!/<script|NaN|Infinity|undefined/.test(page), page);
    }
    return `${file.result.mode}, ${file.result.ended}`;
  },
}, {
  name: "threshold",
  corpus: [
    "p99 > 5ms",
    "loss>1%",
    "throughput<10M",
    "grade<B",
    "there.loss>=3",
  ],
  words: [
    "p99.9",
    "rtt.p50",
    "throughput",
    "there.",
    "back.",
    ">=",
    "A+",
    "us",
  ],
  maxBytes: 200,
  refusals: [SyntaxError],
  run(_input, _random, text) {
    const { judge, name } = parseThreshold(text);
    for (const measured of [results.RTT, results.STAMP, results.NOTHING]) {
      const { value, rule } = judge(measured as never);
      assert(value === null || Number.isFinite(value), rule);
    }
    return name.replaceAll(/\d/g, "N");
  },
}, {
  /** A quantity is finite, and a duration is written as a text. */
  name: "quantity",
  corpus: ["250ms", "1.5s", "64K", "10M", "1G", "40us", "2h"],
  words: ["ms", "us", "K", "M", "G", "h", "constructor"],
  maxBytes: 500,
  run(_input, _random, text) {
    const found = [parseDuration(text), parseSize(text), parseRate(text)];
    for (const value of found) {
      assert(
        value === null || Number.isFinite(value) && value >= 0,
        `${value}`,
      );
      assert(!/NaN|Infinity/.test(formatDuration(value)));
    }
    return found.map((value) => value === null ? "-" : "N").join();
  },
}, {
  /** Nothing that a terminal acts on is left. */
  name: "escape",
  corpus: ["\x1b[2Jhello\u202e\u{e0041}\n", "e\u0301\ufe0f\t"],
  run(_input, _random, text) {
    const shown = escapeControls(text);
    assert(!CONTROLS.test(shown.replaceAll("\r\n", "\n")), shown);
    assertEquals(JSON.parse(safeJson(text)), text);
    assert(!CONTROLS.test(safeJson(text)));
    return shown === text ? "plain" : "escaped";
  },
}];
