import { assert, assertEquals } from "@std/assert";
import {
  csvHeader,
  csvRow,
  figures,
  formatJson,
  ndjsonEvent,
} from "../../lib/result/rows.ts";
import type { Sample } from "../../lib/stats/sample.ts";

const SAMPLE: Sample = {
  sequence: 7,
  warmup: false,
  intendedAtMs: 5000.25,
  sentAtMs: 5000.5,
  sendCallMs: 0.0125,
  rttMs: 0.0345678,
};

Deno.test({
  name: "figures() counts times from the start, to the nanosecond",
  permissions: "none",
  fn() {
    assertEquals(figures(SAMPLE, 5000), {
      sequence: 7,
      warmup: false,
      intended_ms: 0.25,
      sent_ms: 0.5,
      send_call_us: 12.5,
      rtt_us: 34.568,
    });
  },
});

Deno.test({
  name: "figures() is null for a lost probe, and 0 for one without delay",
  permissions: "none",
  fn() {
    assertEquals(figures({ ...SAMPLE, rttMs: null }, 0).rtt_us, null);
    assertEquals(figures({ ...SAMPLE, rttMs: 0 }, 0).rtt_us, 0);
  },
});

Deno.test({
  name: "csvRow() has a field for each of the header's names",
  permissions: "none",
  fn() {
    const names = csvHeader("measure").split(",");
    assertEquals(Object.keys(figures(SAMPLE, 0)), names);
    assertEquals(
      csvRow(SAMPLE, 5000, "measure"),
      "7,false,0.25,0.5,12.5,34.568",
    );
    assertEquals(
      csvRow({ ...SAMPLE, warmup: true, rttMs: 0 }, 5000, "measure"),
      "7,true,0.25,0.5,12.5,0",
    );
  },
});

Deno.test({
  name: "csvRow() of STAMP has the far end's times, or leaves them empty",
  permissions: "none",
  fn() {
    const far = { reflectorMs: 0.002, forwardMs: -5.5, backwardMs: 5.75 };
    const sample = { ...SAMPLE, ...far };
    assertEquals(
      csvHeader("stamp").split(","),
      Object.keys(figures(sample, 0)),
    );
    assertEquals(
      csvRow(sample, 5000, "stamp"),
      "7,false,0.25,0.5,12.5,34.568,2,-5500,5750",
    );
    assertEquals(
      csvRow({ ...SAMPLE, rttMs: null }, 5000, "stamp"),
      "7,false,0.25,0.5,12.5,,,,",
    );
  },
});

Deno.test({
  name: "csvRow() leaves the time of a lost probe empty",
  permissions: "none",
  fn() {
    const row = csvRow({ ...SAMPLE, rttMs: null }, 5000, "measure");
    assertEquals(row, "7,false,0.25,0.5,12.5,");
  },
});

Deno.test({
  name: "ndjsonEvent() writes one line of JSON, whatever the texts",
  permissions: "none",
  fn() {
    const message = 'two\nlines, "quoted", \u2028 and \0';
    const line = ndjsonEvent("error", { message });
    assertEquals(line.split(/\r|\n/).length, 1);
    assertEquals(JSON.parse(line), { event: "error", data: { message } });
    assertEquals(
      ndjsonEvent("sample", figures({ ...SAMPLE, rttMs: null }, 5000)),
      '{"event":"sample","data":{"sequence":7,"warmup":false,' +
        '"intended_ms":0.25,"sent_ms":0.5,"send_call_us":12.5,"rtt_us":null}}',
    );
  },
});

Deno.test({
  name: "formatJson() puts a list of numbers on one line",
  permissions: "none",
  fn() {
    assertEquals(
      formatJson({ one: [1, -2.5, null, 3e-7], two: [[1, 2], []], three: [] }),
      [
        "{",
        '  "one": [1, -2.5, null, 3e-7],',
        '  "two": [',
        "    [1, 2],",
        "    []",
        "  ],",
        '  "three": []',
        "}",
      ].join("\n"),
    );
  },
});

Deno.test({
  name: "formatJson() leaves strings alone that look like lists",
  permissions: "none",
  fn() {
    const results = [
      { text: "[\n  1,\n  2\n]" },
      { text: ["[", 1, 2, "]"], after: [1, 2] },
      { "[\n1,\n2]": [1, { a: "[1,\n 2]" }] },
      ["a, b", "[", "]", "{", '"', '\\"[\n1\n]'],
      { list: ["x", 1], deep: [[["["], [1]], { list: [true, false] }] },
    ];
    for (const result of results) {
      const text = formatJson(result);
      assertEquals(JSON.parse(text), result);
      // Whatever is on the lines, no line break came into a string or out of it.
      assertEquals(
        text.match(/"(?:[^"\\]|\\.)*"/g),
        JSON.stringify(result, null, 2).match(/"(?:[^"\\]|\\.)*"/g),
      );
    }
  },
});

Deno.test({
  name: "formatJson() gives back any figures, a long list on one line",
  permissions: "none",
  fn() {
    const count = Array.from({ length: 500 }, (_, index) => index * 1.5 - 7);
    const text = formatJson({ series: { count, last: [0] } });
    assertEquals(JSON.parse(text), { series: { count, last: [0] } });
    assertEquals(text.split("\n").length, 6);
    assert(text.includes("-7, -5.5, -4"));
  },
});
