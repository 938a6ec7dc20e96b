import { assert, assertEquals, assertMatch } from "@std/assert";
import type { SweepCurve, SweepPoint } from "../../lib/result/schema.ts";
import { addPoint } from "../../lib/result/sweep.ts";
import { sweepSections } from "../../lib/result/sweep_sections.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  assertPrinted,
  assertSectionSnapshot,
  DURATION,
  usOf,
} from "../terminal/section_snapshots.ts";
import { pureTest } from "../pure.ts";

const REFUSED =
  'The server refused the setup: "404 ERROR: Invalid Connection Setup Message\\n"';

/** A point of the given median; `null` for one that failed. */
function point(
  quantity: SweepCurve["quantity"],
  sizeBytes: number,
  delayMs: number,
  us: number | null,
): SweepPoint {
  const failed = us === null;
  const count = failed ? 0 : 10;
  return {
    size_bytes: sizeBytes,
    delay_ms: delayMs,
    probes: { sent: count, received: count, lost: 0, warmup: failed ? 0 : 5 },
    rtt_us: failed ? null : {
      count,
      min: us * 0.8,
      mean: us * 1.1,
      stddev: us * 0.2,
      p50: us,
      p90: us * 1.5,
      p95: us * 1.5,
      p99: us * 2,
      p999: us * 2,
      max: us * 2,
    },
    ...(quantity === "tput" && {
      throughput: {
        aggregate_bits_per_second: failed ? null : sizeBytes * 8e6 / us,
        per_probe_mean_bits_per_second: failed ? null : sizeBytes * 9e6 / us,
      },
    }),
    error: failed ? REFUSED : null,
  };
}

/** The course's four curves, by the median at a size and a delay. */
function curvesOf(
  medianUs: (sizeBytes: number, delayMs: number) => number | null,
): SweepCurve[] {
  const sizes = { rtt: [1, 100, 1000], tput: [1024, 8192, 32_768] };
  const curves: SweepCurve[] = [];
  for (const against of ["size", "delay"] as const) {
    for (const quantity of ["rtt", "tput"] as const) {
      const places = against === "size"
        ? sizes[quantity].map((size): [number, number] => [size, 0])
        : [0, 50, 200].map((ms): [number, number] => [sizes[quantity][1]!, ms]);
      for (const [size, delay] of places) {
        addPoint(
          curves,
          { quantity, against },
          point(quantity, size, delay, medianUs(size, delay)),
        );
      }
    }
  }
  return curves;
}

const USUAL = curvesOf((size, delay) => 40 + size / 100 + delay * 1000);
const WITHOUT_LARGE = curvesOf((size, delay) =>
  size > 16_384 ? null : 40 + size / 100 + delay * 1000
);

function sectionsOf(curves: SweepCurve[]) {
  return sweepSections([{ name: "", result: { notes: [], curves } }]);
}

pureTest("sweepSections() of the course's four experiments", async (t) => {
  const sections = sectionsOf(USUAL);
  assertEquals(sections.map(({ title }) => title), [
    "RTT against size",
    "Throughput against size",
    "RTT against delay",
    "Throughput against delay",
  ]);
  for (const section of sections) await assertSectionSnapshot(t, section);
});

pureTest("sweepSections() names the points that failed, and why", async (t) => {
  const section = sectionsOf(WITHOUT_LARGE)[1]!;
  await assertSectionSnapshot(t, section);
  assertEquals(section.table!.rows.at(-1)!.values, ["failed", "failed", 0]);
  const failure = section.sentences!.at(-2)!;
  assert(failure.startsWith("At 32768 bytes"), failure);
  assert(failure.includes(REFUSED));
  assertMatch(section.sentences!.at(-1)!, /at most half of the link's/);
  // The trend ends where the figures do.
  assertMatch(
    section.sentences![0]!,
    /^From 1024 bytes to 8192 bytes of size/,
  );
});

pureTest("sweepSections() of points that all failed", async (t) => {
  const sections = sectionsOf(curvesOf(() => null));
  for (const section of sections.slice(0, 2)) {
    await assertSectionSnapshot(t, section);
    // All for the same reason, so that is said once; nothing is drawn.
    assertEquals(section.sentences!.length, 1);
    assert(section.sentences![0]!.includes("failed: "));
    assertEquals(section.charts, []);
  }
});

pureTest("sweepSections() of one point tells no trend", async (t) => {
  const points = [point("rtt", 100, 0, 41.25)];
  const sections = sectionsOf([{ quantity: "rtt", against: "size", points }]);
  await assertSectionSnapshot(t, sections[0]!);
  assertEquals(sections[0]!.sentences, []);
});

pureTest("sweepSections() puts several sweeps side by side", async (t) => {
  const slower = curvesOf((size, delay) =>
    size === 1000 ? null : 95 + delay * 1010
  );
  // Other sizes, in another order, and only one experiment.
  const other: SweepCurve[] = [{
    quantity: "rtt",
    against: "size",
    points: [point("rtt", 500, 0, 60), point("rtt", 1, 0, 50)],
  }];
  const sections = sweepSections([
    { name: "lan", result: { notes: [], curves: USUAL } },
    { name: "wlan", result: { notes: [], curves: slower } },
    { name: "http://example.net/<b>", result: { notes: [], curves: other } },
  ]);
  assertEquals(sections.length, 4);
  for (const section of sections.slice(0, 2)) {
    await assertSectionSnapshot(t, section);
  }
  const [sizes, throughput] = sections;
  assertEquals(
    sizes!.table!.rows.map(({ name, values }) => [name, ...values]),
    [
      ["1 byte", 40.01, 95, 50],
      ["100 bytes", 41, 95, null],
      ["500 bytes", null, null, 60],
      ["1000 bytes", 50, "failed", null],
    ],
  );
  assertEquals(throughput!.table!.rows[0]!.values[2], null);
  assert(
    sizes!.sentences!.every((text) => /^(lan|wlan|http\S+): /.test(text)),
  );
});

pureTest("sweepSections() of nothing", () => {
  assertEquals(sweepSections([]), []);
  assertEquals(sectionsOf([]), []);
});

pureTest("sweepSections() tells the trend as the figures do", () => {
  const pattern = new RegExp(
    `^From 1 byte to 1000 bytes of size the median (rose|fell) from ` +
      `(${DURATION}) to (${DURATION}) \\(([\\d.]+) to 1\\)\\.$`,
  );
  const random = seededRandom(21);
  for (let run = 0; run < 200; run++) {
    const [from, to] = [10 ** (1 + 4 * random()), 10 ** (1 + 4 * random())];
    const points = [point("rtt", 1, 0, from), point("rtt", 1000, 0, to)];
    const [section] = sectionsOf([
      { quantity: "rtt", against: "size", points },
    ]);
    const found = pattern.exec(section!.sentences![0]!);
    // The spread of a point is from 0.8 to 1.5 times its median.
    const isClear = Math.max(from / to, to / from) > 1.5 / 0.8;
    assertEquals(found !== null, isClear, section!.sentences![0]);
    if (found === null) {
      assertMatch(section!.sentences![0]!, / is no clear difference: /);
      continue;
    }
    const [, way, fromText, toText, ratio] = found;
    assertEquals(way, from < to ? "rose" : "fell");
    assertPrinted(usOf(fromText!), from);
    assertPrinted(usOf(toText!), to);
    assertPrinted(Number(ratio), Math.max(from / to, to / from));
  }
});

pureTest("sweepSections() does not say that what stayed the same rose", () => {
  const points = [point("rtt", 1, 0, 41), point("rtt", 1000, 0, 41)];
  const [section] = sectionsOf([
    { quantity: "rtt", against: "size", points },
  ]);
  assertEquals(section!.sentences, [
    "From 1 byte to 1000 bytes of size the median stayed at 41.0 us.",
  ]);
});

pureTest(
  "sweepSections() compares neighbours, beside the ratio of their sizes",
  () => {
    const sentences = (
      quantity: SweepCurve["quantity"],
      ...medians: [sizeBytes: number, us: number][]
    ) => {
      const points = medians.map(([size, us]) => point(quantity, size, 0, us));
      return sectionsOf([{ quantity, against: "size", points }])[0]!.sentences!
        .filter((sentence) => sentence.startsWith("Between"));
    };
    assertEquals(sentences("rtt", [1, 500], [8188, 43_800], [8186, 550]), [
      "Between 8186 bytes and 8188 bytes the median jumps from 550 us to " +
      "43.8 ms: round trips take 79.6 times as long.",
    ]);
    assertEquals(sentences("tput", [4096, 500], [8192, 43_800]), [
      "Between 4096 bytes and 8192 bytes the aggregate jumps from " +
      "65.5 Mbit/s to 1.50 Mbit/s: round trips take 87.6 times as long.",
    ]);
    assertEquals(sentences("rtt", [100, 100], [1000, 1500]), []);
    assertEquals(sentences("rtt", [100, 100], [101, 180]), []);
  },
);

pureTest("sweepSections() tells no ratio to zero", () => {
  for (const [from, to] of [[0, 5], [5, 0], [0, 0]] as const) {
    const points = [point("rtt", 1, 0, from), point("rtt", 1000, 0, to)];
    const [section] = sectionsOf([
      { quantity: "rtt", against: "size", points },
    ]);
    const text = section!.sentences!.join(" ");
    assert(!/NaN|Infinity/.test(text), text);
  }
});
