import { assert, assertEquals } from "@std/assert";
import { formatResult } from "../../lib/terminal/result_text.ts";
import type { Result } from "../../lib/result/result.ts";

/** A result whose every figure is known, and none depends on the machine. */
const RESULT: Result = {
  format: 1,
  tool: "roundtrip",
  version: "0.1.0",
  runtime: { deno: "2.9.6", os: "linux", arch: "x86_64" },
  protocol: "measure",
  mode: "rtt",
  target: "127.0.0.1:10000",
  started: "2026-01-01T00:00:00.000Z",
  options: { given: {}, used: {} },
  probes: { sent: 200, received: 197, lost: 3, warmup: 5 },
  probes_per_second: { asked: null, achieved: 25_000 },
  rtt_us: {
    count: 197,
    min: 9.5,
    mean: 55.125,
    stddev: 10.25,
    p50: 41.25,
    p90: 99.9,
    p95: 99.9,
    p99: 1234,
    p999: 50_104,
    max: 2_000_000,
  },
  jitter_us: { rfc3550: 12.34, ipdv_p50: 5, ipdv_p99: 1500 },
  quality: {
    clock_resolution_us: 1.25,
    send_call_us: { p50: 12, p99: 34.5 },
    processor_percent: 12.3,
    floor_us: null,
    notes: ["p99.9 of 197 samples is their maximum"],
  },
  series: {
    histogram: {
      edges_us: [9, 20, 50, 100, 1000, 2_000_000],
      count: [20, 110, 47, 15, 5],
    },
    percentiles: { percent: [0, 50, 90, 100], us: [9.5, 41.25, 99.9, 2e6] },
    timeline: {
      slot_ms: 2,
      sent: [50, 50, 50, 50],
      lost: [0, 0, 3, 0],
      min_us: [9.5, 10, 12, 11],
      mean_us: [55, 41, 60, 50_000],
      max_us: [99, 1234, 300, 2_000_000],
    },
  },
};

const THROUGHPUT: Result = {
  ...RESULT,
  mode: "tput",
  throughput: {
    per_probe_mean_bits_per_second: 4_666_667,
    aggregate_bits_per_second: 3_428_571_000,
  },
  rtt_from_intended_us: { ...RESULT.rtt_us!, max: 3_000_000 },
  quality: {
    ...RESULT.quality,
    send_lateness_us: { p50: 1, p99: 250, max: 40_000 },
  },
};

const DATAGRAMS: Result = {
  ...RESULT,
  protocol: "stamp",
  probes: {
    ...RESULT.probes,
    lost_forward: 1,
    lost_backward: 0,
    late: 2,
    duplicate: 4,
    reordered: 5,
    corrupt: 6,
  },
  probes_per_second: { asked: 1000, achieved: 999.96 },
  rtt_with_reflector_us: { ...RESULT.rtt_us!, max: 2_000_500 },
  rtt_from_intended_us: { ...RESULT.rtt_us!, max: 3_000_000 },
  one_way: {
    clock_offset_us: -12_345.6,
    clock_bound_us: 20.5,
    forward: { delay_us: RESULT.rtt_us!, jitter_us: RESULT.jitter_us },
    backward: { delay_us: RESULT.rtt_us!, jitter_us: null },
  },
  quality: { ...RESULT.quality, floor_us: 20.7 },
};

const NOTHING: Result = {
  ...THROUGHPUT,
  probes: { sent: 1, received: 0, lost: 1, warmup: 1 },
  rtt_us: null,
  rtt_from_intended_us: null,
  jitter_us: null,
  throughput: {
    per_probe_mean_bits_per_second: null,
    aggregate_bits_per_second: null,
  },
  quality: {
    clock_resolution_us: null,
    send_lateness_us: null,
    send_call_us: null,
    processor_percent: null,
    floor_us: null,
    notes: [],
  },
};

/** Snapshots of text are stored as it is, not as a string literal. */
const asText = { serializer: (text: string) => text };

function textOf(result: Result, width = 80): string {
  return formatResult(result, { width, ascii: false, color: false });
}

async function assertSnapshots(
  t: Deno.TestContext,
  result: Result,
): Promise<void> {
  for (const width of [40, 80, 200]) {
    await t.assertSnapshot(textOf(result, width), asText);
  }
  const ascii = { width: 40, ascii: true, color: false };
  assertEquals(formatResult(result, ascii), textOf(result, 40));
}

Deno.test({
  name: "formatResult() of round-trip times",
  permissions: "none",
  async fn(t) {
    await assertSnapshots(t, RESULT);
  },
});

Deno.test({
  name: "formatResult() of datagrams, each way by itself",
  permissions: "none",
  async fn(t) {
    await assertSnapshots(t, DATAGRAMS);
  },
});

Deno.test({
  name: "formatResult() of losses in unknown directions, by drifted clocks",
  permissions: "none",
  async fn(t) {
    const unknown = { delay_us: null, jitter_us: RESULT.jitter_us };
    const result: Result = {
      ...DATAGRAMS,
      probes: { ...DATAGRAMS.probes, lost_forward: null, lost_backward: null },
      probes_per_second: { asked: 1000, achieved: null },
      one_way: {
        clock_offset_us: null,
        clock_bound_us: null,
        forward: unknown,
        backward: unknown,
      },
    };
    await assertSnapshots(t, result);
  },
});

Deno.test({
  name: "formatResult() of throughput on a schedule",
  permissions: "none",
  async fn(t) {
    await assertSnapshots(t, THROUGHPUT);
  },
});

Deno.test({
  name: "formatResult() of a run without a single reply",
  permissions: "none",
  async fn(t) {
    await assertSnapshots(t, NOTHING);
  },
});

Deno.test({
  name: "formatResult() names a share only of what was sent",
  permissions: "none",
  fn() {
    const probes = { sent: 0, received: 0, lost: 0, warmup: 0 };
    const lines = textOf({ ...NOTHING, probes }).split("\n");
    assert(lines.includes("0 probes sent, 0 received, 0 lost"));
  },
});

Deno.test({
  name: "formatResult() never prints NaN, nor a line that is too wide",
  permissions: "none",
  fn() {
    const scaled = (factor: number): Result => ({
      ...THROUGHPUT,
      rtt_us: Object.fromEntries(
        Object.entries(RESULT.rtt_us!).map(([key, us]) => [key, us * factor]),
      ) as unknown as Result["rtt_us"],
    });
    const results = [RESULT, THROUGHPUT, NOTHING, scaled(0), scaled(1e6)];
    for (const result of results) {
      for (const width of [40, 41, 60, 80, 200]) {
        for (const line of textOf(result, width).split("\n")) {
          assert(line.length <= width, line);
          assert(!/NaN|Infinity|null|undefined/.test(line), line);
          assertEquals(line, line.trimEnd());
        }
      }
    }
  },
});

Deno.test({
  name: "formatResult() keeps a long note within 78 columns",
  permissions: "none",
  fn() {
    const note = "the schedule was not kept: a probe is sent only after the " +
      "last echo, so read the figures from the intended time";
    const quality = { ...RESULT.quality, notes: [note] };
    const text = textOf({ ...RESULT, quality });
    assert(text.replace(/\s+/g, " ").endsWith(`note: ${note}`));
    for (const line of text.split("\n")) assert(line.length <= 78, line);
  },
});
