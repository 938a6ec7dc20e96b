/**
 * Results of every kind, none of whose figures depends on a machine.
 *
 * @module
 */

import type { Result } from "../../lib/result/result.ts";
import type { SweepPoint, SweepResult } from "../../lib/result/sweep.ts";
import type { CompareResult } from "../../lib/result/compare_result.ts";
import type { Chart } from "../../lib/result/section.ts";

const LABEL = {
  format: 1,
  tool: "roundtrip",
  version: "0.1.0",
  runtime: { deno: "2.9.6", os: "linux", arch: "x86_64" },
  target: "192.0.2.1:10000",
  started: "2026-01-01T00:00:00.000Z",
  options: {
    given: { count: "200" },
    used: { count: 200, size_bytes: 100, interval_ms: 2 },
  },
} as const;

const DISTRIBUTION = {
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
};

/** Three slots with losses, and one in which nothing was answered. */
const TIMELINE = {
  slot_ms: 100,
  sent: [50, 50, 50, 0, 50],
  lost: [0, 1, 2, 0, 0],
  min_us: [9.5, 10, 12, null, 11],
  mean_us: [55, 41, 60, null, 50_000],
  max_us: [99, 1234, 300, null, 2_000_000],
};

/** A measurement of round-trip times. */
export const RTT: Result = {
  ...LABEL,
  protocol: "measure",
  mode: "rtt",
  probes: { sent: 200, received: 197, lost: 3, warmup: 5 },
  probes_per_second: { asked: null, achieved: 25_000 },
  rtt_us: DISTRIBUTION,
  jitter_us: { rfc3550: 12.34, ipdv_p50: 5, ipdv_p99: 1500 },
  quality: {
    clock_resolution_us: 1.25,
    send_call_us: { p50: 12, p99: 34.5 },
    processor_percent: 12.3,
    floor_us: null,
    notes: ["p99.9 of fewer than 1000 samples is their maximum"],
  },
  series: {
    histogram: {
      edges_us: [9, 20, 50, 100, 1000, 2_000_000],
      count: [20, 110, 47, 15, 5],
    },
    percentiles: { percent: [0, 50, 90, 100], us: [9.5, 41.25, 99.9, 2e6] },
    timeline: TIMELINE,
  },
};

/** The same of throughput, faster, with a schedule. */
export const TPUT: Result = {
  ...RTT,
  mode: "tput",
  rtt_us: { ...DISTRIBUTION, p50: 30 },
  rtt_from_intended_us: DISTRIBUTION,
  throughput: {
    per_probe_mean_bits_per_second: 4_666_667,
    aggregate_bits_per_second: 3_428_571_000,
  },
  quality: {
    ...RTT.quality,
    send_lateness_us: { p50: 1, p99: 250, max: 40_000 },
    floor_us: 30.5,
  },
};

/** The same over UDP, with all that only datagrams have. */
export const STAMP: Result = {
  ...RTT,
  protocol: "stamp",
  probes: {
    ...RTT.probes,
    lost_forward: 1,
    lost_backward: null,
    late: 2,
    duplicate: 4,
    reordered: 5,
    corrupt: 6,
  },
  rtt_with_reflector_us: DISTRIBUTION,
  one_way: {
    clock_offset_us: -1234.5,
    clock_bound_us: 40,
    forward: {
      delay_us: DISTRIBUTION,
      jitter_us: { rfc3550: 1, ipdv_p50: 2, ipdv_p99: 3 },
    },
    backward: { delay_us: null, jitter_us: null },
  },
};

/** A measurement in which no probe was answered. */
export const NOTHING: Result = {
  ...RTT,
  probes: { sent: 1, received: 0, lost: 1, warmup: 0 },
  probes_per_second: { asked: null, achieved: null },
  rtt_us: null,
  jitter_us: null,
  series: {
    histogram: null,
    percentiles: null,
    timeline: {
      slot_ms: 1,
      sent: [1],
      lost: [1],
      min_us: [null],
      mean_us: [null],
      max_us: [null],
    },
  },
};

function point(
  size_bytes: number,
  delay_ms: number,
  us: number | null,
): SweepPoint {
  return {
    size_bytes,
    delay_ms,
    probes: {
      sent: 10,
      received: us === null ? 0 : 10,
      lost: us === null ? 10 : 0,
      warmup: 1,
    },
    rtt_us: us === null ? null : {
      count: 10,
      min: us * 0.9,
      mean: us,
      stddev: us / 10,
      p50: us,
      p90: us * 1.2,
      p95: us * 1.2,
      p99: us * 1.5,
      p999: us * 1.5,
      max: us * 1.5,
    },
    error: us === null ? "timed out after 5000 ms" : null,
  };
}

function stream(size_bytes: number, delay_ms: number, rate: number) {
  return {
    ...point(size_bytes, delay_ms, size_bytes * 8e6 / rate),
    throughput: {
      per_probe_mean_bits_per_second: rate * 1.04,
      aggregate_bits_per_second: rate,
    },
  };
}

/** A sweep of all four experiments, of which one point failed. */
export const SWEEP: SweepResult = {
  ...LABEL,
  mode: "sweep",
  protocol: "measure",
  curves: [
    {
      quantity: "rtt",
      against: "size",
      points: [1, 100, 200, 400, 800, 1000]
        .map((size) => point(size, 0, size === 400 ? null : 60 + size / 50)),
    },
    {
      quantity: "tput",
      against: "size",
      points: [1, 2, 4, 8, 16, 32]
        .map((kilo) => stream(kilo * 1024, 0, 1e8 * Math.sqrt(kilo))),
    },
    {
      quantity: "rtt",
      against: "delay",
      points: [0, 10, 20, 50, 100]
        .map((delay) => point(100, delay, 60 + delay * 1000)),
    },
    {
      quantity: "tput",
      against: "delay",
      points: [0, 10, 20, 50, 100]
        .map((delay) => stream(16_384, delay, 131_072e3 / (delay + 0.2))),
    },
  ],
  notes: ["the points were measured one after the other"],
};

const CHARTS: Chart[] = [
  {
    kind: "bars",
    title: "Time to the first byte",
    value: { label: "time", unit: "us" },
    names: ["TCP, a connection each", "UDP", "a transport that failed"],
    series: [
      { name: "median", values: [182.5, 61.25, null] },
      { name: "longest", values: [940, 411, null] },
    ],
  },
  {
    kind: "histogram",
    title: "RTT of TCP and of UDP",
    edges_us: [20, 40, 60, 80, 100, 1500],
    series: [
      { name: "TCP", count: [3, 40, 110, 30, 17] },
      { name: "UDP", count: [30, 120, 40, 8, 2] },
    ],
  },
  {
    kind: "timeline",
    title: "RTT over time",
    series: [
      { name: "TCP", timeline: TIMELINE },
      {
        name: "UDP",
        timeline: {
          slot_ms: 125,
          sent: [50, 50, 50, 50],
          lost: [0, 0, 0, 9],
          min_us: [8, 9, 10, 11],
          mean_us: [30, 40, 35, 60],
          max_us: [90, 80, 250, 400],
        },
      },
    ],
  },
  {
    kind: "curve",
    title: "Clients served at a time",
    x: { label: "clients", unit: "count", scale: "log" },
    y: { label: "rate", unit: "bits_per_second" },
    series: [
      {
        name: "iterative",
        points: [{ x: 1, y: 9e6 }, { x: 10, y: 9.5e6 }, { x: 100, y: null }],
      },
      {
        name: "concurrent",
        points: [{ x: 1, y: 9e6 }, { x: 10, y: 40e6 }, { x: 100, y: 120e6 }],
      },
    ],
  },
];

/** A comparison with a chart of every kind. */
export const COMPARE: CompareResult = {
  ...LABEL,
  mode: "compare",
  sections: [
    {
      title: "Connection set-up and the first byte",
      table: {
        columns: [{ name: "TCP" }, { name: "UDP" }],
        rows: [
          { name: "attempts", unit: "count", values: [20, 20] },
          { name: "first byte, median", unit: "us", values: [182.5, 61.25] },
          { name: "with Nagle's algorithm", values: ["failed", null] },
        ],
      },
      charts: CHARTS.slice(0, 2),
      sentences: ["The first byte came 2.98 times later over TCP."],
    },
    {
      title: "Round trips under load",
      table: {
        columns: [{ name: "iterative", unit: "us" }],
        rows: [{ name: "p99", values: [1234] }],
      },
      charts: CHARTS.slice(2),
      sentences: [],
    },
  ],
  notes: ["loopback has no losses"],
};
