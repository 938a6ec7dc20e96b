import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FirstByte } from "../../lib/cli/first_byte.ts";
import type {
  TransportFigures,
  TransportFindings,
} from "../../lib/cli/transports.ts";
import {
  firstByteSection,
  nagleSection,
  transportSection,
} from "../../lib/result/compare_path_sections.ts";
import {
  type Difference,
  median,
  medianDifference,
  type Round,
} from "../../lib/stats/bootstrap.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  assertPrinted,
  assertSectionSnapshots,
  DURATION,
  usOf,
} from "../terminal/section_snapshots.ts";

const WHERE = "on loopback";
const VERDICT = new RegExp(
  `^Messages came back faster (over TCP|over UDP) than (over TCP|over UDP): ` +
    `the medians differ by (${DURATION}) \\(95 % confidence: ` +
    `(${DURATION}) to (${DURATION})\\)\\.$`,
);
const NEITHER = new RegExp(
  `^Messages came back no faster over TCP than over UDP: the medians differ ` +
    `by (${DURATION}) \\(95 % confidence: (${DURATION}) to (${DURATION})\\), ` +
    `perhaps not at all\\.$`,
);

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const us of values) histogram.record(us);
  return histogram;
}

function figuresOf(
  values: readonly number[],
  sent = values.length,
): TransportFigures {
  return { sent, received: values.length, rtt: histogramOf(values) };
}

/** From 40 us on in even steps. */
function spread(count: number, from = 40, step = 1.5): number[] {
  return Array.from({ length: count }, (_, index) => from + index * step);
}

function differenceOf(
  estimate: number,
  low: number,
  high: number,
): Difference {
  return { estimate, low, high, confidencePercent: 95 };
}

const FINDINGS: TransportFindings = {
  tcp: figuresOf([...spread(100), 900, 12_000]),
  udp: figuresOf(spread(99, 60, 1.25), 102),
  rounds: { done: 6, answered: 6 },
  difference: differenceOf(-12.25, -15.5, -9.75),
};

const ATTEMPTS: [FirstByte, FirstByte][] = [
  [{ setupUs: 120, firstByteUs: 300 }, { setupUs: 20, firstByteUs: 200 }],
  [{ setupUs: 140, firstByteUs: 310 }, { setupUs: 30, firstByteUs: null }],
  [{ setupUs: 130, firstByteUs: 4000 }, { setupUs: 25, firstByteUs: 210 }],
];

/** One round of attempts, all of them the same. */
function attempts(
  tcpUs: number,
  udpUs: number | null,
): [FirstByte, FirstByte][] {
  return [[
    { setupUs: 10, firstByteUs: tcpUs },
    { setupUs: 1, firstByteUs: udpUs },
  ]];
}

Deno.test({
  name: "firstByteSection() of TCP and UDP, one datagram lost",
  permissions: "none",
  async fn(t) {
    await assertSectionSnapshots(t, firstByteSection(ATTEMPTS, WHERE));
  },
});

Deno.test({
  name: "firstByteSection() claims nothing where no datagram came back",
  permissions: "none",
  async fn(t) {
    const section = firstByteSection(attempts(300, null), "to 192.0.2.1");
    await assertSectionSnapshots(t, section);
    assertEquals(section.sentences.length, 2);
    assertEquals(section.sentences[1], "1 datagram of 1 got no answer.");
  },
});

Deno.test({
  name: "firstByteSection() says nothing of no attempts",
  permissions: "none",
  async fn(t) {
    const section = firstByteSection([], WHERE);
    await assertSectionSnapshots(t, section);
    assertEquals(section.sentences, []);
  },
});

Deno.test({
  name: "firstByteSection() names the faster side, and by how many times",
  permissions: "none",
  fn() {
    const random = seededRandom(11);
    const pattern = new RegExp(
      `^The first byte of an answer came after (${DURATION}) over (TCP|UDP) ` +
        `and after (${DURATION}) over (TCP|UDP), ([\\d.]+) times as long ` +
        `\\(medians\\)\\.$`,
    );
    for (let run = 0; run < 300; run++) {
      const us = () => 10 ** (1 + 5 * random());
      const rounds = Array.from(
        { length: 1 + Math.floor(random() * 6) },
        () => attempts(us(), us())[0]!,
      );
      const section = firstByteSection(rounds, WHERE);
      const found = pattern.exec(section.sentences[1]!);
      assert(found !== null, section.sentences[1]);
      const [, least, fast, most, slow, ratio] = found;
      const medians: Record<string, number> = {
        TCP: median(rounds.map(([tcp]) => tcp.firstByteUs!))!,
        UDP: median(rounds.map(([, udp]) => udp.firstByteUs!))!,
      };
      assert(fast !== slow);
      assert(medians[fast!]! <= medians[slow!]!);
      assertPrinted(usOf(least!), medians[fast!]!);
      assertPrinted(usOf(most!), medians[slow!]!);
      assertPrinted(Number(ratio), medians[slow!]! / medians[fast!]!);
      const row = section.table.rows.find(({ name }) =>
        name === "first byte, p50"
      );
      assertEquals(row?.values, [medians["TCP"]!, medians["UDP"]!]);
    }
  },
});

Deno.test({
  name: "transportSection() on loopback",
  permissions: "none",
  async fn(t) {
    const section = transportSection(FINDINGS, null, 100, WHERE);
    await assertSectionSnapshots(t, section);
  },
});

Deno.test({
  name: "transportSection() on a path, beside loopback, without a verdict",
  permissions: "none",
  async fn(t) {
    const findings = { ...FINDINGS, difference: null };
    const section = transportSection(findings, FINDINGS, 48, "to 192.0.2.1");
    await assertSectionSnapshots(t, section);
  },
});

Deno.test({
  name: "transportSection() of two sides that are alike",
  permissions: "none",
  async fn(t) {
    const findings = {
      ...FINDINGS,
      tcp: figuresOf(spread(30)),
      udp: figuresOf(spread(30)),
      difference: differenceOf(0, -2.5, 1.5),
    };
    await assertSectionSnapshots(
      t,
      transportSection(findings, null, 100, WHERE),
    );
  },
});

Deno.test({
  name:
    "transportSection() of nothing received over UDP, and of nothing at all",
  permissions: "none",
  async fn(t) {
    const lost = figuresOf([], 20);
    for (const tcp of [figuresOf(spread(20)), figuresOf([])]) {
      const section = transportSection(
        { ...FINDINGS, tcp, udp: lost, difference: null },
        { ...FINDINGS, tcp: lost, udp: lost, difference: null },
        100,
        WHERE,
      );
      await assertSectionSnapshots(t, section);
    }
  },
});

/** The sentence is held against the difference that it is about. */
function assertVerdict(sentence: string, difference: Difference): void {
  const { estimate, low, high } = difference;
  const faster = VERDICT.exec(sentence);
  const neither = NEITHER.exec(sentence);
  assert(faster !== null || neither !== null, sentence);
  const excludesZero = low > 0 || high < 0;
  assertEquals(faster !== null, excludesZero, sentence);
  const hint = `in: ${sentence} of ${JSON.stringify(difference)}`;
  if (faster !== null) {
    const [, fast, slow, by, from, to] = faster;
    // Below 0 it is TCP that takes less.
    const expected = high < 0
      ? ["over TCP", "over UDP"]
      : ["over UDP", "over TCP"];
    assertEquals([fast, slow], expected, hint);
    assertPrinted(usOf(by!), Math.abs(estimate), hint);
    const ends = [Math.abs(low), Math.abs(high)].sort((a, b) => a - b);
    assertPrinted(usOf(from!), ends[0]!, hint);
    assertPrinted(usOf(to!), ends[1]!, hint);
  } else {
    const [, by, from, to] = neither!;
    const sign = estimate < 0 ? -1 : 1;
    const ends = [sign * low, sign * high].sort((a, b) => a - b);
    assertPrinted(usOf(by!), Math.abs(estimate), hint);
    assertPrinted(usOf(from!), ends[0]!, hint);
    assertPrinted(usOf(to!), ends[1]!, hint);
    assert(usOf(from!) <= usOf(to!), hint);
  }
}

Deno.test({
  name: "transportSection() calls one faster only if the interval leaves out 0",
  permissions: "none",
  fn() {
    const random = seededRandom(3);
    const seen = { faster: 0, neither: 0 };
    for (let run = 0; run < 400; run++) {
      const scale = 10 ** (6 * random());
      const shift = (random() - 0.5) * scale;
      const width = random() * scale;
      const low = shift - width * random();
      const high = shift + width * random();
      const difference = differenceOf(shift, low, high);
      const [sentence] = transportSection(
        { ...FINDINGS, difference },
        null,
        100,
        WHERE,
      ).sentences;
      assertVerdict(sentence!, difference);
      seen[sentence!.includes("no faster") ? "neither" : "faster"] += 1;
    }
    assert(seen.faster > 50 && seen.neither > 50, JSON.stringify(seen));
  },
});

Deno.test({
  name: "transportSection() of measured rounds says what their figures say",
  permissions: "none",
  fn() {
    const random = seededRandom(8);
    for (let run = 0; run < 25; run++) {
      const apart = (random() - 0.5) * 20;
      const rounds: Round[] = Array.from(
        { length: 6 + Math.floor(random() * 6) },
        () => {
          const side = (shift: number) =>
            Array.from({ length: 9 }, () => 60 + shift + 30 * random());
          return [side(apart), side(0)];
        },
      );
      const difference = medianDifference(rounds)!;
      const [tcp, udp] = ([0, 1] as const).map((side) =>
        figuresOf(rounds.flatMap((round) => round[side]))
      );
      const section = transportSection(
        { ...FINDINGS, tcp: tcp!, udp: udp!, difference },
        null,
        100,
        WHERE,
      );
      assertVerdict(section.sentences[0]!, difference);
      const p50 = section.table.rows.find(({ name }) => name === "p50")!;
      const [one, other] = p50.values as number[];
      // The table has the middle value by rank, the sentence the middle.
      assert(
        Math.abs(one! - other! - difference.estimate) < 2,
        `${p50.values}`,
      );
    }
  },
});

Deno.test({
  name: "transportSection() holds at the edges: an interval that touches 0",
  permissions: "none",
  fn() {
    for (
      const difference of [
        differenceOf(0, 0, 0),
        differenceOf(5, 0, 9),
        differenceOf(-5, -9, 0),
        differenceOf(-5, -9, 4),
        differenceOf(5, 0.001, 9),
        differenceOf(-1500, -2e6, -0.25),
      ]
    ) {
      const { sentences } = transportSection(
        { ...FINDINGS, difference },
        null,
        100,
        WHERE,
      );
      assertVerdict(sentences[0]!, difference);
      assert(!/NaN|Infinity|-0 /.test(sentences[0]!), sentences[0]);
    }
  },
});

Deno.test({
  name: "nagleSection() of an algorithm that costs 40 ms",
  permissions: "none",
  async fn(t) {
    await assertSectionSnapshots(
      t,
      nagleSection({
        on: histogramOf(spread(50, 40_000, 90)),
        off: histogramOf(spread(50, 25, 0.5)),
        difference: differenceOf(42_000, 41_000, 43_500),
      }, WHERE),
    );
  },
});

Deno.test({
  name: "nagleSection() of too few rounds, and of no message",
  permissions: "none",
  async fn(t) {
    for (const values of [[41.5], []]) {
      const histogram = histogramOf(values);
      await assertSectionSnapshots(
        t,
        nagleSection(
          { on: histogram, off: histogram, difference: null },
          WHERE,
        ),
      );
    }
  },
});

Deno.test({
  name: "nagleSection() says with which setting it was faster",
  permissions: "none",
  fn() {
    const histogram = histogramOf(spread(9));
    const verdictOf = (difference: Difference) =>
      nagleSection({ on: histogram, off: histogram, difference }, WHERE)
        .sentences[0]!;
    assertMatch(
      verdictOf(differenceOf(40_000, 39_000, 41_000)),
      /\bfaster without\b.*\b40\.0 ms\b.*\b39\.0 ms to 41\.0 ms\b/,
    );
    assertMatch(
      verdictOf(differenceOf(-40, -41, -39)),
      /\bfaster with\b.*\b40\.0 us\b.*\b39\.0 us to 41\.0 us\b/,
    );
    assertMatch(
      verdictOf(differenceOf(-40, -41, 39)),
      /^Messages came back no faster/,
    );
  },
});
