import { assert, assertEquals } from "@std/assert";
import {
  csvHeader,
  csvRow,
  formatJson,
  sampleFigures,
  sweepCsvHeader,
  sweepCsvRow,
} from "../../lib/result/formats.ts";
import type { SweepPoint } from "../../lib/result/schema.ts";
import type { Sample } from "../../lib/stats/sample.ts";
import { pureTest } from "../pure.ts";

const SAMPLE: Sample = {
  sequence: 7,
  warmup: false,
  intendedAtMs: 5000.25,
  sentAtMs: 5000.5,
  sendCallMs: 0.0125,
  rttMs: 0.0345678,
};

pureTest(
  "sampleFigures() counts times from the start, to the nanosecond",
  () => {
    assertEquals(sampleFigures(SAMPLE, 5000), {
      sequence: 7,
      warmup: false,
      intended_ms: 0.25,
      sent_ms: 0.5,
      send_call_us: 12.5,
      rtt_us: 34.568,
    });
  },
);

pureTest(
  "sampleFigures() is null for a lost probe, and 0 for one without delay",
  () => {
    assertEquals(sampleFigures({ ...SAMPLE, rttMs: null }, 0).rtt_us, null);
    assertEquals(sampleFigures({ ...SAMPLE, rttMs: 0 }, 0).rtt_us, 0);
  },
);

pureTest("csvRow() has a field for each of the header's names", () => {
  const names = csvHeader("measure").split(",");
  assertEquals(Object.keys(sampleFigures(SAMPLE, 0)), names);
  assertEquals(
    csvRow(SAMPLE, 5000, "measure"),
    "7,false,0.25,0.5,12.5,34.568",
  );
  assertEquals(
    csvRow({ ...SAMPLE, warmup: true, rttMs: 0 }, 5000, "measure"),
    "7,true,0.25,0.5,12.5,0",
  );
});

pureTest(
  "csvRow() of STAMP has the far end's times, or leaves them empty",
  () => {
    const far = { reflectorMs: 0.002, forwardMs: -5.5, backwardMs: 5.75 };
    const sample = { ...SAMPLE, ...far };
    assertEquals(
      csvHeader("stamp").split(","),
      Object.keys(sampleFigures(sample, 0)),
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
);

pureTest("csvRow() leaves the time of a lost probe empty", () => {
  const row = csvRow({ ...SAMPLE, rttMs: null }, 5000, "measure");
  assertEquals(row, "7,false,0.25,0.5,12.5,");
});

pureTest("formatJson() puts a list of numbers on one line", () => {
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
});

pureTest("formatJson() leaves strings alone that look like lists", () => {
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
});

pureTest("formatJson() gives back any figures, a long list on one line", () => {
  const count = Array.from({ length: 500 }, (_, index) => index * 1.5 - 7);
  const text = formatJson({ series: { count, last: [0] } });
  assertEquals(JSON.parse(text), { series: { count, last: [0] } });
  assertEquals(text.split("\n").length, 6);
  assert(text.includes("-7, -5.5, -4"));
});

const CURVE = { quantity: "tput", against: "size" } as const;
const POINT: SweepPoint = {
  size_bytes: 1024,
  delay_ms: 0.5,
  probes: { sent: 10, received: 9, lost: 1, warmup: 5 },
  rtt_us: {
    count: 9,
    min: 10,
    mean: 20.5,
    stddev: null,
    p50: 20,
    p90: 30,
    p95: 30,
    p99: 40,
    p999: 50,
    max: 60,
  },
  throughput: {
    per_probe_mean_bits_per_second: 111,
    aggregate_bits_per_second: 222,
  },
  error: null,
};

/** Reads one record of CSV as RFC 4180 has it. */
function fieldsOf(record: string): string[] {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|$)/y;
  for (;;) {
    const found = field.exec(record);
    assert(found !== null, `no CSV: ${record}`);
    const [, quoted, plain, end] = found;
    fields.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === "") {
      assertEquals(field.lastIndex, record.length);
      return fields;
    }
  }
}

function rowOf(point: SweepPoint): Record<string, string> {
  const names = sweepCsvHeader().split(",");
  const fields = fieldsOf(sweepCsvRow(CURVE, point));
  assertEquals(fields.length, names.length);
  return Object.fromEntries(names.map((name, at) => [name, fields[at]!]));
}

pureTest("sweepCsvRow() has a field for each of the header's names", () => {
  assertEquals(rowOf(POINT), {
    quantity: "tput",
    against: "size",
    size_bytes: "1024",
    delay_ms: "0.5",
    sent: "10",
    received: "9",
    rtt_min_us: "10",
    rtt_p50_us: "20",
    rtt_p90_us: "30",
    rtt_p95_us: "30",
    rtt_p99_us: "40",
    rtt_p999_us: "50",
    rtt_max_us: "60",
    rtt_mean_us: "20.5",
    rtt_stddev_us: "",
    per_probe_mean_bits_per_second: "111",
    aggregate_bits_per_second: "222",
    error: "",
  });
});

pureTest(
  "sweepCsvRow() leaves what is unknown empty, and writes a zero",
  () => {
    const { throughput: _, ...rest } = POINT;
    const probes = { sent: 0, received: 0, lost: 0, warmup: 0 };
    const row = rowOf({ ...rest, rtt_us: null, probes, delay_ms: 0 });
    const { sent, received, delay_ms, rtt_p50_us } = row;
    assertEquals([sent, received, delay_ms, rtt_p50_us], ["0", "0", "0", ""]);
    assertEquals(row["aggregate_bits_per_second"], "");
  },
);

pureTest(
  "sweepCsvRow() quotes an error with commas, quotes and newlines",
  () => {
    const errors = [
      'The server refused the setup: "404 ERROR\\n"',
      "one, two",
      "one\ntwo\r\nthree",
      '"',
      "=1+2, ß and \u2028",
      "plain",
    ];
    for (const error of errors) {
      assertEquals(rowOf({ ...POINT, error })["error"], error);
    }
    assert(sweepCsvRow(CURVE, { ...POINT, error: "plain" }).endsWith(",plain"));
  },
);
