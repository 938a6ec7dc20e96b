import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
} from "@std/assert";
import { seededRandom } from "../../lib/stats/seeded_random.ts";
import {
  type Arrival,
  type ArrivalCounts,
  SequenceWindow,
} from "../../lib/stats/sequence_window.ts";
import { pureTest as test } from "../testing.ts";

// A path, simulated: what happens to each probe is given, and with it what the
// counters have to show. The window sees only sends, replies and deadlines.

const INTERVAL_MS = 10;
const DEADLINE_MS = 100;
const TWO_32 = 2 ** 32;

/** A copy of a probe that reaches the reflector, which numbers its reply. */
interface Copy {
  /** How long it takes to get there. */
  outMs: number;
  /** How long each copy of its reply takes to come back; none if it is lost. */
  backMs: number[];
}

/** The copies of a probe that reach the reflector: none if it is lost forward. */
type Probe = Copy[];

/** The kinds of probes, each by a letter. */
const KINDS: Record<string, Probe> = {
  ".": [{ outMs: 1, backMs: [1] }],
  f: [], // lost forward
  b: [{ outMs: 1, backMs: [] }], // lost backward
  l: [{ outMs: 1, backMs: [150] }], // late
  L: [{ outMs: 1, backMs: [150, 160] }], // late, and again
  a: [{ outMs: 1, backMs: [1, 150] }], // in time, and again when late
  o: [{ outMs: 25, backMs: [1] }], // overtaken on the way out
  O: [{ outMs: 35, backMs: [1] }], // overtaken by one more
  r: [{ outMs: 1, backMs: [25] }], // overtaken on the way back
  d: [{ outMs: 1, backMs: [1] }, { outMs: 2, backMs: [1] }], // twice out
  D: [{ outMs: 1, backMs: [1, 2] }], // twice back
  x: [{ outMs: 1, backMs: [] }, { outMs: 2, backMs: [] }], // twice out, lost
  y: [{ outMs: 1, backMs: [] }, { outMs: 2, backMs: [1] }], // one of them lost
};
const THROUGH = KINDS["."]!;

function probesOf(letters: string): Probe[] {
  return Array.from(letters, (letter) => KINDS[letter]!);
}

/** What is sent, and how it is counted. */
interface Run {
  probes: Probe[];
  capacity: number;
  /** The number of the reflector's first reply. */
  firstNumber?: number;
  /** How many probes come first that do not count. */
  uncounted?: number;
  /** From which probe on none counts any more. */
  stopAt?: number;
}

/** Sends the probes and gives the window what happens, in that order. */
function simulate(run: Run): SequenceWindow {
  const { capacity, firstNumber = 0, uncounted = 0, stopAt } = run;
  // Each copy is an object of its own, by which its number is found.
  const probes = run.probes.map((probe) => structuredClone(probe));
  const window = new SequenceWindow(capacity, uncounted);
  const numberOf = new Map<Copy, number>();
  const copies = probes.flatMap((copies, index) =>
    copies.map((copy) => ({ copy, atMs: index * INTERVAL_MS + copy.outMs }))
  );
  copies.toSorted((one, other) => one.atMs - other.atMs)
    .forEach(({ copy }, count) =>
      numberOf.set(copy, (firstNumber + count) % TWO_32)
    );

  const expire = (nowMs: number) => {
    const isOverdue = (index: number) =>
      index * INTERVAL_MS + DEADLINE_MS < nowMs;
    while (window.expire(isOverdue) !== null);
  };
  const send = (index: number) => {
    if (index === stopAt) window.stopCounting();
    assert(!window.isFull);
    assertEquals(window.send(), index);
  };
  const seen = new Set<number>();
  const arrive = (index: number, copy: Copy, atMs: number) => {
    const isLate = atMs > index * INTERVAL_MS + DEADLINE_MS;
    const kind: Arrival = seen.has(index)
      ? "duplicate"
      : isLate
      ? "late"
      : "first";
    seen.add(index);
    assertEquals(window.find(index), index);
    assertEquals(window.arrive(index, numberOf.get(copy)!), kind);
  };
  const events = probes.flatMap((copies, index) => {
    const sentMs = index * INTERVAL_MS;
    return [
      { atMs: sentMs, happen: () => send(index) },
      ...copies.flatMap((copy) =>
        copy.backMs.map((backMs) => {
          const atMs = sentMs + copy.outMs + backMs;
          return { atMs, happen: () => arrive(index, copy, atMs) };
        })
      ),
    ];
  });
  events.sort((one, other) => one.atMs - other.atMs);
  for (const { atMs, happen } of events) {
    expire(atMs);
    happen();
  }
  expire(Infinity);
  assertEquals(window.outstanding, 0);
  window.settle();
  return window;
}

/** When the first reply to a probe comes; `Infinity` if none does. */
function answeredMs(probe: Probe, index: number): number {
  const timesMs = probe.flatMap(({ outMs, backMs }) =>
    backMs.map((ms) => index * INTERVAL_MS + outMs + ms)
  );
  return Math.min(Infinity, ...timesMs);
}

/** What the counters have to show, from what happened to each probe. */
function truth(run: Run): ArrivalCounts {
  const { probes, uncounted = 0, stopAt = probes.length } = run;
  const counts = {
    lostForward: 0,
    lostBackward: 0,
    late: 0,
    duplicate: 0,
    reordered: 0,
  };
  const timesMs = probes.map(answeredMs);
  // What comes after the last reply could be either, and counts nowhere.
  const end = timesMs.findLastIndex(Number.isFinite);
  for (let index = uncounted; index < Math.min(stopAt, end + 1); index++) {
    const probe = probes[index]!;
    const atMs = timesMs[index]!;
    const replies = probe.flatMap(({ backMs }) => backMs).length;
    if (probe.length === 0) counts.lostForward += 1;
    else if (replies === 0) counts.lostBackward += 1;
    else if (atMs > index * INTERVAL_MS + DEADLINE_MS) counts.late += 1;
    else if (timesMs.slice(index + 1, index + 40).some((ms) => ms < atMs)) {
      counts.reordered += 1;
    }
    counts.duplicate += Math.max(0, replies - 1);
  }
  return counts;
}

function isAnswered(probe: Probe): boolean {
  return probe.some(({ backMs }) => backMs.length > 0);
}

function isLostBack(probe: Probe): boolean {
  return probe.length > 0 && !isAnswered(probe);
}

/** Whether a copy of a probe came to the reflector out of turn. */
function isOutOfTurn(probes: Probe[], index: number): boolean {
  for (let other = Math.max(0, index - 10); other <= index + 10; other++) {
    if (other === index) continue;
    for (const mine of probes[index]!) {
      for (const its of probes[other] ?? []) {
        const aheadMs = (other - index) * INTERVAL_MS + its.outMs - mine.outMs;
        if (aheadMs === 0 || aheadMs > 0 !== other > index) return true;
      }
    }
  }
  return false;
}

/**
 * Finds a probe for which the replies could look the same in another case too.
 * No counter can be exact about these, so they are left out:
 *
 * 1. A probe that is out of turn at the reflector, and whose reply gets lost. The
 *    missing number need not be between those of its neighbours, so it could as
 *    well be that of a duplicate, with the probe itself lost forward.
 * 2. A forward duplicate of which not all replies come back (or none, which
 *    makes two missing numbers for one probe), next to a probe that is lost
 *    forward: the missing number could be that probe's.
 * 3. A probe lost backward that does not count, next to one lost forward that
 *    does: the missing number could be that of either.
 *
 * Probes are next to each other if none between them is answered in its turn.
 */
function findAmbiguous(run: Run): number {
  const { probes, uncounted = 0, stopAt = Infinity } = run;
  const outOfTurn = probes.map((_, index) => isOutOfTurn(probes, index));
  const isCounted = (index: number) => index >= uncounted && index < stopAt;
  let surplus = false;
  let backward = false;
  let forward = -1;
  for (const [index, probe] of probes.entries()) {
    if (isLostBack(probe) && outOfTurn[index]) return index;
    const hasSurplus = probe.length > 1 &&
      probe.some(({ backMs }) => backMs.length === 0);
    if (hasSurplus && forward >= 0) return forward;
    if (isAnswered(probe) && !outOfTurn[index]) {
      surplus = false;
      backward = false;
      forward = -1;
    }
    if (hasSurplus) surplus = true;
    if (isLostBack(probe) && !isCounted(index)) backward = true;
    if (probe.length === 0 && isCounted(index)) forward = index;
    if (forward >= 0 && (surplus || backward)) return forward;
    // Lost forward and not counted is of no concern to the third, only the
    // second: nor to that, for no counter would tell.
  }
  return -1;
}

/** A random pattern; each kind of mishap has a rate of its own. */
function randomProbes(random: () => number, count: number): Probe[] {
  const rate = () => random() < 0.3 ? 0 : 0.4 * random() ** 2;
  const [lostOut, lostBack, twiceOut, twiceBack] = [
    rate(),
    rate(),
    rate(),
    rate(),
  ];
  const [slowOut, slowBack, late] = [rate(), rate(), rate()];
  const copy = (): Copy => {
    const outMs = 1 + random() + (random() < slowOut ? 35 * random() : 0);
    const reply = () => {
      const slowMs = random() < slowBack ? 50 * random() : 0;
      return 1 + random() + slowMs + (random() < late ? 120 : 0);
    };
    if (random() < lostBack) return { outMs, backMs: [] };
    return {
      outMs,
      backMs: random() < twiceBack ? [reply(), reply()] : [reply()],
    };
  };
  return Array.from({ length: count }, () => {
    if (random() < lostOut) return [];
    return random() < twiceOut
      ? random() < 0.2 ? [copy(), copy(), copy()] : [copy(), copy()]
      : [copy()];
  });
}

/** Lets through what would be ambiguous, and closes the end. */
function disambiguate(run: Run): Run {
  const probes = [...run.probes];
  const clear = { ...run, probes };
  for (let at = findAmbiguous(clear); at >= 0; at = findAmbiguous(clear)) {
    probes[at] = THROUGH;
  }
  return clear;
}

/** Five that come through complete a pattern. */
const CLOSED = probesOf(".....");

/** Patterns, and their counters. */
const PATTERNS: Record<string, Partial<ArrivalCounts>> = {
  "": {},
  "...": {},
  ".f.": { lostForward: 1 },
  ".b.": { lostBackward: 1 },
  "f.": { lostForward: 1 },
  "b.": { lostBackward: 1 },
  ".fb.": { lostForward: 1, lostBackward: 1 },
  ".bf.": { lostForward: 1, lostBackward: 1 },
  "fbb.fffbl": { lostForward: 4, lostBackward: 3, late: 1 },
  ".l.": { late: 1 },
  ".flb.": { lostForward: 1, lostBackward: 1, late: 1 },
  ".fl": { lostForward: 1, late: 1 },
  ".d.": { duplicate: 1 },
  ".df.": { lostForward: 1, duplicate: 1 },
  ".db.": { lostBackward: 1, duplicate: 1 },
  "D.": { duplicate: 1 },
  ".fD": { lostForward: 1, duplicate: 1 },
  ".L.": { late: 1, duplicate: 1 },
  ".a.": { duplicate: 1 },
  ".x.": { lostBackward: 1 },
  ".y.f.": { lostForward: 1 },
  "o..": { reordered: 1 },
  "r..": { reordered: 1 },
  ".of...": { lostForward: 1, reordered: 1 },
  ".rfb..": { lostForward: 1, lostBackward: 1 },
  ".rf.b.": { lostForward: 1, lostBackward: 1, reordered: 1 },
  ".O..b.": { lostBackward: 1, reordered: 1 },
  "rr...": { reordered: 2 },
  "l..": { late: 1 },
};
const ZERO: ArrivalCounts = {
  lostForward: 0,
  lostBackward: 0,
  late: 0,
  duplicate: 0,
  reordered: 0,
};

test("SequenceWindow.counts are those counted by hand", () => {
  for (const [letters, counts] of Object.entries(PATTERNS)) {
    const run = { probes: probesOf(letters), capacity: 16 };
    assertEquals(simulate(run).counts, { ...ZERO, ...counts }, letters);
  }
});

test("SequenceWindow.counts do not depend on where the window ends", () => {
  for (const [letters, counts] of Object.entries(PATTERNS)) {
    for (let before = 0; before < 40; before++) {
      const probes = probesOf(".".repeat(before) + letters + ".".repeat(40));
      const { counts: found } = simulate({ probes, capacity: 32 });
      assertEquals(found, { ...ZERO, ...counts }, letters);
    }
  }
});

test("SequenceWindow.counts are exact on any four kinds in a row", () => {
  const kinds = [...".fblordDx"];
  let exact = 0;
  for (let number = 0; number < kinds.length ** 4; number++) {
    const letters = [0, 1, 2, 3].map((place) =>
      kinds[Math.floor(number / kinds.length ** place) % kinds.length]!
    ).join("");
    const run = {
      probes: [THROUGH, ...probesOf(letters), ...CLOSED],
      capacity: 32,
    };
    if (findAmbiguous(run) >= 0) continue;
    assertEquals(simulate(run).counts, truth(run), letters);
    exact += 1;
  }
  assertGreater(exact, kinds.length ** 4 / 3);
});

test("SequenceWindow.counts are exact on a thousand random paths", () => {
  const random = seededRandom(8762);
  const seen = { lostForward: 0, lostBackward: 0, duplicate: 0, late: 0 };
  for (let round = 0; round < 1000; round++) {
    const probes = randomProbes(random, Math.floor(120 * random()));
    const run = disambiguate({
      probes: [...probes, ...CLOSED],
      capacity: 64,
    });
    const expected = truth(run);
    assertEquals(simulate(run).counts, expected, `round ${round}`);
    seen.lostForward += expected.lostForward;
    seen.lostBackward += expected.lostBackward;
    seen.duplicate += expected.duplicate;
    seen.late += expected.late;
  }
  // What was left out has left enough.
  for (const count of Object.values(seen)) assertGreater(count, 1000);
});

test("SequenceWindow.counts leave out warm-up and what comes after the stop", () => {
  const random = seededRandom(2330);
  let counted = 0;
  for (let round = 0; round < 500; round++) {
    const probes = randomProbes(random, 60);
    const uncounted = Math.floor(30 * random());
    const run = disambiguate({
      probes: [...probes, ...CLOSED],
      capacity: 64,
      uncounted,
      stopAt: uncounted + Math.floor(35 * random()),
    });
    const expected = truth(run);
    assertEquals(simulate(run).counts, expected, `round ${round}`);
    counted += expected.lostForward + expected.lostBackward;
  }
  assertGreater(counted, 250);
});

test("SequenceWindow.counts stay at 0 if no probe counts", () => {
  const probes = probesOf(Object.keys(PATTERNS).join(""));
  const capacity = 64;
  const uncounted = probes.length;
  assertEquals(simulate({ probes, capacity, uncounted }).counts, ZERO);
  assertEquals(simulate({ probes, capacity, stopAt: 0 }).counts, ZERO);
});

test("SequenceWindow.endIsOpen as long as the last probe has no reply", () => {
  assertEquals(new SequenceWindow(4).endIsOpen, false);
  const random = seededRandom(44);
  const opened = new Set<boolean>();
  for (let round = 0; round < 500; round++) {
    // None is out of turn at the reflector.
    const kinds = probesOf("..fblr");
    const probes = Array.from(
      { length: 1 + Math.floor(8 * random()) },
      () => kinds[Math.floor(kinds.length * random())]!,
    );
    const run = { probes, capacity: 16 };
    const window = simulate(run);
    const isOpen = !isAnswered(probes.at(-1)!);
    assertEquals(window.endIsOpen, isOpen);
    assertEquals(window.counts, truth(run));
    opened.add(isOpen);
  }
  assertEquals(opened.size, 2);
});

test("SequenceWindow.numbersDiffer only if some reply's two numbers do", () => {
  const capacity = 16;
  const stateless = new SequenceWindow(capacity);
  for (const lost of [false, true, false, true, false]) {
    const index = stateless.send();
    if (!lost) stateless.arrive(index, index);
  }
  assertEquals(stateless.directions.numbersDiffer, false);
  const counting = simulate({
    probes: probesOf(".f."),
    capacity,
  });
  assertEquals(counting.directions.numbersDiffer, true);
  const whole = simulate({ probes: probesOf(".."), capacity });
  assertEquals(whole.directions.numbersDiffer, false);
});

test("SequenceWindow.expire() gives each overdue probe once, oldest first", () => {
  const window = new SequenceWindow(8);
  assertEquals(window.expire(() => true), null);
  for (let probe = 0; probe < 6; probe++) window.send();
  assertEquals([window.oldest, window.outstanding], [0, 6]);
  assertEquals(window.expire(() => false), null);
  window.arrive(1, 0);
  window.arrive(3, 1);
  const upTo4 = (index: number) => index <= 4;
  const lost = [1, 2, 3, 4].map(() => window.expire(upTo4));
  assertEquals(lost, [0, 2, 4, null]);
  assertEquals([window.oldest, window.outstanding], [5, 1]);
  assertEquals(window.expire(() => true), 5);
  assertEquals([window.oldest, window.outstanding], [6, 0]);
});

test("SequenceWindow.isFull until the oldest probe is answered or lost", () => {
  const window = new SequenceWindow(4);
  assertEquals(window.capacity, 4);
  for (let probe = 0; probe < 4; probe++) {
    assertEquals(window.isFull, false);
    window.send();
  }
  assertEquals(window.isFull, true);
  assertEquals(window.expire((index) => index === 0), 0);
  assertEquals(window.expire((index) => index === 0), null);
  assertEquals(window.isFull, false);
  assertEquals(window.send(), 4);
  assertEquals(window.isFull, true);
  window.arrive(1, 0);
  assertEquals(window.expire(() => false), null);
  assertEquals(window.isFull, false);
});

test("SequenceWindow.capacity is the next power of two", () => {
  const wishes = [0, 1, 2, 3, 4, 5, 1000, 1024, 1025];
  const capacities = wishes.map((wish) => new SequenceWindow(wish).capacity);
  assertEquals(capacities, [2, 2, 2, 4, 4, 8, 1024, 1024, 2048]);
});

test("SequenceWindow.find() knows no number that was not sent", () => {
  const window = new SequenceWindow(8);
  const strangers = [0, 1, 2, 7, 8, 2 ** 31 - 1, 2 ** 31, TWO_32 - 1];
  for (const sequence of strangers) {
    assertEquals(window.find(sequence), null);
  }
  for (let sent = 1; sent <= 30; sent++) {
    assertEquals(window.send(), sent - 1);
    assertEquals(window.next, sent);
    for (let sequence = 0; sequence <= 50; sequence++) {
      const isKnown = sequence < sent && sequence >= sent - 8;
      assertEquals(window.find(sequence), isKnown ? sequence : null);
    }
    for (const back of [1, 2, 7, 8, 9, 1000, 2 ** 31]) {
      assertEquals(window.find(TWO_32 - back), null);
    }
  }
});

test("SequenceWindow.arrive() knows nothing of what is further back", () => {
  const window = new SequenceWindow(8);
  for (let probe = 0; probe < 100; probe++) {
    window.send();
    if (probe % 2 === 0) window.arrive(probe, probe);
    while (window.expire((index) => index < probe) !== null);
  }
  const before = { ...window.counts };
  for (const index of [0, 1, 50, 90, 91, 100, 101, -1]) {
    assertEquals(window.arrive(index, 7), "unknown");
  }
  assertEquals(window.counts, before);
  assertEquals(window.arrive(92, 92), "duplicate");
  assertEquals(window.arrive(93, 93), "late");
  assertEquals(window.arrive(99, 99), "first");
});

test("SequenceWindow.counts stay within the lost, whatever the reflector says", () => {
  const random = seededRandom(1912);
  const rubbish: ((count: number) => number)[] = [
    () => Math.floor(random() * TWO_32),
    (count) => (count * (2 ** 31 - 1)) % TWO_32,
    (count) => (count * 2 ** 31) % TWO_32,
    (count) => (count * 1_000_003) % TWO_32,
    (count) => TWO_32 - 1 - count,
    (count) => 100_000 - count,
    () => 0,
    () => TWO_32 - 1,
    (count) => random() < 0.01 ? Math.floor(random() * TWO_32) : count,
    (count) => count % 100,
    (count) => random() < 0.5 ? 0 : TWO_32 - 1 - count,
  ];
  for (const [kind, numberAt] of rubbish.entries()) {
    for (const capacity of [2, 8, 64]) {
      const window = new SequenceWindow(capacity);
      let last = { ...window.counts };
      let lost = 0;
      for (let count = 0; count < 1000; count++) {
        while (window.isFull) {
          if (window.expire(() => random() < 0.9) !== null) lost += 1;
        }
        window.send();
        for (let replies = Math.floor(4 * random()); replies > 0; replies--) {
          const back = 1 + Math.floor(random() * Math.min(capacity, count));
          window.arrive(window.next - back, numberAt(count));
        }
        for (const key of Object.keys(last) as (keyof ArrivalCounts)[]) {
          assert(window.counts[key] >= last[key], `${key} of ${kind}`);
        }
        last = { ...window.counts };
      }
      while (window.expire(() => true) !== null) lost += 1;
      window.settle();
      const { lostForward, lostBackward, late } = window.counts;
      assertLessOrEqual(lostForward + lostBackward + late, lost);
      assertGreater(lost, 0);
      assertEquals(window.outstanding, 0);
      assertEquals(window.directions.numbersDiffer, true);
    }
  }
});

test("SequenceWindow.counts mind no number that comes again a window later", () => {
  const window = new SequenceWindow(4);
  for (let probe = 0; probe < 4; probe++) window.send();
  [3, 0, 1, 2].forEach((probe, number) => window.arrive(probe, number));
  for (let probe = 4; probe < 40; probe++) {
    while (window.expire((index) => index < probe) !== null);
    window.send();
    // Every number from 13 to 23 could be taken for this one, once forgotten.
    if (probe === 4) assertEquals(window.arrive(3, 0), "duplicate");
    if (probe < 13 || probe > 23) window.arrive(probe, probe);
  }
  window.settle();
  assertEquals(window.counts, {
    lostForward: 0,
    lostBackward: 11,
    late: 0,
    duplicate: 1,
    reordered: 3,
  });
});

/** Sends a hundred; of 80 and 81 one is lost each way. */
function lossAt80(
  numberOf: (number: number, probe: number) => number,
): SequenceWindow {
  const window = new SequenceWindow(8);
  let number = 0;
  for (let probe = 0; probe < 100; probe++) {
    window.send();
    if (probe === 80) continue;
    if (probe !== 81) window.arrive(probe, numberOf(number, probe));
    number += 1;
    while (window.expire((index) => index < probe) !== null);
  }
  window.settle();
  return window;
}

test("SequenceWindow.counts are exact again after numbers were left out", () => {
  // As if the reflector had answered somebody else meanwhile.
  for (const leap of [0, 1, 2, 20]) {
    const window = lossAt80((number, probe) =>
      probe < 30 ? number : number + leap
    );
    const { lostForward, lostBackward } = window.counts;
    assertEquals([lostForward, lostBackward], [1, 1], `leap of ${leap}`);
    assertEquals(window.directions.numbersJumped, false);
  }
});

test("SequenceWindow.numbersJumped if one is far ahead; later ones count", () => {
  for (const rubbish of [1000, 2 ** 30, 2 ** 31 - 1]) {
    const window = lossAt80((number, probe) => probe === 30 ? rubbish : number);
    const { lostForward, lostBackward } = window.counts;
    assertEquals([lostForward, lostBackward], [1, 1], `${rubbish}`);
    assertEquals(window.directions.numbersJumped, true);
  }
});

test("SequenceWindow.numbersJumped stays unset on a bad path", () => {
  const random = seededRandom(9);
  for (let round = 0; round < 200; round++) {
    const probes = randomProbes(random, 300);
    const window = simulate({ probes, capacity: 64 });
    assertEquals(window.directions.numbersJumped, false);
  }
});

test("SequenceWindow outlives an outage longer than its memory", () => {
  const window = new SequenceWindow(8);
  let number = 0;
  let lost = 0;
  for (let sent = 0; sent < 200; sent++) {
    const index = window.send();
    if (index !== 150) {
      const answered = index < 20 || index > 51;
      if (answered) window.arrive(index, number);
      number += 1;
    }
    while (window.expire((index) => index < window.next - 4) !== null) lost++;
  }
  window.settle();
  assertEquals(lost, 33);
  assertEquals(window.directions.numbersJumped, false);
  const { lostForward, lostBackward } = window.counts;
  assertEquals([lostForward, lostBackward], [1, 32]);
});
