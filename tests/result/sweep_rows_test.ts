import { assert, assertEquals } from "@std/assert";
import type { SweepPoint } from "../../lib/result/sweep.ts";
import { sweepCsvHeader, sweepCsvRow } from "../../lib/result/sweep_rows.ts";

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

Deno.test({
  name: "sweepCsvRow() has a field for each of the header's names",
  permissions: "none",
  fn() {
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
      rtt_p99_us: "40",
      rtt_max_us: "60",
      rtt_mean_us: "20.5",
      rtt_stddev_us: "",
      per_probe_mean_bits_per_second: "111",
      aggregate_bits_per_second: "222",
      error: "",
    });
  },
});

Deno.test({
  name: "sweepCsvRow() leaves what is unknown empty, and writes a zero",
  permissions: "none",
  fn() {
    const { throughput: _, ...rest } = POINT;
    const probes = { sent: 0, received: 0, lost: 0, warmup: 0 };
    const row = rowOf({ ...rest, rtt_us: null, probes, delay_ms: 0 });
    const { sent, received, delay_ms, rtt_p50_us } = row;
    assertEquals([sent, received, delay_ms, rtt_p50_us], ["0", "0", "0", ""]);
    assertEquals(row["aggregate_bits_per_second"], "");
  },
});

Deno.test({
  name: "sweepCsvRow() quotes an error with commas, quotes and newlines",
  permissions: "none",
  fn() {
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
});
