import { assertEquals, assertMatch } from "@std/assert";
import {
  arrivalFigures,
  arrivalNotes,
} from "../../lib/result/reply_figures.ts";
import type { ReplyStats } from "../../lib/stamp/outstanding_probes.ts";

const COUNTS = {
  lostForward: 0,
  lostBackward: 0,
  late: 0,
  duplicate: 0,
  reordered: 0,
};
const FAULTS = { corrupt: 0, implausible: 0, short: 0 };

/** A session in which nothing went wrong, but for what is given. */
function reportOf(
  given: Partial<Omit<ReplyStats, "counts" | "faults">> & {
    counts?: Partial<ReplyStats["counts"]>;
    faults?: Partial<ReplyStats["faults"]>;
  } = {},
): ReplyStats {
  return {
    directionsKnown: true,
    outstanding: 0,
    strays: { count: 0, from: "" },
    failedSends: 0,
    failure: null,
    ...given,
    counts: { ...COUNTS, ...given.counts },
    faults: { ...FAULTS, ...given.faults },
  };
}

Deno.test({
  name: "arrivalFigures() shows each counter by its name",
  permissions: "none",
  fn() {
    const report = reportOf({
      counts: {
        lostForward: 1,
        lostBackward: 2,
        late: 3,
        duplicate: 4,
        reordered: 5,
      },
      faults: { corrupt: 6, implausible: 7, short: 8 },
      outstanding: 9,
    });
    assertEquals(arrivalFigures(report), {
      lost_forward: 1,
      lost_backward: 2,
      late: 3,
      duplicate: 4,
      reordered: 5,
      corrupt: 6,
    });
  },
});

for (const directionsKnown of [false, null]) {
  Deno.test({
    name:
      `arrivalFigures() shows no counter by direction that nobody knows: ${directionsKnown}`,
    permissions: "none",
    fn() {
      const counts = { lostForward: 1, lostBackward: 2, late: 3 };
      const figures = arrivalFigures(reportOf({ counts, directionsKnown }));
      assertEquals(figures.lost_forward, null);
      assertEquals(figures.lost_backward, null);
      assertEquals(figures.late, 3);
    },
  });
}

Deno.test({
  name: "arrivalNotes() has nothing to say where nothing went wrong",
  permissions: "none",
  fn() {
    for (const directionsKnown of [true, false, null]) {
      assertEquals(arrivalNotes(reportOf({ directionsKnown }), 0), []);
    }
  },
});

Deno.test({
  name: "arrivalNotes() has nothing to say of losses whose direction is known",
  permissions: "none",
  fn() {
    // Of seven lost, two came after all, two and three are told by direction.
    const counts = { lostForward: 2, lostBackward: 3, late: 2 };
    assertEquals(arrivalNotes(reportOf({ counts }), 7), []);
  },
});

Deno.test({
  name:
    "arrivalNotes() has nothing to say of direction where all came, but late",
  permissions: "none",
  fn() {
    for (const directionsKnown of [true, false, null]) {
      const report = reportOf({ counts: { late: 4 }, directionsKnown });
      assertEquals(arrivalNotes(report, 4), []);
    }
  },
});

/** What is the matter, how many were lost, and what is said of it. */
const NOTES: [string, ReplyStats, number, RegExp][] = [
  [
    "a reflector that copies numbers",
    reportOf({ directionsKnown: false, counts: { late: 1 } }),
    2,
    /^the reflector copies sequence numbers \(it is stateless\)/,
  ],
  [
    "a reflector of which too little came back",
    reportOf({ directionsKnown: null }),
    1,
    /^in which direction probes were lost\b/,
  ],
  [
    "losses at the end",
    reportOf({ counts: { lostForward: 1, lostBackward: 2, late: 3 } }),
    10,
    /^4 probes lost at the end, in an unknown direction$/,
  ],
  [
    "probes under way",
    reportOf({ outstanding: 12 }),
    0,
    /^12 probes under way when it was interrupted, left out of every figure$/,
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
    /^19 replies not used, being no answer to what was sent/,
  ],
  [
    "replies without padding",
    reportOf({ faults: { short: 20 } }),
    0,
    /^the reflector returns no padding/,
  ],
  [
    "replies that took a negative time",
    reportOf({ faults: { implausible: 21 } }),
    0,
    /^21 replies by which the reflector took a negative time/,
  ],
];
for (const [what, report, lost, says] of NOTES) {
  Deno.test({
    name: `arrivalNotes() says one thing of ${what}`,
    permissions: "none",
    fn() {
      const notes = arrivalNotes(report, lost);
      assertEquals(notes.length, 1, notes.join("\n"));
      assertMatch(notes[0]!, says);
    },
  });
}

Deno.test({
  name: "arrivalNotes() says each thing once, in the same order",
  permissions: "none",
  fn() {
    const report = reportOf({
      directionsKnown: false,
      outstanding: 1,
      failedSends: 1,
      failure: "no reason",
      faults: { corrupt: 1, short: 1, implausible: 1 },
    });
    const notes = arrivalNotes(report, 5);
    const starts = notes.map((note) => note.split(" ").slice(0, 2).join(" "));
    assertEquals(starts, [
      "the reflector",
      "1 probe",
      "1 probe",
      "1 reply",
      "the reflector",
      "1 reply",
    ]);
  },
});
