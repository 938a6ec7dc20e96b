import { assertEquals, assertMatch } from "@std/assert";
import { measurementNotes } from "../../lib/result/notes.ts";
import type { ReplyStats } from "../../lib/stamp/outstanding_probes.ts";
import { pureTest } from "../pure.ts";

const COUNTS = {
  lostForward: 0,
  lostBackward: 0,
  late: 0,
  duplicate: 0,
  reordered: 0,
};
const FAULTS = { corrupt: 0, implausible: 0, short: 0, long: 0, twampLight: 0 };

/** A session in which nothing went wrong, but for what is given. */
function reportOf(
  given: Partial<Omit<ReplyStats, "counts" | "faults">> & {
    counts?: Partial<ReplyStats["counts"]>;
    faults?: Partial<ReplyStats["faults"]>;
  } = {},
): ReplyStats {
  return {
    directionsKnown: true,
    countRestarted: false,
    outstanding: 0,
    strays: { count: 0, from: "" },
    failedSends: 0,
    failure: null,
    queue: null,
    ...given,
    counts: { ...COUNTS, ...given.counts },
    faults: { ...FAULTS, ...given.faults },
  };
}

/** The notes on a session. */
function notesOf(replies: ReplyStats, lost: number): string[] {
  return measurementNotes({
    lost,
    intervalUs: 0,
    latenessP99Us: null,
    oneWay: null,
    replies,
  });
}

pureTest("measurementNotes() says that the clocks drifted", () => {
  const way = {
    min_us: { low: 0, high: 80 },
    variation_us: null,
    jitter_us: null,
  };
  const oneWay = {
    clocks_trusted: false,
    clock_error_us: null,
    clock_offset_us: null,
    clock_bound_us: null,
    clock_drift_ppm: null,
    drift_bound_ppm: null,
    forward: way,
    backward: way,
  };
  const [note] = measurementNotes({
    lost: 0,
    intervalUs: 1000,
    latenessP99Us: 1000,
    oneWay,
    replies: undefined,
  });
  assertMatch(note!, /^one of the two clocks was set/);
});

pureTest(
  "measurementNotes() has nothing to say where nothing went wrong",
  () => {
    for (const directionsKnown of [true, false, null]) {
      assertEquals(notesOf(reportOf({ directionsKnown }), 0), []);
    }
  },
);

pureTest(
  "measurementNotes() has nothing to say of losses whose direction is known",
  () => {
    // Of seven lost, two came after all, two and three are told by direction.
    const counts = { lostForward: 2, lostBackward: 3, late: 2 };
    assertEquals(notesOf(reportOf({ counts }), 7), []);
  },
);

pureTest(
  "measurementNotes() has nothing to say of direction where all came, but late",
  () => {
    for (const directionsKnown of [true, false, null]) {
      const report = reportOf({ counts: { late: 4 }, directionsKnown });
      assertEquals(notesOf(report, 4), []);
    }
  },
);

/** What is the matter, how many were lost, and what is said of it. */
const NOTES: [string, ReplyStats, number, RegExp][] = [
  [
    "a reflector that copies numbers",
    reportOf({ directionsKnown: false, counts: { late: 1 } }),
    2,
    /^the reflector is stateless/,
  ],
  [
    "a reflector of which too little came back",
    reportOf({ directionsKnown: null }),
    1,
    /^the replies do not show in which direction/,
  ],
  [
    "losses at the end",
    reportOf({ counts: { lostForward: 1, lostBackward: 2, late: 3 } }),
    10,
    /^4 probes lost at the beginning or the end, in an unknown direction$/,
  ],
  [
    "probes under way",
    reportOf({ outstanding: 12 }),
    0,
    /^12 probes outstanding when the run was interrupted, left out of every figure$/,
  ],
  [
    "probes that could not be sent",
    reportOf({
      failedSends: 3,
      failure: new Error("network is unreachable"),
      counts: { lostForward: 3 },
    }),
    3,
    /^3 probes not sent, and counted as lost: .*unreachable/i,
  ],
  [
    "replies to nothing that was sent",
    reportOf({ faults: { corrupt: 19 } }),
    0,
    /^19 replies not used: damaged/,
  ],
  [
    "replies without padding",
    reportOf({ faults: { short: 20 } }),
    0,
    /^the reflector returns less padding or none/,
  ],
  [
    "replies that are longer",
    reportOf({ faults: { long: 20 } }),
    0,
    /^the reflector adds padding/,
  ],
  [
    "replies of TWAMP-Light",
    reportOf({ faults: { twampLight: 20 } }),
    0,
    /^the reflector speaks TWAMP-Light/,
  ],
  [
    "replies that took a negative time",
    reportOf({ faults: { implausible: 21 } }),
    0,
    /^21 replies with a reflector time that is negative/,
  ],
];
for (const [what, report, lost, says] of NOTES) {
  pureTest(`measurementNotes() says one thing of ${what}`, () => {
    const notes = notesOf(report, lost);
    assertEquals(notes.length, 1, notes.join("\n"));
    assertMatch(notes[0]!, says);
  });
}

Deno.test("measurementNotes() says how many losses may be the program's own", () => {
  const notes = measurementNotes({
    lost: 5,
    intervalUs: 0,
    latenessP99Us: null,
    oneWay: null,
    maybeDropped: 3,
    replies: undefined,
  });
  assertMatch(
    notes.join(),
    /^up to 3 of the lost probes may have been dropped by/,
  );
});

pureTest("measurementNotes() says each thing once, in the same order", () => {
  const report = reportOf({
    directionsKnown: false,
    outstanding: 1,
    failedSends: 1,
    failure: "no reason",
    faults: { corrupt: 1, short: 1, implausible: 1 },
  });
  const notes = notesOf(report, 5);
  const starts = notes.map((note) => note.split(" ").slice(0, 2).join(" "));
  assertEquals(starts, [
    "the reflector",
    "1 probe",
    "1 probe",
    "1 reply",
    "the reflector",
    "1 reply",
  ]);
});
