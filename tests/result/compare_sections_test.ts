import { assert, assertEquals, assertMatch } from "@std/assert";
import type {
  CompareResult,
  Experiment,
  ExperimentFigures,
  ExperimentName,
} from "../../lib/result/compare_schema.ts";
import { experimentSection } from "../../lib/result/compare_sections.ts";
import { formatDuration } from "../../lib/result/quantities.ts";
import type { Section } from "../../lib/result/section.ts";
import { resultSections } from "../../lib/result/sections.ts";
import { Histogram } from "../../lib/stats/histogram.ts";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import { Timeline } from "../../lib/stats/timeline.ts";
import { pureTest } from "../pure.ts";

function sectionOf<N extends ExperimentName>(
  name: N,
  figures: ExperimentFigures<N> | null,
  error: string | null = null,
): Section {
  const experiment = { name, where: "on loopback", error, figures };
  return experimentSection(experiment as Experiment);
}

function distribution(...us: number[]) {
  const histogram = new Histogram();
  for (const value of us) histogram.record(value);
  return histogram.distribution();
}

function rows({ table }: Section): Record<string, unknown[]> {
  return Object.fromEntries(
    table!.rows.map(({ name, values }) => [name, values]),
  );
}

function firstByteSide(
  setup: number | null,
  first: number | null,
  answered = 3,
) {
  return {
    attempts: 3,
    answered,
    setup_p50_us: setup,
    first_byte_p50_us: first,
    first_byte_max_us: first && 2 * first,
  };
}

type Difference = ExperimentFigures<"nagle">["difference_us"];

function roundTripOf(
  difference_us: Difference,
): ExperimentFigures<"round_trip"> {
  const side = { sent: 20, received: 20, rtt_us: distribution(40, 50) };
  return {
    size_bytes: 100,
    tcp: side,
    udp: side,
    difference_us,
    rounds: { done: 6, answered: 6 },
    loopback_p50_us: null,
    histogram: null,
  };
}

function differenceOf(estimate: number, low: number, high: number): Difference {
  return { estimate, low, high, confidence_percent: 95 };
}

const BOUNDARIES = { sent_bytes: [3, 5], received_bytes: [3, 5] };
const TIMELINE = new Timeline().figures();

/** Figures, and all that is said of them. */
const CASES: {
  [N in ExperimentName]: [string, ExperimentFigures<N>, string[]][];
} = {
  first_byte: [
    [
      "UDP first",
      { tcp: firstByteSide(130, 300), udp: firstByteSide(20, 200) },
      [
        "TCP connected in 130 us before it could send; UDP opened a socket in 20.0 us (medians).",
        "The first byte of the answer came after 200 us over UDP and after 300 us over TCP, 1.50 times as long (medians).",
      ],
    ],
    [
      "TCP first, a datagram lost",
      { tcp: firstByteSide(130, 300), udp: firstByteSide(20, 400, 2) },
      [
        "TCP connected in 130 us before it could send; UDP opened a socket in 20.0 us (medians).",
        "The first byte of the answer came after 300 us over TCP and after 400 us over UDP, 1.33 times as long (medians).",
        "1 datagram of 3 got no answer.",
      ],
    ],
    [
      "no datagram answered",
      { tcp: firstByteSide(130, 300), udp: firstByteSide(20, null, 0) },
      [
        "TCP connected in 130 us before it could send; UDP opened a socket in 20.0 us (medians).",
        "3 datagrams of 3 got no answer.",
      ],
    ],
    ["nothing measured", {
      tcp: firstByteSide(null, null, 3),
      udp: firstByteSide(null, null, 3),
    }, []],
  ],
  round_trip: [
    ["on loopback", roundTripOf(differenceOf(-12.3, -15, -9)), [
      "Messages came back faster over TCP than over UDP: the medians differ by 12.3 us (95 % interval: 9.00 us to 15.0 us).",
      "There is no path on loopback: the difference is what this runtime and the system take for a segment and for a datagram.",
    ]],
    [
      "on a path that loses",
      {
        ...roundTripOf(null),
        udp: { sent: 20, received: 18, rtt_us: distribution(60) },
        rounds: { done: 6, answered: 5 },
        loopback_p50_us: { tcp: 40, udp: null },
      },
      [
        "No verdict: too few rounds in which both sides were answered.",
        "The medians on loopback are the part of this program and the system.",
        "2 datagrams of 20 got no answer.",
        "The medians are compared in the 5 of 6 rounds in which both sides were answered.",
      ],
    ],
  ],
  head_of_line: [
    [
      "waiting behind a late segment",
      {
        dropped: 2,
        retransmit_ms: 200,
        waited_over_ms: 20,
        udp: {
          sent: 120,
          received: 118,
          waited: 0,
          rtt_us: distribution(150, 300),
          timeline: TIMELINE,
        },
        tcp: {
          sent: 120,
          received: 120,
          waited: 67,
          rtt_us: distribution(150, 202_000),
          timeline: TIMELINE,
        },
      },
      [
        "The emulated path dropped 2 of 120 messages. UDP: 2 did not come back, none took longer than 20 ms, the longest 300 us.",
        "TCP, where a segment is sent again after 200 ms: all came back, 67 took longer than 20 ms, the longest 202 ms: messages behind a late one waited with it.",
      ],
    ],
    [
      "nothing back",
      {
        dropped: 2,
        retransmit_ms: 200,
        waited_over_ms: 20,
        udp: {
          sent: 2,
          received: 0,
          waited: 0,
          rtt_us: null,
          timeline: TIMELINE,
        },
        tcp: {
          sent: 2,
          received: 1,
          waited: 1,
          rtt_us: distribution(30_000),
          timeline: TIMELINE,
        },
      },
      [
        "The emulated path dropped 2 of 2 messages. UDP: nothing came back.",
        "TCP, where a segment is sent again after 200 ms: 1 did not come back, 1 took longer than 20 ms, the longest 30.0 ms.",
      ],
    ],
  ],
  boundaries: [
    ["kept and not", {
      tcp: { sent_bytes: [3, 5], received_bytes: [8] },
      udp: BOUNDARIES,
    }, [
      "TCP: 8 bytes were written in 2 calls and read in 1: the boundaries were not kept.",
      "UDP: 8 bytes were sent in 2 calls and received in 2: the boundaries were kept.",
    ]],
    ["one byte, and a lost datagram", {
      tcp: { sent_bytes: [1], received_bytes: [1] },
      udp: { sent_bytes: [3, 5], received_bytes: [5] },
    }, [
      "TCP: 1 byte was written in 1 call and read in 1: the boundaries were kept.",
      "UDP: 8 bytes were sent in 2 calls and received in 1: the boundaries were kept.",
    ]],
    ["reordered, and nothing", {
      tcp: { sent_bytes: [3], received_bytes: [] },
      udp: { sent_bytes: [3, 5], received_bytes: [5, 5] },
    }, [
      "TCP: 3 bytes were written in 1 call and nothing was read.",
      "UDP: 8 bytes were sent in 2 calls and received in 2: the boundaries were not kept.",
    ]],
  ],
  nagle: [
    ["an acknowledgement late", {
      on: { count: 2, rtt_us: distribution(40_000, 44_000) },
      off: { count: 2, rtt_us: distribution(40, 44) },
      difference_us: differenceOf(42_000, 41_000, 43_500),
    }, [
      "Messages came back faster without Nagle's algorithm than with Nagle's algorithm: the medians differ by 42.0 ms (95 % interval: 41.0 ms to 43.5 ms).",
    ]],
    ["nothing measured", {
      on: { count: 0, rtt_us: null },
      off: { count: 0, rtt_us: null },
      difference_us: null,
    }, ["No verdict: too few rounds in which both sides were answered."]],
  ],
  concurrency: [
    ["both as they should be", {
      delay_ms: 20,
      iterative_us: [20_000, 40_000, 60_000],
      concurrent_us: [20_000, 20_000, 20_000],
    }, [
      "The iterative server had served all after 60.0 ms, the concurrent one after 20.0 ms, 3.00 times as fast.",
    ]],
    ["both the other kind", {
      delay_ms: 20,
      iterative_us: [20_000, 20_000, 20_000],
      concurrent_us: [20_000, 40_000, 60_000],
    }, [
      "The iterative server did not serve one client at a time: perhaps it is a concurrent one.",
      "The concurrent server did not serve all clients at once.",
    ]],
    ["one client", { delay_ms: 20, iterative_us: [1], concurrent_us: [1] }, [
      "With one client, or without a delay, both servers behave the same.",
    ]],
    ["no round", { delay_ms: 20, iterative_us: [], concurrent_us: [] }, []],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  for (const [what, figures, sentences] of cases) {
    pureTest(`experimentSection() of ${name}: ${what}`, () => {
      const section = sectionOf(name as ExperimentName, figures as never);
      assertEquals(section.sentences, sentences);
      assertMatch(section.title, /^[A-Z].*, on loopback$/);
      for (const { values } of section.table!.rows) {
        assertEquals(values.length, section.table!.columns.length);
      }
      assert(!/NaN|undefined|Infinity/.test(JSON.stringify(section)));
    });
  }
}

pureTest("experimentSection() puts figures into tables and charts", () => {
  const [, path] = CASES.round_trip;
  const section = sectionOf("round_trip", {
    ...path![1],
    histogram: { edges_us: [1, 2, 3], tcp: [1, 0], udp: [0, 2] },
  });
  assertEquals(rows(section), {
    "sent": [20, 20],
    "received": [20, 18],
    "min": [40, 60],
    "p50": [40.031, 60],
    "p90": [50, 60],
    "max": [50, 60],
    "p50 on loopback": [40, null],
  });
  const [chart] = section.charts!;
  assert(chart?.kind === "histogram");
  assertEquals(chart.series.map(({ count }) => count), [[1, 0], [0, 2]]);
  const many = distribution(...Array(100).fill(50));
  const side = { count: 100, rtt_us: many };
  const nagle = sectionOf("nagle", {
    on: side,
    off: side,
    difference_us: null,
  });
  assertEquals(rows(nagle)["p99"], [50, 50]); // 100 values carry it
  assertEquals(rows(sectionOf("concurrency", CASES.concurrency[0]![1])), {
    "client 1 waited": [20_000, 20_000],
    "client 2 waited": [40_000, 20_000],
    "client 3 waited": [60_000, 20_000],
    "all served after": [60_000, 20_000],
  });
});

pureTest(
  "experimentSection() calls one faster only if the interval excludes 0",
  () => {
    const random = seededRandom(3);
    const edges = [[0, 0, 0], [5, 0, 9], [-5, -9, 0], [-5, -9, 4], [
      5,
      0.001,
      9,
    ]];
    for (let run = 0; run < 400; run++) {
      const scale = 10 ** (6 * random());
      const [shift, width] = [(random() - 0.5) * scale, random() * scale];
      const [estimate, low, high] = (edges[run] ??
        [shift, shift - width * random(), shift + width * random()]) as [
          number,
          number,
          number,
        ];
      const [sentence] = sectionOf(
        "round_trip",
        roundTripOf(differenceOf(estimate, low, high)),
      )
        .sentences!;
      const sign = estimate < 0 ? -1 : 1;
      const [from, to] = [sign * low, sign * high].sort((a, b) => a - b);
      const medians =
        `the medians differ by ${formatDuration(Math.abs(estimate))} ` +
        `(95 % interval: ${formatDuration(from!)} to ${formatDuration(to!)}).`;
      const expected = high < 0
        ? "Messages came back faster over TCP than over UDP: "
        : low > 0
        ? "Messages came back faster over UDP than over TCP: "
        : "No significant difference: the 95 % interval includes 0; ";
      assertEquals(sentence, expected + medians);
    }
  },
);

pureTest("resultSections() shows failed experiments and notes", () => {
  const experiments: Experiment[] = [{
    name: "nagle",
    where: "to 192.0.2.1",
    error: "nothing listens there",
    figures: null,
  }];
  const notes = ["the run was interrupted"];
  const result = { mode: "compare", experiments, notes } as CompareResult;
  const sections = resultSections([{ name: "one", result }]);
  assertEquals(
    sections.map(({ title, role, sentences }) => [
      title,
      role,
      sentences,
    ]),
    [
      ["Nagle's algorithm, to 192.0.2.1", undefined, [
        "This experiment failed: nothing listens there.",
      ]],
      ["Notes", "notes", ["note: the run was interrupted"]],
    ],
  );
  assertEquals(sections[0]!.table, undefined);
  const [twice] = resultSections([
    { name: "one", result },
    { name: "two", result },
  ]);
  assertEquals(twice!.title, "one: Nagle's algorithm, to 192.0.2.1");
});
