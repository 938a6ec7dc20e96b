/** Charts to be drawn by the tests of drawing. */

import type {
  BarChart,
  CurveChart,
  HistogramChart,
  TimelineChart,
} from "../../lib/result/section.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { Timeline, type TimelineFigures } from "../../lib/stats/timeline.ts";

/** What was measured on two paths, the second slower and with losses. */
const PATHS = [path("here", 1, 40, 0), path("far away", 2, 65, 0.02)];

function path(name: string, seed: number, baseUs: number, loss: number) {
  const random = seededRandom(seed);
  const timeline = new Timeline();
  const histogram = new Histogram();
  for (let probe = 0; probe < 2000; probe++) {
    const spike = random() < 0.003 ? 400 * random() : 0;
    // The sum of three is about normally distributed.
    const us = baseUs + 5 * (random() + random() + random()) + spike;
    const lost = random() < loss;
    timeline.record(probe, lost ? null : us);
    if (!lost) histogram.record(us);
  }
  return { name, timeline: timeline.figures(), histogram };
}

const EDGES_US = [45, 50, 55, 60, 65, 70, 75, 80, 500];

export const HISTOGRAM: HistogramChart = {
  kind: "histogram",
  title: "Distribution of the RTT",
  edges_us: PATHS[0]!.histogram.binEdges(12)!,
  series: [{
    name: "RTT",
    count: PATHS[0]!.histogram.counts(PATHS[0]!.histogram.binEdges(12)!),
  }],
};

export const TWO_HISTOGRAMS: HistogramChart = {
  kind: "histogram",
  title: "Distribution of the RTT",
  edges_us: EDGES_US,
  series: PATHS.map(({ name, histogram }) => ({
    name,
    count: histogram.counts(EDGES_US),
  })),
};

export const TIMELINE: TimelineChart = {
  kind: "timeline",
  title: "RTT over time",
  series: PATHS.slice(1),
};

export const TWO_TIMELINES: TimelineChart = { ...TIMELINE, series: PATHS };

/** From 50 us to 50 ms, losses, a pause, and a time without any reply. */
export const WIDE_TIMELINE: TimelineChart = {
  kind: "timeline",
  title: "RTT over time",
  series: [{
    name: "spikes",
    timeline: timelineOf(
      Array.from(
        { length: 40 },
        (_, slot) =>
          slot > 20 && slot < 24
            ? null
            : 50 * 10 ** (3 * ((slot * 7 % 20) / 19)),
      ),
      [5, 22, 23],
    ),
  }],
};

/** A timeline of one probe a slot. */
export function timelineOf(
  us: (number | null)[],
  lost: number[],
  slotMs = 100,
): TimelineFigures {
  const losses = us.map((_, slot) => lost.includes(slot) ? 1 : 0);
  return {
    slot_ms: slotMs,
    sent: us.map((us, slot) => us === null && !losses[slot] ? 0 : 2),
    lost: losses,
    min_us: us,
    mean_us: us,
    max_us: us,
  };
}

export const PERCENTILES: CurveChart = {
  kind: "curve",
  title: "Percentiles of the RTT",
  x: { label: "percentile", unit: "percent", scale: "percentile" },
  y: { label: "RTT", unit: "us", scale: "log" },
  series: PATHS.map(({ name, histogram }) => {
    const { percent, us } = histogram.percentiles()!;
    return { name, points: percent.map((x, i) => ({ x, y: us[i]! })) };
  }),
};

const SIZES = [1, 100, 1000, 5000, 10_000, 20_000, 32_768];

export const SWEEP: CurveChart = {
  kind: "curve",
  title: "RTT against size",
  x: { label: "size", unit: "bytes" },
  y: { label: "RTT, median", unit: "us" },
  series: [{
    name: "127.0.0.1:10000",
    points: SIZES.map((x) => ({ x, y: x === 20_000 ? null : 41 + x / 300 })),
  }],
};

export const TWO_SWEEPS: CurveChart = {
  ...SWEEP,
  series: [
    SWEEP.series[0]!,
    {
      name: "router.example:10000",
      points: SIZES.map((x) => ({ x, y: 41 + x / 80 })),
    },
  ],
};

export const BARS: BarChart = {
  kind: "bars",
  title: "Median RTT of each transport",
  value: { label: "RTT", unit: "us" },
  names: ["TCP", "UDP", "Unix"],
  series: [{ name: "here", values: [41.2, 33.9, 0.4] }],
};

export const TWO_BARS: BarChart = {
  ...BARS,
  series: [
    { name: "before", values: [41.2, 33.9, null] },
    { name: "after", values: [1312, 0, 29.5] },
  ],
};
