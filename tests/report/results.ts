/**
 * Results of every kind, none of whose figures depends on a machine.
 *
 * @module
 */

import type { CompareResult } from "../../lib/result/compare_schema.ts";
import type {
  MeasurementResult,
  SweepPoint,
  SweepResult,
} from "../../lib/result/schema.ts";
import type {
  ThroughputDirection,
  ThroughputResult,
} from "../../lib/result/throughput_schema.ts";

const LABEL = {
  format: 2,
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
export const RTT: MeasurementResult = {
  ...LABEL,
  protocol: "measure",
  mode: "rtt",
  ended: "complete",
  probes: { sent: 200, received: 197, lost: 3, warmup: 5 },
  probes_per_second: { asked: null, achieved: 25_000 },
  rtt_us: DISTRIBUTION,
  jitter_us: { rfc3550: 12.34, ipdv_p50: 5, ipdv_p99: 1500 },
  quality: {
    clock_resolution_us: 1.25,
    send_call_us: { p50: 12, p99: 34.5 },
    processor_percent: 12.3,
    floor_us: null,
    notes: ["the schedule was not kept"],
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
export const TPUT: MeasurementResult = {
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
    floor_us: { p50: 30.5, p99: 80 },
  },
};

/** The same over UDP, with all that only datagrams have. */
export const STAMP: MeasurementResult = {
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
  series: {
    ...RTT.series,
    one_way: { forward: RTT.series.timeline, backward: RTT.series.timeline },
  },
  one_way: {
    clocks_trusted: false,
    clock_error_us: 0.5,
    clock_offset_us: -1234.5,
    clock_bound_us: 40,
    clock_drift_ppm: 12.5,
    drift_bound_ppm: 30,
    forward: {
      min_us: { low: 0, high: 80 },
      variation_us: DISTRIBUTION,
      jitter_us: { rfc3550: 1, ipdv_p50: 2, ipdv_p99: 3 },
    },
    backward: {
      min_us: { low: 0, high: 80 },
      variation_us: null,
      jitter_us: null,
    },
  },
};

/** A measurement in which no probe was answered. */
export const NOTHING: MeasurementResult = {
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
  ended: "complete",
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

/** A comparison with every experiment, one of which failed. */
export const COMPARE: CompareResult = {
  ...LABEL,
  mode: "compare",
  ended: "complete",
  experiments: [
    {
      name: "first_byte",
      where: "on loopback",
      error: null,
      figures: {
        tcp: {
          attempts: 20,
          answered: 20,
          setup_p50_us: 80,
          first_byte_p50_us: 182.5,
          first_byte_max_us: 940,
        },
        udp: {
          attempts: 20,
          answered: 19,
          setup_p50_us: 30,
          first_byte_p50_us: 61.25,
          first_byte_max_us: 411,
        },
      },
    },
    {
      name: "round_trip",
      where: "to 192.0.2.1",
      error: null,
      figures: {
        size_bytes: 100,
        tcp: { sent: 200, received: 200, rtt_us: DISTRIBUTION },
        udp: { sent: 200, received: 197, rtt_us: DISTRIBUTION },
        difference_us: {
          estimate: 12,
          low: -3,
          high: 20.5,
          confidence_percent: 95,
        },
        rounds: { done: 20, answered: 19 },
        loopback_p50_us: { tcp: 40, udp: 30 },
        histogram: {
          edges_us: [20, 40, 60, 80, 100, 1500],
          tcp: [3, 40, 110, 30, 17],
          udp: [30, 120, 40, 8, 2],
        },
      },
    },
    {
      name: "head_of_line",
      where: "on an emulated path",
      error: null,
      figures: {
        dropped: 3,
        retransmit_ms: 200,
        waited_over_ms: 20,
        tcp: {
          sent: 200,
          received: 200,
          waited: 40,
          rtt_us: DISTRIBUTION,
          timeline: TIMELINE,
        },
        udp: {
          sent: 200,
          received: 197,
          waited: 0,
          rtt_us: DISTRIBUTION,
          timeline: { ...TIMELINE, slot_ms: 125 },
        },
      },
    },
    {
      name: "boundaries",
      where: "on loopback",
      error: null,
      figures: {
        tcp: { sent_bytes: [3, 5, 3], received_bytes: [11] },
        udp: { sent_bytes: [3, 5, 3], received_bytes: [3, 5, 3] },
      },
    },
    { name: "nagle", where: "on loopback", error: "no server", figures: null },
    {
      name: "concurrency",
      where: "on loopback",
      error: null,
      figures: {
        delay_ms: 20,
        iterative_us: [20_500, 41_000, 61_500],
        concurrent_us: [20_400, 20_500, 20_600],
      },
    },
  ],
  notes: ["loopback has no losses"],
};

const SHARES = { total: 40.5, user: 10, system: 30.5 };

function direction(
  direction: ThroughputDirection["direction"],
  bits_per_second: number,
): ThroughputDirection {
  const amount = { bytes: bits_per_second / 4, seconds: 2, bits_per_second };
  const datagrams = {
    sent: 1000,
    received: 990,
    lost: 10,
    lost_percent: 1,
    reordered: 2,
    duplicate: 1,
    jitter_us: 120,
  };
  return {
    direction,
    sender: amount,
    receiver: amount,
    retransmits: null,
    datagrams,
    jain_index: 1,
    rate_of_100_ms: {
      count: 20,
      p10_bits_per_second: 9e6,
      p50_bits_per_second: 10e6,
      p90_bits_per_second: 11e6,
    },
    streams: [{ id: 1, sender: amount, receiver: amount, datagrams }],
    intervals: [0, 1].map((start_s) => ({
      start_s,
      end_s: start_s + 1,
      omitted: false,
      bytes: bits_per_second / 8,
      bits_per_second,
      streams_bytes: [bits_per_second / 8],
      datagrams: 500,
    })),
  };
}

/** A throughput test over UDP, in both directions. */
export const UDP_THROUGHPUT: ThroughputResult = {
  ...LABEL,
  target: "192.0.2.1:5201",
  mode: "throughput",
  protocol: "iperf3",
  transport: "udp",
  ended: "complete",
  directions: [direction("forward", 10e6), direction("reverse", 8e6)],
  summary: {
    goodput_bits_per_second: 8e6,
    forward_bits_per_second: 10e6,
    reverse_bits_per_second: 8e6,
    sent_bits_per_second: 8e6,
    p10_bits_per_second: 9e6,
    p90_bits_per_second: 11e6,
    jain_index: 1,
    lost_percent: 1,
    jitter_us: 120,
  },
  processor_percent: { client: SHARES, server: SHARES, limit: null },
  notes: ["a note"],
};
